import { type Archive, type Entry, MAX_ENTRIES, UnsafeArchive } from './archive.ts'

/** Lists a RAR file of version 4 or 5 by its headers, which are not packed. Contents cannot be had. */
export function readRar(bytes: Buffer): Archive {
  return bytes[6] === 0 ? readRar4(bytes) : readRar5(bytes)
}

const RAR4_MAIN = 0x73
const RAR4_FILE = 0x74
const RAR4_END = 0x7b

function readRar4(bytes: Buffer): Archive {
  const entries: Entry[] = []
  let isEncrypted = false
  for (let at = 7; at + 7 <= bytes.length;) {
    const type = bytes[at + 2]
    const flags = bytes.readUInt16LE(at + 3)
    const headerBytes = bytes.readUInt16LE(at + 5)
    if (headerBytes < 7) throw new UnsafeArchive('a header without a length')
    if (type === RAR4_END) break
    // With encrypted headers nothing after this one can be read.
    if (type === RAR4_MAIN && flags & 0x80) return { entries, isEncrypted: true }
    let next = at + headerBytes
    if (flags & 0x8000 || type === RAR4_FILE) next += bytes.readUInt32LE(at + 7)
    if (type === RAR4_FILE) {
      if (entries.length >= MAX_ENTRIES) throw new UnsafeArchive('too many entries')
      const is64 = (flags & 0x100) !== 0
      if (is64) next += bytes.readUInt32LE(at + 32) * 2 ** 32
      const nameAt = at + 32 + (is64 ? 8 : 0)
      const name = bytes.subarray(nameAt, nameAt + bytes.readUInt16LE(at + 26))
      const plain = name.indexOf(0)
      entries.push({
        name: name.toString('latin1', 0, plain === -1 ? name.length : plain),
        bytes: bytes.readUInt32LE(at + 11),
        isEncrypted: (flags & 4) !== 0,
      })
      isEncrypted ||= (flags & 4) !== 0
    }
    at = next
  }
  return { entries, isEncrypted }
}

const RAR5_FILE = 2
const RAR5_ENCRYPTION = 4
const RAR5_END = 5

function readRar5(bytes: Buffer): Archive {
  const entries: Entry[] = []
  let isEncrypted = false
  for (let at = 8; at + 7 <= bytes.length;) {
    const reader = new Vints(bytes, at + 4)
    const headerBytes = reader.next()
    const headerEnd = reader.at + headerBytes
    const type = reader.next()
    const flags = reader.next()
    const extraBytes = flags & 1 ? reader.next() : 0
    const dataBytes = flags & 2 ? reader.next() : 0
    if (headerBytes === 0 || headerEnd > bytes.length) throw new UnsafeArchive('a header without an end')
    if (type === RAR5_ENCRYPTION) return { entries, isEncrypted: true }
    if (type === RAR5_END) break
    if (type === RAR5_FILE) {
      if (entries.length >= MAX_ENTRIES) throw new UnsafeArchive('too many entries')
      const entry = rar5File(reader, headerEnd, extraBytes)
      entries.push(entry)
      isEncrypted ||= entry.isEncrypted === true
    }
    at = headerEnd + dataBytes
  }
  return { entries, isEncrypted }
}

function rar5File(reader: Vints, headerEnd: number, extraBytes: number): Entry {
  const fileFlags = reader.next()
  const bytes = reader.next()
  reader.next() // attributes
  if (fileFlags & 2) reader.at += 4 // time
  if (fileFlags & 4) reader.at += 4 // checksum
  reader.next() // compression
  reader.next() // system
  const name = reader.text(reader.next())
  const extras = new Vints(reader.bytes, headerEnd - extraBytes)
  let isEncrypted = false
  while (extras.at < headerEnd) {
    const length = extras.next()
    const end = extras.at + length
    if (extras.next() === 1) isEncrypted = true
    extras.at = end
  }
  return { name, bytes, isEncrypted }
}

/** Numbers of seven bits a byte, lowest first. */
class Vints {
  readonly bytes: Buffer
  at: number

  constructor(bytes: Buffer, at: number) {
    this.bytes = bytes
    this.at = at
  }

  next(): number {
    let value = 0
    for (let shift = 0; shift < 49; shift += 7) {
      const byte = this.bytes.readUInt8(this.at++)
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new UnsafeArchive('a number without an end')
  }

  text(length: number): string {
    const from = this.at
    this.at += length
    return this.bytes.toString('utf8', from, this.at)
  }
}
