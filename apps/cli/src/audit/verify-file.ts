import { ADMIN_ROUTES, type AuditEntryView, type ResponseOf } from '@drawbridge/contract'
import { type AuditCheckpoint, type AuditVerdict, ChainCheck, type ChainedRow } from '@drawbridge/db'
import { createPublicKey } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { Refused, UsageError } from '../command.ts'

/**
 * Checks the file that `audit export` wrote: a part of the log on each line.
 *
 * @param trustedKey - that has to have signed it; absent: the one in the file
 * @throws Refused when there is no such file, UsageError when the key is none.
 */
export async function verifyFile(path: string, trustedKey: string | undefined): Promise<ResponseOf<'verifyAudit'>> {
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
  return verdictView(check.end(head))
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
