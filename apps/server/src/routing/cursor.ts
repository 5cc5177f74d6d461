import { noteDelivered } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import type { ArchivedAt } from './outgoing.ts'

/** How long it may stay in memory what was handed over. A crash in between repeats it on the next sign-in, and loses nothing. */
const FLUSH_MS = 250

/** Remembers which messages of each archive were handed to some device (XEP-0160 over the archive). */
export interface OfflineCursors {
  handed(at: ArchivedAt): void
  /** Resolves when what was handed to this owner's devices is written: whoever comes next is not given it again. */
  settle(owner: string): Promise<void>
  /** Writes what was handed over; for shutdown. Never rejects. */
  flush(): Promise<void>
}

/** Collects what was handed over and writes it together. */
export function createOfflineCursors(db: Db, log: Log): OfflineCursors {
  let collected = new Map<string, Set<number>>()
  let writing = new Map<string, Set<number>>()
  let last: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  const write = async () => {
    clearTimeout(timer)
    timer = undefined
    if (collected.size === 0) return
    writing = collected
    collected = new Map()
    try {
      await noteDelivered(db, writing)
    } catch (error) {
      log.warn('offline cursors were not written; they are tried again', { error: String(error) })
      for (const [owner, positions] of writing) for (const position of positions) handed({ owner, position })
    } finally {
      writing = new Map()
    }
  }
  const flush = () => (last = last.then(write))
  const handed = ({ owner, position }: ArchivedAt) => {
    const positions = collected.get(owner)
    if (positions) positions.add(position)
    else collected.set(owner, new Set([position]))
    timer ??= setTimeout(() => void flush(), FLUSH_MS)
  }
  const settle = async (owner: string) => {
    if (collected.has(owner)) await flush()
    else if (writing.has(owner)) await last
  }
  return { handed, settle, flush }
}
