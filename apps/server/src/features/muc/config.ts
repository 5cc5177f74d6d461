import { findFormValue, findJid, NS_MUC_ROOM_CONFIG, parseFormBoolean, StanzaFault } from '@drawbridge/xmpp'
import type { Form, FormField } from '@drawbridge/xmpp'
import * as z from 'zod'
import type { Role } from './privileges.ts'
import { MAX_SLOW_MODE_S } from './slow-mode.ts'

const PM_RULES = ['anyone', 'participants', 'moderators', 'none'] as const
const LIST_ROLES = ['moderator', 'participant', 'visitor'] as const
/** Longest password, name and description of a room, in characters. */
const MAX_NAME = 256
const MAX_DESCRIPTION = 2_048
/** As in xml:lang (RFC 5646 §2.1), or none. */
const LANGUAGE_TAG = /^(?:[a-z]{2,8}(?:-[a-z0-9]{1,8}){0,6})?$/i
/** Most messages of the past that a room sends to whoever enters. */
export const MAX_HISTORY = 100

/** What the owners of a room decide (XEP-0045 §10.2). Also how it is stored, so a field needs a default. */
export const roomConfigSchema = z.object({
  name: z.string().max(MAX_NAME).default(''),
  description: z.string().max(MAX_DESCRIPTION).default(''),
  language: z.string().max(64).default(''),
  isPersistent: z.boolean().default(true),
  isPublic: z.boolean().default(true),
  isMembersOnly: z.boolean().default(false),
  isModerated: z.boolean().default(false),
  /** Everybody sees real JIDs, not only moderators (§4.2). */
  isNonAnonymous: z.boolean().default(false),
  /** Empty: none is asked for. */
  password: z.string().max(MAX_NAME).default(''),
  /** 0: as many as the server allows. */
  maxUsers: z.number().int().min(0).max(100_000).default(0),
  /** Members who are no admins may invite, too. */
  allowsInvites: z.boolean().default(true),
  /** Participants may change the subject; else moderators only. */
  allowsSubject: z.boolean().default(false),
  privateMessages: z.enum(PM_RULES).default('anyone'),
  memberListFor: z.array(z.enum(LIST_ROLES)).default([...LIST_ROLES]),
  /** Roles whose presence the others get. */
  presenceOf: z.array(z.enum(LIST_ROLES)).default([...LIST_ROLES]),
  /** URI of a PubSub node that belongs to the room; clients show it, the room does nothing with it. */
  pubsub: z.union([z.literal(''), z.string().max(MAX_DESCRIPTION).startsWith('xmpp:')]).default(''),
  /** Occupants can read the archive, and get the past on entering. The record itself is kept in any case. */
  isLogged: z.boolean().default(true),
  maxHistory: z.number().int().min(0).max(MAX_HISTORY).default(20),
  /** What everybody but admins waits between two messages, in seconds (XEP-0500); 0: nothing. */
  slowModeS: z.number().int().min(0).max(MAX_SLOW_MODE_S).default(0),
})

export type RoomConfig = Readonly<z.output<typeof roomConfigSchema>>

/** What a new room is like, before its owner says otherwise. */
export const ROOM_PROFILES = {
  open: {},
  members: { isMembersOnly: true, isNonAnonymous: true, isPublic: false },
} as const satisfies Record<string, Partial<RoomConfig>>
export type RoomProfile = keyof typeof ROOM_PROFILES

export const profileConfig = (profile: RoomProfile): RoomConfig => roomConfigSchema.parse(ROOM_PROFILES[profile])

/** One field of the form: how it is shown and read. */
interface ConfigField {
  readonly name: string
  readonly type: NonNullable<FormField['type']>
  readonly label: string
  readonly options?: FormField['options']
  readonly range?: FormField['range']
  values(config: RoomConfig): readonly string[]
  /** Throws a `StanzaFault` for what is no value of this field. */
  read(values: readonly string[], form: Form, name: string): Partial<RoomConfig>
}

const text = (
  key: 'name' | 'description' | 'language' | 'pubsub',
  name: string,
  label: string,
  type: ConfigField['type'] = 'text-single',
) =>
  ({
    name,
    type,
    label,
    values: (config) => (config[key] === '' ? [] : [config[key]]),
    read: (values) => ({ [key]: values.join('\n') }),
  }) satisfies ConfigField

