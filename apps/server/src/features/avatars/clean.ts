import { findImageBySha1, putImageMapping } from '@drawbridge/db'
import type { ImageMapping } from '@drawbridge/db'
import { createHash } from 'node:crypto'
import type { Context } from '../../routing/feature.ts'
import { sanitizeInline } from '../../routing/inline-image.ts'

/** An image of our own making, with what its metadata says (XEP-0084 §4.2). */
export interface Avatar {
  readonly bytes: Uint8Array
  /** SHA-1 in hex: the id of an avatar. */
  readonly id: string
  readonly type: string
  readonly widthPx: number
  readonly heightPx: number
}

/** SHA-1 in hex, by which XEP-0084 and XEP-0153 name an image. */
export function sha1Hex(bytes: Uint8Array): string {
  return createHash('sha1').update(bytes).digest('hex')
}

/**
 * The clean image that replaces these bytes. Bytes that the sanitizer has made are their own replacement.
 *
 * @throws StanzaFault `not-acceptable` with the reason for an image that is refused; `resource-constraint` (wait) when
 *   the sanitizer cannot be asked now. Never the bytes as they came.
 */
export async function cleanAvatar(bytes: Uint8Array | undefined, ctx: Context): Promise<Avatar> {
  const known = bytes && (await findOwn(bytes, ctx))
  if (known) return known
  const image = await sanitizeInline(bytes, 'avatar', ctx)
  const avatar: Avatar = {
    bytes: image.bytes,
    id: sha1Hex(image.bytes),
    type: `image/${image.format}`,
    widthPx: image.widthPx,
    heightPx: image.heightPx,
  }
  // Under its own hash, too: a device that publishes the clean image again must find it.
  for (const raw of [bytes ?? image.bytes, image.bytes]) await putImageMapping(ctx.db, mapping(raw, avatar))
  return avatar
}

function mapping(raw: Uint8Array, { bytes, type, widthPx, heightPx }: Avatar): Omit<ImageMapping, 'createdAt'> {
  const hash = (algorithm: string, of: Uint8Array) => createHash(algorithm).update(of).digest()
  return {
    rawSha256: hash('sha256', raw),
    rawSha1: hash('sha1', raw),
    cleanSha1: hash('sha1', bytes),
    cleanSha256: hash('sha256', bytes),
    cleanType: type,
    cleanBytes: bytes.length,
    widthPx,
    heightPx,
  }
}

/** These bytes as the sanitizer's own work, if they are. SHA-256 decides: SHA-1 can be made to match. */
export async function findOwn(bytes: Uint8Array, ctx: Context): Promise<Avatar | undefined> {
  const id = sha1Hex(bytes)
  const row = await findImageBySha1(ctx.db, Buffer.from(id, 'hex'))
  if (!row || !createHash('sha256').update(bytes).digest().equals(row.cleanSha256)) return undefined
  return { bytes, id, type: row.cleanType, widthPx: row.widthPx, heightPx: row.heightPx }
}
