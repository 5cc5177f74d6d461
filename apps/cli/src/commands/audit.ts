import type { ResponseOf } from '@drawbridge/contract'
import { open } from 'node:fs/promises'
import { parse } from '../arguments.ts'
import { type Command, Refused, Unproved } from '../command.ts'
import { moreLines, SOME, SOME_USAGE, someFrom, somePages } from '../pages.ts'

export const auditList: Command = {
  name: 'audit list',
  usage: `[--actor A] [--action A] [--target T] ${SOME_USAGE}`,
  summary: 'Read the audit log, newest first; 50 rows where nothing else is said.',

  async run(args, cli) {
    const { values } = parse(args, [], {
      ...SOME,
      actor: { type: 'string' },
      action: { type: 'string' },
      target: { type: 'string' },
    })
    const { limit, all, ...query } = values
    const found = await somePages(cli.admin, 'listAudit', 'entries', { query }, someFrom({ limit, all }))
    const entries = found.rows
    const lines = entries.map(
      ({ position, at, actor, action, target, details }) =>
        `${position}  ${at}  ${actor}  ${action}  ${target}  ${JSON.stringify(details)}`,
    )
    cli.result(lines.length === 0 ? 'the audit log is empty' : [...lines, ...moreLines(found.more)], entries)
  },
}

export const auditExport: Command = {
  name: 'audit export',
  usage: 'FILE',
  summary: 'Write the whole audit log with its signatures to a file, to be checked anywhere by audit verify FILE.',

  async run(args, cli) {
    const { words } = parse(args, ['FILE'], {})
    const path = words[0] ?? ''
    const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
      throw new Refused(`${path} cannot be made: ${(error as Error).message}`)
    })
    let after: number | undefined = 0
    let written = 0
    let key = ''
    try {
      while (after !== undefined) {
        const part: ResponseOf<'exportAudit'> = await cli.admin('exportAudit', { query: { after } })
        await file.write(`${JSON.stringify(part)}\n`)
        written += part.entries.length
        key = part.key
        after = part.next
      }
      await file.sync()
    } finally {
      await file.close()
    }
    cli.result(`${written} entries; the key of this server is ${key}: note it somewhere else`, { written, key })
  },
}

export const auditVerify: Command = {
  name: 'audit verify',
  usage: '[FILE] [--key KEY]',
  summary:
    'Check hashes, chain and signatures of the audit log, or of an exported one, without a server. Exit code 1 when it is broken, 3 when no signature of the key was there to be checked.',

  async run(args, cli) {
    const isOfFile = args[0]?.startsWith('-') === false
    const path = isOfFile ? args[0] : undefined
    const { values } = parse(joined(isOfFile ? args.slice(1) : args), [], { key: { type: 'string' } })
    const verdict =
      path === undefined
        ? await cli.admin('verifyAudit')
        : // Loaded when asked for, like `up`: it brings the database with it.
          await (await import('../audit/verify-file.ts')).verifyFile(path, values.key)
    const { checked, checkpoints = 0, isIntact } = verdict
    if (isIntact && checkpoints > 0) {
      return cli.result(`intact: ${checked} entries, ${checkpoints} signatures checked`, verdict)
    }
    // A server that has just started has signed nothing yet. Its own log is not brought by somebody else.
    if (isIntact && path === undefined) {
      return cli.result(`unbroken: ${checked} entries; none of them is signed yet`, verdict)
    }
    if (isIntact) {
      cli.result(
        `NOT PROVED: ${checked} entries fit together, and no signature of this key was there to check`,
        verdict,
      )
      throw new Unproved(
        'Anybody can write such a file. Check it with --key and the key that was noted when the log was exported.',
      )
    }
    cli.result(
      `BROKEN at entry ${verdict.brokenAt ?? 'unknown'}: ${verdict.reason ?? 'the hash does not fit'}`,
      verdict,
    )
    throw new Refused('The audit log was changed.')
  },
}

/** One key in 64 begins with a hyphen, and is no option for that. */
function joined(args: readonly string[]): string[] {
  const at = args.indexOf('--key')
  const key = args[at + 1]
  return at === -1 || key === undefined ? [...args] : args.toSpliced(at, 2, `--key=${key}`)
}
