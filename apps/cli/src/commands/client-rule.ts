import { ADMIN_ROUTES, type ClientExceptionView, type ClientRuleView, type Simulation } from '@drawbridge/contract'
import { checked, listFrom, parse, parseInstant, required } from '../arguments.ts'
import { type Command, UsageError } from '../command.ts'
import { everyPage } from '../pages.ts'
import { appliedLines, effectLine } from './effect.ts'

const CONDITIONS = {
  family: { type: 'string' },
  from: { type: 'string' },
  below: { type: 'string' },
  os: { type: 'string' },
  'below-tier': { type: 'string' },
  units: { type: 'string' },
  accounts: { type: 'string' },
  networks: { type: 'string' },
  'active-from': { type: 'string' },
  'active-until': { type: 'string' },
} as const
const CONDITIONS_USAGE =
  '[--from V] [--below V] [--os LIST] [--below-tier E1|E2|E3|E4] [--units LIST] [--accounts LIST] [--networks LIST] [--active-from TIME] [--active-until TIME]'

const RULE = {
  ...CONDITIONS,
  action: { type: 'string' },
  preset: { type: 'string' },
  now: { type: 'boolean' },
  deadline: { type: 'string' },
  format: { type: 'string' },
  priority: { type: 'string' },
  url: { type: 'string' },
  'accept-shadow': { type: 'boolean' },
  'stage-dates': { type: 'string' },
  ring: { type: 'string', multiple: true },
} as const
const RULE_USAGE = `--family F ${CONDITIONS_USAGE} --action allow|observe|notify|warn|degrade|block|disconnect [--format LIST] [--preset routine|urgent|emergency|now] [--deadline TIME] [--stage-dates STAGE=TIME,…] [--ring UNIT+UNIT=HOURS]… [--priority N] [--url U] [--now] [--accept-shadow]`

export const clientRuleAdd: Command = {
  name: 'client-rule add',
  hasDryRun: true,
  usage: RULE_USAGE,
  summary:
    'Act on clients, for example of a family below a version. The milder actions come first, by the calendar; --now skips them.',

  async run(args, cli) {
    const body = ruleFrom(args)
    const { rule, effect, request } = await cli.admin('addClientRule', { body })
    const lines = rule && effect ? [ruleLine(rule), effectLine(effect)] : [`${request?.id ?? ''}: waits for approval`]
    cli.result(lines, { rule, effect, request })
  },
}

export const clientRuleSimulate: Command = {
  name: 'client-rule simulate',
  usage: RULE_USAGE,
  summary: 'Say whom a rule would reach, now and by what was used in the last 90 days, without making it.',

  async run(args, cli) {
    const simulation = await cli.admin('simulateClientRule', { body: ruleFrom(args) })
    cli.result(simulationLines(simulation), simulation)
  },
}

export const clientRuleList: Command = {
  name: 'client-rule list',
  usage: '',
  summary: 'List client rules in the order in which they are asked.',

  async run(args, cli) {
    parse(args, [], {})
    const rules = await everyPage(cli.admin, 'listClientRules', 'rules')
    cli.result(rules.length === 0 ? 'no rules' : rules.map(ruleLine), rules)
  },
}

export const clientRuleShow: Command = {
  name: 'client-rule show',
  usage: 'ID',
  summary: 'Show one client rule, and when each node applied its last change.',

  async run(args, cli) {
    const { words } = parse(args, ['ID'], {})
    const params = checked(ADMIN_ROUTES.getClientRule.params, { id: words[0] })
    const shown = await cli.admin('getClientRule', { params })
    cli.result([ruleLine(shown.rule), ...appliedLines(shown.rule.epoch, shown.appliedBy)], shown)
  },
}

export const clientRuleConfirm: Command = {
  name: 'client-rule confirm',
  hasDryRun: true,
  usage: 'ID',
  summary: 'Confirm a rule that blocks. Without it, a rule made in the console stops blocking after ten minutes.',

  async run(args, cli) {
    const { words } = parse(args, ['ID'], {})
    const params = checked(ADMIN_ROUTES.confirmClientRule.params, { id: words[0] })
    const confirmed = await cli.admin('confirmClientRule', { params })
    cli.result([ruleLine(confirmed.rule), effectLine(confirmed.effect)], confirmed)
  },
}

export const clientRuleHold: Command = {
  name: 'client-rule hold',
  hasDryRun: true,
  usage: 'ID --at observe|notify|warn|degrade|block --reason TEXT',
  summary: 'Let a rule fall back to a stage and climb no further.',

  async run(args, cli) {
    const { values, words } = parse(args, ['ID'], { at: { type: 'string' }, reason: { type: 'string' } })
    const params = checked(ADMIN_ROUTES.holdClientRule.params, { id: words[0] })
    const body = checked(ADMIN_ROUTES.holdClientRule.body, {
      stage: required(values.at, '--at'),
      reason: required(values.reason, '--reason'),
    })
    const held = await cli.admin('holdClientRule', { params, body })
    cli.result([ruleLine(held.rule), effectLine(held.effect)], held)
  },
}

