import type { Log } from '@drawbridge/runtime'
import { JOBS } from './declared.ts'
import { BadPayload, type Job } from './job.ts'
import type { EnqueueOutcome } from './jobs.ts'

/** A row of the outbox whose kind is the name of a job. */
export interface OutboxJob {
  readonly id: string
  readonly kind: string
  readonly payload: unknown
}

export interface RelayOptions {
  readonly jobs: { enqueue(job: Job, payload: unknown, id?: string): Promise<EnqueueOutcome> }
  /** Rows not done yet, of these kinds, oldest first, from after the row `after`. */
  list(kinds: readonly string[], limit: number, after?: string): Promise<readonly OutboxJob[]>
  /** Notes that rows are done. */
  markDone(ids: readonly string[]): Promise<void>
  readonly log: Log
  /** How often to look without being told. Default 1 s. */
  readonly pollMs?: number
  /** How often to enqueue again what is not done, in case the queue has lost it. Default 30 s. */
  readonly reconcileMs?: number
  /** For tests. Default: every job there is. */
  readonly declared?: readonly Job[]
}

/** Moves work from the outbox to the queue. */
export interface Relay extends AsyncDisposable {
  /** There may be new rows: look now. Resolves after that look. */
  poke(): Promise<void>
  close(): Promise<void>
}

const PAGE = 200

/**
 * Relays outbox rows to the queue, each as a job with the id of its row, so that relaying one twice makes one job. A row
 * is done when its job is (`WorkOptions.onSettled`), not when it is queued: the queue may be lost and is filled again
 * from here. Rows of other kinds are left alone.
 *
 * This package may not know the database, so the rows come through functions; the process that composes both passes
 * those of `packages/db`.
 */
export function relayOutbox(options: RelayOptions): Relay {
  const { log, pollMs = 1_000, reconcileMs = 30_000 } = options
  const declared = new Map((options.declared ?? JOBS).map((job: Job) => [job.name, job]))
  /** Rows in the queue, by our knowledge. Forgotten at each reconciliation. */
  const relayed = new Set<string>()
  let reconciledAt = performance.now()
  let isClosed = false

  async function look(): Promise<void> {
    if (performance.now() - reconciledAt > reconcileMs) {
      relayed.clear()
      reconciledAt = performance.now()
    }
    for (let after: string | undefined; !isClosed;) {
      const rows = await options.list([...declared.keys()], PAGE, after)
      const settled: string[] = []
      for (const row of rows) {
        if (relayed.has(row.id)) continue
        if (await isSettled(row)) settled.push(row.id)
        relayed.add(row.id)
      }
      if (settled.length > 0) await options.markDone(settled)
      if (rows.length < PAGE) return
      after = rows.at(-1)!.id
    }
  }

  /** Enqueues a row; true when its job has ended already, or can never be one. */
  async function isSettled({ id, kind, payload }: OutboxJob): Promise<boolean> {
    try {
      const outcome = await options.jobs.enqueue(declared.get(kind)!, payload, id)
      return outcome === 'done' || outcome === 'failed'
    } catch (error) {
      if (!(error instanceof BadPayload)) throw error
      log.error('a row of the outbox cannot become a job', { id, kind, error })
      return true
    }
  }

  let running: Promise<void> | undefined
  let isAskedAgain = false
  const poke = (): Promise<void> => {
    if (running) {
      isAskedAgain = true
      return running
    }
    running = (async () => {
      do {
        isAskedAgain = false
        try {
          await look()
        } catch (error) {
          if (!isClosed) log.warn('the outbox cannot be relayed', { error })
        }
      } while (isAskedAgain && !isClosed)
      running = undefined
    })()
    return running
  }
  const timer = setInterval(() => void poke(), pollMs)
  const close = async () => {
    isClosed = true
    clearInterval(timer)
    await running
  }
  return { poke, close, [Symbol.asyncDispose]: close }
}
