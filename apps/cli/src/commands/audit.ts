import { parse } from '../arguments.ts'
import { type Command, Refused, UsageError } from '../command.ts'

export const auditList: Command = {
  name: 'audit list',
  usage: '[--limit N]',
  summary: 'Read the audit log, newest first. N is 1 to 500, 50 by default.',

  async run(args, cli) {
    const { values } = parse(args, [], { limit: { type: 'string' } })
    const limit = Number(values.limit ?? 50)
    if (!Number.isInteger(limit) || limit < 1 || limit > 500) throw new UsageError('--limit is a number from 1 to 500.')
    const { entries } = await cli.admin('listAudit', { query: { limit } })
    const lines = entries.map(
      ({ position, at, actor, action, target, details }) =>
        `${position}  ${at}  ${actor}  ${action}  ${target}  ${JSON.stringify(details)}`,
    )
    cli.result(lines.length === 0 ? 'the audit log is empty' : lines, entries)
  },
}

export const auditVerify: Command = {
  name: 'audit verify',
  usage: '',
  summary: 'Check the hash chain of the audit log. Exit code 1 when it is broken.',

  async run(args, cli) {
    parse(args, [], {})
    const verdict = await cli.admin('verifyAudit')
    if (verdict.isIntact) return cli.result(`intact: ${verdict.checked} entries checked`, verdict)
    cli.result(
      `BROKEN at entry ${verdict.brokenAt ?? 'unknown'}: ${verdict.reason ?? 'the hash does not fit'}`,
      verdict,
    )
    throw new Refused('The audit log was changed.')
  },
}
