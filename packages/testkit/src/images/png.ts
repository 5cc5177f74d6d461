import { crc32, deflateRawSync, deflateSync, constants } from 'node:zlib'

/** Values of a pixel, one byte per channel. */
export type Pixel = readonly number[]

export interface PngHeader {
  readonly widthPx: number
  readonly heightPx: number
  readonly depth?: number
  /** 0 gray, 2 RGB, 3 palette, 4 gray with alpha, 6 RGBA. */
  readonly colorType?: number
  readonly interlace?: number
}

export const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex')
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/** One chunk. `damage` is added to its checksum; `length` replaces the true one. */
export function pngChunk(
  type: string,
  data: Uint8Array = Buffer.alloc(0),
  { damage = 0, length = data.length } = {},
): Buffer {
  const chunk = Buffer.alloc(12 + data.length)
  chunk.writeUInt32BE(length, 0)
  chunk.write(type, 4, 'latin1')
  chunk.set(data, 8)
  chunk.writeUInt32BE((crc32(chunk.subarray(4, 8 + data.length)) + damage) >>> 0, 8 + data.length)
  return chunk
}

export function ihdr({ widthPx, heightPx, depth = 8, colorType = 2, interlace = 0 }: PngHeader): Buffer {
  const data = Buffer.alloc(13)
  data.writeUInt32BE(widthPx, 0)
  data.writeUInt32BE(heightPx, 4)
  data.set([depth, colorType, 0, 0, interlace], 8)
  return pngChunk('IHDR', data)
}

/** A file of these chunks, as they are. */
export function pngOf(...chunks: readonly Uint8Array[]): Buffer {
  return Buffer.concat([PNG_SIGNATURE, ...chunks])
}

/** Compressed image data of 8-bit pixels; every row has `filter` as its filter byte. */
export function idat(header: PngHeader, pixelAt: (x: number, y: number) => Pixel, filter = 0): Buffer {
  return pngChunk('IDAT', deflateSync(rows(header, pixelAt, filter)))
}

function rows(
  { widthPx, heightPx, colorType = 2 }: PngHeader,
  pixelAt: (x: number, y: number) => Pixel,
  filter: number,
): Buffer {
  const channels = CHANNELS[colorType] ?? 3
  const data = Buffer.alloc(heightPx * (1 + widthPx * channels))
  let at = 0
  for (let y = 0; y < heightPx; y++) {
    data[at++] = filter
    for (let x = 0; x < widthPx; x++) for (const value of pixelAt(x, y)) data[at++] = value
  }
  return data
}

export interface PngOptions extends PngHeader {
  readonly pixelAt: (x: number, y: number) => Pixel
  /** Chunks between header and image data. */
  readonly before?: readonly Uint8Array[]
  /** Chunks between image data and end. */
  readonly after?: readonly Uint8Array[]
}

/** A well-formed PNG with 8 bits per channel. */
export function buildPng({ pixelAt, before = [], after = [], ...header }: PngOptions): Buffer {
  return pngOf(ihdr(header), ...before, idat(header, pixelAt), ...after, pngChunk('IEND'))
}

/** Red, green, blue and yellow quadrants, fading a little, so that turning or shifting the picture shows. */
export function quadrants(widthPx: number, heightPx: number, alphaAt?: (x: number, y: number) => number) {
  return (x: number, y: number): Pixel => {
    const [r, g, b] = COLORS[(x < widthPx / 2 ? 0 : 1) + (y < heightPx / 2 ? 0 : 2)] ?? [0, 0, 0]
    const color = [r ^ (x & 15), g ^ (y & 15), b]
    return alphaAt ? [...color, alphaAt(x, y)] : color
  }
}

const COLORS: readonly (readonly [number, number, number])[] = [
  [220, 30, 30],
  [30, 200, 30],
  [30, 30, 220],
  [230, 220, 40],
]

/** An ordinary screenshot-like picture. */
export function ordinaryPng(widthPx = 64, heightPx = 48): Buffer {
  return buildPng({ widthPx, heightPx, pixelAt: quadrants(widthPx, heightPx) })
}

const MIB = 1024 * 1024

/** A zlib stream (RFC 1950) of `length` zero bytes, in a thousandth of that, without ever holding them. */
export function zlibZeros(length: number): Buffer {
  const whole = deflateRawSync(Buffer.alloc(MIB), { finishFlush: constants.Z_FULL_FLUSH })
  const parts: Buffer[] = [Buffer.from([0x78, 0x9c])]
  for (let left = length; left >= MIB; left -= MIB) parts.push(whole)
  parts.push(deflateRawSync(Buffer.alloc(length % MIB)))
  const adler = Buffer.alloc(4)
  adler.writeUInt16BE(length % 65_521, 0) // of zeros the low half stays 1, and the high half counts them
  adler.writeUInt16BE(1, 2)
  return Buffer.concat([...parts, adler])
}
