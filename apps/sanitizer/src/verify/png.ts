import { crc32 } from 'node:zlib'
import { ByteReader } from '../byte-reader.ts'
import { must, type Verified } from './verified.ts'

const ALLOWED = new Set(['PLTE', 'tRNS', 'pHYs', 'IDAT', 'IEND'])

/** IHDR first, then PLTE, tRNS, pHYs and IDAT, IEND last; every checksum right. */
export function verifyPng(bytes: Uint8Array): Verified {
  const reader = new ByteReader(bytes)
  must(reader.text(8) === '\x89PNG\r\n\x1a\n', 'PNG: no signature')
  must(reader.u32be() === 13 && reader.text(4) === 'IHDR', 'PNG: no IHDR')
  const size = { widthPx: reader.u32be(), heightPx: reader.u32be(), frames: 1 }
  reader.skip(5)
  must(reader.u32be() === crc32(bytes.subarray(12, 29)), 'PNG: checksum of IHDR')
  let hasData = false
  for (;;) {
    const length = reader.u32be()
    const at = reader.offset
    const type = reader.text(4)
    must(ALLOWED.has(type), `PNG: chunk ${type}`)
    if (type === 'pHYs') must(length === 9, 'PNG: length of pHYs')
    if (type === 'tRNS') must(length <= 256, 'PNG: length of tRNS')
    reader.skip(length)
    must(reader.u32be() === crc32(bytes.subarray(at, at + 4 + length)), `PNG: checksum of ${type}`)
    if (type === 'IDAT') hasData = true
    if (type !== 'IEND') continue
    must(length === 0 && hasData && reader.left === 0, 'PNG: its end')
    return size
  }
}
