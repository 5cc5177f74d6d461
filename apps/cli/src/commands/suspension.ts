import {
  ADMIN_ROUTES,
  RELEASES,
  type Effect,
  type NameWarning,
  type ResponseOf,
  type SuspensionView,
} from '@drawbridge/contract'
import { checked, listFrom, parse, parseInstant, required } from '../arguments.ts'
import { type Command, UsageError } from '../command.ts'
import { everyPage } from '../pages.ts'
import { appliedLines, effectLine } from './effect.ts'

const MODES = 'announce|read-only|hold|reject|cut'

export const suspensionStart: Command = {
  name: 'suspension start',
  usage: `--scope SCOPE[,SCOPE…] --mode ${MODES} --reason TEXT [--reason-in LANG=TEXT] [--internal TEXT] [--start TIME] [--until TIME] [--review TIME] [--exempt WHO[,WHO…]] [--emergency] [--drill] [--dry-run]`,
  summary:
    'Suspend scopes: service, a feature such as images, group:UNIT, room:JID, peer:DOMAIN, client:FAMILY, zone:CIDR, hash:SHA256 or format:NAME. WHO is an account, unit:NAME, room:JID (an incident room) or bot:JID. TIME is 2026-11-23T18:00, or a time from now: 30s, 15m, 2h, 7d.',

  async run(args, cli) {
    const { values } = parse(args, [], {
      scope: { type: 'string', multiple: true },
      mode: { type: 'string' },
      reason: { type: 'string' },
      'reason-in': { type: 'string', multiple: true },
      internal: { type: 'string' },
      start: { type: 'string' },
      until: { type: 'string' },
      review: { type: 'string' },
      exempt: { type: 'string', multiple: true },
      emergency: { type: 'boolean' },
      drill: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
    })
    const now = new Date()
    const body = checked(ADMIN_ROUTES.startSuspension.body, {
      scopes: listFrom(required(values.scope?.join(), '--scope')),
      mode: required(values.mode, '--mode'),
      reason: required(values.reason, '--reason'),
      ...(values['reason-in'] && { reasons: textsFrom(values['reason-in']) }),
      ...(values.internal !== undefined && { internalReason: values.internal }),
      ...(values.start !== undefined && { start: parseInstant(values.start, now) }),
      ...(values.until !== undefined && { until: parseInstant(values.until, now) }),
      ...(values.review !== undefined && { reviewAt: parseInstant(values.review, now) }),
      ...(values.exempt && { exemptions: exemptionsFrom(values.exempt.flatMap(listFrom)) }),
      ...(values.emergency && { isEmergency: true }),
      ...(values.drill && { isDrill: true }),
    })
    const query = values['dry-run'] ? { dryRun: 'true' } : {}
    const started = await cli.admin('startSuspension', { body, query })
    cli.result([...changeLines(started), impactLine(started.impact)], started)
  },
}

export const suspensionList: Command = {
  name: 'suspension list',
  usage: '',
  summary: 'List suspensions, the active and planned ones first.',

  async run(args, cli) {
    parse(args, [], {})
    let isRemembered = false
    const admin: typeof cli.admin = async (route, call) => {
      const page = await cli.admin(route, call)
      isRemembered ||= (page as { readonly isRemembered?: boolean }).isRemembered === true
      return page
    }
    const suspensions = await everyPage(admin, 'listSuspensions', 'suspensions')
    if (isRemembered) cli.note('The database does not answer: this is what this node remembers.')
    cli.result(suspensions.length === 0 ? 'no suspensions' : suspensions.map(suspensionLine), suspensions)
  },
}

export const suspensionShow: Command = {
  name: 'suspension show',
  usage: 'ID',
  summary: 'Show one suspension, and when each node applied its last change.',

  async run(args, cli) {
    const { words } = parse(args, ['ID'], {})
    const shown = await cli.admin('getSuspension', { params: idFrom(words) })
    cli.result([suspensionLine(shown.suspension), ...appliedLines(shown.suspension.epoch, shown.appliedBy)], shown)
  },
}

