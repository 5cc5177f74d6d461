import { crc32, deflateRawSync } from 'node:zlib'

/** One file of a ZIP to be built; what is not given is as an honest program writes it. */
export interface ZipEntry {
  readonly name: string
  readonly content?: Uint8Array | string
  /** Not packed. */
  readonly isStored?: boolean
  /** Name in front of the data, where it is another one than in the directory. */
  readonly localName?: string
  /** Announced size when unpacked. */
  readonly announcedBytes?: number
  readonly isEncrypted?: boolean
  /** A symbolic link; the content is its target. */
  readonly isLink?: boolean
  /** In the file, and not in the directory. */
  readonly isHidden?: boolean
}

/** A ZIP file, honest or not (PKWARE APPNOTE §4.3). */
export function buildZip(entries: readonly ZipEntry[], { before = Buffer.alloc(0) as Uint8Array } = {}): Buffer {
  const parts: Buffer[] = [Buffer.from(before)]
  const directory: Buffer[] = []
  let at = before.length
  for (const entry of entries) {
    const content = Buffer.from(entry.content ?? '')
    const packed = entry.isStored ? content : deflateRawSync(content)
    const local = Buffer.alloc(30)
    const localName = Buffer.from(entry.localName ?? entry.name)
    local.writeUInt32LE(0x04034b50)
    writeCommon(local, 4, entry, content, packed)
    local.writeUInt16LE(localName.length, 26)
    parts.push(local, localName, packed)
    if (!entry.isHidden) directory.push(centralOf(entry, content, packed, at))
    at += 30 + localName.length + packed.length
  }
  const directoryBytes = directory.reduce((sum, { length }) => sum + length, 0)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50)
  end.writeUInt16LE(directory.length, 8)
  end.writeUInt16LE(directory.length, 10)
  end.writeUInt32LE(directoryBytes, 12)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...parts, ...directory, end])
}

function centralOf(entry: ZipEntry, content: Buffer, packed: Buffer, at: number): Buffer {
  const name = Buffer.from(entry.name)
  const central = Buffer.alloc(46)
  central.writeUInt32LE(0x02014b50)
  central[4] = 20
  central[5] = 3
  writeCommon(central, 6, entry, content, packed)
  central.writeUInt16LE(name.length, 28)
  if (entry.isLink) central.writeUInt16LE(0xa1ff, 40)
  central.writeUInt32LE(at, 42)
  return Buffer.concat([central, name])
}

/** From "version needed" to the sizes: the same in both headers. */
function writeCommon(head: Buffer, at: number, entry: ZipEntry, content: Buffer, packed: Buffer): void {
  head.writeUInt16LE(20, at)
  head.writeUInt16LE(entry.isEncrypted ? 1 : 0, at + 2)
  head.writeUInt16LE(entry.isStored ? 0 : 8, at + 4)
  head.writeUInt32LE(crc32(content), at + 10)
  head.writeUInt32LE(packed.length, at + 14)
  head.writeUInt32LE(entry.announcedBytes ?? content.length, at + 18)
}

/** An Office document with a text, and with whatever else. */
export function buildOffice(folder: 'word' | 'xl' | 'ppt', more: readonly ZipEntry[] = []): Buffer {
  const types = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
  return buildZip([
    { name: '[Content_Types].xml', content: types },
    { name: `${folder}/document.xml`, content: '<w:document/>' },
    ...more,
  ])
}
