import { randomFillSync } from 'node:crypto'

let lastMs = 0
let counter = 0

/** Random bytes ahead of their use: asking the system for each id costs more than all the rest of it. */
const pool = Buffer.allocUnsafe(4_096)
let used = pool.length

/** The next bytes of the pool, each handed out once. */
function take(count: number): Buffer {
  if (used + count > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  return pool.subarray(used, (used += count))
}

/**
 * A UUIDv7 (RFC 9562 §5.7): milliseconds, a counter of 12 bits, 62 random bits. Ids of one process grow strictly, also
 * within a millisecond and when the clock steps back (§6.2, method 1); an id does not help to guess another.
 */
export function uuidv7(nowMs = Date.now()): string {
  if (nowMs > lastMs) {
    lastMs = nowMs
    counter = take(2).readUInt16BE() & 0x3ff // room for 3,072 more in this millisecond
  } else if (++counter > 0xfff) {
    lastMs++
    counter = 0
  }
  const bytes = take(16)
  bytes.writeUIntBE(lastMs, 0, 6)
  bytes.writeUInt16BE(0x7000 | counter, 6)
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Whether a text is an id as this server writes them; the database takes no other where it expects one. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(text)
}