export const suspensionExtend: Command = {
  name: 'suspension extend',
  hasDryRun: true,
  usage: 'ID [--until TIME|never] [--review TIME]',
  summary: 'Give a suspension another end, or another time of review. TIME is as in `suspension start`.',

  async run(args, cli) {
    const { values, words } = parse(args, ['ID'], { until: { type: 'string' }, review: { type: 'string' } })
    const now = new Date()
    const { until, review } = values
    const body = checked(ADMIN_ROUTES.extendSuspension.body, {
      ...(until !== undefined && { until: until === 'never' ? null : parseInstant(until, now) }),
      ...(review !== undefined && { reviewAt: parseInstant(review, now) }),
    })
    const extended = await cli.admin('extendSuspension', { params: idFrom(words), body })
    cli.result(changeLines(extended), extended)
  },
}

export const suspensionExempt: Command = {
  name: 'suspension exempt',
  hasDryRun: true,
  usage: 'ID WHO[,WHO…]',
  summary: 'Leave somebody alone: an account, unit:NAME, room:JID (an incident room) or bot:JID.',

  async run(args, cli) {
    const { words } = parse(args, ['ID', 'WHO'], {})
    const body = checked(ADMIN_ROUTES.exemptSuspension.body, exemptionsFrom(listFrom(words[1] ?? '')))
    const exempted = await cli.admin('exemptSuspension', { params: idFrom(words), body })
    cli.result(changeLines(exempted), exempted)
  },
}

export const suspensionEnd: Command = {
  name: 'suspension end',
  hasDryRun: true,
  usage: `ID [--release ${RELEASES.join('|')}] [--canary UNIT[,UNIT…] [--canary-for MINUTES]]`,
  summary:
    'End a suspension. What it held is delivered in order, or as far as recalls and the sanitizer still let it through, or waits for a person (then what is said afterwards may come before it), or is discarded with notice. With --canary these units come back first, and everybody else some minutes later; `suspension extend` stops that.',

  async run(args, cli) {
    const { values, words } = parse(args, ['ID'], {
      release: { type: 'string' },
      canary: { type: 'string' },
      'canary-for': { type: 'string' },
    })
    const { release, canary, 'canary-for': minutes } = values
    if (minutes !== undefined && canary === undefined) throw new UsageError('--canary-for needs --canary')
    // As the query has it: a number is written out.
    const query = {
      ...(release === undefined ? {} : { release }),
      ...(canary === undefined ? {} : { canaryUnits: canary }),
      ...(minutes === undefined ? {} : { canaryMin: minutes }),
    }
    checked(ADMIN_ROUTES.endSuspension.query, query)
    const ended = await cli.admin('endSuspension', { params: idFrom(words), query })
    const counts = `${ended.released} messages released, ${ended.discarded} discarded`
    cli.result([...changeLines(ended), ...(ended.request ? [] : [counts])], ended)
  },
}

export const suspensionExplain: Command = {
  name: 'suspension explain',
  usage:
    '[--account NAME] [--client FAMILY] [--address IP] [--room JID] [--peer DOMAIN] [--format NAME] [--sha256 HASH]',
  summary: 'Say what is suspended for somebody, action by action, and which suspension makes it so.',

  async run(args, cli) {
    const option = { type: 'string' } as const
    const options = { account: option, client: option, address: option, room: option, peer: option }
    const { values } = parse(args, [], { ...options, format: option, sha256: option })
    const { actions } = await cli.admin('explainSuspensions', {
      query: checked(ADMIN_ROUTES.explainSuspensions.query, values),
    })
    const lines = actions.flatMap(({ action, answer, trace }) => [
      `${action}: ${answer}`,
      ...trace.map((step) => {
        const why = step.inactive ?? (step.exemption === undefined ? undefined : `exempt: ${step.exemption}`)
        const mark = step.isDecisive ? '→' : ' '
        return `  ${mark} ${step.suspension}  ${step.scope} ${step.mode}: ${step.answer}${why === undefined ? '' : ` (${why})`}`
      }),
    ])
    cli.result(lines, actions)
  },
}

export const suspensionReview: Command = {
  name: 'suspension review',
  hasDryRun: true,
  usage: 'ID --note TEXT',
  summary: 'Record that somebody has looked at what one person did alone.',

  async run(args, cli) {
    const { values, words } = parse(args, ['ID'], { note: { type: 'string' } })
    const body = checked(ADMIN_ROUTES.reviewSuspension.body, { note: required(values.note, '--note') })
    const { suspension } = await cli.admin('reviewSuspension', { params: idFrom(words), body })
    cli.result(suspensionLine(suspension), suspension)
  },
}

