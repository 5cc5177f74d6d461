import { ADMIN_ROUTES } from '@drawbridge/contract'
import { checked, parse } from '../arguments.ts'
import { type Cli, type Command, UsageError } from '../command.ts'
import { effectLine } from './effect.ts'

type Policy = Readonly<Record<string, unknown>>

/** Options and the fields of the policy that they set. */
const WORDS = {
  e2ee: 'e2ee',
  'external-media': 'externalMedia',
  antivirus: 'antivirus',
  originals: 'originals',
  avif: 'avif',
} as const
const LISTS = { 'refuse-upload': 'refuseUpload', 'refuse-download': 'refuseDownload' } as const
const BYTES = {
  'max-file-bytes': 'maxFileBytes',
  'max-day-bytes': 'maxDayBytes',
  'max-stored-bytes': 'maxStoredBytes',
  'max-unit-bytes': 'maxUnitBytes',
} as const
const FIELD_OF: Readonly<Record<string, string>> = { ...WORDS, ...LISTS, ...BYTES }

const option = { type: 'string' } as const
const OPTIONS = Object.fromEntries(Object.keys(FIELD_OF).map((name) => [name, option]))

export const mediaPolicyShow: Command = {
  name: 'media-policy show',
  usage: '[--unit NAME]',
  summary: 'What may pass as media: for the service and its units, or for the members of one unit.',

  async run(args, cli) {
    const { values } = parse(args, [], { unit: option })
    if (values.unit === undefined) {
      const { policy, units } = await cli.admin('getMediaPolicy')
      const said = Object.entries(units).flatMap(([name, unit]) => ['', `unit ${name}:`, ...policyLines(unit)])
      return cli.result([...policyLines(policy), ...said], { policy, units })
    }
    const answer = await cli.admin('getUnitMediaPolicy', { params: unitParams(values.unit) })
    cli.result(
      [`members of ${answer.unit}, as far as they are in no other unit:`, ...policyLines(answer.merged)],
      answer,
    )
  },
}

export const mediaPolicySet: Command = {
  name: 'media-policy set',
  usage:
    '[--unit NAME] [--e2ee refuse|text-only|scan-with-key|client-sanitize] [--external-media strip|link-only|proxy] ' +
    '[--antivirus closed|open] [--originals discard|seal] [--avif refuse|accept] [--refuse-upload CLASS,…|none] ' +
    '[--refuse-download CLASS,…|none] [--max-file-bytes N|none] [--max-day-bytes N|none] [--max-stored-bytes N|none] ' +
    '[--max-unit-bytes N|none] [--unset OPTION]… [--dry-run]',
  summary: 'Change what may pass as media, for the service or for a unit; what is not named stays.',

  async run(args, cli) {
    const { values } = parse(args, [], {
      ...OPTIONS,
      unit: option,
      unset: { type: 'string', multiple: true },
      'dry-run': { type: 'boolean' },
    })
    const { unit, unset = [], 'dry-run': isDryRun, ...said } = values
    const changes = Object.entries(said).map(([name, text]) => [FIELD_OF[name]!, valueOf(name, String(text))] as const)
    const gone = new Set(unset.map(fieldNamed))
    if (changes.length === 0 && gone.size === 0) throw new UsageError('There is nothing to change.')
    const query = isDryRun ? { dryRun: 'true' as const } : {}
    const change = (before: Policy): Policy =>
      Object.fromEntries([...Object.entries(before).filter(([field]) => !gone.has(field)), ...changes])
    if (unit === undefined) {
      const { policy } = await cli.admin('getMediaPolicy')
      const body = checked(ADMIN_ROUTES.setMediaPolicy.body, change(policy))
      return say(cli, await cli.admin('setMediaPolicy', { query, body }))
    }
    const params = unitParams(unit)
    const { policy } = await cli.admin('getUnitMediaPolicy', { params })
    const body = checked(ADMIN_ROUTES.setUnitMediaPolicy.body, change(policy))
    say(cli, await cli.admin('setUnitMediaPolicy', { params, query, body }))
  },
}

interface Changed {
  readonly policy: Policy
  readonly changed: readonly string[]
  readonly accounts: number
  readonly effect?: Parameters<typeof effectLine>[0] | undefined
}

function say(cli: Cli, answer: Changed): void {
  const { policy, changed, accounts, effect } = answer
  const fields = Object.fromEntries(changed.map((field) => [field, policy[field] ?? 'as the service']))
  const outcome = effect
    ? effectLine(effect)
    : changed.length === 0
      ? 'nothing to change'
      : 'nothing was changed (--dry-run)'
  cli.result([...policyLines(fields), `${accounts} accounts affected`, outcome], answer)
}

function unitParams(name: string): { name: string } {
  return checked(ADMIN_ROUTES.getUnitMediaPolicy.params, { name })
}

function fieldNamed(name: string): string {
  const field = Object.hasOwn(FIELD_OF, name) ? FIELD_OF[name] : undefined
  if (field === undefined) throw new UsageError(`--unset ${name}: there is no such option to unset.`)
  return field
}

/** What is not a number stays as it is: the schema of the route says then what is wrong. */
function valueOf(name: string, text: string): unknown {
  if (name in LISTS) return text === 'none' ? [] : text.split(',')
  if (name in BYTES) return text === 'none' ? null : /^\d+$/.test(text) ? Number(text) : text
  return text
}

/** One line per field that is named. */
function policyLines(policy: Policy): string[] {
  return Object.entries(policy).map(([field, value]) => {
    const text = Array.isArray(value) ? value.join(', ') || 'nothing' : value === null ? 'no limit' : String(value)
    return `${field}: ${text}`
  })
}
