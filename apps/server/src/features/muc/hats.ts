import { deleteRoomHatKind, putRoomHatKind, putRoomHats } from '@drawbridge/db'
import {
  buildCommand,
  buildForm,
  buildFormTable,
  commandFault,
  findForm,
  findFormValue,
  findJid,
  parseCommand,
  StanzaFault,
} from '@drawbridge/xmpp'
import type { DiscoItem, Element, Form, FormField } from '@drawbridge/xmpp'
import { randomBytes } from 'node:crypto'
import type { Context } from '../../routing/feature.ts'
import type { RoomRequest } from './iq.ts'
import { announce } from './occupant-presence.ts'
import { isAdmin } from './privileges.ts'
import type { Room } from './room.ts'

const FORM_TYPE = 'urn:xmpp:hats:commands'
/** Hats of a room, hats one person may wear, people who may wear some, and the longest URI or title. */
const MAX_KINDS = 64
const MAX_HATS = 16
const MAX_WEARERS = 1_000
const MAX_LENGTH = 256

interface HatCommand {
  readonly name: string
  /** What has to be filled in; absent for a command that asks nothing. */
  readonly fields?: (room: Room) => FormField[]
  /** Returns what the command found out, if that was asked. */
  readonly execute: (form: Form | undefined, room: Room, ctx: Context) => Promise<void> | Element
}

const TITLE: FormField = { name: 'hats#title', type: 'text-single', label: 'Title' }
const HUE: FormField = { name: 'hats#hue', type: 'text-single', label: 'Color, as an angle from 0 to 360' }
const URI: FormField = { name: 'hats#uri', type: 'text-single', label: 'URI' }
const JID: FormField = { name: 'hats#jid', type: 'jid-single', label: 'Address' }

const needed = (field: FormField): FormField => ({ ...field, isRequired: true })
/** One of the hats of the room. */
const choice = ({ hatKinds }: Room, name: string): FormField => {
  const options = [...hatKinds.values()].map(({ uri, title }) => ({ label: title, value: uri }))
  return { name, type: 'list-single', label: 'Hat', isRequired: true, options }
}

const assign = {
  name: 'Assign a hat',
  fields: (room) => [needed(JID), choice(room, URI.name)],
  execute: (form, room, ctx) => wear(form, room, true, ctx),
} satisfies HatCommand
const unassign = {
  ...assign,
  name: 'Remove a hat',
  execute: (form, room, ctx) => wear(form, room, false, ctx),
} satisfies HatCommand
/** Version 0.2 calls it otherwise. */
const fieldsOfBefore = (room: Room) => [{ ...needed(JID), name: 'accountjid' }, choice(room, 'hat')]

/** XEP-0317 §4: by the last part of their nodes; `don` and `doff` are those of version 0.2. */
const COMMANDS: ReadonlyMap<string, HatCommand> = new Map<string, HatCommand>(
  Object.entries({
    create: {
      name: 'Make or change a hat',
      fields: () => [needed(TITLE), needed(URI), HUE],
      execute: makeKind,
    },
    destroy: { name: 'Destroy a hat', fields: (room) => [choice(room, URI.name)], execute: destroyKind },
    list: { name: 'List hats', execute: (_form, room) => listKinds(room) },
    assign,
    unassign,
    'list-assigned': { name: 'List who wears which hat', execute: (_form, room) => listWearers(room) },
    don: { ...assign, fields: fieldsOfBefore },
    doff: { ...unassign, fields: fieldsOfBefore },
  } satisfies Record<string, HatCommand>).map(([node, command]) => [`${FORM_TYPE}:${node}`, command]),
)

/** XEP-0317 §4: what an admin may do is listed for admins only (XEP-0050 §2.2). */
export function hatCommands({ room, session }: RoomRequest): DiscoItem[] {
  if (!isAdmin(room.standingOf(session))) return []
  return [...COMMANDS].map(([node, { name }]) => ({ jid: room.address, node, name }))
}

/** XEP-0317 §4: an admin makes hats, and says who wears them; that is seen by everybody. */
export async function executeHatCommand(
  payload: Element,
  { room, session }: RoomRequest,
  ctx: Context,
): Promise<Element> {
  const { node, action, sessionId = randomBytes(9).toString('base64url') } = parseCommand(payload)
  const command = COMMANDS.get(node)
  if (!isAdmin(room.standingOf(session))) throw new StanzaFault({ condition: 'forbidden' })
  if (!command) throw new StanzaFault({ condition: 'item-not-found' })
  if (action === 'cancel') return buildCommand({ node, sessionId, status: 'canceled' })
  const { name, fields, execute } = command
  const form = findForm(payload, FORM_TYPE)
  if (fields && !form) {
    const instructions = 'A hat is known by its URI; its title is what people read.'
    const empty = buildForm({ type: 'form', formType: FORM_TYPE, title: name, instructions, fields: fields(room) })
    return buildCommand({ node, sessionId, status: 'executing', form: empty })
  }
  const result = await execute(form, room, ctx)
  return buildCommand({ node, sessionId, status: 'completed', form: result ?? undefined })
}

