/**
 * Legal UTF-8 and the string it stands for, side by side: bytes are fast to scan, and strings are what a tree is made of.
 * Offsets are those of the bytes; ranges must be asked for in ascending order.
 */
export class DecodedBuffer {
  bytes: Uint8Array
  private text: string
  private isAscii: boolean
  // Up to the byte `cursor`, the string is `shift` units shorter than the bytes.
  private cursor = 0
  private shift = 0

  constructor() {
    this.bytes = new Uint8Array(0)
    this.text = ''
    this.isAscii = true
  }

  /** Takes `bytes` and the same as `text`. */
  set(bytes: Uint8Array, text: string): void {
    this.bytes = bytes
    this.text = text
    this.isAscii = bytes.length === text.length
    this.cursor = 0
    this.shift = 0
  }

  /** The characters from byte `from` to byte `to`. */
  slice(from: number, to: number): string {
    if (this.isAscii) return this.text.slice(from, to)
    const start = this.unitAt(from)
    return this.text.slice(start, this.unitAt(to))
  }

  private unitAt(at: number): number {
    const { bytes } = this
    let { cursor, shift } = this
    for (; cursor < at; cursor++) {
      const byte = bytes[cursor]!
      // Each continuation byte is one byte more; a sequence of four bytes is two units of UTF-16 (RFC 3629, UTF-16).
      if (byte < 0x80) continue
      if (byte < 0xc0) shift++
      else if (byte >= 0xf0) shift--
    }
    this.cursor = cursor
    this.shift = shift
    return at - shift
  }
}
