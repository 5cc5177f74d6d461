import { bytesOfBits } from './bits.ts'
import { jpegSegment } from './metadata.ts'

const BLOCK_PX = 8
/** Blocks that one code of a progressive scan may say are empty (T.81 G.1.2.2, EOB14). */
const MAX_EMPTY_BLOCKS = 32_767

const frame = (marker: number, widthPx: number, heightPx: number) => {
  const header = Buffer.from([8, 0, 0, 0, 0, 1, 1, 0x11, 0])
  header.writeUInt16BE(heightPx, 1)
  header.writeUInt16BE(widthPx, 3)
  return jpegSegment(marker, header)
}
/** A Huffman table of one code, `0`, which stands for `symbol`. */
const table = (id: number, symbol: number) =>
  jpegSegment(0xc4, Buffer.from([id, 1, ...Array<number>(15).fill(0), symbol]))
const scan = (first: number, last: number) => jpegSegment(0xda, Buffer.from([1, 1, 0, first, last, 0]))
const START = Buffer.concat([
  Buffer.from('ffd8', 'hex'),
  jpegSegment(0xdb, Buffer.from([0, ...Array<number>(64).fill(1)])),
])
const END = Buffer.from('ffd9', 'hex')

const blocksOf = (widthPx: number, heightPx: number) => Math.ceil(widthPx / BLOCK_PX) * Math.ceil(heightPx / BLOCK_PX)

/** Gray of one shade in two bits a block: as few bytes as a JPEG of this size can have. */
export function flatJpeg(widthPx: number, heightPx: number): Buffer {
  const data = bytesOfBits('00'.repeat(blocksOf(widthPx, heightPx)), 'first bit highest')
  return Buffer.concat([START, frame(0xc0, widthPx, heightPx), table(0, 0), table(0x10, 0), scan(0, 63), data, END])
}

/** The same with a scan for each coefficient: well-formed, and 64 passes over the whole picture for some 100 bytes each. */
export function flatProgressiveJpeg(widthPx: number, heightPx: number): Buffer {
  const blocks = blocksOf(widthPx, heightPx)
  const runs = Array.from({ length: Math.ceil(blocks / MAX_EMPTY_BLOCKS) }, (_, run) =>
    Math.min(MAX_EMPTY_BLOCKS, blocks - run * MAX_EMPTY_BLOCKS),
  )
  const bits = runs.map((run) => emptyBlocks(run)).join('')
  const empty = stuffed(bytesOfBits(bits, 'first bit highest'))
  const scans = Array.from({ length: 63 }, (_, at) => [scan(at + 1, at + 1), empty]).flat()
  return Buffer.concat([
    START,
    frame(0xc2, widthPx, heightPx),
    table(0, 0),
    scan(0, 0),
    bytesOfBits('0'.repeat(blocks), 'first bit highest'),
    table(0x10, 0xe0),
    ...scans,
    END,
  ])
}

/** EOB14 and its fourteen bits; fewer than 16,384 blocks are said to be as many, of which the scan has none to ask for. */
function emptyBlocks(blocks: number): string {
  return `0${Math.max(0, blocks - 16_384)
    .toString(2)
    .padStart(14, '0')}`
}

/** FF within a scan is followed by 00 (T.81 B.1.1.5). */
function stuffed(data: Buffer): Buffer {
  return Buffer.from([...data].flatMap((byte) => (byte === 0xff ? [0xff, 0] : [byte])))
}
