import type { BodyOf, ClientRuleView, ClientVersion, ImageFormat } from '@drawbridge/contract'
import { stagesOf } from '@drawbridge/policy/ladder'
import { instantFrom, localFrom, namedIn } from './suspension-draft.ts'

type NewClientRule = BodyOf<'addClientRule'>
type EvidenceTier = NonNullable<NewClientRule['belowTier']>

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

/** The stages that a rule climbs through, each of which can have a date of its own. */
export const STAGES = [
  'notify',
  'warn',
  'degrade',
  'block',
  'disconnect',
] as const satisfies readonly NewClientRule['action'][]
export type Stage = (typeof STAGES)[number]

/** Whether it keeps people out; anything milder lets them go on. */
export function isBlocking(action: NewClientRule['action']): boolean {
  return action === 'block' || action === 'disconnect'
}

/** From the slowest to the fastest. */
export const PRESETS = ['routine', 'urgent', 'emergency', 'now'] as const satisfies readonly NonNullable<
  NewClientRule['preset']
>[]

/** Evidence that a rule can ask for: whoever is known less well is meant. */
export const TIERS = ['E1', 'E2', 'E3', 'E4'] as const satisfies readonly EvidenceTier[]

/** Most rings, and most hours that one waits, as the contract has them. */
export const MAX_RINGS = 16
export const MAX_DELAY_HOURS = 8_760

/** Units that climb later than others. */
export interface RingDraft {
  /** Names it for as long as it is being written. */
  readonly key: string
  /** Names with commas between them; empty: everybody else. */
  readonly units: string
  readonly delayHours: string
}

/** A rule as it is being written: texts as they stand in their fields. */
export interface RuleDraft {
  readonly family: string
  readonly from: string
  readonly below: string
  /** Names with commas between them, like the next ones. */
  readonly os: string
  readonly units: string
  readonly accounts: string
  readonly networks: string
  readonly belowTier: EvidenceTier | ''
  readonly action: NewClientRule['action']
  readonly preset: NonNullable<NewClientRule['preset']>
  readonly formats: readonly ImageFormat[]
  readonly url: string
  /** `datetime-local`; empty: as the preset says. */
  readonly deadline: string
  readonly stageDates: Partial<Readonly<Record<Stage, string>>>
  readonly activeFrom: string
  readonly activeUntil: string
  /** In the order in which they climb. */
  readonly rings: readonly RingDraft[]
  /** A number; empty: as the server has it. */
  readonly priority: string
  /** What has no field, kept as it was. */
  readonly others: Partial<NewClientRule>
}

export const EMPTY_RULE: RuleDraft = {
  family: '',
  from: '',
  below: '',
  os: '',
  units: '',
  accounts: '',
  networks: '',
  belowTier: '',
  action: 'disconnect',
  preset: 'routine',
  formats: [],
  url: '',
  deadline: '',
  stageDates: {},
  activeFrom: '',
  activeUntil: '',
  rings: [],
  priority: '',
  others: {},
}

export const newRing = (): RingDraft => ({ key: crypto.randomUUID(), units: '', delayHours: '24' })

const LISTS = ['os', 'units', 'accounts', 'networks'] as const
const TEXTS = ['from', 'below', 'url'] as const
const INSTANTS = ['deadline', 'activeFrom', 'activeUntil'] as const

/** What is sent. Fields that were left empty are left out. */
export function ruleFrom(draft: RuleDraft): NewClientRule {
  const { family, action, preset, belowTier, formats, rings, priority, others } = draft
  const stageDates = datesOf(draft)
  return {
    ...others,
    family: family.trim(),
    action,
    preset,
    ...filled(TEXTS, (key) => draft[key].trim() || undefined),
    ...filled(LISTS, (key) => (namedIn(draft[key]).length > 0 ? namedIn(draft[key]) : undefined)),
    ...filled(INSTANTS, (key) => (draft[key] === '' ? undefined : instantFrom(draft[key]))),
    ...(belowTier !== '' && { belowTier }),
    ...(formats.length > 0 && { formats }),
    ...(Object.keys(stageDates).length > 0 && { stageDates }),
    ...(rings.length > 0 && { rings: rings.map(ringFrom) }),
    ...(priority !== '' && { priority: Number(priority) }),
  }
}

/** The draft of a rule that somebody else has thought of. */
export function draftOf(rule: NewClientRule): RuleDraft {
  const { family, from = '', below = '', action, preset = 'routine', formats = [], url = '', ...more } = rule
  const { os = [], units = [], accounts = [], networks = [], belowTier = '', stageDates = {}, ...rest } = more
  const { deadline, activeFrom, activeUntil, rings = [], priority, ...others } = rest
  return {
    ...{ family, from, below, action, preset, formats, url, belowTier, others },
    os: os.join(', '),
    units: units.join(', '),
    accounts: accounts.join(', '),
    networks: networks.join(', '),
    deadline: fieldOf(deadline),
    activeFrom: fieldOf(activeFrom),
    activeUntil: fieldOf(activeUntil),
    stageDates: filled(STAGES, (stage) => (stageDates[stage] === undefined ? undefined : fieldOf(stageDates[stage]))),
    rings: rings.map(({ units: of = [], delayHours }) => ({
      ...newRing(),
      units: of.join(', '),
      delayHours: String(delayHours),
    })),
    priority: priority === undefined ? '' : String(priority),
  }
}

/** What somebody has written of a rule, apart from what became of it. */
const WRITTEN = [...LISTS, ...TEXTS, ...INSTANTS, 'belowTier', 'formats', 'stageDates', 'rings', 'priority'] as const

/** The draft of a rule that was there: as it was written. */
export function draftAgain(rule: ClientRuleView): RuleDraft {
  const { family, action, preset } = rule
  return draftOf({ family, action, preset, ...filled(WRITTEN, (key) => rule[key]) } as NewClientRule)
}

/** The draft of a rule about the family of a row of the inventory; which versions, its author says. */
export function draftAbout({ family = '' }: Pick<ClientVersion, 'family'>): RuleDraft {
  return { ...EMPTY_RULE, family }
}

/** What a rule would do when, were it added now: as the server reckons it. */
export function ladderOf(draft: RuleDraft, now: number): ClientRuleView['stages'] {
  const { action, preset, formats, deadline } = draft
  const dates = Object.entries(datesOf(draft)).map(([stage, at]) => [stage, Date.parse(at)])
  const stages = stagesOf({
    ...{ action, preset, formats, createdAt: now, isFinal: false },
    stageDates: Object.fromEntries(dates) as Partial<Record<Stage, number>>,
    ...(deadline !== '' && { deadline: new Date(deadline).getTime() }),
  })
  return stages.map(({ stage, at }) => ({ stage, at: new Date(at).toISOString() }))
}

function datesOf({ stageDates }: RuleDraft): Partial<Record<Stage, string>> {
  return filled(STAGES, (stage) => {
    const local = stageDates[stage] ?? ''
    return local === '' ? undefined : instantFrom(local)
  })
}

function ringFrom({ units, delayHours }: RingDraft) {
  const named = namedIn(units)
  return { ...(named.length > 0 && { units: named }), delayHours: Number(delayHours) }
}

const fieldOf = (instant: string | undefined) => (instant === undefined ? '' : localFrom(new Date(instant)))

/** Of these keys those that have a value. */
function filled<K extends string, V>(keys: readonly K[], valueOf: (key: K) => V | undefined): { [P in K]?: V } {
  const entries = keys.flatMap((key) => {
    const value = valueOf(key)
    return value === undefined ? [] : [[key, value] as const]
  })
  return Object.fromEntries(entries) as { [P in K]?: V }
}
