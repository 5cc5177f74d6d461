import { animatedGif, tinyFrames } from './gif.ts'
import type { HostileImage } from './hostile-image.ts'
import { flatJpeg, flatProgressiveJpeg } from './jpeg.ts'
import { zeroPng } from './catalog-bombs.ts'
import { deflateSync } from 'node:zlib'
import { ihdr, pngChunk, pngOf } from './png.ts'
import { randomFrom } from './random.ts'
import { flatWebp } from './webp.ts'

/** Just below the limit of 50 million pixels. */
const SIDE_PX = 7_056

const heavy = { group: 'B', isHeavy: true } as const

/** A bit a pixel, each of them by chance. */
function noisePng(): Buffer {
  const random = randomFrom(1)
  const rows = Buffer.alloc(SIDE_PX * (SIDE_PX / 8 + 1))
  for (let at = 0; at + 4 <= rows.length; at += 4) rows.writeUInt32LE(random(), at)
  for (let row = 0; row < SIDE_PX; row++) rows[row * (SIDE_PX / 8 + 1)] = 0
  return pngOf(
    ihdr({ widthPx: SIDE_PX, heightPx: SIDE_PX, depth: 1, colorType: 0 }),
    pngChunk('IDAT', deflateSync(rows, { level: 1 })),
    pngChunk('IEND'),
  )
}

/** Group B, what is let in: the most work that a file below all limits can make. Seconds each, so not part of every run. */
export const HEAVY_IMAGES: readonly HostileImage[] = [
  { ...heavy, name: 'PNG of 50 MP, noise of 1 bit', bytes: noisePng, expect: 'clean', size: [4_096, 4_096] },
  {
    ...heavy,
    name: 'PNG of 50 MP, RGB',
    bytes: () => zeroPng({ widthPx: SIDE_PX, heightPx: SIDE_PX }, 3 * SIDE_PX),
    expect: 'clean',
    size: [4_096, 4_096],
  },
  {
    ...heavy,
    name: 'PNG of 49 MP, RGBA of 16 bits',
    bytes: () => zeroPng({ widthPx: 7_000, heightPx: 7_000, depth: 16, colorType: 6 }, 8 * 7_000),
    expect: 'either',
  },
  {
    ...heavy,
    name: 'JPEG of 50 MP in 200 KB',
    bytes: () => flatJpeg(SIDE_PX, SIDE_PX),
    expect: 'clean',
    size: [4_096, 4_096],
  },
  {
    ...heavy,
    name: 'JPEG of 50 MP with 64 scans in 100 KB',
    bytes: () => flatProgressiveJpeg(SIDE_PX, SIDE_PX),
    expect: 'either',
  },
  {
    ...heavy,
    name: 'lossless WebP of 25 MP in 40 bytes',
    bytes: () => flatWebp(5_000, 5_000),
    expect: 'clean',
    size: [4_096, 4_096],
  },
  { ...heavy, name: 'GIF of 300 frames of 408²', bytes: () => tinyFrames(408, 300), expect: 'clean' },
  {
    ...heavy,
    name: 'GIF of 300 frames of 160², all of them drawn',
    bytes: () => animatedGif(160, 300),
    expect: 'clean',
  },
]
