import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** The path below which files are put and fetched. */
export const UPLOAD_PATH = '/upload/'

const ID_BYTES = 16
export const SECRET_BYTES = 16

/** Where a file is. Knowing the link is the right to read it (threats UP-10): 128 random bits that the database never sees. */
export interface Link {
  /** Id of the row, a UUID. */
  readonly id: string
  readonly secret: Buffer
}

/** A link that nobody can guess, to the upload with this id. */
export function newLink(id: string): Link {
  return { id, secret: randomBytes(SECRET_BYTES) }
}

/** The part of a path that identifies a file: 43 characters. */
export function keyOf({ id, secret }: Link): string {
  return Buffer.concat([Buffer.from(id.replaceAll('-', ''), 'hex'), secret]).toString('base64url')
}

/** The path of a file: what identifies it, and its name. */
export function pathOf(link: Link, name: string): string {
  // Also what could be punctuation behind a link in a text, or needs escaping in XML.
  const segment = encodeURIComponent(name).replace(/[!'()*~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
  return `${UPLOAD_PATH}${keyOf(link)}/${segment}`
}

/** Reads the path of a URL; nothing when it is not of the form of ours. */
export function parsePath(pathname: string): { readonly link: Link; readonly name: string } | undefined {
  const match = /^\/upload\/([A-Za-z0-9_-]{43})\/([^/]{1,400})$/.exec(pathname)
  if (!match) return undefined
  const [, key = '', segment = ''] = match
  const link = linkOfKey(key)
  try {
    return link && { link, name: decodeURIComponent(segment) }
  } catch {
    return undefined
  }
}

/** Reads what `keyOf` made; nothing when it is not of that form. */
export function linkOfKey(key: string): Link | undefined {
  const bytes = Buffer.from(key, 'base64url')
  // Base64 leaves two bits over: only one of their values is ours.
  if (bytes.length !== ID_BYTES + SECRET_BYTES || bytes.toString('base64url') !== key) return undefined
  const hex = bytes.subarray(0, ID_BYTES).toString('hex')
  const id = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  return { id, secret: bytes.subarray(ID_BYTES) }
}

export function hashOf(secret: Uint8Array | string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/** Whether the secret has this hash; takes the same time for a near miss. */
export function isSecret(secret: Uint8Array | string, hash: Uint8Array): boolean {
  return hash.length === 32 && timingSafeEqual(hashOf(secret), hash)
}

/** Whether a URL leads to an upload on this server; whether there is one, and whose, is not asked. */
export function isOwnLink(url: string, publicUrl: string): boolean {
  const parsed = URL.parse(url)
  const own = URL.parse(publicUrl)
  if (!parsed || !own || parsed.origin !== own.origin || own.origin === 'null') return false
  return parsed.username === '' && parsed.password === '' && parsePath(parsed.pathname) !== undefined
}