type BooleanKey = { [K in keyof RoomConfig]: RoomConfig[K] extends boolean ? K : never }[keyof RoomConfig]

const boolean = (key: BooleanKey, name: string, label: string) =>
  ({
    name,
    type: 'boolean',
    label,
    values: (config) => [config[key] ? '1' : '0'],
    read: (_values, form, field) => ({ [key]: parseFormBoolean(findFormValue(form, field) ?? '0') }),
  }) satisfies ConfigField

const number = (key: 'maxUsers' | 'maxHistory', name: string, label: string, choices: readonly number[]) =>
  ({
    name,
    type: 'list-single',
    label,
    options: choices.map((choice) => ({ value: choice === 0 && key === 'maxUsers' ? 'none' : String(choice) })),
    values: (config) => [config[key] === 0 && key === 'maxUsers' ? 'none' : String(config[key])],
    read(_values, form, field) {
      const value = findFormValue(form, field) ?? ''
      if (key === 'maxUsers' && (value === '' || value === 'none')) return { [key]: 0 }
      if (!(key === 'maxUsers' ? /^[1-9]\d{0,5}$/ : /^\d{1,6}$/).test(value)) throw notAcceptable(field)
      return { [key]: Number(value) }
    },
  }) satisfies ConfigField

const roles = (key: 'memberListFor' | 'presenceOf', name: string, label: string) =>
  ({
    name,
    type: 'list-multi',
    label,
    options: LIST_ROLES.map((value) => ({ value })),
    values: (config) => config[key],
    read(values, _form, field) {
      const known = values.map((value) => LIST_ROLES.find((role) => role === value))
      if (known.includes(undefined)) throw notAcceptable(field)
      return { [key]: known.filter((role) => role !== undefined) }
    },
  }) satisfies ConfigField

/** Every field of §10.2 that this service has, in the order of the form. */
const FIELDS: readonly ConfigField[] = [
  text('name', 'muc#roomconfig_roomname', 'Name'),
  text('description', 'muc#roomconfig_roomdesc', 'Description'),
  {
    ...text('language', 'muc#roomconfig_lang', 'Language'),
    read([language = ''], _form, field) {
      if (!LANGUAGE_TAG.test(language)) throw notAcceptable(field)
      return { language }
    },
  },
  boolean('isPersistent', 'muc#roomconfig_persistentroom', 'Stays when the last occupant leaves'),
  boolean('isPublic', 'muc#roomconfig_publicroom', 'Listed in the directory'),
  boolean('isMembersOnly', 'muc#roomconfig_membersonly', 'Members only'),
  boolean('isModerated', 'muc#roomconfig_moderatedroom', 'Moderated: visitors have no voice'),
  {
    name: 'muc#roomconfig_whois',
    type: 'list-single',
    label: 'Who may discover real addresses',
    options: [
      { label: 'Moderators', value: 'moderators' },
      { label: 'Anyone', value: 'anyone' },
    ],
    values: ({ isNonAnonymous }) => [isNonAnonymous ? 'anyone' : 'moderators'],
    read(_values, form, field) {
      const value = findFormValue(form, field)
      if (value !== 'anyone' && value !== 'moderators') throw notAcceptable(field)
      return { isNonAnonymous: value === 'anyone' }
    },
  },
  {
    name: 'muc#roomconfig_passwordprotectedroom',
    type: 'boolean',
    label: 'A password is needed to enter',
    values: ({ password }) => [password === '' ? '0' : '1'],
    // What it means is said by the password: without one, the room is open; see `readConfig`.
    read: () => ({}),
  },
  {
    name: 'muc#roomconfig_roomsecret',
    type: 'text-private',
    label: 'Password',
    values: ({ password }) => (password === '' ? [] : [password]),
    read: (_values, form, field) => ({ password: findFormValue(form, field) ?? '' }),
  },
  number('maxUsers', 'muc#roomconfig_maxusers', 'Most occupants', [0, 10, 20, 50, 100, 200, 500, 1_000]),
  boolean('allowsInvites', 'muc#roomconfig_allowinvites', 'Occupants may invite'),
  boolean('allowsSubject', 'muc#roomconfig_changesubject', 'Participants may change the subject'),
  {
    name: 'muc#roomconfig_allowpm',
    type: 'list-single',
    label: 'Who may send private messages',
    options: PM_RULES.map((value) => ({ value })),
    values: ({ privateMessages }) => [privateMessages],
    read(_values, form, field) {
      const value = findFormValue(form, field)
      const known = PM_RULES.find((rule) => rule === value)
      if (!known) throw notAcceptable(field)
      return { privateMessages: known }
    },
  },
  roles('memberListFor', 'muc#roomconfig_getmemberlist', 'Roles that may read the list of members'),
  roles('presenceOf', 'muc#roomconfig_presencebroadcast', 'Roles whose presence the others get'),
  text('pubsub', 'muc#roomconfig_pubsub', 'URI of a PubSub node that belongs to the room'),
  boolean('isLogged', 'muc#roomconfig_enablelogging', 'Occupants can read the archive'),
  number('maxHistory', 'muc#maxhistoryfetch', 'Messages of the past on entering', [0, 10, 20, 50, MAX_HISTORY]),
  {
    name: 'muc#roomconfig_slow_mode_duration',
    type: 'text-single',
    label: 'Seconds to wait between two messages; 0: none',
    range: { min: 0, max: MAX_SLOW_MODE_S },
    values: ({ slowModeS }) => [String(slowModeS)],
    read(_values, form, field) {
      const value = findFormValue(form, field) ?? ''
      if (!/^\d{1,9}$/.test(value)) throw notAcceptable(field)
      return { slowModeS: Number(value) }
    },
  },
]

