import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { ReadStream } from 'node:fs'
import { open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

/** Reason of an upload that was refused because the disk was full. */
export const NO_ROOM = 'no-room'

/** Whether a fault says that there is no room for more. */
export function isDiskFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT'
}

/** Where files are kept. No HTTP route reaches `quarantine`. */
export interface BlobFolders {
  readonly quarantine: string
  readonly clean: string
}

/** Files as they arrive, and files that may leave. */
export interface Blobs {
  readonly quarantine: {
    /** Opens a new file, readable by this server only. Rejects with EEXIST when the id is taken. */
    create(id: string): Promise<FileHandle>
    /** Nothing when there is no such file. */
    read(id: string, signal?: AbortSignal): Promise<Buffer | undefined>
    /** Size in bytes; nothing when there is no such file. */
    size(id: string): Promise<number | undefined>
    remove(id: string): Promise<void>
    list(): Promise<string[]>
  }
  readonly clean: {
    /** Stores the bytes under their SHA-256, which it returns, once they are on the disk. Storing twice changes nothing. */
    write(bytes: Uint8Array): Promise<Buffer>
    /** Nothing when there is no such file. */
    read(sha256: Uint8Array): Promise<{ readonly bytes: number; stream(): ReadStream } | undefined>
    /** SHA-256 of each file not touched since `before`; leftovers of unfinished writes are removed on the way. */
    listOlder(before: Date): Promise<Buffer[]>
    remove(sha256: Uint8Array): Promise<void>
  }
}

/** Blobs in the file system. */
export function createFileBlobs(folders: BlobFolders): Blobs {
  const quarantined = (id: string) => join(folders.quarantine, id)
  const stored = (sha256: Uint8Array) => join(folders.clean, Buffer.from(sha256).toString('hex'))
  return {
    quarantine: {
      create: (id) => open(quarantined(id), 'wx', 0o600),
      read: (id, signal) => orAbsent(readFile(quarantined(id), signal ? { signal } : {})),
      size: async (id) => (await orAbsent(stat(quarantined(id))))?.size,
      remove: (id) => rm(quarantined(id), { force: true }),
      list: () => readdir(folders.quarantine),
    },
    clean: {
      async write(bytes) {
        const sha256 = createHash('sha256').update(bytes).digest()
        const path = stored(sha256)
        const now = new Date()
        // The time says that somebody is about to refer to it, so that no sweep takes it away.
        if ((await orAbsent(utimes(path, now, now).then(() => true))) === true) return sha256
        await writeDurably(folders.clean, path, bytes)
        return sha256
      },
      async read(sha256) {
        const path = stored(sha256)
        const found = await orAbsent(stat(path))
        return found && { bytes: found.size, stream: () => createReadStream(path) }
      },
      async listOlder(before) {
        const older: Buffer[] = []
        for (const name of await readdir(folders.clean)) {
          const found = await orAbsent(stat(join(folders.clean, name)))
          if (!found?.isFile() || found.mtime >= before) continue
          if (/^[0-9a-f]{64}$/.test(name)) older.push(Buffer.from(name, 'hex'))
          else if (name.endsWith('.part')) await rm(join(folders.clean, name), { force: true })
        }
        return older
      },
      remove: (sha256) => rm(stored(sha256), { force: true }),
    },
  }
}

/** A file is whole or not there: written aside, flushed, renamed, and the name flushed (images §2). */
async function writeDurably(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString('hex')}.part`
  try {
    const file = await open(aside, 'wx', 0o600)
    try {
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(aside, path)
  } catch (error) {
    await rm(aside, { force: true })
    throw error
  }
  const directory = await open(folder)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function orAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
