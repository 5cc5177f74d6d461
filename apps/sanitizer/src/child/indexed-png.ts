import { crc32, deflateSync } from 'node:zlib'
import { toIndexed } from './palette.ts'
import { rgbaOf, type Picture } from './rgba.ts'

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
/** Eight bits a pixel, each an index; deflate, filters by row, not interlaced. */
const INDEXED = [8, 3, 0, 0, 0]

/** Least that zlib takes for its output; the rows and this much are always enough for it in one piece. */
const MIN_CHUNK_BYTES = 64

/** How an indexed PNG is made. `quantizer` is a version: another one for the same pixels must have another number. */
export interface IndexedPngOptions {
  readonly quantizer: 1
  readonly dither: number
  readonly level: number
}

/**
 * A PNG of at most 256 colors (PNG, third edition, §11.2): a quarter of the size of one with all of them.
 */
export function encodeIndexedPng(picture: Picture, { dither, level }: IndexedPngOptions): Buffer {
  const { widthPx, heightPx } = picture
  const { colors, indexes } = toIndexed(rgbaOf(picture), widthPx, dither)
  const rows = rowsOf(indexes, widthPx, heightPx)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(widthPx, 0)
  header.writeUInt32BE(heightPx, 4)
  header.set(INDEXED, 8)
  const alphas = colors.filter((_, at) => at % 4 === 3)
  const isOpaque = alphas.every((alpha) => alpha === 255)
  return Buffer.concat([
    SIGNATURE,
    ...chunk('IHDR', header),
    ...chunk(
      'PLTE',
      colors.filter((_, at) => at % 4 !== 3),
    ),
    ...(isOpaque ? [] : chunk('tRNS', alphas)),
    ...chunk('IDAT', deflateSync(rows, { level, chunkSize: rows.length + MIN_CHUNK_BYTES })),
    ...chunk('IEND', new Uint8Array()),
  ])
}

/** Each row behind the number of its filter, which is none: neighbors in a palette are not neighbors in color. */
function rowsOf(indexes: Uint8Array, widthPx: number, heightPx: number): Uint8Array {
  const rows = new Uint8Array((widthPx + 1) * heightPx)
  for (let y = 0; y < heightPx; y++) rows.set(indexes.subarray(y * widthPx, (y + 1) * widthPx), y * (widthPx + 1) + 1)
  return rows
}

function chunk(type: string, body: Uint8Array): Uint8Array[] {
  const [head, tail] = [Buffer.alloc(8), Buffer.alloc(4)]
  head.writeUInt32BE(body.length)
  head.write(type, 4, 'latin1')
  tail.writeUInt32BE(crc32(body, crc32(head.subarray(4))))
  return [head, body, tail]
}