export const clientRuleRelease: Command = {
  name: 'client-rule release',
  hasDryRun: true,
  usage: 'ID',
  summary: 'Let a rule that had fallen back climb again.',

  async run(args, cli) {
    const { words } = parse(args, ['ID'], {})
    const params = checked(ADMIN_ROUTES.releaseClientRule.params, { id: words[0] })
    const released = await cli.admin('releaseClientRule', { params })
    cli.result([ruleLine(released.rule), effectLine(released.effect)], released)
  },
}

export const clientRuleGuardrails: Command = {
  name: 'client-rule guardrails',
  hasDryRun: true,
  usage: 'ID on|off --reason TEXT',
  summary:
    'Take the guardrails from a rule with the preset emergency or now, which takes two people, or give them back.',

  async run(args, cli) {
    const { values, words } = parse(args, ['ID', 'on|off'], { reason: { type: 'string' } })
    const [id, wanted] = words
    if (wanted !== 'on' && wanted !== 'off') throw new UsageError('Say on or off.')
    const params = checked(ADMIN_ROUTES.guardClientRule.params, { id })
    const body = checked(ADMIN_ROUTES.guardClientRule.body, {
      isGuarded: wanted === 'on',
      reason: required(values.reason, '--reason'),
    })
    const { rule, effect, request } = await cli.admin('guardClientRule', { params, body })
    const lines = rule && effect ? [ruleLine(rule), effectLine(effect)] : [`${request?.id ?? id}: waits for approval`]
    cli.result(lines, { rule, effect, request })
  },
}

export const clientRuleRemove: Command = {
  name: 'client-rule remove',
  hasDryRun: true,
  usage: 'ID',
  summary: 'Remove a client rule.',

  async run(args, cli) {
    const { words } = parse(args, ['ID'], {})
    const params = checked(ADMIN_ROUTES.removeClientRule.params, { id: words[0] })
    const removed = await cli.admin('removeClientRule', { params })
    cli.result([`${params.id}: removed`, effectLine(removed.effect)], removed)
  },
}

export const clientExceptionAdd: Command = {
  name: 'client-exception add',
  hasDryRun: true,
  usage: `--family F ${CONDITIONS_USAGE} [--rule ID] [--until TIME] --reason TEXT`,
  summary: 'Spare some clients from client rules, by default for 14 days. --family "*" means every family.',

  async run(args, cli) {
    const options = { rule: { type: 'string' }, until: { type: 'string' }, reason: { type: 'string' } } as const
    const { values } = parse(args, [], { ...CONDITIONS, ...options })
    const body = checked(ADMIN_ROUTES.addClientException.body, {
      ...conditionsFrom(values),
      reason: required(values.reason, '--reason'),
      ...(values.rule !== undefined && { rule: values.rule }),
      ...(values.until !== undefined && { until: parseInstant(values.until, new Date()) }),
    })
    const { exception, effect, request } = await cli.admin('addClientException', { body })
    const lines =
      exception && effect ? [exceptionLine(exception), effectLine(effect)] : [`${request?.id}: waits for approval`]
    cli.result(lines, { exception, effect, request })
  },
}

export const clientExceptionList: Command = {
  name: 'client-exception list',
  usage: '',
  summary: 'List exceptions from client rules that have not expired.',

  async run(args, cli) {
    parse(args, [], {})
    const exceptions = await everyPage(cli.admin, 'listClientExceptions', 'exceptions')
    cli.result(exceptions.length === 0 ? 'no exceptions' : exceptions.map(exceptionLine), exceptions)
  },
}

export const clientExceptionRemove: Command = {
  name: 'client-exception remove',
  hasDryRun: true,
  usage: 'ID',
  summary: 'End an exception.',

  async run(args, cli) {
    const { words } = parse(args, ['ID'], {})
    const params = checked(ADMIN_ROUTES.removeClientException.params, { id: words[0] })
    const removed = await cli.admin('removeClientException', { params })
    cli.result([`${params.id}: removed`, effectLine(removed.effect)], removed)
  },
}

type Written = { readonly [K in keyof typeof CONDITIONS]?: string | undefined }

function ruleFrom(args: string[]) {
  const { values } = parse(args, [], RULE)
  const { preset, deadline, format, priority, url } = values
  return checked(ADMIN_ROUTES.addClientRule.body, {
    ...conditionsFrom(values),
    action: required(values.action, '--action'),
    ...(values.now ? { preset: 'now' } : preset !== undefined && { preset }),
    ...(deadline !== undefined && { deadline: parseInstant(deadline, new Date()) }),
    ...(values['stage-dates'] !== undefined && { stageDates: stageDatesFrom(values['stage-dates']) }),
    ...(values.ring !== undefined && { rings: values.ring.map(ringFrom) }),
    ...(format !== undefined && { formats: listFrom(format) }),
    ...(priority !== undefined && { priority: Number(priority) }),
    ...(url !== undefined && { url }),
    ...(values['accept-shadow'] && { isShadowAccepted: true }),
  })
}

