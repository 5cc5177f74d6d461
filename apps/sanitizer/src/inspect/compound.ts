import type { FileClass } from '@drawbridge/contract'
import { UnsafeArchive } from './archive.ts'
import { type Kind, MSI } from './kinds.ts'

// Compound files (MS-CFB): Office before 2007, mails of Outlook, installers, and every encrypted Office file.

const END = 0xffff_fffe
const FREE = 0xffff_ffff
const ENTRY_BYTES = 128
const MAX_STREAMS = 65_536
const MSI_CLSID = '84100c0000000000c000000000000046'

/** Streams and storages that tell what a compound file is; names are compared in lower case. */
const SIGNS: readonly { readonly name: RegExp; readonly classes: readonly FileClass[] }[] = [
  { name: /^encryptedpackage$/, classes: ['encrypted-archive'] },
  { name: /^(?:_vba_project|_vba_project_cur|vba|macros)$/, classes: ['macros'] },
  // "Package": any file at all, behind an icon.
  { name: /^\u0001ole10native$/, classes: ['unreadable-archive'] },
  { name: /^__attach_version1\.0_/, classes: ['unreadable-archive'] },
]

/** What a compound file holds, by the names of its streams. */
export function classesOfCompound(bytes: Buffer, kind: Kind): { kind: Kind; classes: readonly FileClass[] } {
  const { names, clsid } = readDirectory(bytes)
  if (clsid === MSI_CLSID) return { kind: MSI, classes: MSI.classes }
  const found = SIGNS.filter(({ name }) => names.some((stream) => name.test(stream)))
  return { kind, classes: [...kind.classes, ...found.flatMap(({ classes }) => classes)] }
}

function readDirectory(bytes: Buffer): { names: string[]; clsid: string } {
  const shift = bytes.readUInt16LE(30)
  if (shift !== 9 && shift !== 12) throw new UnsafeArchive('sectors of a strange size')
  const sectorBytes = 2 ** shift
  const sectorAt = (sector: number) => (sector + 1) * sectorBytes
  const table = readTable(bytes, sectorBytes)
  const names: string[] = []
  let clsid = ''
  const seen = new Set<number>()
  for (let sector = bytes.readUInt32LE(48); sector !== END; sector = table(sector)) {
    if (seen.has(sector)) throw new UnsafeArchive('a chain without an end')
    seen.add(sector)
    for (let at = sectorAt(sector); at < sectorAt(sector) + sectorBytes; at += ENTRY_BYTES) {
      const nameBytes = bytes.readUInt16LE(at + 64)
      if (bytes[at + 66] === 0) continue
      if (nameBytes < 2 || nameBytes > 64) throw new UnsafeArchive('a name of a strange length')
      if (names.length === 0) clsid = bytes.toString('hex', at + 80, at + 96)
      names.push(bytes.toString('utf16le', at, at + nameBytes - 2).toLowerCase())
      if (names.length > MAX_STREAMS) throw new UnsafeArchive('too many streams')
    }
  }
  return { names, clsid }
}

/** Which sector follows which (§2.3, §2.5). */
function readTable(bytes: Buffer, sectorBytes: number): (sector: number) => number {
  const perSector = sectorBytes / 4
  const parts: number[] = []
  for (let n = 0; n < 109; n++) parts.push(bytes.readUInt32LE(76 + 4 * n))
  const seen = new Set<number>()
  for (let next = bytes.readUInt32LE(68); next !== END && next !== FREE;) {
    if (seen.has(next)) throw new UnsafeArchive('a chain without an end')
    seen.add(next)
    const at = (next + 1) * sectorBytes
    for (let n = 0; n < perSector - 1; n++) parts.push(bytes.readUInt32LE(at + 4 * n))
    next = bytes.readUInt32LE(at + sectorBytes - 4)
  }
  return (sector) => {
    const part = parts[Math.floor(sector / perSector)]
    if (part === undefined || part === FREE) throw new UnsafeArchive('a chain into nothing')
    return bytes.readUInt32LE((part + 1) * sectorBytes + 4 * (sector % perSector))
  }
}