/** The people that the form names beside the configuration. */
export interface NamedPeople {
  readonly owners: readonly string[]
  readonly admins: readonly string[]
}

const PEOPLE = { 'muc#roomconfig_roomowners': 'owners', 'muc#roomconfig_roomadmins': 'admins' } as const

/** The fields of the form as they are now (§10.2). */
export function configFields(config: RoomConfig, people: NamedPeople): FormField[] {
  return [
    ...FIELDS.map((field) => ({ ...field, values: field.values(config) })),
    { name: 'muc#roomconfig_roomadmins', type: 'jid-multi', label: 'Admins', values: people.admins },
    { name: 'muc#roomconfig_roomowners', type: 'jid-multi', label: 'Owners', values: people.owners },
  ]
}

/**
 * The configuration after this form, and the people it names. A field that is not in the form stays as it is; fields that
 * this service does not have are left alone, since clients send what other services know.
 * @throws StanzaFault
 */
export function readConfig(form: Form, before: RoomConfig): { config: RoomConfig; people: Partial<NamedPeople> } {
  if (form.formType !== undefined && form.formType !== NS_MUC_ROOM_CONFIG) throw notAcceptable('FORM_TYPE')
  let changed: Partial<RoomConfig> = {}
  for (const field of FIELDS) {
    const values = form.values.get(field.name)
    if (values) changed = { ...changed, ...field.read(values, form, field.name) }
  }
  const isProtected = findFormValue(form, 'muc#roomconfig_passwordprotectedroom')
  if (isProtected !== undefined && !parseFormBoolean(isProtected)) changed = { ...changed, password: '' }
  const parsed = roomConfigSchema.safeParse({ ...before, ...changed })
  if (!parsed.success) throw notAcceptable(parsed.error.issues[0]?.path.join('.') ?? 'the form')
  // §10.2: a password that is asked for and not given cannot be.
  if (isProtected !== undefined && parseFormBoolean(isProtected) && parsed.data.password === '') {
    throw notAcceptable('muc#roomconfig_roomsecret')
  }
  const people: { -readonly [K in keyof NamedPeople]?: readonly string[] } = {}
  for (const [name, key] of Object.entries(PEOPLE)) {
    const values = form.values.get(name)
    if (values) people[key] = values.filter((value) => value !== '').map(bareJidOf)
  }
  return { config: parsed.data, people }
}

function bareJidOf(value: string): string {
  const jid = findJid(value)
  if (!jid || jid.localpart === undefined) throw new StanzaFault({ condition: 'jid-malformed' })
  return jid.bareString
}

function notAcceptable(field: string): StanzaFault {
  return new StanzaFault({ condition: 'not-acceptable', text: `This value cannot be used: ${field}` })
}

/** Who may send a private message, by the room's rule (§7.5). */
export function mayWhisper(role: Role, rule: RoomConfig['privateMessages']): boolean {
  if (rule === 'anyone') return true
  if (rule === 'participants') return role === 'participant' || role === 'moderator'
  return rule === 'moderators' && role === 'moderator'
}
