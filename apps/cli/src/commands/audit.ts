import { ADMIN_ROUTES, type AuditEntryView, type ResponseOf } from '@drawbridge/contract'
import { type AuditCheckpoint, type AuditVerdict, ChainCheck, type ChainedRow } from '@drawbridge/db'
import { createPublicKey } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { parse } from '../arguments.ts'
import { type Command, Refused, UsageError } from '../command.ts'
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
    'Check hashes, chain and signatures of the audit log, or of an exported one, without a server. Exit code 1 when it is broken.',

  async run(args, cli) {
    const isOfFile = args[0]?.startsWith('-') === false
    const path = isOfFile ? args[0] : undefined
    const { values } = parse(joined(isOfFile ? args.slice(1) : args), [], { key: { type: 'string' } })
    const verdict = path === undefined ? await cli.admin('verifyAudit') : await verifyFile(path, values.key)
    if (verdict.isIntact) {
      const signed = `${verdict.checkpoints ?? 0} signatures`
      return cli.result(`intact: ${verdict.checked} entries, ${signed} checked`, verdict)
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

/** Reads the parts that `audit export` wrote, one per line. */
async function verifyFile(path: string, trustedKey: string | undefined): Promise<ResponseOf<'verifyAudit'>> {
  const parts: ResponseOf<'exportAudit'>[] = []
  try {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      parts.push(ADMIN_ROUTES.exportAudit.response.parse(JSON.parse(line)))
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Refused(`There is no file ${path}.`)
    return { isIntact: false, checked: 0, reason: `${path} cannot be read: ${(error as Error).message.slice(0, 200)}` }
  }
  const x = trustedKey ?? parts[0]?.key ?? ''
  const last = parts.at(-1)
  const check = new ChainCheck((last?.checkpoints ?? []).map(checkpointFrom), keyFrom(x))
  for (const { entries } of parts) {
    for (const entry of entries) {
      const broken = check.take(rowFrom(entry))
      if (broken) return verdictView(broken)
    }
  }
  const head = last?.head && { seq: last.head.position, hash: Buffer.from(last.head.hash, 'hex') }
  const verdict = verdictView(check.end(head))
  const isUnsigned = trustedKey !== undefined && verdict.isIntact && verdict.checkpoints === 0
  return isUnsigned ? { ...verdict, isIntact: false, reason: 'that key has signed nothing of it' } : verdict
}

function keyFrom(x: string) {
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  } catch {
    throw new UsageError('--key is 32 bytes as base64url: what audit export says.')
  }
}

function rowFrom({ position, at, actor, action, target, details, previousHash, hash }: AuditEntryView): ChainedRow {
  return {
    seq: position,
    at: new Date(at),
    actor,
    action,
    target,
    detail: details,
    prevHash: Buffer.from(previousHash, 'hex'),
    hash: Buffer.from(hash, 'hex'),
  }
}

function checkpointFrom(written: NonNullable<ResponseOf<'exportAudit'>['checkpoints']>[number]): AuditCheckpoint {
  const { position, hash, at, keyId, signature } = written
  return {
    seq: position,
    hash: Buffer.from(hash, 'hex'),
    at: new Date(at),
    keyId,
    signature: Buffer.from(signature, 'base64'),
  }
}

function verdictView(verdict: AuditVerdict): ResponseOf<'verifyAudit'> {
  if (verdict.isIntact) return { isIntact: true, checked: verdict.checked, checkpoints: verdict.checkpoints }
  return { isIntact: false, checked: verdict.checked, brokenAt: verdict.seq, reason: verdict.fault }
}
