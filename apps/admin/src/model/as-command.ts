import type { BodyOf } from '@drawbridge/contract'

// What a form would do, as the command that does the same: for a colleague, a ticket, or a script.

/** Options of a command: a name, and a value where it has one. */
type Option = readonly [name: string, value: string] | readonly [name: string]

/** What adds a client rule. */
export function ruleCommand(rule: BodyOf<'addClientRule'>): string {
  const { rings = [], stageDates = {} } = rule
  const dates = Object.entries(stageDates).map(([stage, at]) => `${stage}=${at}`)
  return commandOf('client-rule add', [
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
  ])
}

/** What starts a suspension. */
export function suspensionCommand(suspension: BodyOf<'startSuspension'>): string {
  const { scopes, mode, reason, reasons = {}, exemptions = {}, isEmergency, isDrill } = suspension
  const { accounts = [], units = [], rooms = [], bots = [] } = exemptions
  const exempt = [
    ...accounts,
    ...units.map((name) => `unit:${name}`),
    ...rooms.map((name) => `room:${name}`),
    ...bots.map((name) => `bot:${name}`),
  ]
  return commandOf('suspension start', [
    ['scope', scopes.join(',')],
    ['mode', mode],
    ['reason', reason],
    ...Object.entries(reasons).map(([language, text]) => ['reason-in', `${language}=${text}`] as const),
    ...given('internal', suspension.internalReason),
    ...given('until', suspension.until),
    ...given('review', suspension.reviewAt),
    ...listed('exempt', exempt),
    ...(isEmergency ? [['emergency'] as const] : []),
    ...(isDrill ? [['drill'] as const] : []),
  ])
}

function commandOf(command: string, options: readonly Option[]): string {
  const words = options.map(([name, value]) => (value === undefined ? `--${name}` : `--${name} ${quoted(value)}`))
  return ['drawbridge', command, ...words].join(' ')
}

/** As a POSIX shell takes it for one word that means itself. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/u.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

function given(name: string, value: string | undefined): readonly Option[] {
  return value === undefined ? [] : [[name, value]]
}

function listed(name: string, values: readonly string[] | undefined): readonly Option[] {
  return values === undefined || values.length === 0 ? [] : [[name, values.join(',')]]
}
