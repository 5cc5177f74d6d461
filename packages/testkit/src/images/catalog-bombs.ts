import { gzipSync } from 'node:zlib'
import { fixture } from './fixtures.ts'
import { tinyFrames } from './gif.ts'
import type { HostileImage } from './hostile-image.ts'
import { jpegSegment, withSegments } from './metadata.ts'
import { buildPng, idat, ihdr, pngChunk, pngOf, quadrants, zlibZeros, type PngHeader } from './png.ts'
import { flatWebp, webpCanvas, webpChunk, webpOf } from './webp.ts'

const MB = 1_000_000
const SMALL = { widthPx: 16, heightPx: 16 } as const
const end = pngChunk('IEND')
const small = (...before: readonly Uint8Array[]) => buildPng({ ...SMALL, pixelAt: quadrants(16, 16), before })

/** A flat picture of any size, whose pixels are all zero. */
export function zeroPng(header: PngHeader, bytesPerRow: number): Buffer {
  return pngOf(ihdr(header), pngChunk('IDAT', zlibZeros(header.heightPx * (bytesPerRow + 1))), end)
}

/** 50,000 × 50,000 pixels of one bit in some 300 KB. */
export function pixelBombPng(): Buffer {
  return zeroPng({ widthPx: 50_000, heightPx: 50_000, depth: 1, colorType: 0 }, 6_250)
}

/** The frame header of a JPEG, rewritten. */
function resizedJpeg(widthPx: number, heightPx: number): Buffer {
  const jpeg = fixture('jpeg')
  const at = jpeg.indexOf(Buffer.from('ffc0', 'hex'))
  jpeg.writeUInt16BE(heightPx, at + 5)
  jpeg.writeUInt16BE(widthPx, at + 7)
  return jpeg
}

/** A height that is told only behind the first scan (T.81 B.2.5): who allocates by the frame header has nothing. */
function lateHeightJpeg(): Buffer {
  const jpeg = resizedJpeg(64, 0)
  const end = jpeg.length - 2
  return Buffer.concat([jpeg.subarray(0, end), jpegSegment(0xdc, Buffer.from([0xff, 0xdc])), jpeg.subarray(end)])
}

/** The last scan of a progressive JPEG, over and over: each costs a pass over the whole picture. */
function repeatedScans(times: number): Buffer {
  const jpeg = fixture('jpegProgressive')
  const at = jpeg.lastIndexOf(Buffer.from('ffda', 'hex'))
  const scan = jpeg.subarray(at, jpeg.length - 2)
  return Buffer.concat([jpeg.subarray(0, at), ...Array<Buffer>(times).fill(scan), jpeg.subarray(jpeg.length - 2)])
}

const svg = (inner: string, size = 'width="100" height="100"') =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink" ${size}>${inner}</svg>`)

function nestedUse(levels: number): Buffer {
  const groups = Array.from(
    { length: levels },
    (_, level) => `<g id="g${level + 1}">${`<use x:href="#g${level}"/>`.repeat(10)}</g>`,
  )
  return svg(`<defs><rect id="g0" width="9" height="9"/>${groups.join('')}</defs><use x:href="#g${levels}"/>`)
}

function billionLaughs(): Buffer {
  const entities = Array.from({ length: 9 }, (_, n) => `<!ENTITY l${n + 1} "${`&l${n};`.repeat(10)}">`).join('')
  return Buffer.from(`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY l0 "ha">${entities}]><svg><text>&l9;</text></svg>`)
}

const tooLarge = { group: 'B', expect: 'refused', reason: 'too-large' } as const
const svgRefused = { group: 'B', expect: 'refused', reason: 'unsupported', inputFormat: 'svg' } as const
const clean = { group: 'B', expect: 'clean' } as const

