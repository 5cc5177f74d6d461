import { createHash } from 'node:crypto'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { UsageError } from '../command.ts'

/** Something below the directory that was named. */
export interface Entry {
  /** Relative to the directory. */
  readonly name: string
  readonly path: string
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
 * Of the tree, only one directory per level is held. Links are named, never followed.
 *
 * @param leftOut - directories that are not entered: what is written to is not read.
 */
export async function* walk(source: string, leftOut: readonly string[]): AsyncGenerator<Entry> {
  if ((await kindOf(source)) === 'file') {
    yield { name: basename(source), path: source, kind: 'file', output: bareName(basename(source)) }
    return
  }
  const real = await Promise.all(leftOut.map((path) => realpath(path)))
  yield* walkDirectory({ path: await realpath(source), name: '' }, new Set(real))
}

async function* walkDirectory(
  directory: { readonly path: string; readonly name: string },
  leftOut: ReadonlySet<string>,
): AsyncGenerator<Entry> {
  const entries = (await readdir(directory.path, { withFileTypes: true })).map((entry) => ({
    entry,
    // With its slash a directory stands where its files stand in a list of paths.
    key: entry.isDirectory() ? `${entry.name}/` : entry.name,
  }))
  entries.sort((a, b) => (a.key < b.key ? -1 : 1))
  const taken = new Set<string>()
  for (const { entry } of entries) {
    const path = join(directory.path, entry.name)
    const name = join(directory.name, entry.name)
    if (entry.isDirectory()) {
      if (!leftOut.has(path)) yield* walkDirectory({ path, name }, leftOut)
      continue
    }
    // Where two files differ in nothing but their extension, all but the first keep theirs.
    const bare = bareName(entry.name)
    const own = taken.has(bare) ? shortened(entry.name) : bare
    taken.add(own)
    const kind = entry.isFile() ? 'file' : entry.isSymbolicLink() ? 'link' : 'other'
    yield { name, path, kind, output: join(directory.name, own) }
  }
}

function bareName(file: string): string {
  return shortened(file.slice(0, file.length - extname(file).length) || file)
}

/** A name that is too long for another extension ends in what tells it from others that begin alike. */
function shortened(name: string): string {
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name
  const mark = createHash('sha256').update(name).digest('hex').slice(0, 16)
  let start = name.slice(0, MAX_NAME_BYTES)
  while (Buffer.byteLength(start) > MAX_NAME_BYTES - mark.length - 1) start = start.slice(0, -1)
  return `${start}~${mark}`
}
