/** The file ended where more bytes were announced. */
export class UnexpectedEnd extends Error {}

/** Reads fixed-size fields of a file from the front. Every read past the end throws `UnexpectedEnd`. */
export class ByteReader {
  readonly bytes: Uint8Array
  readonly #view: DataView
  offset: number

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.offset = offset
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.bytes.length - this.offset
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16be(): number {
    return this.#view.getUint16(this.#take(2))
  }

  u16le(): number {
    return this.#view.getUint16(this.#take(2), true)
  }

  u24le(): number {
    const at = this.#take(3)
    return this.#view.getUint16(at, true) | (this.#view.getUint8(at + 2) << 16)
  }

  u32be(): number {
    return this.#view.getUint32(this.#take(4))
  }

  u32le(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  /** The next `length` bytes as Latin-1 text: for four-letter codes. */
  text(length: number): string {
    const at = this.#take(length)
    return String.fromCharCode(...this.bytes.subarray(at, at + length))
  }

  skip(length: number): void {
    this.#take(length)
  }

  #take(length: number): number {
    const at = this.offset
    if (length > this.bytes.length - at) throw new UnexpectedEnd('the file ends too early')
    this.offset = at + length
    return at
  }
}
