import type { DecodedBuffer } from './decoded-buffer.ts'

// Names and namespaces repeat all the time. A direct-mapped cache gives the string seen before instead of a new one: no
// allocation, comparison by identity, and a hash that V8 knows. What collides is replaced, so a sender of invented names
// costs the others speed, never memory.

const SLOTS = 2048
/** Longer strings are not kept, and not shared. */
export const MAX_INTERNED = 64

export class InternCache {
  private readonly strings: string[] = Array.from({ length: SLOTS }, () => '')
  private readonly lengths = new Uint8Array(SLOTS)
  // The first and the last four bytes: together the whole of a string of up to eight.
  private readonly heads = new Int32Array(SLOTS)
  private readonly tails = new Int32Array(SLOTS)
  private readonly bytes = new Uint8Array(SLOTS * MAX_INTERNED)

  /** The string of the bytes from `from` to `to`. */
  get(buffer: DecodedBuffer, from: number, to: number): string {
    const length = to - from
    if (length > MAX_INTERNED || length === 0) return buffer.slice(from, to)
    const { bytes } = buffer
    let head: number
    let tail: number
    if (length < 4) {
      head = bytes[from]! | (bytes[from + (length >> 1)]! << 8) | (bytes[to - 1]! << 16)
      tail = 0
    } else {
      head = bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24)
      tail = bytes[to - 4]! | (bytes[to - 3]! << 8) | (bytes[to - 2]! << 16) | (bytes[to - 1]! << 24)
    }
    const hash = Math.imul(head, 0x9e3779b1) ^ Math.imul(tail + length, 0x85ebca6b)
    const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
    if (this.lengths[slot] === length && this.heads[slot] === head && this.tails[slot] === tail) {
      if (length <= 8 || this.isSame(bytes, from, slot, length)) return this.strings[slot]!
    }
    // As a key, the string is copied out of the text it is a part of, which it would otherwise keep alive.
    const own = Object.keys({ [buffer.slice(from, to)]: 0 })[0]!
    this.strings[slot] = own
    this.lengths[slot] = length
    this.heads[slot] = head
    this.tails[slot] = tail
    this.bytes.set(bytes.subarray(from, to), slot * MAX_INTERNED)
    return own
  }

  private isSame(bytes: Uint8Array, from: number, slot: number, length: number): boolean {
    const known = this.bytes
    const at = slot * MAX_INTERNED
    for (let k = 4; k < length - 4; k++) if (known[at + k] !== bytes[from + k]) return false
    return true
  }
}
