import { inflateRawSync, constants } from 'node:zlib'
import { type Archive, type Entry, MAX_ENTRIES, UnsafeArchive } from './archive.ts'

// PKWARE APPNOTE 6.3.10, §4.3.

const EOCD = 0x06054b50
const EOCD_BYTES = 22
const ZIP64_LOCATOR = 0x07064b50
const ZIP64_EOCD = 0x06064b50
const CENTRAL = 0x02014b50
const LOCAL = 0x04034b50
const LOCAL_BYTES = 30
const MAX_COMMENT_BYTES = 65_535

/** Of an entry that is only looked at, so much is unpacked; a byte of deflate makes 1,032 at most. */
const HEAD_PACKED_BYTES = 1_024
const MAX_DEFLATE_RATIO = 1_032

const STORED = 0
const DEFLATED = 8
const AES = 99
const SYMLINK_MODE = 0xa000

interface Directory {
  readonly at: number
  readonly bytes: number
  readonly count: number
}

interface Central {
  readonly name: string
  readonly flags: number
  readonly method: number
  readonly packedBytes: number
  readonly bytes: number
  readonly localAt: number
  readonly isLink: boolean
}

/** Whether these bytes end with the directory of a ZIP file, whatever they begin with. */
export function endsWithZip(bytes: Buffer): boolean {
  const at = findEnd(bytes)
  if (at === undefined) return false
  const directoryAt = at - bytes.readUInt32LE(at + 12)
  return directoryAt >= 0 && bytes.readUInt16LE(at + 10) > 0 && bytes.readUInt32LE(directoryAt) === CENTRAL
}

/**
 * Lists a ZIP file by its central directory, and checks that whoever reads the entries from the front, as streaming
 * programs do, sees the same: same names, methods and sizes, no overlap, nothing in between.
 */
export function readZip(bytes: Buffer): Archive {
  const directory = findDirectory(bytes)
  if (directory.count > MAX_ENTRIES) throw new UnsafeArchive('too many entries')
  const centrals: Central[] = []
  let at = directory.at
  for (let n = 0; n < directory.count; n++) {
    const { central, next } = readCentral(bytes, at)
    centrals.push(central)
    at = next
  }
  if (at !== directory.at + directory.bytes) throw new UnsafeArchive('the directory is not as long as it says')
  const entries = centrals.map((central) => entryFrom(bytes, central))
  assertNoOverlap(bytes, entries, directory.at)
  return { entries, isEncrypted: entries.some(({ isEncrypted }) => isEncrypted === true) }
}

interface ZipEntry extends Entry {
  readonly from: number
  readonly to: number
}

function findEnd(bytes: Buffer): number | undefined {
  const least = Math.max(0, bytes.length - EOCD_BYTES - MAX_COMMENT_BYTES)
  for (let at = bytes.length - EOCD_BYTES; at >= least; at--) {
    // The comment runs to the end of the file: a signature inside the comment does not fit.
    if (bytes.readUInt32LE(at) === EOCD && at + EOCD_BYTES + bytes.readUInt16LE(at + 20) === bytes.length) return at
  }
  return undefined
}

function findDirectory(bytes: Buffer): Directory {
  const end = findEnd(bytes)
  if (end === undefined) throw new UnsafeArchive('there is no directory')
  if (bytes.readUInt16LE(end + 4) !== 0 && bytes.readUInt16LE(end + 4) !== 0xffff) throw new UnsafeArchive('in parts')
  const small = {
    at: bytes.readUInt32LE(end + 16),
    bytes: bytes.readUInt32LE(end + 12),
    count: bytes.readUInt16LE(end + 10),
  }
  const isZip64 = end >= 20 && bytes.readUInt32LE(end - 20) === ZIP64_LOCATOR
  const directory = isZip64 ? zip64Directory(bytes, end - 20) : small
  const directoryEnd = isZip64 ? Number(bytes.readBigUInt64LE(end - 12)) : end
  if (directory.at + directory.bytes !== directoryEnd) throw new UnsafeArchive('the directory is somewhere else')
  return directory
}

function zip64Directory(bytes: Buffer, locatorAt: number): Directory {
  const at = Number(bytes.readBigUInt64LE(locatorAt + 8))
  if (at > bytes.length - 56 || bytes.readUInt32LE(at) !== ZIP64_EOCD) throw new UnsafeArchive('no ZIP64 directory')
  return {
    at: Number(bytes.readBigUInt64LE(at + 48)),
    bytes: Number(bytes.readBigUInt64LE(at + 40)),
    count: Number(bytes.readBigUInt64LE(at + 32)),
  }
}

