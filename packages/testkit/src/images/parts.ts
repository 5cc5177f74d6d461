/** A chunk, segment, block or box of a file: from `start` to `end`, and where its own length is written. */
export interface Part {
  readonly start: number
  readonly end: number
  readonly length?: { readonly at: number; readonly bytes: 1 | 2 | 4; readonly isLittleEndian?: boolean }
}

/** Formats that can be taken apart. */
export type PartedFormat = 'png' | 'jpeg' | 'webp' | 'gif' | 'avif'

/** The parts of a well-formed file behind its signature, in their order. */
export function partsOf(format: PartedFormat, bytes: Buffer): Part[] {
  return READERS[format](bytes)
}

const READERS: Readonly<Record<PartedFormat, (bytes: Buffer) => Part[]>> = {
  png: (bytes) => chain(bytes, 8, (at) => at + 12 + bytes.readUInt32BE(at), { by: 0, bytes: 4 }),
  webp: (bytes) =>
    chain(
      bytes,
      12,
      (at) => {
        const length = bytes.readUInt32LE(at + 4)
        return at + 8 + length + (length & 1)
      },
      { by: 4, bytes: 4, isLittleEndian: true },
    ),
  avif: (bytes) => chain(bytes, 0, (at) => at + bytes.readUInt32BE(at), { by: 0, bytes: 4 }),
  jpeg: (bytes) => chain(bytes, 2, (at) => jpegEnd(bytes, at), { by: 2, bytes: 2 }),
  gif: (bytes) => {
    const tableBytes = (flags: number) => (flags & 0x80 ? 3 << ((flags & 7) + 1) : 0)
    return chain(bytes, 13 + tableBytes(bytes[10] ?? 0), (at) => {
      if (bytes[at] === 0x3b) return at + 1
      let next = bytes[at] === 0x2c ? at + 11 + tableBytes(bytes[at + 9] ?? 0) : at + 2
      while ((bytes[next] ?? 0) !== 0) next += 1 + (bytes[next] ?? 0)
      return next + 1
    })
  },
}

function chain(
  bytes: Buffer,
  from: number,
  endOf: (at: number) => number,
  length?: { readonly by: number; readonly bytes: 1 | 2 | 4; readonly isLittleEndian?: boolean },
): Part[] {
  const parts: Part[] = []
  // The last bytes may be a marker without a length, or what lies behind the picture.
  for (let start = from; start + 4 <= bytes.length;) {
    const end = Math.max(start + 1, Math.min(endOf(start), bytes.length))
    parts.push({ start, end, ...(length && { length: { ...length, at: start + length.by } }) })
    start = end
  }
  return parts
}

/** A scan lasts until the next marker that is neither stuffing nor a restart (T.81 B.1.1.5). */
function jpegEnd(bytes: Buffer, start: number): number {
  let end = start + 2 + bytes.readUInt16BE(start + 2)
  if (bytes[start + 1] !== 0xda) return end
  while (end < bytes.length && !(bytes[end] === 0xff && !isWithinScan(bytes[end + 1] ?? 0))) end += 1
  return end
}

function isWithinScan(marker: number): boolean {
  return marker === 0 || (marker >= 0xd0 && marker <= 0xd7)
}