async function makeKind(form: Form | undefined, room: Room, ctx: Context): Promise<void> {
  const [uri, title] = [valueOf(form, URI.name), valueOf(form, TITLE.name)]
  const angle = form && findFormValue(form, HUE.name)
  const hue = angle ? Number(angle) : null
  if (!URL.canParse(uri) || (hue !== null && !(hue >= 0 && hue <= 360))) throw commandFault('bad-payload')
  if (!room.hatKinds.has(uri) && room.hatKinds.size >= MAX_KINDS) throw tooMany()
  const kind = { uri, title, hue }
  await putRoomHatKind(ctx.db, room.id, kind)
  room.hatKinds.set(uri, kind)
  show(room, wearersOf(room, uri))
}

async function destroyKind(form: Form | undefined, room: Room, ctx: Context): Promise<void> {
  const { uri } = kindOf(form, room)
  await deleteRoomHatKind(ctx.db, room.id, uri)
  const wearers = wearersOf(room, uri)
  room.hatKinds.delete(uri)
  for (const jid of wearers) putOn(room, jid, without(room, jid, uri))
  show(room, wearers)
}

async function wear(form: Form | undefined, room: Room, isOn: boolean, ctx: Context): Promise<void> {
  const jid = findJid(valueOf(form, JID.name, 'accountjid'))
  if (jid?.localpart === undefined) throw commandFault('bad-payload')
  const { uri } = kindOf(form, room)
  const wearer = jid.bareString
  const hats = [...without(room, wearer, uri), ...(isOn ? [uri] : [])]
  if (hats.length > MAX_HATS || (isOn && !room.hats.has(wearer) && room.hats.size >= MAX_WEARERS)) throw tooMany()
  await putRoomHats(ctx.db, room.id, wearer, hats)
  putOn(room, wearer, hats)
  show(room, [wearer])
}

function listKinds({ hatKinds }: Room): Element {
  const rows = [...hatKinds.values()].map(({ uri, title, hue }) => ({
    [URI.name]: uri,
    [TITLE.name]: title,
    [HUE.name]: hue?.toString(),
  }))
  return buildFormTable({ formType: FORM_TYPE, columns: [URI, TITLE, HUE], rows })
}

function listWearers(room: Room): Element {
  const rows = [...room.hats.keys()].flatMap((jid) =>
    room.hatsOf(jid).map(({ uri, title, hue }) => ({
      [JID.name]: jid,
      [URI.name]: uri,
      [TITLE.name]: title,
      [HUE.name]: hue?.toString(),
    })),
  )
  return buildFormTable({ formType: FORM_TYPE, columns: [JID, URI, TITLE, HUE], rows })
}

/** The value of a field, under any of its names. @throws StanzaFault where there is none, or too much of it */
function valueOf(form: Form | undefined, ...names: string[]): string {
  const value = form && names.map((name) => findFormValue(form, name)).find((found) => found !== undefined)
  if (!value || value.length > MAX_LENGTH) throw commandFault('bad-payload')
  return value
}

/** @throws StanzaFault `item-not-found` */
function kindOf(form: Form | undefined, { hatKinds }: Room) {
  const kind = hatKinds.get(valueOf(form, URI.name, 'hat'))
  if (!kind) throw new StanzaFault({ condition: 'item-not-found', text: 'This room has no such hat.' })
  return kind
}

const tooMany = () =>
  new StanzaFault({ type: 'cancel', condition: 'resource-constraint', text: 'That is too many hats.' })

const without = (room: Room, jid: string, uri: string) => (room.hats.get(jid) ?? []).filter((other) => other !== uri)

const wearersOf = (room: Room, uri: string) =>
  [...room.hats].flatMap(([jid, uris]) => (uris.includes(uri) ? [jid] : []))

function putOn(room: Room, jid: string, uris: readonly string[]): void {
  if (uris.length > 0) room.hats.set(jid, uris)
  else room.hats.delete(jid)
}

function show(room: Room, wearers: readonly string[]): void {
  for (const jid of wearers) {
    for (const occupant of room.occupantsOf(jid)) {
      occupant.shown = undefined
      announce(room, occupant)
    }
  }
}
