/** Text in every kind of metadata made here: none of it may survive. */
export const SECRET = 'SECRET-51.4778N-0.0015W'

/** One JPEG marker segment. */
export function jpegSegment(marker: number, payload: Uint8Array): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(payload.length + 2, 2)
  return Buffer.concat([head, payload])
}

/** The picture with more segments right behind its start marker. */
export function withSegments(jpeg: Uint8Array, ...segments: readonly Uint8Array[]): Buffer {
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)])
}

export interface ExifOptions {
  /** 1 to 8 in earnest; anything else is what broken cameras write. */
  readonly orientation?: number
  /** A small picture inside the metadata, which need not be that of the file. */
  readonly thumbnail?: Uint8Array
  /** Offset of the GPS directory; absent: the right one. */
  readonly gpsOffset?: number
}

const SHORT = 3
const LONG = 4
const ASCII = 2
const UNDEFINED = 7

/** A TIFF structure (Exif 2.32): orientation, maker note, GPS position, user comment, thumbnail. Big-endian. */
export function exif({ orientation = 1, thumbnail, gpsOffset }: ExifOptions = {}): Buffer {
  const text = Buffer.from(`${SECRET}\0`)
  const mainEntries = 4
  const mainAt = 8
  const gpsAt = mainAt + 2 + 12 * mainEntries + 4
  const thumbnailAt = gpsAt + 2 + 12 * 2 + 4
  const dataAt = thumbnailAt + 2 + 12 * 3 + 4
  const noteAt = dataAt + text.length
  const pictureAt = noteAt + text.length
  return Buffer.concat([
    Buffer.from('4d4d002a00000008', 'hex'),
    directory(
      [
        [0x0112, SHORT, 1, orientation],
        [0x010e, ASCII, text.length, dataAt],
        [0x927c, UNDEFINED, text.length, noteAt],
        [0x8825, LONG, 1, gpsOffset ?? gpsAt],
      ],
      thumbnail ? thumbnailAt : 0,
    ),
    directory(
      [
        [0x0001, ASCII, 2, 0x4e000000],
        [0x001d, ASCII, text.length, dataAt],
      ],
      0,
    ),
    directory(
      [
        [0x0103, SHORT, 1, 6],
        [0x0201, LONG, 1, pictureAt],
        [0x0202, LONG, 1, thumbnail?.length ?? 0],
      ],
      0,
    ),
    text,
    text,
    thumbnail ?? Buffer.alloc(0),
  ])
}

function directory(
  entries: readonly (readonly [tag: number, type: number, count: number, value: number])[],
  next: number,
): Buffer {
  const bytes = Buffer.alloc(2 + 12 * entries.length + 4)
  bytes.writeUInt16BE(entries.length, 0)
  entries.forEach(([tag, type, count, value], index) => {
    const at = 2 + 12 * index
    bytes.writeUInt16BE(tag, at)
    bytes.writeUInt16BE(type, at + 2)
    bytes.writeUInt32BE(count, at + 4)
    if (type === SHORT) bytes.writeUInt16BE(value & 0xffff, at + 8)
    else bytes.writeUInt32BE(value >>> 0, at + 8)
  })
  bytes.writeUInt32BE(next, 2 + 12 * entries.length)
  return bytes
}

/** The same as a segment of a JPEG. */
export function exifSegment(options?: ExifOptions): Buffer {
  return jpegSegment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), exif(options)]))
}

/** An XMP packet with a script in it. */
export function xmp(): Buffer {
  return Buffer.from(
    `<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><script>alert("${SECRET}")</script></x:xmpmeta><?xpacket end="w"?>`,
  )
}

/** The same as a segment of a JPEG. */
export function xmpSegment(): Buffer {
  return jpegSegment(0xe1, Buffer.concat([Buffer.from('http://ns.adobe.com/xap/1.0/\0'), xmp()]))
}

/** An ICC profile in a JPEG segment (ICC.1 annex B.4). */
export function iccSegment(profile: Uint8Array): Buffer {
  return jpegSegment(0xe2, Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), profile]))
}
