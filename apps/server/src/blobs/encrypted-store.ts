import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { asFull, withFile } from './file-store.ts'
import {
  chunksOf,
  HEADER_BYTES,
  isCurrent,
  ObjectSealer,
  openChunks,
  openHeader,
  plainLength,
  rewrapObject,
  sealedRange,
  sealObject,
} from './frames.ts'
import type { KeyRing } from './frames.ts'
import { readAll } from './object-store.ts'
import type { ObjectStore } from './object-store.ts'

/** Ends the names of encrypted objects, so that they are told from those of the time before without looking inside. */
const SUFFIX = '.enc'

/** A store that encrypts what it is given, and can bring all of it under the newest key. */
export interface EncryptedStore extends ObjectStore {
  /**
   * Encrypts the object if it is plain, and wraps its key anew if an older one of the operator does. The bytes stay the
   * same and readable all the time. `kept`: nothing was to be done.
   */
  renew(key: string): Promise<'encrypted' | 'rewrapped' | 'kept'>
}

/**
 * Encrypts objects on their way into another store. Those that are there unencrypted, from before there was a key, stay
 * readable.
 *
 * @param aside - a folder for files on their way.
 */
export function encryptedStore(inner: ObjectStore, ring: KeyRing, aside: string): EncryptedStore {
  async function put(key: string, bytes: Uint8Array): Promise<void> {
    await inner.put(key + SUFFIX, sealObject(ring, key, bytes))
  }
  const store: EncryptedStore = {
    put,
    async take(key, path) {
      const sealed = join(aside, randomUUID())
      try {
        await withFile(sealed, async (file) => {
          const sealer = new ObjectSealer(ring, key)
          await file.writeFile(sealer.header)
          const parts = createReadStream(path) as AsyncIterable<Buffer>
          for await (const { chunk, isLast } of chunksOf(parts)) await file.writeFile(sealer.seal(chunk, isLast))
          await file.sync()
        })
        await inner.take(key + SUFFIX, sealed)
      } catch (error) {
        await rm(sealed, { force: true })
        throw asFull(error)
      }
      await rm(path, { force: true })
    },
    async find(key) {
      const sealed = await inner.find(key + SUFFIX)
      if (!sealed) return inner.find(key)
      const bytes = plainLength(sealed.bytes)
      const header = await readAll(sealed.read({ start: 0, end: HEADER_BYTES - 1 }), HEADER_BYTES)
      const own = openHeader(ring, key, header)
      return {
        bytes,
        read(range = { start: 0, end: Math.max(0, bytes - 1) }) {
          const wanted = sealed.read(sealedRange(range, sealed.bytes))
          const plain = openChunks(wanted, { key: own, name: key, range, sealedBytes: sealed.bytes })
          return Readable.from(plain, { objectMode: false })
        },
      }
    },
    async remove(key) {
      await inner.remove(key + SUFFIX)
      await inner.remove(key)
    },
    async *list(prefix) {
      for await (const { key, storedAt } of inner.list(prefix)) {
        yield { key: key.endsWith(SUFFIX) ? key.slice(0, -SUFFIX.length) : key, storedAt }
      }
    },
    async renew(key) {
      const sealed = await inner.find(key + SUFFIX)
      const plain = await inner.find(key)
      if (!sealed) {
        if (!plain) return 'kept'
        await put(key, await readAll(plain.read()))
        await inner.remove(key)
        return 'encrypted'
      }
      // A crash came between the two steps above.
      if (plain) await inner.remove(key)
      const header = await readAll(sealed.read({ start: 0, end: HEADER_BYTES - 1 }), HEADER_BYTES)
      if (isCurrent(ring, header)) return 'kept'
      await inner.put(key + SUFFIX, rewrapObject(ring, key, await readAll(sealed.read())))
      return 'rewrapped'
    },
  }
  return store
}
