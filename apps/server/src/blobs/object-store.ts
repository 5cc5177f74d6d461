import { readBounded } from '@drawbridge/runtime'
import type { Readable } from 'node:stream'

/** Bytes of an object from `start` to `end`, both included, counted from 0. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** An object that is there. */
export interface StoredObject {
  readonly bytes: number
  /** The bytes, or some of them. Errors reach the stream; what it gave before is right. */
  read(range?: ByteRange): Readable
}

/** An object by its name, and when it was stored. */
export interface ObjectEntry {
  readonly key: string
  readonly storedAt: Date
}

/**
 * Where files are: names and bytes, nothing else. An object is whole or not there, and durable when `put` or `take`
 * resolves. Everything may reject with `StorageUnavailable`, and writing with `StorageFull`.
 */
export interface ObjectStore {
  /** Stores the bytes under the key, instead of what was there. */
  put(key: string, bytes: Uint8Array): Promise<void>
  /** Moves a file of this machine in: it is gone from where it was. */
  take(key: string, path: string): Promise<void>
  find(key: string): Promise<StoredObject | undefined>
  /** Does nothing when it is not there. */
  remove(key: string): Promise<void>
  /** Every object whose key begins with the prefix, which ends in `/`. In no order. */
  list(prefix: string): AsyncIterable<ObjectEntry>
}

/** There is no room for more: waiting does not help. */
export class StorageFull extends Error {
  override readonly name = 'StorageFull'

  constructor(cause: unknown) {
    super('there is no room left for files', { cause })
  }
}

/** The place where files are kept does not answer, or not with what was asked: it may be there again in a moment. */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable'

  constructor(why: string, options?: ErrorOptions) {
    super(`files cannot be reached: ${why}`, options)
  }
}

/** Collects a stream, of at most `maxBytes` bytes. */
export async function readAll(stream: Readable, maxBytes = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const bytes = await readBounded(stream, maxBytes)
  if (!bytes) throw new Error(`more than ${maxBytes} bytes`)
  return bytes
}
