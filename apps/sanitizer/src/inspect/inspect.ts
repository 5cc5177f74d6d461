import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { FileClass, FileReport } from '@drawbridge/contract'
import { classesOfExtension } from '@drawbridge/contract/file-extensions'
import type { Archive, Entry } from './archive.ts'
import { UnsafeArchive } from './archive.ts'
import { classesOfCompound } from './compound.ts'
import { detect } from './detect.ts'
import { type Kind, mayBeNamed, type Reader, ZIP_KINDS } from './kinds.ts'
import { extensionIn, isUnsafeName } from './names.ts'
import { readRar } from './rar.ts'
import { readSevenZip } from './seven-zip.ts'
import { readTar } from './tar.ts'
import { endsWithZip, readZip } from './zip.ts'

/** What one file may cost, archives in archives included. */
export interface InspectLimits {
  /** Archives in one another. */
  readonly maxDepth: number
  /** Files in all archives together. */
  readonly maxEntries: number
  /** Bytes that are unpacked to look into archives. */
  readonly maxUnpackedBytes: number
  /** Largest size when unpacked that a harmless archive announces, in bytes. */
  readonly maxAnnouncedBytes: number
}

export const INSPECT_LIMITS: InspectLimits = {
  maxDepth: 3,
  maxEntries: 10_000,
  maxUnpackedBytes: 256 * 1024 * 1024,
  maxAnnouncedBytes: 8 * 1024 * 1024 * 1024,
}

/** From this size on, an archive that is packed tighter than the ratio is a bomb and not a good compressor's work. */
const BOMB_BYTES = 256 * 1024 * 1024
const BOMB_RATIO = 200
const HEAD_BYTES = 65_536

/** What is spent of the limits. */
interface Budget {
  entries: number
  unpackedBytes: number
}

/** One file or entry and everything below it. */
interface Found {
  readonly kind: Kind
  readonly classes: Set<FileClass>
}

/**
 * What a file is and holds, by its content and, where a desktop goes by names, by its extension. Reads lists of archives
 * without unpacking, starts of the entries, and archives in archives within the limits. Never throws: what cannot be
 * understood is `unsafe-archive`.
 *
 * @param extension - of the file's name, in lower case and without the dot; empty when there is none.
 */
export function inspect(bytes: Buffer, extension: string, limits: InspectLimits = INSPECT_LIMITS): FileReport {
  const budget = { entries: limits.maxEntries, unpackedBytes: limits.maxUnpackedBytes }
  const { kind, classes } = look(bytes, extension, limits, budget, 0)
  if (!mayBeNamed(kind, extension)) classes.add('mismatch')
  return { kind: kind.name, classes: [...classes], entries: limits.maxEntries - budget.entries }
}

function look(bytes: Buffer, extension: string, limits: InspectLimits, budget: Budget, depth: number): Found {
  let kind = detect(bytes)
  const classes = new Set<FileClass>([...kind.classes, ...classesOfExtension(extension)])
  const add = (more: Iterable<FileClass>) => {
    for (const name of more) classes.add(name)
  }
  try {
    if (kind.reader === 'compound') {
      const compound = classesOfCompound(bytes, kind)
      kind = compound.kind
      add(compound.classes)
    } else if (kind.reader === 'gzip' || kind.reader === 'zstd') {
      add(lookInto(unpackStream(bytes, kind.reader, budget), limits, budget, depth))
    } else if (kind.reader) {
      const archive = READERS[kind.reader](bytes)
      if (kind.reader === 'zip') kind = zipKind(archive.entries, kind)
      add(kind.classes)
      add(walk(archive, bytes.length, limits, budget, depth))
    }
    // Two files in one: whoever opens it by its end sees another one.
    if (kind.reader !== 'zip' && !isZipKind(kind) && endsWithZip(bytes)) {
      classes.add('mismatch')
      add(walk(readZip(bytes), bytes.length, limits, budget, depth))
    }
  } catch {
    classes.add('unsafe-archive')
  }
  return { kind, classes }
}

const READERS: Readonly<Record<Exclude<Reader, 'gzip' | 'zstd' | 'compound'>, (bytes: Buffer) => Archive>> = {
  zip: readZip,
  tar: readTar,
  rar: readRar,
  'seven-zip': readSevenZip,
}

/** Classes of everything in an archive. */
function walk(archive: Archive, packedBytes: number, limits: InspectLimits, budget: Budget, depth: number) {
  const classes = new Set<FileClass>()
  if (archive.isEncrypted) classes.add('encrypted-archive')
  const announced = archive.entries.reduce((sum, { bytes }) => sum + bytes, 0)
  const isBomb = announced > BOMB_BYTES && announced / Math.max(1, packedBytes) > BOMB_RATIO
  if (isBomb || announced > limits.maxAnnouncedBytes) throw new UnsafeArchive('a bomb')
  for (const entry of archive.entries) {
    budget.entries -= 1
    if (budget.entries < 0) throw new UnsafeArchive('too many entries')
    if (isUnsafeName(entry.name) || (entry.link !== undefined && isUnsafeName(entry.link))) {
      throw new UnsafeArchive('a name that leaves the folder')
    }
    for (const name of lookAtEntry(entry, limits, budget, depth)) classes.add(name)
  }
  return classes
}