/** Group B. */
export const BOMB_IMAGES: readonly HostileImage[] = [
  { ...tooLarge, name: 'PNG 50,000² of 1 bit', bytes: pixelBombPng },
  { ...tooLarge, name: 'PNG 20,000² RGB', bytes: () => zeroPng({ widthPx: 20_000, heightPx: 20_000 }, 60_000) },
  {
    ...tooLarge,
    name: 'PNG 1 × 49,999,999',
    bytes: () => zeroPng({ widthPx: 1, heightPx: 49_999_999, colorType: 0 }, 1),
  },
  { ...tooLarge, name: 'JPEG frame of 65,500²', bytes: () => resizedJpeg(65_500, 65_500) },
  { group: 'B', name: 'JPEG height 0 with DNL', bytes: lateHeightJpeg, expect: 'refused', reason: 'corrupt' },
  { group: 'B', name: 'JPEG with 400 scans', bytes: () => repeatedScans(400), expect: 'refused', reason: 'corrupt' },
  {
    group: 'B',
    name: 'JPEG with 5,000 scans',
    bytes: () => repeatedScans(5_000),
    expect: 'refused',
    reason: 'corrupt',
  },
  {
    group: 'B',
    name: 'GIF with 20,000 frames',
    bytes: () => tinyFrames(16, 20_000),
    expect: 'refused',
    reason: 'too-many-frames',
  },
  {
    group: 'B',
    name: 'GIF with 200,000 frames',
    bytes: () => tinyFrames(16, 200_000),
    expect: 'refused',
    reason: 'too-many-frames',
  },
  { ...tooLarge, name: 'GIF screen of 65,535² with a frame of 1 × 1', bytes: () => tinyFrames(65_535, 1) },
  {
    group: 'B',
    expect: 'refused',
    name: 'WebP canvas of 16M × 16M',
    bytes: () => webpOf([webpCanvas(2 ** 24, 2 ** 24, 0), webpChunk('VP8L', fixture('webpLossless').subarray(20))]),
  },
  {
    ...tooLarge,
    name: 'flat lossless WebP of 50 MP',
    bytes: () => flatWebp(7_072, 7_072),
  },
  {
    ...tooLarge,
    name: 'AVIF of 50 MP, where AVIF is let in',
    bytes: () => {
      const avif = fixture('avif')
      const at = avif.indexOf('ispe') + 8
      avif.writeUInt32BE(7_072, at)
      avif.writeUInt32BE(7_072, at + 4)
      return avif
    },
    acceptsAvif: true,
  },
  {
    group: 'B',
    name: 'AVIF',
    bytes: () => fixture('avif'),
    expect: 'refused',
    reason: 'unsupported',
    inputFormat: 'avif',
  },
  {
    group: 'B',
    name: 'TIFF of PackBits',
    bytes: () => Buffer.concat([Buffer.from('II*\0\x08\0\0\0', 'latin1'), Buffer.alloc(4_096, 0x81)]),
    expect: 'refused',
    reason: 'unsupported',
    inputFormat: 'tiff',
  },
  { ...svgRefused, name: 'SVG of 10¹⁰ <use>', bytes: () => nestedUse(10) },
  {
    ...svgRefused,
    name: 'SVG of 100,000²',
    bytes: () => svg('<rect width="9" height="9"/>', 'width="100000" height="100000"'),
  },
  { ...svgRefused, name: 'SVG of a billion laughs', bytes: billionLaughs },
  {
    ...svgRefused,
    name: 'SVGZ of 300 MB',
    bytes: () => {
      // Members of a gzip file follow each other (RFC 1952 §2.2), so one compressed block serves 300 times.
      const space = gzipSync(Buffer.alloc(MB, ' '))
      return Buffer.concat([
        gzipSync('<svg xmlns="http://www.w3.org/2000/svg">'),
        ...Array<Buffer>(300).fill(space),
        gzipSync('</svg>'),
      ])
    },
    inputFormat: 'svgz',
  },
  {
    ...clean,
    name: 'PNG 7,000² RGBA',
    bytes: () => zeroPng({ widthPx: 7_000, heightPx: 7_000, colorType: 6 }, 28_000),
    size: [4_096, 4_096],
  },
  {
    ...clean,
    name: 'zTXt that inflates to 200 MB',
    bytes: () => small(pngChunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0'), zlibZeros(200 * MB)]))),
  },
  {
    ...clean,
    name: 'iCCP that inflates to 200 MB',
    bytes: () => small(pngChunk('iCCP', Buffer.concat([Buffer.from('p3\0\0'), zlibZeros(200 * MB)]))),
  },
  {
    ...clean,
    name: '200 iTXt of 7 MB each',
    // 1.4 GB, which no decoder gets to see.
    bytes: () => {
      const text = pngChunk('iTXt', Buffer.concat([Buffer.from('Comment\0\x01\0\0\0'), zlibZeros(7 * MB)]))
      return small(...Array<Buffer>(200).fill(text))
    },
  },
  {
    ...clean,
    name: '300 MB more in IDAT than pixels',
    bytes: () => pngOf(ihdr({ ...SMALL, colorType: 0 }), pngChunk('IDAT', zlibZeros(300 * MB)), end),
  },
  { ...clean, name: 'GIF of 150 frames of 500²', bytes: () => tinyFrames(500, 150) },
  {
    ...clean,
    name: 'JPEG with a comment of 10 MB',
    bytes: () =>
      withSegments(fixture('jpeg'), ...Array<Buffer>(160).fill(jpegSegment(0xfe, Buffer.alloc(65_533, 'x')))),
  },
  {
    ...clean,
    name: 'PNG with many rows in one small IDAT',
    bytes: () =>
      pngOf(
        ihdr({ widthPx: 16, heightPx: 4_000 }),
        idat({ widthPx: 16, heightPx: 4_000 }, () => [1, 2, 3]),
        end,
      ),
  },
]
