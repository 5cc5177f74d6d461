import { advanceOfflineCursors } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import type { ArchivedAt } from './outgoing.ts'

/** How long a moved cursor may stay in memory. A crash in between repeats messages on the next sign-in, and loses none. */
const FLUSH_MS = 250

/** Remembers up to which message each archive was handed to some device (XEP-0160 over the archive). */
export interface OfflineCursors {
  handed(at: ArchivedAt): void
  /** Resolves when what was handed to this owner's devices is written: whoever comes next is not given it again. */
  settle(owner: string): Promise<void>
  /** Writes what has moved; for shutdown. Never rejects. */
  flush(): Promise<void>
}

/** Collects moved cursors and writes them together. */
export function createOfflineCursors(db: Db, log: Log): OfflineCursors {
  let moved = new Map<string, number>()
  let writing = new Map<string, number>()
  let last: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  const write = async () => {
    clearTimeout(timer)
    timer = undefined
    if (moved.size === 0) return
    writing = moved
    moved = new Map()
    try {
      await advanceOfflineCursors(db, writing)
    } catch (error) {
      log.warn('offline cursors were not written; they are tried again', { error: String(error) })
      for (const [owner, position] of writing) handed({ owner, position })
    } finally {
      writing = new Map()
    }
  }
  const flush = () => (last = last.then(write))
  const handed = ({ owner, position }: ArchivedAt) => {
    if (position > (moved.get(owner) ?? 0)) moved.set(owner, position)
    timer ??= setTimeout(() => void flush(), FLUSH_MS)
  }
  const settle = async (owner: string) => {
    if (moved.has(owner)) await flush()
    else if (writing.has(owner)) await last
  }
  return { handed, settle, flush }
}
