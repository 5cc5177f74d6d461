import type { SanitizeVerdict } from '@drawbridge/contract'
import { putEvidence, uuidv7 } from '@drawbridge/db'
import type { Evidence } from '@drawbridge/db'
import { createHash } from 'node:crypto'
import type { Account } from './accounts.ts'
import type { Context } from './feature.ts'

/** What somebody sent, and what came of it. */
export interface Original extends Pick<Evidence, 'id' | 'sender' | 'filename' | 'declaredType' | 'outcome' | 'reason'> {
  readonly bytes: Buffer
}

type SealContext = Pick<Context, 'db' | 'blobs' | 'now' | 'evidenceRetentionMs'>

/**
 * Keeps an image that came in no upload, where the media policy of its sender says so; before anybody sees what the
 * sanitizer made of it.
 *
 * @throws as `sealOriginal`
 */
export async function sealImage(
  bytes: Uint8Array,
  verdict: SanitizeVerdict,
  { account, filename }: { readonly account: Account; readonly filename: string },
  ctx: SealContext & Pick<Context, 'mediaPolicy'>,
): Promise<void> {
  if (ctx.mediaPolicy(account).originals !== 'seal') return
  const { outcome } = verdict
  const reason = verdict.outcome === 'refused' ? verdict.reason : null
  const declaredType = 'inputFormat' in verdict && verdict.inputFormat ? `image/${verdict.inputFormat}` : ''
  const known = { id: uuidv7(), sender: account.bareJid, filename, declaredType, outcome, reason }
  await sealOriginal({ ...known, bytes: Buffer.from(bytes) }, ctx)
}

/**
 * Keeps a sender's bytes, encrypted, seen by nobody but two administrators together (images §1).
 *
 * @throws when there is no key for that: what is to be sealed and cannot be is not taken.
 */
export async function sealOriginal(
  { bytes, ...known }: Original,
  { db, blobs, now, evidenceRetentionMs }: SealContext,
): Promise<void> {
  if (!blobs.evidence) throw new Error('the media policy says that files are sealed, and there is no key for that')
  await blobs.evidence.put(known.id, bytes)
  await putEvidence(db, {
    ...known,
    rawSha256: createHash('sha256').update(bytes).digest(),
    rawBytes: bytes.length,
    expiresAt: new Date(now().getTime() + evidenceRetentionMs),
  })
}
