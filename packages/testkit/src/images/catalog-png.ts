import type { HostileImage } from './hostile-image.ts'
import { buildPng, idat, ihdr, ordinaryPng, PNG_SIGNATURE, pngChunk, pngOf, quadrants, type PngHeader } from './png.ts'

const SMALL = { widthPx: 16, heightPx: 16 } as const
const PALETTE = { ...SMALL, colorType: 3 } as const
const pixelAt = quadrants(16, 16)
const end = pngChunk('IEND')
const data = () => idat(SMALL, pixelAt)
const palette = (colors: number) => pngChunk('PLTE', Buffer.alloc(3 * colors, 90))
const paletteData = (indexAt = (x: number, y: number) => (x + y) & 3) => idat(PALETTE, (x, y) => [indexAt(x, y)])

/** A palette picture whose tRNS chunk is longer than any palette and has no palette to bound it (CVE-2004-0597). */
export function transparencyOverflowPng(): Buffer {
  return pngOf(ihdr(PALETTE), pngChunk('tRNS', Buffer.alloc(4096, 0x41)), paletteData(), end)
}

/** The same overflow with a palette: decoders must take 256 of the 300 entries. */
export function longTransparencyPng(): Buffer {
  return pngOf(ihdr(PALETTE), palette(256), pngChunk('tRNS', Buffer.alloc(300, 0x41)), paletteData(), end)
}

/** Four colors, one of them half transparent. */
export function palettePng(): Buffer {
  return pngOf(ihdr(PALETTE), palette(4), pngChunk('tRNS', Buffer.from([0xff, 0x80])), paletteData(), end)
}

const header = (fields: Partial<PngHeader>) => pngOf(ihdr({ ...SMALL, ...fields }), data(), end)

function damaged(chunk: 'IHDR' | 'IDAT'): Buffer {
  const file = buildPng({ ...SMALL, pixelAt })
  const at = file.indexOf(chunk) - 4
  const last = at + 12 + file.readUInt32BE(at) - 1
  file[last] = (file[last] ?? 0) ^ 0xff
  return file
}

/** Adam7, written as the seven reduced pictures of a single color, 16 bits per channel (CVE-2025-65018). */
export function deepInterlacedPng(): Buffer {
  const full = { widthPx: 16, heightPx: 16, depth: 16, interlace: 1 }
  const passes = [
    [2, 2],
    [2, 2],
    [4, 2],
    [4, 4],
    [8, 4],
    [8, 8],
    [16, 8],
  ] as const
  const rows = passes.flatMap(([width, height]) =>
    Array.from({ length: height }, () => [0, ...Array<number>(width * 6).fill(0x80)]),
  )
  const flat = Buffer.from(rows.flat())
  return pngOf(
    ihdr(full),
    idat({ widthPx: flat.length - 1, heightPx: 1, colorType: 0 }, (x) => [flat[x + 1] ?? 0], flat[0]),
    end,
  )
}

