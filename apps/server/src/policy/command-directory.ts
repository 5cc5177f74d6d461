import type { Log } from '@drawbridge/runtime'
import { watch } from 'node:fs'
import { mkdir, open, readdir, rename } from 'node:fs/promises'
import { constants } from 'node:fs'
import { join } from 'node:path'

/** How often it is looked, where the system tells nothing of changes. */
const LOOK_MS = 1_000
/** More than a token with a line around it. */
const MAX_BYTES = 4_096
/** Files of one look; the rest is for the next. */
const MAX_FILES = 100
/** Who uses a token that is put there, as the audit log shows it: whoever may write there. */
export const COMMAND_FILE = 'local:commands'
/** What we have looked at. */
const DONE = /\.(?:done|refused)$/u

/**
 * Takes tokens that are put into a directory as files (row 47): for whoever cannot reach the local socket. A file is
 * renamed to `.done` or `.refused`. What it says counts, not who put it there: an operator may open the directory to others.
 *
 * @param take - rejects when the text is no good
 */
export async function watchCommands(
  directory: string,
  take: (text: string) => Promise<unknown>,
  log: Log,
): Promise<{ close(): Promise<void> }> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  let looking: Promise<void> | undefined
  const takeFile = async (name: string) => {
    const path = join(directory, name)
    let outcome = 'done'
    try {
      await take(await readSmall(path))
      log.warn('a command file was carried out', { name })
    } catch (error) {
      outcome = 'refused'
      log.warn('a command file was refused', { name, error: error instanceof Error ? error.message : String(error) })
    }
    await rename(path, `${path}.${outcome}`)
  }
  const look = async () => {
    const names = (await readdir(directory)).filter((name) => !name.startsWith('.') && !DONE.test(name)).toSorted()
    for (const name of names.slice(0, MAX_FILES)) await takeFile(name)
  }
  const lookNow = () => {
    looking ??= look()
      .catch((error: unknown) => log.debug('the directory of commands cannot be read', { error: String(error) }))
      .finally(() => (looking = undefined))
  }
  const timer = setInterval(lookNow, LOOK_MS)
  const watcher = watch(directory, lookNow)
  watcher.on('error', (error) => log.debug('the directory of commands is not watched', { error: String(error) }))
  lookNow()
  return {
    async close() {
      clearInterval(timer)
      watcher.close()
      await looking
    },
  }
}

/** A regular file, not what a link or a pipe leads to. */
async function readSmall(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw new Error('It is not a file.')
    if (stats.size > MAX_BYTES) throw new Error('It is too large.')
    return await file.readFile('utf8')
  } finally {
    await file.close()
  }
}
