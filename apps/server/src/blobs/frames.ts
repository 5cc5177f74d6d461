import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { ByteRange } from './object-store.ts'

/**
 * The form of an encrypted object: a header with the object's own key, wrapped by a key of the operator, then chunks of
 * 64 KiB, each AES-256-GCM, so that any part can be read and checked alone. A chunk's nonce has its number and whether it
 * is the last one (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015): none can be dropped, doubled
 * or moved. The name of the object is authenticated with each: objects cannot be swapped.
 *
 *     "DBC1"  key id (8)  nonce (12)  wrapped key (32)  tag (16)  |  chunk  tag (16)  |  …
 */
const MAGIC = Buffer.from('DBC1')
const KEY_ID_BYTES = 8
const NONCE_BYTES = 12
const KEY_BYTES = 32
const TAG_BYTES = 16
const WRAPPED_AT = MAGIC.length + KEY_ID_BYTES
/** Bytes before the first chunk. */
export const HEADER_BYTES = WRAPPED_AT + NONCE_BYTES + KEY_BYTES + TAG_BYTES
const CHUNK_BYTES = 64 * 1024
const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES

/** Keys of the operator, each known by a part of its hash. The first one seals; all of them open. */
export interface KeyRing {
  readonly current: { readonly id: Buffer; readonly key: Buffer }
  find(id: Buffer): Buffer | undefined
}

/** A ring of these keys of 32 bytes. @throws Error when there is none, or one has another length. */
export function keyRing(keys: readonly Buffer[]): KeyRing {
  const known = keys.map((key) => {
    if (key.length !== KEY_BYTES) throw new Error(`a key has ${key.length} bytes instead of ${KEY_BYTES}`)
    return {
      key,
      id: createHash('sha256').update('drawbridge key id\0').update(key).digest().subarray(0, KEY_ID_BYTES),
    }
  })
  const [current] = known
  if (!current) throw new Error('there is no key')
  return { current, find: (id) => known.find((one) => one.id.equals(id))?.key }
}

/** Encrypts an object of this name under a new key of its own. */
export class ObjectSealer {
  readonly #key = randomBytes(KEY_BYTES)
  readonly #name: string
  readonly header: Buffer
  #chunks = 0

