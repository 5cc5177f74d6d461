import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { StorageFull } from './object-store.ts'
import type { ObjectStore } from './object-store.ts'

export interface FileStoreOptions {
  /** A key is a path below it. */
  readonly root: string
  /** Where files are written before they get their name; on the same file system. */
  readonly aside: string
}

/** Objects as files, readable by this server only. */
export function createFileStore({ root, aside }: FileStoreOptions): ObjectStore {
  const pathOf = (key: string) => join(root, key)
  return {
    async put(key, bytes) {
      const path = join(aside, randomBytes(16).toString('hex'))
      try {
        await withFile(path, async (file) => {
          await file.writeFile(bytes)
          await file.sync()
        })
        await moveDurably(path, pathOf(key))
      } catch (error) {
        await rm(path, { force: true })
        throw asFull(error)
      }
    },
    take: (key, path) => moveDurably(path, pathOf(key)),
    async find(key) {
      const path = pathOf(key)
      const found = await orAbsent(stat(path))
      if (!found?.isFile()) return undefined
      return { bytes: found.size, read: (range) => createReadStream(path, range ?? {}) }
    },
    remove: (key) => rm(pathOf(key), { force: true }),
    async *list(prefix) {
      for (const name of (await orAbsent(readdir(pathOf(prefix)))) ?? []) {
        const found = await orAbsent(stat(pathOf(prefix + name)))
        if (found?.isFile()) yield { key: prefix + name, storedAt: found.mtime }
      }
    },
  }
}

/** Writes a new file, flushed before this resolves; nothing is left of one that failed. */
export async function withFile<T>(
  path: string,
  write: (file: Awaited<ReturnType<typeof open>>) => Promise<T>,
): Promise<T> {
  const file = await open(path, 'wx', 0o600)
  try {
    return await write(file)
  } finally {
    await file.close()
  }
}

/** A file is whole or not there: it was written aside and flushed; now it gets its name, and the name is flushed. */
async function moveDurably(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw asFull(error)
    await mkdir(dirname(to), { recursive: true, mode: 0o700 })
    await rename(from, to)
  }
  const directory = await open(dirname(to))
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** A fault that says that there is no room, as one that everybody knows. */
export function asFull(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT' ? new StorageFull(error) : error
}

async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
