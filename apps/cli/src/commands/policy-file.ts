import type { Effect } from '@drawbridge/contract'
import { readFile } from 'node:fs/promises'
import { parse } from '../arguments.ts'
import type { Cli, Command } from '../command.ts'
import { diffPolicy, exportPolicy, parsePolicy, stepLine } from '../policy/document.ts'
import type { PolicyStep, ServerPolicy } from '../policy/document.ts'
import { effectLine } from './effect.ts'

export const policyExport: Command = {
  name: 'policy export',
  usage: '',
  summary: 'Print client rules and media policies as YAML, to be kept in Git. Applying it changes nothing.',

  async run(args, cli) {
    parse(args, [], {})
    const text = exportPolicy(await serverPolicy(cli))
    cli.result(text.trimEnd(), { yaml: text })
  },
}

export const policyDiff: Command = {
  name: 'policy diff',
  usage: 'FILE',
  summary: 'Say what `policy apply` would change. Prints nothing when the file is what the server has.',

  async run(args, cli) {
    const { words } = parse(args, ['FILE'], {})
    const steps = await stepsTo(words[0] ?? '', cli)
    cli.result(steps.map(stepLine), steps)
  },
}

export const policyApply: Command = {
  name: 'policy apply',
  usage: 'FILE [--dry-run]',
  summary:
    'Make client rules and media policies what the file says, one after the other: what is new first, what goes last. A section that is not in the file is left alone. --dry-run says what each step alone would do.',

  async run(args, cli) {
    const { values, words } = parse(args, ['FILE'], { 'dry-run': { type: 'boolean' } })
    const steps = await stepsTo(words[0] ?? '', cli)
    // A rule that another one hides is refused, unless that one is about to go.
    const isShadowAccepted = steps.some(({ kind }) => kind === 'remove-rule')
    const done: { readonly step: PolicyStep; readonly effect: Effect | undefined }[] = []
    for (const step of steps) {
      const effect = await apply(step, cli, { isDryRun: values['dry-run'] === true, isShadowAccepted })
      done.push({ step, effect })
      cli.note([stepLine(step), ...(effect ? [effectLine(effect)] : [])].join('\n  '))
    }
    const counted = steps.length === 0 ? 'nothing to change' : `${steps.length} steps`
    cli.result(values['dry-run'] ? `${counted}, none of them taken` : counted, done)
  },
}

async function stepsTo(file: string, cli: Cli): Promise<PolicyStep[]> {
  const wanted = parsePolicy(await readFile(cli.resolvePath(file), 'utf8'))
  return diffPolicy(wanted, await serverPolicy(cli))
}

async function serverPolicy({ admin }: Cli): Promise<ServerPolicy> {
  const [media, { rules }] = await Promise.all([admin('getMediaPolicy'), admin('listClientRules')])
  return { media, rules }
}

async function apply(
  step: PolicyStep,
  { admin }: Cli,
  { isDryRun, isShadowAccepted }: { readonly isDryRun: boolean; readonly isShadowAccepted: boolean },
): Promise<Effect | undefined> {
  const query = isDryRun ? { dryRun: 'true' } : {}
  switch (step.kind) {
    case 'media':
      return (await admin('setMediaPolicy', { query, body: step.policy })).effect
    case 'unit-media':
      return (await admin('setUnitMediaPolicy', { query, params: { name: step.unit }, body: step.policy })).effect
    case 'add-rule':
      return (await admin('addClientRule', { query, body: { ...step.rule, isShadowAccepted } })).effect
    case 'remove-rule':
      return (await admin('removeClientRule', { query, params: { id: step.id } })).effect
  }
}
