import { readFile } from 'node:fs/promises'
import { parse } from '../arguments.ts'
import type { Cli, Command } from '../command.ts'
import { effectLine } from './effect.ts'
import { warningLines } from './suspension.ts'

/** Loaded when asked for: the other commands need not wait for YAML. */
const loadDocuments = () => import('../policy/document.ts')

const SECTIONS = 'client rules, the posture for unknown clients, media policies, playbooks and advisory settings'

export const policyExport: Command = {
  name: 'policy export',
  usage: '',
  summary: `Print ${SECTIONS} as YAML, to be kept in Git. Applying it changes nothing.`,

  async run(args, cli) {
    parse(args, [], {})
    const { document } = await cli.admin('getPolicy')
    const { formatPolicy } = await loadDocuments()
    cli.document(formatPolicy(document), document)
  },
}

export const policyDiff: Command = {
  name: 'policy diff',
  usage: 'FILE',
  summary: 'Say what `policy apply` would change. Prints nothing when the file is what the server has.',

  async run(args, cli) {
    const { words } = parse(args, ['FILE'], {})
    const { steps } = await applied(words[0] ?? '', cli, { isDryRun: true, isShadowAccepted: true })
    const { stepLine } = await loadDocuments()
    cli.result(steps.map(stepLine), steps)
  },
}

export const policyApply: Command = {
  name: 'policy apply',
  usage: 'FILE [--accept-shadow] [--dry-run]',
  summary: `Make ${SECTIONS} what the file says: all of it in one change, or nothing. A section that is not in the file is left alone. --accept-shadow takes rules that others keep from ever deciding.`,

  async run(args, cli) {
    const flag = { type: 'boolean' } as const
    const { values, words } = parse(args, ['FILE'], { 'accept-shadow': flag, 'dry-run': flag })
    const isDryRun = values['dry-run'] === true
    const isShadowAccepted = values['accept-shadow'] === true
    const answer = await applied(words[0] ?? '', cli, { isDryRun, isShadowAccepted })
    const { steps, effect } = answer
    const { stepLine } = await loadDocuments()
    const outcome = effect === undefined ? 'nothing to change' : effectLine(effect)
    cli.result(
      [
        ...steps.map(stepLine),
        ...warningLines(answer),
        ...(isDryRun ? ['nothing was changed (--dry-run)'] : [outcome]),
      ],
      answer,
    )
  },
}

async function applied(
  file: string,
  { admin, resolvePath }: Cli,
  { isDryRun, isShadowAccepted }: { readonly isDryRun: boolean; readonly isShadowAccepted: boolean },
) {
  const { parsePolicy } = await loadDocuments()
  const document = parsePolicy(await readFile(resolvePath(file), 'utf8'))
  const query = isDryRun ? { dryRun: 'true' } : {}
  return admin('applyPolicy', { query, body: { document, ...(isShadowAccepted && { isShadowAccepted }) } })
}
