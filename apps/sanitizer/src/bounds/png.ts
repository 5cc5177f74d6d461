import type { ImageFeature } from '@drawbridge/contract'
import { ByteReader } from '../byte-reader.ts'
import { BoundsError, type Bounds } from './bounds.ts'

/** Bit depths that each color type allows (W3C PNG §11.2.1). */
const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
}
const PALETTE = 3
const FEATURES_OF_COLOR_TYPE: Readonly<Record<number, readonly ImageFeature[]>> = {
  0: ['grayscale'],
  3: ['palette'],
  4: ['grayscale', 'alpha'],
  6: ['alpha'],
}
const FEATURES_OF_CHUNK: Readonly<Record<string, readonly ImageFeature[]>> = {
  tRNS: ['alpha'],
  acTL: ['apng', 'animation'],
  iCCP: ['icc'],
  eXIf: ['exif'],
  caBX: ['c2pa'],
  tEXt: ['comment'],
  zTXt: ['comment'],
  iTXt: ['comment'],
}
const XMP_KEYWORD = Buffer.from('XML:com.adobe.xmp\0')
const MAX_SIDE = 0x7fffffff

/**
 * W3C PNG §5: reads IHDR, then walks the chunks by their lengths. A file whose end is missing passes here; the decoder
 * decides whether its pixels are complete.
 */
export function readPngBounds(bytes: Uint8Array): Bounds {
  const reader = new ByteReader(bytes, 8)
  if (reader.u32be() !== 13 || reader.text(4) !== 'IHDR') throw new BoundsError('corrupt', 'PNG without IHDR first')
  const widthPx = reader.u32be()
  const heightPx = reader.u32be()
  const depth = reader.u8()
  const colorType = reader.u8()
  if (widthPx > MAX_SIDE || heightPx > MAX_SIDE) throw new BoundsError('corrupt', 'PNG side over 2^31 - 1')
  if (!DEPTHS[colorType]?.includes(depth)) throw new BoundsError('corrupt', 'PNG depth does not fit its color type')
  if (reader.u8() !== 0 || reader.u8() !== 0) throw new BoundsError('corrupt', 'PNG compression or filter method')
  const interlace = reader.u8()
  if (interlace > 1) throw new BoundsError('corrupt', 'PNG interlace method')
  reader.skip(4)
  const features = new Set<ImageFeature>(['lossless', ...(FEATURES_OF_COLOR_TYPE[colorType] ?? [])])
  if (depth === 16) features.add('sixteenBit')
  if (interlace === 1) features.add('interlaced')
  return { widthPx, heightPx, frames: 1, features, endOffset: walkChunks(reader, colorType, features) }
}

function walkChunks(reader: ByteReader, colorType: number, features: Set<ImageFeature>): number {
  let hasPalette = false
  let hasData = false
  while (reader.left >= 12) {
    const length = reader.u32be()
    if (length > MAX_SIDE) throw new BoundsError('corrupt', 'PNG chunk length over 2^31 - 1')
    const type = reader.text(4)
    if (!/^[A-Za-z]{4}$/.test(type)) throw new BoundsError('corrupt', 'PNG chunk type is not letters')
    // Apple's CgBI is critical by its case, like every unknown chunk that a decoder must not skip.
    if (/^[A-Z]/.test(type) && !CRITICAL.has(type))
      throw new BoundsError('corrupt', 'PNG with an unknown critical chunk')
    if (type === 'IHDR') throw new BoundsError('corrupt', 'PNG with a second IHDR')
    if (type === 'PLTE') hasPalette = true
    if (type === 'IDAT') {
      // Without a palette to bound it, an oversized tRNS overflowed old decoders (CVE-2004-0597).
      if (colorType === PALETTE && !hasPalette) throw new BoundsError('corrupt', 'palette PNG without PLTE')
      hasData = true
    }
    for (const feature of FEATURES_OF_CHUNK[type] ?? []) features.add(feature)
    if (length + 4 > reader.left) break
    if (type === 'iTXt' && startsWith(reader, XMP_KEYWORD)) features.add('xmp')
    reader.skip(length + 4)
    if (type === 'IEND') break
  }
  if (!hasData) throw new BoundsError('corrupt', 'PNG without IDAT')
  return reader.offset
}

/**
 * What decides pixels, and how they are to be seen: colors, transparency, orientation (W3C PNG §11). Texts, provenance,
 * other frames and whatever nobody knows are left behind.
 */
const ESSENTIAL = new Set(
  ['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'gAMA', 'cHRM', 'sRGB', 'iCCP', 'cICP', 'sBIT', 'eXIf'].map(codeOf),
)
/** A profile of colors is some kilobytes; deflated it could be a thousand times as large as it says. */
const MAX_PROFILE_BYTES = 131_072
const PROFILE = codeOf('iCCP')

/**
 * The same picture without the chunks that do not decide a pixel, so that no decoder reads them: 200 texts of 7 MB each,
 * deflated, are an honest picture and a second of inflating (images §7 B). Nothing is decompressed here either.
 *
 * @param bytes - of a file that `readPngBounds` has passed. Returned as they are when there is nothing to leave behind.
 */
export function pngEssentials(bytes: Uint8Array): Uint8Array {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let target: Buffer | undefined
  let written = 0
  /** Where that begins which has not been copied yet. */
  let from = 0
  const copyUntil = (to: number) => {
    target ??= Buffer.allocUnsafeSlow(source.length)
    written += source.copy(target, written, from, to)
  }
  for (let at = 8; at + 12 <= source.length;) {
    const length = source.readUInt32BE(at)
    const type = source.readUInt32BE(at + 4)
    const end = at + 12 + length
    // The decoder decides about a file that ends in the middle of a chunk.
    if (end > source.length) break
    if (!ESSENTIAL.has(type) || (type === PROFILE && length > MAX_PROFILE_BYTES)) {
      copyUntil(at)
      from = end
    }
    at = end
  }
  if (target === undefined) return bytes
  copyUntil(source.length)
  return target.subarray(0, written)
}

/** The type of a chunk as the number that it is in the file. */
function codeOf(type: string): number {
  return Buffer.from(type, 'latin1').readUInt32BE()
}

function startsWith({ bytes, offset }: ByteReader, start: Buffer): boolean {
  return start.equals(bytes.subarray(offset, offset + start.length))
}

const CRITICAL = new Set(['IHDR', 'PLTE', 'IDAT', 'IEND'])
