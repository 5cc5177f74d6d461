import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Refused } from '../command.ts'

interface Holder {
  readonly pid: number
  /** Tells a process from a later one with the same id; absent where the system does not tell. */
  readonly startedAt?: string
}

/**
 * Takes the lock of a data directory: two servers on one would destroy each other's files. A lock whose process is gone
 * is taken over.
 *
 * @returns a function that gives the lock back.
 * @throws Refused when another process holds it.
 */
export function takeLock(path: string, dataDir: string): () => void {
  const startedAt = startOf(process.pid)
  const own: Holder = { pid: process.pid, ...(startedAt !== undefined && { startedAt }) }
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(path, JSON.stringify(own), { flag: 'wx', mode: 0o600 })
      return () => rmSync(path, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const holder = readLock(path)
      if (holder) throw new Refused(`Drawbridge is already running on ${dataDir} (process ${holder.pid}).`)
      rmSync(path, { force: true })
    }
  }
  throw new Refused(`Another process is starting on ${dataDir} at this moment.`)
}

/** Who holds the lock now; undefined when nobody does, also when the holder died without giving it back. */
export function readLock(path: string): Holder | undefined {
  let holder: Holder
  try {
    holder = JSON.parse(readFileSync(path, 'utf8')) as Holder
  } catch {
    return undefined
  }
  if (!Number.isInteger(holder.pid) || !isAlive(holder.pid)) return undefined
  return holder.startedAt === startOf(holder.pid) ? holder : undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Start of a process in clock ticks after boot: field 22 of /proc/PID/stat, counted behind the name in parentheses. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
