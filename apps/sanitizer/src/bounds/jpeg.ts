import type { ImageFeature } from '@drawbridge/contract'
import { ByteReader } from '../byte-reader.ts'
import { BoundsError, type Bounds } from './bounds.ts'

/** More scans than any encoder writes: each one costs a pass over the whole picture (a "progressive bomb"). */
const MAX_SCANS = 100

const SOI = 0xd8
const EOI = 0xd9
const SOS = 0xda
const PROGRESSIVE = 0xc2
const COMMENT = 0xfe

/** What an application segment (APP0 to APP15) is about, by its first bytes. */
const APPLICATIONS: readonly { marker: number; start: string; feature: ImageFeature }[] = [
  { marker: 0xe1, start: 'Exif\0', feature: 'exif' },
  { marker: 0xe1, start: 'http://ns.adobe.com/xap/1.0/\0', feature: 'xmp' },
  { marker: 0xe1, start: 'http://ns.adobe.com/xmp/extension/\0', feature: 'xmp' },
  { marker: 0xe2, start: 'ICC_PROFILE\0', feature: 'icc' },
  { marker: 0xe2, start: 'urn:iso:std:iso:ts:21496:-1\0', feature: 'gainMap' },
  { marker: 0xeb, start: 'JP', feature: 'c2pa' },
  { marker: 0xed, start: 'Photoshop 3.0\0', feature: 'iptc' },
]
/** Adobe's and Google's names for a gain map in XMP (Ultra HDR 1.0 §4). */
const GAIN_MAP_NAMESPACE = 'http://ns.adobe.com/hdr-gain-map/1.0/'

/** ITU-T T.81: walks the marker segments up to the frame header (SOF), then counts the scans up to the end of image. */
export function readJpegBounds(bytes: Uint8Array): Bounds {
  const reader = new ByteReader(bytes, 2)
  const features = new Set<ImageFeature>()
  for (;;) {
    const marker = nextMarker(reader)
    if (marker === EOI || marker === SOS) throw new BoundsError('corrupt', 'JPEG without a frame header')
    if (isBare(marker)) continue
    const length = segmentLength(reader)
    if (isFrameHeader(marker)) {
      const size = readFrameHeader(reader, marker, length, features)
      return { ...size, frames: 1, features, endOffset: walkScans(reader, features) }
    }
    noteSegment(reader, marker, length, features)
    reader.skip(length)
  }
}

function readFrameHeader(
  reader: ByteReader,
  marker: number,
  length: number,
  features: Set<ImageFeature>,
): { widthPx: number; heightPx: number } {
  // SOF0 to SOF2 are baseline, extended and progressive Huffman; the rest is lossless, hierarchical or arithmetic.
  if (marker > 0xc2) throw new BoundsError('unsupported', `JPEG coding process SOF${marker - 0xc0}`)
  const precision = reader.u8()
  const heightPx = reader.u16be()
  const widthPx = reader.u16be()
  const components = reader.u8()
  if (precision !== 8) throw new BoundsError('unsupported', `JPEG with ${precision} bits`)
  if (![1, 3, 4].includes(components)) throw new BoundsError('corrupt', `JPEG with ${components} components`)
  if (length !== 6 + 3 * components) throw new BoundsError('corrupt', 'JPEG frame header of the wrong length')
  reader.skip(3 * components)
  if (marker === PROGRESSIVE) features.add('progressive')
  if (components === 1) features.add('grayscale')
  if (components === 4) features.add('cmyk')
  return { widthPx, heightPx }
}

/** Returns where the image ends; that is the end of the file when no end marker is found. */
function walkScans(reader: ByteReader, features: Set<ImageFeature>): number {
  let scans = 0
  while (reader.left >= 4) {
    const marker = nextMarker(reader)
    if (marker === EOI) return reader.offset
    if (isBare(marker)) continue
    const length = segmentLength(reader)
    if (length > reader.left) break
    noteSegment(reader, marker, length, features)
    reader.skip(length)
    if (marker !== SOS) continue
    scans += 1
    if (scans > MAX_SCANS) throw new BoundsError('corrupt', 'JPEG with too many scans')
    skipEntropyCodedData(reader)
  }
  return reader.left >= 2 && reader.u8() === 0xff && reader.u8() === EOI ? reader.offset : reader.bytes.length
}

/** Within a scan, FF is followed by 00 or by a restart marker; anything else is the next marker (T.81 F.1.2.3). */
function skipEntropyCodedData(reader: ByteReader): void {
  const { bytes } = reader
  let at = bytes.indexOf(0xff, reader.offset)
  while (at !== -1 && at + 1 < bytes.length) {
    const next = bytes[at + 1] ?? 0
    if (next !== 0 && !(next >= 0xd0 && next <= 0xd7)) {
      reader.offset = at
      return
    }
    at = bytes.indexOf(0xff, at + 2)
  }
  reader.offset = bytes.length
}

function nextMarker(reader: ByteReader): number {
  if (reader.u8() !== 0xff) throw new BoundsError('corrupt', 'JPEG marker expected')
  let marker = reader.u8()
  while (marker === 0xff) marker = reader.u8() // fill bytes, T.81 B.1.1.2
  if (marker === 0) throw new BoundsError('corrupt', 'JPEG marker expected')
  return marker
}

/** Leaves the reader where it is. */
function noteSegment({ bytes, offset }: ByteReader, marker: number, length: number, features: Set<ImageFeature>): void {
  if (marker === COMMENT) features.add('comment')
  if (marker < 0xe0 || marker > 0xef) return
  const body = Buffer.from(bytes.buffer, bytes.byteOffset + offset, Math.min(length, bytes.length - offset))
  for (const { marker: app, start, feature } of APPLICATIONS) {
    if (marker === app && body.subarray(0, start.length).equals(Buffer.from(start, 'latin1'))) features.add(feature)
  }
  if (marker === 0xe1 && features.has('xmp') && body.includes(GAIN_MAP_NAMESPACE)) features.add('gainMap')
}

/** Bytes of the segment after its length field. */
function segmentLength(reader: ByteReader): number {
  const length = reader.u16be()
  if (length < 2) throw new BoundsError('corrupt', 'JPEG segment shorter than its length field')
  return length - 2
}

/** Markers without a segment: TEM, the restart markers and a repeated start of image. */
function isBare(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= SOI)
}

/** SOF0 to SOF15 without DHT (C4), JPG (C8) and DAC (CC). */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
}
