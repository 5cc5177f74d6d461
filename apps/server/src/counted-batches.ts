import { isRefusedContent, uuidv7, writeOnce } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'

/** How often what was counted is written, in milliseconds. */
const FLUSH_MS = 5_000

export interface Counting<Batch> {
  readonly db: Db
  readonly log: Log
  readonly now: () => Date
  /** What is counted, for the log: `traffic`. */
  readonly what: string
  /** What was counted since it was asked for last; nothing when that is nothing. */
  cut(): Batch | undefined
  write(tx: Db, batch: Batch): Promise<void>
}

export interface CountedBatches extends AsyncDisposable {
  /** Writes what was counted until now. Never rejects; what cannot be written now is written later. */
  flush(): Promise<void>
}

/**
 * Writes what is counted in memory: every five seconds, a batch as a whole and once, whatever becomes of the connection. A
 * process that dies takes with it what it has not written. While the database is away there are two batches at most: the
 * one that is tried again as it was, and what is counted meanwhile.
 */
export function startCountedBatches<Batch>({ db, log, now, what, cut, write }: Counting<Batch>): CountedBatches {
  const writer = uuidv7()
  let number = 0
  let failed: Batch | undefined
  let last = Promise.resolve()
  let isWriting = false

  const put = async (batch: Batch, isAgain: boolean) => {
    failed = batch
    await writeOnce(db, { writer, number: isAgain ? number : ++number }, now(), (tx) => write(tx, batch))
    failed = undefined
  }
  const writeAll = async () => {
    isWriting = true
    try {
      if (failed !== undefined) await put(failed, true)
      const batch = cut()
      if (batch !== undefined) await put(batch, false)
    } catch (error) {
      const isHopeless = isRefusedContent(error)
      // Else nothing would be written any more.
      if (isHopeless) failed = undefined
      log[isHopeless ? 'error' : 'warn'](`what was counted is ${isHopeless ? 'lost' : 'written later'}`, {
        what,
        error: String(error),
      })
    } finally {
      isWriting = false
    }
  }
  const flush = () => (last = last.then(writeAll))
  const timer = setInterval(() => isWriting || void flush(), FLUSH_MS)
  return {
    flush,
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      await flush()
    },
  }
}
