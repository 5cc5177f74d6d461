import { hashOfImage } from '@drawbridge/db'
import type { AvatarInfo } from '@drawbridge/image-filter'
import type { Context } from '../../routing/feature.ts'
import { cleanInline, findOwn } from '../../routing/image-lookups.ts'

/** An image of our own making, with what its metadata says (XEP-0084 §4.2). */
export interface Avatar extends Omit<AvatarInfo, 'bytes'> {
  readonly bytes: Uint8Array
}

/** SHA-1 in hex, by which XEP-0084 and XEP-0153 name an image. */
export function sha1Hex(bytes: Uint8Array): string {
  return hashOfImage('sha-1', bytes).toString('hex')
}

/**
 * The clean image that replaces these bytes of an account's own. Bytes that the sanitizer has made are their own
 * replacement.
 *
 * @throws StanzaFault as `cleanInline`. Never the bytes as they came.
 */
export async function cleanAvatar(bytes: Uint8Array | undefined, owner: string, ctx: Context): Promise<Avatar> {
  const made = await cleanInline(bytes, { purpose: 'avatar', sender: owner, readers: [owner] }, ctx)
  return { ...made, id: sha1Hex(made.bytes) }
}

/** These bytes as an avatar, if the sanitizer made them. */
export async function findOwnAvatar(bytes: Uint8Array, ctx: Context): Promise<Avatar | undefined> {
  const own = await findOwn(bytes, ctx)
  return own && { ...own, id: sha1Hex(bytes) }
}
