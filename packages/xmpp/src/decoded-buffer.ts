/**
 * Legal UTF-8 and the string it stands for, side by side: bytes are fast to scan, and strings are what a tree is made of.
 * Offsets are those of the bytes. Ranges must be asked for in ascending order, and no range that holds characters beyond
 * ASCII may be left out, because the difference between the two kinds of offsets is counted on the way.
 */
export class DecodedBuffer {
  bytes: Uint8Array
  private text: string
  private shift = 0

  constructor() {
    this.bytes = new Uint8Array(0)
    this.text = ''
  }

  /** Takes `bytes` and the same as `text`. */
  set(bytes: Uint8Array, text: string): void {
    this.bytes = bytes
    this.text = text
    this.shift = 0
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
