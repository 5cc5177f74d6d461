import { fixture, type Fixture } from './fixtures.ts'
import { animatedGif, buildGif, gifFrame, gifScreen } from './gif.ts'
import type { HostileImage } from './hostile-image.ts'
import { ordinaryPng, pngChunk } from './png.ts'
import { randomFrom } from './random.ts'
import { overflowingWebp, webpCanvas, webpChunk, webpLossless, webpOf } from './webp.ts'

const refused = { group: 'C', expect: 'refused', reason: 'corrupt' } as const
const clean = { group: 'C', expect: 'clean' } as const
const half = (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)
const flat = { widthPx: 16, heightPx: 16, pixelAt: () => 2 } as const

function riffSize(by: number): Buffer {
  const file = fixture('webp')
  file.writeUInt32LE(file.readUInt32LE(4) + by, 4)
  return file
}

function flipped(bytes: Buffer, seed: number): Buffer {
  const next = randomFrom(seed)
  for (let flips = 0; flips < 8; flips++) {
    const at = 12 + (next() % (bytes.length - 12))
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (next() & 7))
  }
  return bytes
}

function flips(name: string, make: () => Buffer): HostileImage[] {
  return [1, 2, 3, 4].map((seed) => ({
    group: 'C',
    name: `${name} with flipped bits, ${seed}`,
    bytes: () => flipped(make(), seed * 2_654_435 + 1),
    expect: 'either',
  }))
}

function huffman(seed: number): HostileImage {
  return {
    group: 'C',
    name: `WebP with broken Huffman tables, ${seed} (CVE-2023-4863)`,
    bytes: () => {
      const next = randomFrom(seed * 7_919)
      return webpOf([webpLossless(64, 64, Buffer.from(Array.from({ length: 400 }, () => next() & 0xff)))])
    },
    expect: 'either',
  }
}

const of = (name: Fixture) => () => fixture(name)

/** Group C. */
export const STRUCTURE_IMAGES: readonly HostileImage[] = [
  { ...clean, name: 'ordinary JPEG', bytes: of('jpeg') },
  { ...clean, name: 'progressive JPEG', bytes: of('jpegProgressive') },
  { ...clean, name: 'ordinary WebP', bytes: of('webp') },
  { ...clean, name: 'lossless WebP', bytes: of('webpLossless') },
  { ...refused, name: 'JPEG cut in half', bytes: () => half(fixture('jpeg')) },
  {
    ...refused,
    name: 'JPEG cut after its header',
    bytes: () => {
      const jpeg = fixture('jpeg')
      return jpeg.subarray(0, jpeg.indexOf(Buffer.from('ffda', 'hex')) + 14)
    },
  },
  {
    group: 'C',
    name: 'GIF89a before a JPEG',
    bytes: () => Buffer.concat([Buffer.from('GIF89a'), fixture('jpeg')]),
    expect: 'refused',
  },
  {
    ...refused,
    name: 'GIF frame outside the canvas',
    bytes: () => Buffer.concat([gifScreen(8, 8), gifFrame({ ...flat, left: 4, top: 4 }), Buffer.from([0x3b])]),
  },
  {
    ...refused,
    name: 'GIF with a bad LZW code size',
    bytes: () => {
      const file = buildGif({ widthPx: 16, heightPx: 16, frames: [flat] })
      file[file.indexOf(0x2c, 400) + 10] = 13
      return file
    },
  },
  { ...refused, name: 'WebP with a RIFF size that is too large', bytes: () => riffSize(1_000) },
  { ...refused, name: 'WebP with a RIFF size that is too small', bytes: () => riffSize(-40) },
  { ...refused, name: 'WebP cut in half', bytes: () => half(fixture('webp')) },
  {
    ...refused,
    name: 'WebP whose picture and canvas differ',
    bytes: () => webpOf([webpCanvas(32, 32, 0), webpChunk('VP8L', fixture('webpLossless').subarray(20))]),
  },
  {
    ...refused,
    name: 'animated WebP with a frame outside the canvas',
    bytes: () => {
      const file = fixture('webpAnimated')
      file.writeUIntLE(100, file.indexOf('ANMF') + 8, 3)
      return file
    },
  },
  {
    ...clean,
    name: 'GIF without a color table',
    bytes: () => buildGif({ widthPx: 16, heightPx: 16, frames: [flat], hasColorTable: false }),
  },
  {
    ...clean,
    name: 'GIF without a trailer',
    bytes: () => buildGif({ widthPx: 16, heightPx: 16, frames: [flat], hasTrailer: false }),
  },
  {
    ...clean,
    name: 'GIF without the end of its LZW data',
    bytes: () => {
      const file = buildGif({ widthPx: 16, heightPx: 16, frames: [flat] })
      file[file.length - 3] = 2 // END becomes one more pixel
      return file
    },
  },
  ...[3, 4, 5, 6, 7].map((disposal): HostileImage => ({
    ...clean,
    name: `GIF with disposal ${disposal} and a delay of 65,535`,
    bytes: () =>
      buildGif({
        widthPx: 160,
        heightPx: 160,
        frames: [flat, { ...flat, pixelAt: () => 1 }].map((frame) => ({ ...frame, disposal, delay: 65_535 })),
      }),
  })),
  {
    ...clean,
    name: 'WebP with 5 KB after RIFF',
    bytes: () => Buffer.concat([fixture('webp'), Buffer.alloc(5_000, 'TRAILER')]),
    payload: 'TRAILER',
  },
  {
    ...clean,
    name: 'GIF with the screen of an old monitor and a small picture',
    bytes: () => buildGif({ widthPx: 800, heightPx: 600, frames: [flat, { ...flat, left: 8 }] }),
    size: [16, 16],
    note: 'libnsgif does not believe this screen: the first frame is the size',
  },
  {
    group: 'C',
    name: 'GIF of size 0',
    bytes: () => buildGif({ widthPx: 0, heightPx: 0, frames: [flat] }),
    expect: 'either',
  },
  ...flips('JPEG', of('jpeg')),
  ...flips('PNG', () => ordinaryPng()),
  ...flips('WebP', of('webp')),
  ...flips('animated WebP', of('webpAnimated')),
  ...flips('GIF', () => animatedGif(32, 3)),
  ...[1, 2, 3, 4].map(huffman),
  { ...refused, name: 'WebP with prefix codes that form no tree (CVE-2023-4863)', bytes: overflowingWebp },
  {
    group: 'C',
    name: 'PNG with its chunks twice',
    bytes: () => Buffer.concat([ordinaryPng(), pngChunk('IHDR', Buffer.alloc(13)), pngChunk('IEND')]),
    expect: 'clean',
  },
]