/** Group A. */
export const PNG_IMAGES: readonly HostileImage[] = [
  { group: 'A', name: 'ordinary', bytes: () => ordinaryPng(), expect: 'clean' },
  {
    group: 'A',
    name: 'tRNS of 4096 bytes without a palette (CVE-2004-0597)',
    bytes: transparencyOverflowPng,
    expect: 'refused',
    reason: 'corrupt',
    inputFormat: 'png',
  },
  { group: 'A', name: 'tRNS of 300 bytes with 256 colors', bytes: longTransparencyPng, expect: 'clean' },
  {
    group: 'A',
    name: 'tRNS before PLTE',
    bytes: () => pngOf(ihdr(PALETTE), pngChunk('tRNS', Buffer.alloc(4)), palette(4), paletteData(), end),
    expect: 'clean',
  },
  { group: 'A', name: 'bad checksum in IHDR', bytes: () => damaged('IHDR'), expect: 'refused', reason: 'corrupt' },
  { group: 'A', name: 'bad checksum in IDAT', bytes: () => damaged('IDAT'), expect: 'refused', reason: 'corrupt' },
  {
    group: 'A',
    name: 'bad checksum in an ancillary chunk',
    bytes: () => pngOf(ihdr(SMALL), pngChunk('tEXt', Buffer.from('a\0b'), { damage: 1 }), data(), end),
    expect: 'clean',
  },
  {
    group: 'A',
    name: 'chunk length 0xFFFFFFFF',
    bytes: () => pngOf(ihdr(SMALL), pngChunk('tEXt', Buffer.from('a\0b'), { length: 0xffffffff }), data(), end),
    expect: 'refused',
    reason: 'corrupt',
  },
  {
    group: 'A',
    name: 'unknown critical chunk',
    bytes: () => pngOf(ihdr(SMALL), pngChunk('ABCD'), data(), end),
    expect: 'refused',
    reason: 'corrupt',
  },
  {
    group: 'A',
    name: 'second IHDR',
    bytes: () => pngOf(ihdr(SMALL), ihdr(SMALL), data(), end),
    expect: 'refused',
    reason: 'corrupt',
  },
  { group: 'A', name: 'no IDAT', bytes: () => pngOf(ihdr(SMALL), end), expect: 'refused', reason: 'corrupt' },
  { group: 'A', name: 'signature only', bytes: () => Buffer.from(PNG_SIGNATURE), expect: 'refused', reason: 'corrupt' },
  {
    group: 'A',
    name: 'invalid filter',
    bytes: () => pngOf(ihdr(SMALL), idat(SMALL, pixelAt, 7), end),
    expect: 'refused',
    reason: 'corrupt',
  },
  {
    group: 'A',
    name: 'invalid interlace',
    bytes: () => header({ interlace: 2 }),
    expect: 'refused',
    reason: 'corrupt',
  },
  { group: 'A', name: 'invalid depth', bytes: () => header({ depth: 3 }), expect: 'refused', reason: 'corrupt' },
  {
    group: 'A',
    name: 'depth that its color type forbids',
    bytes: () => header({ depth: 4 }),
    expect: 'refused',
    reason: 'corrupt',
  },
  {
    group: 'A',
    name: 'invalid color type',
    bytes: () => header({ colorType: 5 }),
    expect: 'refused',
    reason: 'corrupt',
  },
  {
    group: 'A',
    name: 'CgBI',
    bytes: () => pngOf(pngChunk('CgBI', Buffer.from('50002002', 'hex')), ihdr(SMALL), data(), end),
    expect: 'refused',
    reason: 'corrupt',
  },
  {
    group: 'A',
    name: 'cut in the middle of IDAT',
    bytes: () => {
      const file = ordinaryPng(200, 200)
      return file.subarray(0, file.length >> 1)
    },
    expect: 'refused',
    reason: 'corrupt',
  },
  { group: 'A', name: 'width 0', bytes: () => header({ widthPx: 0 }), expect: 'refused', reason: 'corrupt' },
  {
    group: 'A',
    name: 'sides 0x7FFFFFFF',
    bytes: () => header({ widthPx: 0x7fffffff, heightPx: 0x7fffffff }),
    expect: 'refused',
  },
  { group: 'A', name: 'no IEND', bytes: () => pngOf(ihdr(SMALL), data()), expect: 'clean' },
  {
    group: 'A',
    name: 'palette index out of range',
    bytes: () =>
      pngOf(
        ihdr(PALETTE),
        palette(2),
        paletteData(() => 200),
        end,
      ),
    expect: 'clean',
  },
  {
    group: 'A',
    name: '100,000 empty IDATs',
    bytes: () => pngOf(ihdr(SMALL), ...Array<Buffer>(100_000).fill(pngChunk('IDAT')), data(), end),
    expect: 'clean',
  },
  { group: 'A', name: '16 bit interlaced (CVE-2025-65018)', bytes: deepInterlacedPng, expect: 'clean' },
]