/** `warn=2026-12-01,block=2026-12-08T06:00`. */
function stageDatesFrom(text: string): Record<string, string> {
  return Object.fromEntries(
    listFrom(text).map((item) => {
      const [stage = '', time = ''] = item.split('=', 2)
      return [stage, parseInstant(time, new Date())]
    }),
  )
}

/** `it+security=0`; `*=72` is about everybody else. */
function ringFrom(text: string) {
  const [units = '', hours = ''] = text.split('=', 2)
  return { ...(units !== '*' && { units: units.split('+') }), delayHours: Number(hours) }
}

function conditionsFrom({ family, from, below, os, units, accounts, networks, ...rest }: Written) {
  const lists = Object.entries({ os, units, accounts, networks }).filter(([, text]) => text !== undefined)
  return {
    family: required(family, '--family'),
    ...(from !== undefined && { from }),
    ...(below !== undefined && { below }),
    ...(rest['below-tier'] !== undefined && { belowTier: rest['below-tier'] }),
    ...(rest['active-from'] !== undefined && { activeFrom: parseInstant(rest['active-from'], new Date()) }),
    ...(rest['active-until'] !== undefined && { activeUntil: parseInstant(rest['active-until'], new Date()) }),
    ...Object.fromEntries(lists.map(([key, text]) => [key, listFrom(text ?? '')])),
  }
}

/** Whom a rule or an exception is about, in the words of the command line. */
function meant({
  family,
  from,
  below,
  os,
  belowTier,
  units,
  accounts,
  networks,
  activeFrom,
  activeUntil,
}: ClientRuleView | ClientExceptionView) {
  return [
    family === '*' ? 'every client' : family,
    from !== undefined && `from ${from}`,
    below !== undefined && `below ${below}`,
    os && `on ${os.join(', ')}`,
    belowTier !== undefined && `known less well than ${belowTier}`,
    units && `in ${units.join(', ')}`,
    accounts && `of ${accounts.join(', ')}`,
    networks && `from ${networks.join(', ')}`,
    activeFrom !== undefined && `acting from ${activeFrom}`,
    activeUntil !== undefined && `acting until ${activeUntil}`,
  ]
    .filter(Boolean)
    .join(' ')
}

/** One rule in one line. */
export function ruleLine(rule: ClientRuleView): string {
  const { id, action, stage, url, formats, ceiling, confirmBy, isGuarded, withdrawnAt, rings } = rule
  return [
    `${id}  ${meant(rule)}: ${action}`,
    stage !== action && `(now: ${stage ?? 'not yet in force'})`,
    formats && `withholds ${formats.join(', ')}`,
    url,
    ceiling && `held at ${ceiling.stage}: ${ceiling.reason}`,
    !isGuarded && 'without guardrails',
    withdrawnAt !== undefined
      ? `blocks nobody since ${withdrawnAt}, as nobody has confirmed it`
      : confirmBy !== undefined && `confirm by ${confirmBy}`,
    rings && `in rings: ${rings.map(ringText).join(', ')}`,
  ]
    .filter(Boolean)
    .join('  ')
}

function ringText({ units, delayHours }: NonNullable<ClientRuleView['rings']>[number]): string {
  return `${units?.join(' + ') ?? 'everybody else'} after ${delayHours} h`
}

/** One exception in one line. */
export function exceptionLine(exception: ClientExceptionView): string {
  const { id, rule, until, reason, createdBy, approvedBy } = exception
  const by = approvedBy === undefined ? createdBy : `${createdBy}, approved by ${approvedBy}`
  return `${id}  ${meant(exception)}${rule === undefined ? '' : `  rule ${rule}`}  until ${until}, by ${by}: ${reason}`
}

function simulationLines(simulation: Simulation): string[] {
  const { sessions, people, stranded, administrators, breakGlass, versions, shadows, isSelfLockOut, affected } =
    simulation
  return [
    `${people} people, ${sessions} sessions now; ${stranded} people were seen with no other client that stays allowed`,
    ...versions.map(({ family, version, ...counts }) =>
      [`  ${family} ${version ?? 'without a version'}:`, `${counts.people} people, ${counts.sessions} sessions`].join(
        ' ',
      ),
    ),
    ...affected
      .filter(({ hasOther, isBreakGlass }) => !hasOther && !isBreakGlass)
      .slice(0, 20)
      .map(
        ({ account, client, after }) =>
          `  ${account}  ${client.family ?? '?'} ${client.version ?? ''}  ${after ?? 'spared'}`,
      ),
    ...(administrators.length > 0 ? [`administrators among them: ${administrators.join(', ')}`] : []),
    ...(breakGlass.length > 0 ? [`break-glass accounts, let in all the same: ${breakGlass.join(', ')}`] : []),
    ...shadows.map(({ rule, by }) => `rule ${rule} would never decide, since ${by} covers it`),
    ...(isSelfLockOut ? ['THIS LOCKS OUT you or every administrator'] : []),
  ]
}