export const suspensionRecord: Command = {
  name: 'suspension record',
  usage: 'ID',
  summary: 'Print everything on record about a suspension as JSON.',

  async run(args, cli) {
    const { words } = parse(args, ['ID'], {})
    const record = await cli.admin('getIncidentRecord', { params: idFrom(words) })
    cli.result(JSON.stringify(record, null, 2), record)
  },
}

/** What a change of a suspension did, or that it waits. */
function changeLines(change: {
  readonly suspension?: SuspensionView | undefined
  readonly effect?: Effect | undefined
  readonly request?: { readonly id: string } | undefined
  readonly warnings?: readonly NameWarning[] | undefined
}): string[] {
  const warnings = warningLines(change)
  if (change.request) {
    return [`waits for another person: drawbridge suspension approve ${change.request.id}`, ...warnings]
  }
  return [
    ...warnings,
    ...(change.suspension ? [suspensionLine(change.suspension)] : []),
    ...(change.effect ? [effectLine(change.effect)] : []),
  ]
}

const MISSING = {
  client: 'nobody was seen with a client',
  zone: 'nobody was seen in the network',
  room: 'there is no room',
  unit: 'there is no unit',
  account: 'there is no account',
  format: 'no images are known by the format',
} as const satisfies Record<NameWarning['about'], string>

/** What was named and is not there, as lines. */
export function warningLines({ warnings = [] }: { readonly warnings?: readonly NameWarning[] | undefined }): string[] {
  return warnings.map(({ about, name, near }) => {
    const meant = near === undefined ? '' : `; did you mean ${near}?`
    return `WARNING: ${MISSING[about]} ${name}${meant}`
  })
}

/** Whom a suspension hits, as a line. */
export function impactLine(impact: ResponseOf<'startSuspension'>['impact']): string {
  const { accounts, sessions, disconnected, exempt, approvals, isTwoPersonRuleActive } = impact
  const people =
    approvals === 2 && !isTwoPersonRuleActive
      ? '; takes two people as soon as two approvers are enrolled'
      : approvals === 2
        ? '; takes two people'
        : ''
  return `${accounts} accounts, ${sessions} sessions now: ${disconnected} closed, ${exempt} exempt${people}`
}

function idFrom(words: readonly string[]) {
  return checked(ADMIN_ROUTES.endSuspension.params, { id: words[0] })
}

function textsFrom(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((text) => {
      const equals = text.indexOf('=')
      if (equals <= 0) throw new UsageError(`"${text}" is no text in a language: write it like de=Wartung.`)
      return [text.slice(0, equals), text.slice(equals + 1)]
    }),
  )
}

function exemptionsFrom(given: readonly string[]) {
  const of = (prefix: string) => given.flatMap((who) => (who.startsWith(prefix) ? [who.slice(prefix.length)] : []))
  const accounts = given.filter((who) => !/^(?:unit|room|bot):/u.test(who))
  return { accounts, units: of('unit:'), rooms: of('room:'), bots: of('bot:') }
}

/** One line per suspension. */
export function suspensionLine(view: SuspensionView): string {
  const { id, scopes, mode, reason, since, until, endedAt, held, state, isDrill, isEmergency, reviewDueAt } = view
  const { exemptionUses, release } = view
  const span = endedAt !== undefined ? `ended ${endedAt}` : until !== undefined ? `until ${until}` : 'until ended'
  const marks = [
    state === 'scheduled' && 'planned',
    isDrill && 'drill',
    isEmergency && 'emergency, not confirmed',
    state === 'active' && release !== undefined && 'ending: its canaries are back',
    ...Object.entries(exemptionUses).map(([who, count]) => `${who} exempt ${count} times`),
    held.count > 0 && `${held.count} held since ${held.oldestAt ?? '?'}`,
    reviewDueAt !== undefined && view.reviewedAt === undefined && `review due by ${reviewDueAt}`,
  ].filter(Boolean)
  const extra = marks.length === 0 ? '' : ` [${marks.join('; ')}]`
  return `${id}  ${scopes.join(',')} ${mode} since ${since}, ${span}: ${reason}${extra}`
}
