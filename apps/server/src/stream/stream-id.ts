import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16
/** Drawn for so many ids at once: a call for each would take longer than all the rest of opening a stream. */
const IDS_AT_ONCE = 256

const drawn = Buffer.alloc(ID_BYTES * IDS_AT_ONCE)
let used = drawn.length

/** The id of a new stream, not to be guessed (RFC 6120 §4.7.3): 128 random bits. */
export function newStreamId(): string {
  if (used === drawn.length) {
    randomFillSync(drawn)
    used = 0
  }
  const from = used
  used += ID_BYTES
  const id = drawn.toString('base64url', from, used)
  // It is known to one client now, and to nobody else from here.
  drawn.fill(0, from, used)
  return id
}
