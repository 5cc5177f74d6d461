import { ByteReader } from '../byte-reader.ts'
import { must, type Verified } from './verified.ts'

const EOI = 0xd9
const SOS = 0xda
const SOF0 = 0xc0
const JFIF = 0xe0
/** DQT, DHT, DRI. */
const TABLES = new Set([0xdb, 0xc4, 0xdd])

/** SOI, JFIF APP0 of 16 bytes, DQT, SOF0, DHT, DRI, SOS, EOI: no comment, no other application segment. */
export function verifyJpeg(bytes: Uint8Array): Verified {
  const reader = new ByteReader(bytes)
  must(reader.u16be() === 0xffd8, 'JPEG: no start of image')
  let size: { widthPx: number; heightPx: number } | undefined
  for (;;) {
    must(reader.u8() === 0xff, 'JPEG: no marker')
    const marker = reader.u8()
    if (marker === EOI) break
    const length = reader.u16be()
    must(length >= 2, 'JPEG: segment length')
    const end = reader.offset + length - 2
    if (marker === JFIF) must(length === 16 && reader.text(5) === 'JFIF\0', 'JPEG: APP0 is not plain JFIF')
    else if (marker === SOF0) {
      must(size === undefined && reader.u8() === 8, 'JPEG: frame header')
      const heightPx = reader.u16be()
      size = { heightPx, widthPx: reader.u16be() }
    } else must(TABLES.has(marker) || marker === SOS, `JPEG: marker ${marker.toString(16)}`)
    reader.skip(end - reader.offset)
    if (marker === SOS) skipScan(reader)
  }
  must(reader.left === 0, 'JPEG: bytes after the end')
  must(size !== undefined, 'JPEG: no frame')
  return { ...size, frames: 1 }
}

function skipScan(reader: ByteReader): void {
  const { bytes } = reader
  let at = bytes.indexOf(0xff, reader.offset)
  while (bytes[at + 1] === 0 || isRestart(bytes[at + 1])) at = bytes.indexOf(0xff, at + 2)
  must(at >= 0 && at + 1 < bytes.length, 'JPEG: scan without an end')
  reader.offset = at
}

function isRestart(marker = 0): boolean {
  return marker >= 0xd0 && marker <= 0xd7
}
