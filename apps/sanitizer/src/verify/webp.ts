import { ByteReader } from '../byte-reader.ts'
import { must, type Verified } from './verified.ts'

/** Alpha and animation: no ICC profile, Exif or XMP. */
const ALLOWED_FLAGS = 0x12

/** RIFF size = length - 8; VP8, VP8L, VP8X, ALPH, ANIM, ANMF, and the pictures inside ANMF. */
export function verifyWebp(bytes: Uint8Array): Verified {
  const reader = new ByteReader(bytes)
  must(reader.text(4) === 'RIFF' && reader.u32le() === bytes.length - 8, 'WebP: RIFF size')
  must(reader.text(4) === 'WEBP', 'WebP: no form type')
  let canvas: { widthPx: number; heightPx: number } | undefined
  let frames = 0
  let stills = 0
  while (reader.left > 0) {
    const type = reader.text(4)
    const length = reader.u32le()
    const body = new ByteReader(bytes.subarray(0, reader.offset + length), reader.offset)
    reader.skip(length)
    if (length % 2 === 1) must(reader.u8() === 0, 'WebP: padding')
    if (type === 'VP8X') {
      must(canvas === undefined && stills === 0 && length === 10, 'WebP: VP8X')
      must((body.u8() & ~ALLOWED_FLAGS) === 0 && body.u24le() === 0, 'WebP: flags')
      canvas = { widthPx: body.u24le() + 1, heightPx: body.u24le() + 1 }
    } else if (type === 'ANIM') must(length === 6, 'WebP: ANIM')
    else if (type === 'ANMF') {
      verifyFrame(body)
      frames += 1
    } else if (type !== 'ALPH') {
      const size = readPicture(type, body)
      canvas ??= size
      must(size.widthPx === canvas.widthPx && size.heightPx === canvas.heightPx, 'WebP: picture and canvas')
      stills += 1
    }
  }
  must(canvas !== undefined && (stills === 1) !== frames > 0 && stills <= 1, 'WebP: number of pictures')
  return { ...canvas, frames: frames || 1 }
}

function verifyFrame(reader: ByteReader): void {
  reader.skip(16)
  let pictures = 0
  while (reader.left > 0) {
    const type = reader.text(4)
    const length = reader.u32le()
    if (type !== 'ALPH') {
      readPicture(type, new ByteReader(reader.bytes, reader.offset))
      pictures += 1
    }
    reader.skip(length)
    if (length % 2 === 1) must(reader.u8() === 0, 'WebP: padding')
  }
  must(pictures === 1, 'WebP: pictures in a frame')
}

function readPicture(type: string, reader: ByteReader): { widthPx: number; heightPx: number } {
  if (type === 'VP8L') {
    must(reader.u8() === 0x2f, 'WebP: VP8L signature')
    const sides = reader.u32le()
    return { widthPx: (sides & 0x3fff) + 1, heightPx: ((sides >>> 14) & 0x3fff) + 1 }
  }
  must(type === 'VP8 ', `WebP: chunk ${type}`)
  reader.skip(3)
  must(reader.u24le() === 0x2a019d, 'WebP: VP8 start code')
  return { widthPx: reader.u16le() & 0x3fff, heightPx: reader.u16le() & 0x3fff }
}
