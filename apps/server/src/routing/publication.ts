import type { Upload } from '@drawbridge/db'
import { createHash } from 'node:crypto'
import { RECALLED, SUSPENDED } from '../blobs/reasons.ts'
import { ask } from '../policy/gate.ts'
import type { Account } from './accounts.ts'
import type { Context } from './feature.ts'

/** A file that is clean and that nobody can read yet, with what was sent. */
export interface Publication extends Pick<Upload, 'id' | 'createdAt'> {
  readonly raw: Uint8Array
  readonly cleanSha256: Uint8Array
  readonly cleanType: string
  /** Absent when the account is gone. */
  readonly account: Account | undefined
}

/**
 * Why a clean file must not be published: it is suspended (control §4.4), also where that came while the sanitizer
 * worked, or it was recalled before. Nobody has been told yet that there is a file; whoever sent it hears why.
 */
export function refusalToPublish(
  { id, createdAt, raw, cleanSha256, cleanType, account }: Publication,
  { gate, now }: Pick<Context, 'gate' | 'now'>,
): typeof SUSPENDED | typeof RECALLED | undefined {
  const isImage = cleanType.startsWith('image/')
  const format = isImage ? cleanType.slice('image/'.length) : undefined
  // By what was sent, and by what would be served.
  const source = { sha256: createHash('sha256').update(raw).digest('hex'), format }
  const sha256 = Buffer.from(cleanSha256).toString('hex')
  const file = { id, sha256, source, senderId: account?.id, sentAt: createdAt.getTime() }
  const verdict = ask(gate, 'upload.publish', { at: now().getTime(), account, isImage, format, file })
  if (verdict.action === 'pass') return undefined
  return verdict.action === 'refuse' && verdict.code === 'media-recalled' ? RECALLED : SUSPENDED
}
