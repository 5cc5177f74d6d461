import type { BodyOf, ClientVersion, ImageFormat } from '@drawbridge/contract'
import { instantFrom, localFrom, namedIn } from './suspension-draft.ts'

type NewClientRule = BodyOf<'addClientRule'>

/** From the mildest to the strictest; a rule climbs to its action by the stages before it. */
export const ACTIONS = [
  'allow',
  'observe',
  'notify',
  'warn',
  'degrade',
  'block',
  'disconnect',
] as const satisfies readonly NewClientRule['action'][]

/** Whether it keeps people out; anything milder lets them go on. */
export function isBlocking(action: NewClientRule['action']): boolean {
  return action === 'block' || action === 'disconnect'
}

/** From the slowest to the fastest. */
export const PRESETS = ['routine', 'urgent', 'emergency', 'now'] as const satisfies readonly NonNullable<
  NewClientRule['preset']
>[]

/** A rule as it is being written: texts as they stand in their fields. */
export interface RuleDraft {
  readonly family: string
  readonly from: string
  readonly below: string
  readonly action: NewClientRule['action']
  readonly preset: NonNullable<NewClientRule['preset']>
  readonly formats: readonly ImageFormat[]
  /** Names with commas between them. */
  readonly units: string
  readonly networks: string
  readonly url: string
  /** `datetime-local`; empty: as the preset says. */
  readonly deadline: string
  /** What has no field, kept as it was. */
  readonly others: Partial<NewClientRule>
}

export const EMPTY_RULE: RuleDraft = {
  family: '',
  from: '',
  below: '',
  action: 'disconnect',
  preset: 'routine',
  formats: [],
  units: '',
  networks: '',
  url: '',
  deadline: '',
  others: {},
}

/** What is sent. Fields that were left empty are left out. */
export function ruleFrom(draft: RuleDraft): NewClientRule {
  const { family, from, below, action, preset, formats, units, networks, url, deadline, others } = draft
  return {
    ...others,
    family: family.trim(),
    action,
    preset,
    ...optional('from', from),
    ...optional('below', below),
    ...(formats.length > 0 && { formats }),
    ...(namedIn(units).length > 0 && { units: namedIn(units) }),
    ...(namedIn(networks).length > 0 && { networks: namedIn(networks) }),
    ...optional('url', url),
    ...(deadline !== '' && { deadline: instantFrom(deadline) }),
  }
}

/** The draft of a rule that somebody else has thought of. */
export function draftOf(rule: NewClientRule): RuleDraft {
  const { family, from = '', below = '', action, preset = 'routine', formats = [], units = [], ...rest } = rule
  const { networks = [], url = '', deadline, ...others } = rest
  return {
    family,
    from,
    below,
    action,
    preset,
    formats,
    units: units.join(', '),
    networks: networks.join(', '),
    url,
    deadline: deadline === undefined ? '' : localFrom(new Date(deadline)),
    others,
  }
}

/** The draft of a rule about the family of a row of the inventory; which versions, its author says. */
export function draftAbout({ family = '' }: Pick<ClientVersion, 'family'>): RuleDraft {
  return { ...EMPTY_RULE, family }
}

function optional<K extends string>(key: K, text: string): { readonly [P in K]?: string } {
  const trimmed = text.trim()
  return (trimmed === '' ? {} : { [key]: trimmed }) as { readonly [P in K]?: string }
}
