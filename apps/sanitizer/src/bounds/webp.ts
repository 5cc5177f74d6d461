import type { ImageFeature } from '@drawbridge/contract'
import { ByteReader } from '../byte-reader.ts'
import { BoundsError, type Bounds } from './bounds.ts'

interface Size {
  readonly widthPx: number
  readonly heightPx: number
}

const HAS_ANIMATION = 0x02
/** RFC 9649 §2.7.1: flags of VP8X. */
const FEATURES_OF_FLAG: readonly (readonly [flag: number, feature: ImageFeature])[] = [
  [0x20, 'icc'],
  [0x10, 'alpha'],
  [0x08, 'exif'],
  [0x04, 'xmp'],
  [HAS_ANIMATION, 'animation'],
]

/** RFC 9649: the canvas from VP8, VP8L or VP8X, and the number of ANMF chunks. */
export function readWebpBounds(file: Uint8Array): Bounds {
  const header = new ByteReader(file, 4)
  const endOffset = header.u32le() + 8
  if (endOffset > file.length) throw new BoundsError('corrupt', 'WebP is shorter than its RIFF size')
  const reader = new ByteReader(file.subarray(0, endOffset), 12)
  const first = reader.text(4)
  const length = reader.u32le()
  if (length > reader.left) throw new BoundsError('corrupt', 'WebP chunk longer than the file')
  if (first === 'VP8 ') return { ...readLossy(reader), frames: 1, features: new Set(), endOffset }
  if (first === 'VP8L') {
    const { hasAlpha, ...size } = readLossless(reader)
    return { ...size, frames: 1, features: new Set(hasAlpha ? ['lossless', 'alpha'] : ['lossless']), endOffset }
  }
  if (first !== 'VP8X' || length < 10) throw new BoundsError('corrupt', 'WebP with an unknown first chunk')
  const bodyAt = reader.offset
  const flags = reader.u8()
  reader.skip(3)
  const canvas = { widthPx: reader.u24le() + 1, heightPx: reader.u24le() + 1 }
  reader.offset = bodyAt
  skipChunk(reader, length)
  const { frames, isLossless } = countFrames(reader, canvas, (flags & HAS_ANIMATION) !== 0)
  if (frames === 0) throw new BoundsError('corrupt', 'WebP without an image')
  const features = new Set(FEATURES_OF_FLAG.flatMap(([flag, feature]) => (flags & flag ? [feature] : [])))
  if (isLossless) features.add('lossless')
  return { ...canvas, frames, features, endOffset }
}

function countFrames(reader: ByteReader, canvas: Size, isAnimated: boolean): { frames: number; isLossless: boolean } {
  let frames = 0
  let isLossless = true
  while (reader.left >= 8) {
    const type = reader.text(4)
    const length = reader.u32le()
    if (length > reader.left) throw new BoundsError('corrupt', 'WebP chunk longer than the file')
    const end = reader.offset + length
    if (isAnimated && type === 'ANMF') {
      isLossless = readFrame(new ByteReader(reader.bytes.subarray(0, end), reader.offset), canvas) && isLossless
      frames += 1
    } else if (!isAnimated && (type === 'VP8 ' || type === 'VP8L')) {
      const size = type === 'VP8 ' ? readLossy(reader) : readLossless(reader)
      if (size.widthPx !== canvas.widthPx || size.heightPx !== canvas.heightPx) {
        throw new BoundsError('corrupt', 'WebP image and canvas differ in size')
      }
      return { frames: 1, isLossless: type === 'VP8L' }
    }
    reader.offset = end - length
    skipChunk(reader, length)
  }
  return { frames, isLossless }
}

/** One ANMF chunk. Returns whether it is lossless. */
function readFrame(reader: ByteReader, canvas: Size): boolean {
  const left = reader.u24le() * 2
  const top = reader.u24le() * 2
  const widthPx = reader.u24le() + 1
  const heightPx = reader.u24le() + 1
  reader.skip(4)
  if (left + widthPx > canvas.widthPx || top + heightPx > canvas.heightPx) {
    throw new BoundsError('corrupt', 'WebP frame outside its canvas')
  }
  while (reader.left >= 8) {
    const type = reader.text(4)
    const length = reader.u32le()
    if (type !== 'VP8 ' && type !== 'VP8L') {
      skipChunk(reader, length)
      continue
    }
    const size = type === 'VP8 ' ? readLossy(reader) : readLossless(reader)
    if (size.widthPx !== widthPx || size.heightPx !== heightPx) {
      throw new BoundsError('corrupt', 'WebP frame and its image differ in size')
    }
    return type === 'VP8L'
  }
  throw new BoundsError('corrupt', 'WebP frame without an image')
}

/** RFC 6386 §9.1: key frame start code, then two 14-bit sides. */
function readLossy(reader: ByteReader): Size {
  if ((reader.u24le() & 1) !== 0) throw new BoundsError('corrupt', 'VP8 without a key frame')
  if (reader.u24le() !== 0x2a019d) throw new BoundsError('corrupt', 'VP8 without its start code')
  return { widthPx: reader.u16le() & 0x3fff, heightPx: reader.u16le() & 0x3fff }
}

/** RFC 9649 §3.4: signature byte, then two 14-bit sides minus one and whether alpha is used. */
function readLossless(reader: ByteReader): Size & { readonly hasAlpha: boolean } {
  if (reader.u8() !== 0x2f) throw new BoundsError('corrupt', 'VP8L without its signature')
  const packed = reader.u32le()
  return {
    widthPx: (packed & 0x3fff) + 1,
    heightPx: ((packed >>> 14) & 0x3fff) + 1,
    hasAlpha: ((packed >>> 28) & 1) === 1,
  }
}

/** Chunks are padded to even lengths; the very last padding byte may be missing. */
function skipChunk(reader: ByteReader, length: number): void {
  reader.skip(Math.min(length + (length & 1), Math.max(reader.left, length)))
}
