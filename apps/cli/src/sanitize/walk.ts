import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { UsageError } from '../command.ts'

/** Something below the directory that was named. */
export interface Entry {
  /** Relative to the directory; bytes that are no UTF-8 as `\xff`. */
  readonly name: string
  /** The same as the file system has it, where `name` is not the same. */
  readonly rawName: Buffer | undefined
  readonly path: Buffer
  /** Links and whatever else is neither file nor directory are not read. */
  readonly kind: 'file' | 'link' | 'other'
  /** What its clean image is called, without an extension: the encoder decides on that. */
  readonly output: string
}

/** File systems allow 255 bytes in a name; the extension, and what is added while it is written, must fit as well. */
const MAX_NAME_BYTES = 240

/** What the path that was typed is. @throws UsageError when nothing can be read there. */
export async function kindOf(source: string): Promise<'file' | 'directory'> {
  const info = await stat(source).catch(() => undefined)
  if (info === undefined) throw new UsageError(`${source} does not exist.`)
  if (info.isFile()) return 'file'
  if (info.isDirectory()) return 'directory'
  throw new UsageError(`${source} is neither a file nor a directory.`)
}

/**
 * A file, or every entry below a directory, in the order of their paths: the same directory always gives the same list.
 * Of the tree, only one directory per level is held. Links are named, never followed. A name may be any bytes.
 *
 * @param leftOut - directories that are not entered: what is written to is not read.
 */
export async function* walk(source: string, leftOut: readonly string[]): AsyncGenerator<Entry> {
  if ((await kindOf(source)) === 'file') {
    const name = basename(source)
    yield { name, rawName: undefined, path: Buffer.from(source), kind: 'file', output: bareName(name) }
    return
  }
  const real = await Promise.all(leftOut.map((path) => realpath(path)))
  const top = { path: Buffer.from(await realpath(source)), rawName: Buffer.alloc(0), output: '' }
  yield* walkDirectory(top, new Set(real.map((path) => Buffer.from(path).toString('latin1'))))
}

interface Directory {
  readonly path: Buffer
  readonly rawName: Buffer
  /** Where its clean images are. */
  readonly output: string
}

async function* walkDirectory(directory: Directory, leftOut: ReadonlySet<string>): AsyncGenerator<Entry> {
  const all = await readdir(directory.path, { withFileTypes: true, encoding: 'buffer' })
  const entries = all.map((entry) => {
    const own = nameOf(entry.name)
    // With its slash a directory stands where its files stand in a list of paths.
    return { entry, own, key: entry.isDirectory() ? `${own}/` : own }
  })
  entries.sort((a, b) => (a.key === b.key ? Buffer.compare(a.entry.name, b.entry.name) : a.key < b.key ? -1 : 1))
  const taken = new Set<string>()
  for (const { entry, own } of entries) {
    const path = joined(directory.path, entry.name)
    const rawName = directory.rawName.length === 0 ? entry.name : joined(directory.rawName, entry.name)
    // A name that is made up is nobody else's.
    const written = isUtf8(entry.name) ? own : marked(own, entry.name)
    if (entry.isDirectory()) {
      const below = { path, rawName, output: join(directory.output, written) }
      if (!leftOut.has(path.toString('latin1'))) yield* walkDirectory(below, leftOut)
      continue
    }
    // Where two files differ in nothing but their extension, all but the first keep theirs.
    const bare = isUtf8(entry.name) ? bareName(own) : written
    const free = taken.has(bare) ? shortened(written) : bare
    taken.add(free)
    yield {
      name: nameOf(rawName),
      rawName: isUtf8(rawName) ? undefined : rawName,
      path,
      kind: entry.isFile() ? 'file' : entry.isSymbolicLink() ? 'link' : 'other',
      output: join(directory.output, free),
    }
  }
}

const joined = (directory: Buffer, name: Buffer) => Buffer.concat([directory, Buffer.from('/'), name])

/** A name as text: each byte that is no UTF-8 stands as `\xff`. */
function nameOf(raw: Buffer): string {
  if (isUtf8(raw)) return raw.toString()
  let text = ''
  for (let at = 0; at < raw.length;) {
    const length = characterLength(raw, at)
    text += length > 0 ? raw.toString('utf8', at, at + length) : `\\x${raw.toString('hex', at, at + 1)}`
    at += Math.max(length, 1)
  }
  return text
}

/** Of the character that begins here, in bytes; 0 where none does. */
function characterLength(raw: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= raw.length; length++) {
    if (isUtf8(raw.subarray(at, at + length))) return length
  }
  return 0
}

function bareName(file: string): string {
  return shortened(file.slice(0, file.length - extname(file).length) || file)
}

/** A name that is too long for another extension ends in what tells it from others that begin alike. */
function shortened(name: string): string {
  return Buffer.byteLength(name) <= MAX_NAME_BYTES ? name : marked(name, name)
}

/** A name, or the beginning of it, with what tells it from others. @param whole - what is told. */
function marked(name: string, whole: string | Buffer): string {
  const mark = createHash('sha256').update(whole).digest('hex').slice(0, 16)
  let start = name.slice(0, MAX_NAME_BYTES)
  while (Buffer.byteLength(start) > MAX_NAME_BYTES - mark.length - 1) start = start.slice(0, -1)
  return `${start}~${mark}`
}
