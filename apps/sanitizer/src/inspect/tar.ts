import { type Archive, type Entry, MAX_ENTRIES, UnsafeArchive } from './archive.ts'

const BLOCK = 512
const MAX_LONG_NAME_BYTES = 65_536

// Types of entries (POSIX.1-2001, and GNU's `L` and `K`): what is about the next one, links, and files.
const EXTENDED = 'LKxg'
const LINKS = '12'
const FILES = '0\u00007'

/** Lists a tar file: ustar, with the long names of pax and GNU. */
export function readTar(bytes: Buffer): Archive {
  const entries: Entry[] = []
  let longName: string | undefined
  let longLink: string | undefined
  let next = 0
  for (let at = 0; at + BLOCK <= bytes.length && !isEmpty(bytes, at); at = next) {
    assertChecksum(bytes, at)
    const type = String.fromCharCode(bytes[at + 156] ?? 0)
    const size = sizeAt(bytes, at)
    const content = bytes.subarray(at + BLOCK, at + BLOCK + size)
    if (content.length < size) throw new UnsafeArchive('an entry ends behind the file')
    next = at + BLOCK + Math.ceil(size / BLOCK) * BLOCK
    if (EXTENDED.includes(type)) {
      if (size > MAX_LONG_NAME_BYTES) throw new UnsafeArchive('a name is too long')
      // Some read these and some do not: two programs would unpack two things.
      if (paxField(content, 'size') !== undefined) throw new UnsafeArchive('a size of two kinds')
      if (type === 'L') longName = textOf(content)
      else if (type === 'K') longLink = textOf(content)
      longName = paxField(content, 'path') ?? longName
      longLink = paxField(content, 'linkpath') ?? longLink
      continue
    }
    if (entries.length >= MAX_ENTRIES) throw new UnsafeArchive('too many entries')
    const link = LINKS.includes(type) ? (longLink ?? textAt(bytes, at + 157, 100)) : undefined
    entries.push({
      name: longName ?? nameAt(bytes, at),
      bytes: size,
      ...(link !== undefined && { link }),
      ...(FILES.includes(type) && { read: (maxBytes: number) => content.subarray(0, maxBytes) }),
    })
    longName = undefined
    longLink = undefined
  }
  return { entries, isEncrypted: false }
}

function isEmpty(bytes: Buffer, at: number): boolean {
  return bytes.subarray(at, at + BLOCK).every((byte) => byte === 0)
}

function nameAt(bytes: Buffer, at: number): string {
  const name = textAt(bytes, at, 100)
  const prefix = textAt(bytes, at + 257, 5) === 'ustar' && bytes[at + 262] === 0 ? textAt(bytes, at + 345, 155) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

function textAt(bytes: Buffer, at: number, length: number): string {
  return textOf(bytes.subarray(at, at + length))
}

function textOf(field: Buffer): string {
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end === -1 ? field.length : end)
}

/** Octal digits, or with the first bit set a big-endian number (GNU). */
function sizeAt(bytes: Buffer, at: number): number {
  const field = bytes.subarray(at + 124, at + 136)
  const first = field[0] ?? 0
  if (first & 0x80) {
    const value = field.readBigUInt64BE(4)
    if (first !== 0x80 || value > BigInt(Number.MAX_SAFE_INTEGER)) throw new UnsafeArchive('an impossible size')
    return Number(value)
  }
  const digits = textOf(field).trim()
  if (!/^[0-7]{0,12}$/.test(digits)) throw new UnsafeArchive('a size is no number')
  return Number.parseInt(digits || '0', 8)
}

/** Whether a file begins with a header of tar, of the kind without a magic (POSIX calls it v7) as well. */
export function beginsWithTar(bytes: Buffer): boolean {
  return bytes.length >= BLOCK && bytes[0] !== 0 && hasChecksum(bytes, 0)
}

/** What fails its sum would be skipped by some and read by others. */
function assertChecksum(bytes: Buffer, at: number): void {
  if (!hasChecksum(bytes, at)) throw new UnsafeArchive('a damaged header')
}

/** The header's own sum, with the field of the sum as spaces. */
function hasChecksum(bytes: Buffer, at: number): boolean {
  let sum = 8 * 0x20
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += bytes[at + i] ?? 0
  const digits = textAt(bytes, at + 148, 8).trim()
  return /^[0-7]{1,7}$/.test(digits) && Number.parseInt(digits, 8) === sum
}

/** `length key=value\n` records (POSIX.1-2001 pax). */
function paxField(content: Buffer, key: string): string | undefined {
  return new RegExp(`(?:^|\\n)\\d+ ${key}=([^\\n]*)\\n`).exec(content.toString('utf8'))?.[1]
}