  constructor(ring: KeyRing, name: string) {
    this.#name = name
    this.header = headerOf(ring, this.#key, name)
  }

  /** The next chunk: of 64 KiB, unless it is the last one. */
  seal(chunk: Uint8Array, isLast: boolean): Buffer {
    return encrypt(this.#key, nonceOf(this.#chunks++, isLast), this.#name, chunk)
  }
}

/** The whole object, encrypted. */
export function sealObject(ring: KeyRing, name: string, bytes: Uint8Array): Buffer {
  const sealer = new ObjectSealer(ring, name)
  const parts = [sealer.header]
  for (let at = 0; ; at += CHUNK_BYTES) {
    const isLast = at + CHUNK_BYTES >= bytes.length
    parts.push(sealer.seal(bytes.subarray(at, at + CHUNK_BYTES), isLast))
    if (isLast) return Buffer.concat(parts)
  }
}

/** The chunks of a stream, as `ObjectSealer` wants them: all of one length but the last. */
export async function* chunksOf(stream: AsyncIterable<Buffer>): AsyncIterable<{ chunk: Buffer; isLast: boolean }> {
  let pending = Buffer.alloc(0)
  for await (const part of stream) {
    pending = Buffer.concat([pending, part])
    while (pending.length > CHUNK_BYTES) {
      yield { chunk: pending.subarray(0, CHUNK_BYTES), isLast: false }
      pending = pending.subarray(CHUNK_BYTES)
    }
  }
  yield { chunk: pending, isLast: true }
}

/** How long an object is, once it is decrypted. @throws Error when no encrypted object has that length. */
export function plainLength(sealedBytes: number): number {
  const chunks = Math.max(1, Math.ceil((sealedBytes - HEADER_BYTES) / SEALED_CHUNK_BYTES))
  const bytes = sealedBytes - HEADER_BYTES - chunks * TAG_BYTES
  if (bytes < 0) throw new Error('an encrypted object is cut off')
  return bytes
}

/** The object's own key. @throws Error when none of the keys opens it, or when it is of another name. */
export function openHeader(ring: KeyRing, name: string, header: Buffer): Buffer {
  const id = keyIdOf(header)
  const key = ring.find(id)
  if (!key) throw new Error(`an object is encrypted under the key ${id.toString('hex')}, which is not among the keys`)
  const nonce = header.subarray(WRAPPED_AT, WRAPPED_AT + NONCE_BYTES)
  return decrypt(key, nonce, name, header.subarray(WRAPPED_AT + NONCE_BYTES, HEADER_BYTES))
}

/** Whether the first of the keys wraps this object. */
export function isCurrent(ring: KeyRing, header: Buffer): boolean {
  return keyIdOf(header).equals(ring.current.id)
}

/** The same object with its key wrapped by the first of the keys; what is encrypted stays as it is. */
export function rewrapObject(ring: KeyRing, name: string, sealed: Buffer): Buffer {
  const header = headerOf(ring, openHeader(ring, name, sealed.subarray(0, HEADER_BYTES)), name)
  return Buffer.concat([header, sealed.subarray(HEADER_BYTES)])
}

/** Which part of the encrypted object a range of the plain one needs. */
export function sealedRange(range: ByteRange, sealedBytes: number): ByteRange {
  const first = Math.floor(range.start / CHUNK_BYTES)
  const last = Math.floor(range.end / CHUNK_BYTES)
  return {
    start: HEADER_BYTES + first * SEALED_CHUNK_BYTES,
    end: Math.min(HEADER_BYTES + (last + 1) * SEALED_CHUNK_BYTES, sealedBytes) - 1,
  }
}

/** Decrypts chunks as they come, from the one that has `range.start` on, and gives that range of the plain object. */
export async function* openChunks(
  sealed: AsyncIterable<Buffer>,
  { key, name, range, sealedBytes }: { key: Buffer; name: string; range: ByteRange; sealedBytes: number },
): AsyncIterable<Buffer> {
  const lastChunk = Math.max(1, Math.ceil((sealedBytes - HEADER_BYTES) / SEALED_CHUNK_BYTES)) - 1
  let index = Math.floor(range.start / CHUNK_BYTES)
  const open = (chunk: Buffer) => {
    const plain = decrypt(key, nonceOf(index, index === lastChunk), name, chunk)
    const at = index++ * CHUNK_BYTES
    return plain.subarray(Math.max(0, range.start - at), Math.max(0, range.end + 1 - at))
  }
  let pending = Buffer.alloc(0)
  for await (const part of sealed) {
    pending = Buffer.concat([pending, part])
    while (pending.length >= SEALED_CHUNK_BYTES) {
      yield open(pending.subarray(0, SEALED_CHUNK_BYTES))
      pending = pending.subarray(SEALED_CHUNK_BYTES)
    }
  }
  if (pending.length > 0) yield open(pending)
  if (index <= Math.floor(range.end / CHUNK_BYTES)) throw new Error('an encrypted object is cut off')
}

function headerOf(ring: KeyRing, key: Buffer, name: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  return Buffer.concat([MAGIC, ring.current.id, nonce, encrypt(ring.current.key, nonce, name, key)])
}

function keyIdOf(header: Buffer): Buffer {
  if (header.length < HEADER_BYTES || !header.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new Error('not an encrypted object')
  }
  return header.subarray(MAGIC.length, WRAPPED_AT)
}

/** Each object has a key of its own, so that counting never makes a nonce twice. */
function nonceOf(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  nonce.writeUInt8(isLast ? 1 : 0, 0)
  nonce.writeUInt32BE(index, NONCE_BYTES - 4)
  return nonce
}

function encrypt(key: Buffer, nonce: Buffer, name: string, plain: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(name))
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: Buffer, nonce: Buffer, name: string, sealed: Buffer): Buffer {
  if (sealed.length < TAG_BYTES) throw new Error('an encrypted object is cut off')
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(name))
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()])
}
