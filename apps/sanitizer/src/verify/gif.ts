import { ByteReader } from '../byte-reader.ts'
import { must, type Verified } from './verified.ts'

const GRAPHIC_CONTROL = 0xf9
const APPLICATION = 0xff

/** Screen, palettes, graphic control, loop extension, images, trailer: no comment, no plain text, no other application. */
export function verifyGif(bytes: Uint8Array): Verified {
  const reader = new ByteReader(bytes)
  must(reader.text(6) === 'GIF89a', 'GIF: no signature')
  const size = { widthPx: reader.u16le(), heightPx: reader.u16le() }
  skipPalette(reader)
  let frames = 0
  for (;;) {
    const block = reader.u8()
    if (block === 0x3b) break
    if (block === 0x21) verifyExtension(reader)
    else {
      must(block === 0x2c, 'GIF: unknown block')
      reader.skip(8)
      const flags = reader.u8()
      if (flags & 0x80) reader.skip(3 << ((flags & 7) + 1))
      reader.skip(1)
      for (let length = reader.u8(); length > 0; length = reader.u8()) reader.skip(length)
      frames += 1
    }
  }
  must(reader.left === 0, 'GIF: bytes after the trailer')
  must(frames > 0, 'GIF: no image')
  return { ...size, frames }
}

function skipPalette(reader: ByteReader): void {
  const flags = reader.u8()
  reader.skip(2)
  if (flags & 0x80) reader.skip(3 << ((flags & 7) + 1))
}

function verifyExtension(reader: ByteReader): void {
  const label = reader.u8()
  const length = reader.u8()
  if (label === GRAPHIC_CONTROL) {
    must(length === 4, 'GIF: graphic control')
    reader.skip(4)
  } else {
    must(label === APPLICATION && length === 11 && reader.text(11) === 'NETSCAPE2.0', 'GIF: extension')
    must(reader.u8() === 3 && reader.u8() === 1, 'GIF: loop extension')
    reader.skip(2)
  }
  must(reader.u8() === 0, 'GIF: end of extension')
}
