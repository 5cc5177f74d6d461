import type { BodyOf, QueryOf } from '@drawbridge/contract'

// What a form would do, as the command that does the same: for a colleague, a ticket, or a script.

type NewSuspension = BodyOf<'startSuspension'>

/** Options of a command: a name, and a value where it has one. */
type Option = readonly [name: string, value: string] | readonly [name: string]

/** What adds a client rule. */
export function ruleCommand(rule: BodyOf<'addClientRule'>): string {
  const { rings = [], stageDates = {} } = rule
  const dates = Object.entries(stageDates).map(([stage, at]) => `${stage}=${at}`)
  return commandOf(
    ['client-rule', 'add'],
    [
      ['family', rule.family],
      ...given('from', rule.from),
      ...given('below', rule.below),
      ...listed('os', rule.os),
      ...given('below-tier', rule.belowTier),
      ...listed('units', rule.units),
      ...listed('accounts', rule.accounts),
      ...listed('networks', rule.networks),
      ...given('active-from', rule.activeFrom),
      ...given('active-until', rule.activeUntil),
      ['action', rule.action],
      ...listed('format', rule.formats),
      ...given('preset', rule.preset),
      ...given('deadline', rule.deadline),
      ...listed('stage-dates', dates),
      ...rings.map(({ units = ['*'], delayHours }) => ['ring', `${units.join('+')}=${delayHours}`] as const),
      ...given('priority', rule.priority === undefined ? undefined : String(rule.priority)),
      ...given('url', rule.url),
    ],
  )
}

/** What starts a suspension. */
export function suspensionCommand(suspension: NewSuspension): string {
  const { scopes, mode, reason, reasons = {}, exemptions = {}, isEmergency, isDrill } = suspension
  return commandOf(
    ['suspension', 'start'],
    [
      ['scope', scopes.join(',')],
      ['mode', mode],
      ['reason', reason],
      ...Object.entries(reasons).map(([language, text]) => ['reason-in', `${language}=${text}`] as const),
      ...given('internal', suspension.internalReason),
      ...given('start', suspension.start),
      ...given('until', suspension.until),
      ...given('review', suspension.reviewAt),
      ...listed('exempt', exemptList(exemptions)),
      ...flag('emergency', isEmergency),
      ...flag('drill', isDrill),
    ],
  )
}

/** What starts a playbook. */
export function playbookCommand(name: string, { isEmergency, isDrill }: BodyOf<'startPlaybook'>): string {
  return commandOf(['playbook', 'start', name], [...flag('emergency', isEmergency), ...flag('drill', isDrill)])
}

/** What gives a suspension another end. */
export function extendCommand(id: string, { until }: BodyOf<'extendSuspension'>): string {
  return commandOf(['suspension', 'extend', id], [['until', until ?? 'never']])
}

/** What leaves more people alone. */
export function exemptCommand(id: string, exemptions: BodyOf<'exemptSuspension'>): string {
  return commandOf(['suspension', 'exempt', id, exemptList(exemptions).join(',')], [])
}

/** What ends a suspension. */
export function endCommand(id: string, { release, canaryUnits }: Partial<QueryOf<'endSuspension'>>): string {
  return commandOf(['suspension', 'end', id], [...given('release', release), ...given('canary', canaryUnits)])
}

/** What spares somebody from the rules. */
export function exceptionCommand(exception: BodyOf<'addClientException'>): string {
  const { family, below, accounts, units, until, reason } = exception
  return commandOf(
    ['client-exception', 'add'],
    [
      ['family', family],
      ...given('below', below),
      ...listed('accounts', accounts),
      ...listed('units', units),
      ...given('until', until),
      ['reason', reason],
    ],
  )
}

function exemptList({ accounts = [], units = [], rooms = [], bots = [] }: NonNullable<NewSuspension['exemptions']>) {
  return [
    ...accounts,
    ...units.map((name) => `unit:${name}`),
    ...rooms.map((name) => `room:${name}`),
    ...bots.map((name) => `bot:${name}`),
  ]
}

function commandOf(words: readonly string[], options: readonly Option[]): string {
  const named = options.map(([name, value]) => (value === undefined ? `--${name}` : `--${name} ${quoted(value)}`))
  return ['drawbridge', ...words.map(quoted), ...named].join(' ')
}

function flag(name: string, isSet: boolean | undefined): readonly Option[] {
  return isSet ? [[name]] : []
}

/** As a POSIX shell takes it for one word that means itself. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

function given(name: string, value: string | undefined): readonly Option[] {
  return value === undefined ? [] : [[name, value]]
}

function listed(name: string, values: readonly string[] | undefined): readonly Option[] {
  return values === undefined || values.length === 0 ? [] : [[name, values.join(',')]]
}
