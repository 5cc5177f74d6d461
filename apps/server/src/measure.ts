import type { Sanitize } from '@drawbridge/contract'
import { countHeld } from '@drawbridge/db'
import type { JOBS } from '@drawbridge/jobs'
import type { Log } from '@drawbridge/runtime'
import { JOB_STATES, observeSanitizer, setHeld, setJobs, setPending, setSessions, setWaiting } from './events.ts'
import type { Context } from './routing/feature.ts'

/** The database is asked no more often than this, in milliseconds, however often somebody looks. */
const ASK_EVERY_MS = 10_000

/** Brings levels up to date; called when somebody looks at the metrics, so that they cost nothing meanwhile. */
export interface Measure {
  /** What this process knows, at once; and what the database knows, when the promise resolves. Never rejects. */
  (): Promise<void>
}

export function createMeasure(
  { sessions, writer, db, jobs }: Pick<Context, 'sessions' | 'writer' | 'db' | 'jobs'>,
  log: Log,
): Measure {
  const askHeld = nowAndThen(log, async () => setHeld((await countHeld(db)).count))
  const askJobs = nowAndThen(log, async () => {
    for (const [name, counts] of Object.entries(await jobs.counts())) {
      const job = name as (typeof JOBS)[number]['name']
      for (const state of JOB_STATES) setJobs({ job, state }, counts[state])
    }
  })
  return () => {
    let tcp = 0
    let websocket = 0
    let waiting = 0
    for (const { connection } of sessions.all()) {
      if (!connection) waiting++
      else if (connection.framing === 'ws') websocket++
      else tcp++
    }
    setSessions({ transport: 'tcp' }, tcp)
    setSessions({ transport: 'websocket' }, websocket)
    setWaiting(waiting)
    setPending(writer.pending)
    return Promise.all([askHeld(), askJobs()]).then(() => undefined)
  }
}

/** Work that is not begun again while it is under way, nor too soon. Its faults are logged. */
function nowAndThen(log: Log, work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let startedAt = Number.NEGATIVE_INFINITY
  return () => {
    if (running) return running
    if (performance.now() - startedAt < ASK_EVERY_MS) return Promise.resolve()
    startedAt = performance.now()
    running = work()
      .catch((error: unknown) => log.warn('a metric could not be brought up to date', { error: String(error) }))
      .finally(() => (running = undefined))
    return running
  }
}

/** The same, with its answers timed. What the asker gave up itself counts as `unavailable`, too. */
export function timed(sanitize: Sanitize): Sanitize {
  return async (bytes, profile, signal) => {
    const startedAt = performance.now()
    let outcome: 'clean' | 'refused' | 'not-an-image' | 'unavailable' = 'unavailable'
    try {
      const verdict = await sanitize(bytes, profile, signal)
      outcome = verdict.outcome
      return verdict
    } finally {
      observeSanitizer({ outcome }, (performance.now() - startedAt) / 1_000)
    }
  }
}
