import { advanceOfflineCursors } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import type { ArchivedAt } from './outgoing.ts'

/** How long a moved cursor may stay in memory. A crash in between repeats messages on the next sign-in, and loses none. */
const FLUSH_MS = 250

/** Remembers up to which message each archive was handed to some device (XEP-0160 over the archive). */
export interface OfflineCursors {
  handed(at: ArchivedAt): void
  /** Writes what has moved; for shutdown. */
  flush(): Promise<void>
}

/** Collects moved cursors and writes them together. */
export function createOfflineCursors(db: Db, log: Log): OfflineCursors {
  let moved = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  const flush = async () => {
    clearTimeout(timer)
    timer = undefined
    if (moved.size === 0) return
    const batch = moved
    moved = new Map()
    try {
      await advanceOfflineCursors(db, batch)
    } catch (error) {
      log.warn('offline cursors were not written; they are tried again', { error: String(error) })
      for (const [owner, position] of batch) handed({ owner, position })
    }
  }
  const handed = ({ owner, position }: ArchivedAt) => {
    if (position > (moved.get(owner) ?? 0)) moved.set(owner, position)
    timer ??= setTimeout(() => void flush(), FLUSH_MS)
  }
  return { handed, flush }
}
