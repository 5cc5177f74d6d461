import type { ImageFeature } from '@drawbridge/contract'
import { ByteReader } from '../byte-reader.ts'
import { BoundsError, type Bounds } from './bounds.ts'

const GRAPHIC_CONTROL = 0xf9
const COMMENT = 0xfe
const APPLICATION = 0xff
/** Counting stops here; every setting is below. */
const MAX_COUNTED_FRAMES = 10_001

/** GIF89a: the logical screen, then its blocks. A missing trailer or a cut last block is the decoder's to judge. */
export function readGifBounds(bytes: Uint8Array): Bounds {
  const reader = new ByteReader(bytes, 6)
  const widthPx = reader.u16le()
  const heightPx = reader.u16le()
  const flags = reader.u8()
  reader.skip(2)
  const features = new Set<ImageFeature>(['lossless', 'palette'])
  const screen: Screen = { widthPx, heightPx }
  const frames = bytes.length < 14 ? 0 : countFrames(reader, flags, screen, features)
  if (frames === 0) throw new BoundsError('corrupt', 'GIF without an image')
  if (frames > 1) features.add('animation')
  return { ...screen, frames, features, endOffset: Math.min(reader.offset, bytes.length) }
}

interface Screen {
  readonly widthPx: number
  readonly heightPx: number
  /** From its corner to the far one of the first frame. */
  drawn?: { readonly widthPx: number; readonly heightPx: number }
}

function countFrames(reader: ByteReader, screenFlags: number, screen: Screen, features: Set<ImageFeature>): number {
  skipColorTable(reader, screenFlags)
  let frames = 0
  while (reader.left > 0 && frames < MAX_COUNTED_FRAMES) {
    const introducer = reader.u8()
    if (introducer === 0x3b) return frames
    if (introducer === 0x21) {
      if (reader.left < 1) return frames
      noteExtension(reader, reader.u8(), features)
    } else if (introducer === 0x2c) {
      if (reader.left < 10) return frames
      const left = reader.u16le()
      const top = reader.u16le()
      const width = reader.u16le()
      const height = reader.u16le()
      if (left + width > screen.widthPx || top + height > screen.heightPx) {
        throw new BoundsError('corrupt', 'GIF frame outside its canvas')
      }
      screen.drawn ??= { widthPx: left + width, heightPx: top + height }
      skipColorTable(reader, reader.u8())
      const codeSize = reader.u8()
      if (codeSize < 1 || codeSize > 8) throw new BoundsError('corrupt', 'GIF with a bad LZW code size')
      frames += 1
    } else {
      throw new BoundsError('corrupt', 'GIF with an unknown block')
    }
    if (!skipSubBlocks(reader)) return frames
  }
  return frames
}

/** Leaves the reader at the extension's first block. */
function noteExtension({ bytes, offset }: ByteReader, label: number, features: Set<ImageFeature>): void {
  const name = Buffer.from(bytes.subarray(offset + 1, offset + 12)).toString('latin1')
  if (label === COMMENT) features.add('comment')
  else if (label === GRAPHIC_CONTROL && ((bytes[offset + 1] ?? 0) & 1) === 1) features.add('alpha')
  else if (label === APPLICATION && name === 'XMP DataXMP') features.add('xmp')
  else if (label === APPLICATION && name === 'ICCRGBG1012') features.add('icc')
}

/** The flags' top bit says that a table follows, the low three bits how long it is. */
function skipColorTable(reader: ByteReader, flags: number): void {
  if (flags & 0x80) reader.skip(3 * 2 ** ((flags & 7) + 1))
}

/** False: the file ended before the block did. */
function skipSubBlocks(reader: ByteReader): boolean {
  while (reader.left > 0) {
    const length = reader.u8()
    if (length === 0) return true
    if (length > reader.left) {
      reader.skip(reader.left)
      return false
    }
    reader.skip(length)
  }
  return false
}
