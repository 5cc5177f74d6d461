const NO_BYTES = new Uint8Array(0)
const NO_VIEW = new DataView(NO_BYTES.buffer)

// To copy a few bytes takes less time than to make a view of them. Whoever parses while somebody else does, as handlers
// may, makes one.
const SHARED_BYTES = 1024
const shared = new Uint8Array(SHARED_BYTES)
const sharedView = new DataView(shared.buffer)
let isLent = false

/**
 * Legal UTF-8 and the string it stands for, side by side: bytes are fast to scan, and strings are what a tree is made of.
 * Offsets are those of the bytes. Ranges must be asked for in ascending order, and no range that holds characters beyond
 * ASCII may be left out, because the difference between the two kinds of offsets is counted on the way.
 */
export class DecodedBuffer {
  bytes: Uint8Array
  /** The same bytes, for reading several at once. */
  view: DataView
  private text: string
  private shift = 0

  constructor() {
    this.bytes = NO_BYTES
    this.view = NO_VIEW
    this.text = ''
  }

  /** Takes `bytes` and the same as `text`. */
  set(bytes: Uint8Array, text: string): void {
    this.bytes = bytes
    this.view = this.viewOf(bytes)
    this.text = text
    this.shift = 0
  }

  private viewOf(bytes: Uint8Array): DataView {
    if (this.view === sharedView) isLent = false
    const { length } = bytes
    if (length === 0) return NO_VIEW
    if (isLent || length > SHARED_BYTES) return new DataView(bytes.buffer, bytes.byteOffset, length)
    isLent = true
    shared.set(bytes)
    return sharedView
  }

  /** The characters from byte `from` to byte `to`, all of them ASCII. */
  slice(from: number, to: number): string {
    const { shift } = this
    return this.text.slice(from - shift, to - shift)
  }

  /** The characters from byte `from` to byte `to`, which may be beyond ASCII. */
  sliceBeyondAscii(from: number, to: number): string {
    const { bytes } = this
    const start = from - this.shift
    let { shift } = this
    for (let i = from; i < to; i++) {
      const byte = bytes[i]!
      if (byte < 0x80) continue
      // Each continuation byte is one more than the string has; a sequence of four bytes is two units of UTF-16.
      if (byte < 0xc0) shift++
      else if (byte >= 0xf0) shift--
    }
    this.shift = shift
    return this.text.slice(start, to - shift)
  }
}
