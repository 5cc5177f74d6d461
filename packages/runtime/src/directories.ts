import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a directory and those above it that are missing, each with `mode` less the umask; one that exists stays as it
 * is. Node's `recursive` is not used: it never returns where mkdir answers ENOENT below a parent that exists, as in /proc.
 *
 * @throws Error of node:fs when one cannot be made, or when a file stands in its place.
 */
export function makeDirectory(path: string, mode = 0o777): void {
  const missing: string[] = []
  for (let at = resolve(path); !isThere(at) && at !== dirname(at); at = dirname(at)) missing.unshift(at)
  // Made once more when nothing is missing, so that a file in its place is told as EEXIST.
  for (const directory of missing.length === 0 ? [resolve(path)] : missing) {
    try {
      mkdirSync(directory, { mode })
    } catch (error) {
      // Somebody else made it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !isDirectory(directory)) throw error
    }
  }
}

/** Why a directory cannot be made or written, to follow "it" in a sentence. */
export function whyNotWritable(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return 'is not writable by this account'
  if (code === 'ENOENT') return 'cannot be made where it is'
  if (code === 'EEXIST' || code === 'ENOTDIR') return 'is a file, or below a file'
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'is on a full disk'
  return message
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
