import { putEvidence } from '@drawbridge/db'
import type { Evidence } from '@drawbridge/db'
import { createHash } from 'node:crypto'
import type { Context } from './feature.ts'

/** What somebody sent, and what came of it. */
export interface Original extends Pick<Evidence, 'id' | 'sender' | 'filename' | 'declaredType' | 'outcome' | 'reason'> {
  readonly bytes: Buffer
}

/**
 * Keeps a sender's bytes, encrypted, seen by nobody but two administrators together (images §1).
 *
 * @throws when there is no key for that: what is to be sealed and cannot be is not taken.
 */
export async function sealOriginal(
  { bytes, ...known }: Original,
  { db, blobs, now, evidenceRetentionMs }: Pick<Context, 'db' | 'blobs' | 'now' | 'evidenceRetentionMs'>,
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