function readCentral(bytes: Buffer, at: number): { central: Central; next: number } {
  if (bytes.readUInt32LE(at) !== CENTRAL) throw new UnsafeArchive('the directory is damaged')
  const nameBytes = bytes.readUInt16LE(at + 28)
  const extraBytes = bytes.readUInt16LE(at + 30)
  const next = at + 46 + nameBytes + extraBytes + bytes.readUInt16LE(at + 32)
  if (next > bytes.length) throw new UnsafeArchive('the directory is damaged')
  const extra = bytes.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes)
  const sizes = zip64Sizes(extra, {
    bytes: bytes.readUInt32LE(at + 24),
    packedBytes: bytes.readUInt32LE(at + 20),
    localAt: bytes.readUInt32LE(at + 42),
  })
  const madeByUnix = bytes[at + 5] === 3
  const central = {
    name: bytes.toString('utf8', at + 46, at + 46 + nameBytes),
    flags: bytes.readUInt16LE(at + 8),
    method: bytes.readUInt16LE(at + 10),
    isLink: madeByUnix && (bytes.readUInt16LE(at + 40) & 0xf000) === SYMLINK_MODE,
    ...sizes,
  }
  return { central, next }
}

/** §4.5.3: 64-bit values stand in for those that are all ones, in this order. */
function zip64Sizes<T extends { bytes: number; packedBytes: number; localAt: number }>(extra: Buffer, sizes: T): T {
  const FULL = 0xffff_ffff
  for (let at = 0; at + 4 <= extra.length;) {
    const length = extra.readUInt16LE(at + 2)
    if (extra.readUInt16LE(at) === 1) {
      let from = at + 4
      for (const field of ['bytes', 'packedBytes', 'localAt'] as const) {
        if (sizes[field] !== FULL) continue
        sizes[field] = Number(extra.readBigUInt64LE(from))
        from += 8
      }
    }
    at += 4 + length
  }
  return sizes
}

function entryFrom(bytes: Buffer, central: Central): ZipEntry {
  const { name, flags, method, packedBytes, localAt } = central
  if (localAt > bytes.length - LOCAL_BYTES || bytes.readUInt32LE(localAt) !== LOCAL) {
    throw new UnsafeArchive('an entry is not where the directory says')
  }
  const nameBytes = bytes.readUInt16LE(localAt + 26)
  const from = localAt + LOCAL_BYTES + nameBytes + bytes.readUInt16LE(localAt + 28)
  const to = from + packedBytes
  if (to > bytes.length) throw new UnsafeArchive('an entry ends behind the file')
  const localName = bytes.toString('utf8', localAt + LOCAL_BYTES, localAt + LOCAL_BYTES + nameBytes)
  const localFlags = bytes.readUInt16LE(localAt + 6)
  if (localName !== name || bytes.readUInt16LE(localAt + 8) !== method || (localFlags & 1) !== (flags & 1)) {
    throw new UnsafeArchive('an entry is not what the directory says')
  }
  // Bit 3: sizes follow the data, and the header has none.
  const localPacked = bytes.readUInt32LE(localAt + 18)
  if ((localFlags & 8) === 0 && localPacked !== packedBytes && localPacked !== 0xffff_ffff) {
    throw new UnsafeArchive('an entry is not as long as the directory says')
  }
  const isEncrypted = (flags & 0x2041) !== 0 || method === AES
  const packed = bytes.subarray(from, to)
  const isReadable = !isEncrypted && (method === STORED || method === DEFLATED)
  return {
    name,
    bytes: central.bytes,
    isEncrypted,
    from: localAt,
    to,
    ...(central.isLink && { link: method === STORED ? packed.toString('utf8', 0, 1_024) : '' }),
    ...(isReadable && { read: (maxBytes: number) => unpack(packed, method, central.bytes, maxBytes) }),
  }
}

/** The start of an entry, or all of it. Announced sizes are not believed: one that is a lie throws. */
function unpack(packed: Buffer, method: number, bytes: number, maxBytes: number): Buffer {
  if (method === STORED) {
    if (packed.length !== bytes) throw new UnsafeArchive('a stored entry of two sizes')
    return packed.subarray(0, maxBytes)
  }
  const isWhole = bytes <= maxBytes
  const unpacked = inflateRawSync(isWhole ? packed : packed.subarray(0, HEAD_PACKED_BYTES), {
    finishFlush: constants.Z_SYNC_FLUSH,
    maxOutputLength: Math.max(1, isWhole ? bytes : HEAD_PACKED_BYTES * MAX_DEFLATE_RATIO),
  })
  if (unpacked.length > bytes || (isWhole && unpacked.length !== bytes))
    throw new UnsafeArchive('an entry of two sizes')
  return unpacked.subarray(0, maxBytes)
}

/** Two entries that share bytes are a bomb; an entry that only a streaming reader finds is hidden. */
function assertNoOverlap(bytes: Buffer, entries: readonly ZipEntry[], directoryAt: number): void {
  let end = 0
  for (const { from, to } of entries.toSorted((a, b) => a.from - b.from)) {
    if (from < end) throw new UnsafeArchive('entries overlap')
    if (bytes.subarray(end, from).includes('PK\x03\x04', 'latin1')) throw new UnsafeArchive('an entry is hidden')
    end = to
  }
  if (end > directoryAt) throw new UnsafeArchive('an entry overlaps the directory')
  if (bytes.subarray(end, directoryAt).includes('PK\x03\x04', 'latin1')) throw new UnsafeArchive('an entry is hidden')
}