/**
 * Whether an entry looks encrypted or is not what its name says does not count: fonts, keys and caches in honest
 * documents look so. What it runs, holds or shows counts.
 */
function lookAtEntry(entry: Entry, limits: InspectLimits, budget: Budget, depth: number): Iterable<FileClass> {
  const extension = extensionIn(entry.name)
  if (!entry.read || entry.bytes === 0) return classesOfExtension(extension)
  const head = entry.read(HEAD_BYTES)
  const kind = detect(head)
  // Most entries are whole in their start, or nothing that has an inside.
  if (!kind.reader && !endsWithZip(head)) {
    return [...kind.classes, ...classesOfExtension(extension)].filter((name) => name !== 'opaque')
  }
  budget.unpackedBytes -= entry.bytes
  if (budget.unpackedBytes < 0) throw new UnsafeArchive('too much to look into')
  const found = lookInto(entry.read(entry.bytes), limits, budget, depth, extension)
  found.delete('opaque')
  return found
}

function lookInto(bytes: Buffer, limits: InspectLimits, budget: Budget, depth: number, extension = ''): Set<FileClass> {
  if (depth + 1 > limits.maxDepth) throw new UnsafeArchive('too deep')
  return look(bytes, extension, limits, budget, depth + 1).classes
}

/** Everything in a stream of one file. One that does not fit the budget is a bomb, or too much to look into. */
function unpackStream(bytes: Buffer, reader: 'gzip' | 'zstd', budget: Budget): Buffer {
  const unpack = reader === 'gzip' ? gunzipSync : zstdDecompressSync
  const unpacked = unpack(bytes, { maxOutputLength: Math.max(1, budget.unpackedBytes) })
  budget.unpackedBytes -= unpacked.length
  return unpacked
}

function isZipKind(kind: Kind): boolean {
  return (Object.values(ZIP_KINDS) as readonly Kind[]).includes(kind)
}

/** Documents and programs are known by files that they must have. */
function zipKind(entries: readonly Entry[], unread: Kind): Kind {
  const names = entries.map(({ name }) => name)
  const has = (pattern: RegExp) => names.some((name) => pattern.test(name))
  if (entries.length === 0) return unread === ZIP_KINDS.zip ? unread : ZIP_KINDS.zip
  if (has(/^androidmanifest\.xml$|^classes\d*\.dex$|\.apk$/i)) return ZIP_KINDS.apk
  if (has(/^appxmanifest\.xml$|^appxmetadata\//i)) return ZIP_KINDS.appx
  if (has(/^payload\/[^/]+\.app\//i)) return ZIP_KINDS.ipa
  if (has(/^meta-inf\/manifest\.mf$/i) || has(/\.class$/)) return ZIP_KINDS.jar
  if (has(/^\[content_types\]\.xml$/i)) {
    const hasMacros = has(/(?:^|\/)(?:vbaproject\.bin|vbadata\.xml|macrosheets\/|intlmacrosheets\/)/i)
    if (has(/^word\//i)) return hasMacros ? ZIP_KINDS.docm : ZIP_KINDS.docx
    if (has(/^xl\//i)) return hasMacros ? ZIP_KINDS.xlsm : ZIP_KINDS.xlsx
    if (has(/^ppt\//i)) return hasMacros ? ZIP_KINDS.pptm : ZIP_KINDS.pptx
    if (has(/^visio\//i)) return ZIP_KINDS.vsdx
  }
  const [first] = entries
  if (first?.name !== 'mimetype') return ZIP_KINDS.zip
  const type = first.read?.(128).toString('latin1') ?? ''
  if (type.startsWith('application/epub+zip')) return ZIP_KINDS.epub
  if (!type.startsWith('application/vnd.oasis.opendocument.')) return ZIP_KINDS.zip
  const isLocked = entries.some(
    ({ name, read, bytes }) => name === 'META-INF/manifest.xml' && read?.(bytes).includes('encryption-data'),
  )
  const extra: FileClass[] = []
  if (has(/^(?:basic|scripts)\/./i)) extra.push('macros')
  if (isLocked) extra.push('encrypted-archive')
  return extra.length === 0 ? ZIP_KINDS.odf : { ...ZIP_KINDS.odf, classes: [...ZIP_KINDS.odf.classes, ...extra] }
}
