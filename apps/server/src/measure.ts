import { SANDBOX_LEVELS, SANDBOX_PROBES, type Sanitize, type SandboxStatus } from '@drawbridge/contract'
import { countHeld, countOutbox, countPresenceRequests } from '@drawbridge/db'
import type { JOBS } from '@drawbridge/jobs'
import type { Log } from '@drawbridge/runtime'
import {
  JOB_STATES,
  observeSanitizer,
  setHeld,
  setJobs,
  setPending,
  setSandboxDenied,
  setSandboxLevel,
  setPresenceRequests,
  setSessions,
  setWaiting,
  setOutbox,
  setPushDevices,
} from './events.ts'
import type { Context } from './routing/feature.ts'
import { SESSION_QUEUES, setComponentQueue, setComponentUnsent, setSessionQueue, setUnsent } from './stream/metrics.ts'

/** The database is asked no more often than this, in milliseconds, however often somebody looks. */
const ASK_EVERY_MS = 10_000

/** Brings levels up to date; called when somebody looks at the metrics, so that they cost nothing meanwhile. */
export interface Measure {
  /** What this process knows, at once; and what the database knows, when the promise resolves. Never rejects. */
  (): Promise<void>
}

type Measured = Pick<Context, 'sessions' | 'writer' | 'db' | 'jobs' | 'pushTargets' | 'components'> & {
  /** See `Feature.measure`. */
  readonly measureFeatures: () => void
  /** Undefined while the sanitizer does not answer. */
  readonly sandbox: () => Promise<SandboxStatus | undefined>
}

export function createMeasure(
  { sessions, writer, db, jobs, pushTargets, components, sandbox, measureFeatures }: Measured,
  log: Log,
): Measure {
  const askHeld = nowAndThen(log, async () => setHeld((await countHeld(db)).count))
  const askJobs = nowAndThen(log, async () => {
    for (const [name, counts] of Object.entries(await jobs.counts())) {
      const job = name as (typeof JOBS)[number]['name']
      for (const state of JOB_STATES) setJobs({ job, state }, counts[state])
    }
  })
  const askOutbox = nowAndThen(log, async () => setOutbox(await countOutbox(db)))
  const askRequests = nowAndThen(log, async () => setPresenceRequests(await countPresenceRequests(db)))
  const askSandbox = nowAndThen(log, async () => {
    const now = await sandbox()
    for (const level of SANDBOX_LEVELS) setSandboxLevel({ level }, now?.level === level ? 1 : 0)
    for (const probe of SANDBOX_PROBES) setSandboxDenied({ probe }, now?.denied.includes(probe) ? 1 : 0)
  })
  return () => {
    let tcp = 0
    let websocket = 0
    let waiting = 0
    const queues = createLevels(SESSION_QUEUES)
    const unsent = createLevels(['bytes'])
    for (const session of sessions.all()) {
      const { connection } = session
      queues.add(session.waiting)
      unsent.add({ bytes: connection?.pendingBytes ?? 0 })
      if (!connection) waiting++
      else if (connection.framing === 'ws') websocket++
      else tcp++
    }
    const atComponents = { stanzas: 0, questions: 0, bytes: 0 }
    for (const { waiting: at } of components.links()) {
      atComponents.stanzas += at.stanzas
      atComponents.questions += at.questions
      atComponents.bytes += at.bytes
    }
    setComponentQueue({ queue: 'stanzas' }, atComponents.stanzas)
    setComponentQueue({ queue: 'questions' }, atComponents.questions)
    setComponentUnsent(atComponents.bytes)
    measureFeatures()
    setSessions({ transport: 'tcp' }, tcp)
    setSessions({ transport: 'websocket' }, websocket)
    setWaiting(waiting)
    setPending(writer.pending)
    setPushDevices(pushTargets.size)
    queues.tell((queue, of, value) => setSessionQueue({ queue, of }, value))
    unsent.tell((_bytes, of, value) => setUnsent({ of }, value))
    return Promise.all([askHeld(), askJobs(), askOutbox(), askRequests(), askSandbox()]).then(() => undefined)
  }
}

/** Sums, and the largest of each. */
function createLevels<Q extends string>(names: readonly Q[]) {
  const levels = names.map((name) => ({ name, all: 0, longest: 0 }))
  return {
    add(values: Readonly<Record<Q, number>>) {
      for (const level of levels) {
        level.all += values[level.name]
        level.longest = Math.max(level.longest, values[level.name])
      }
    },
    tell(set: (name: Q, of: 'all' | 'longest', value: number) => void) {
      for (const { name, all, longest } of levels) {
        set(name, 'all', all)
        set(name, 'longest', longest)
      }
    },
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
  return async (bytes, profile, options) => {
    const startedAt = performance.now()
    let outcome: 'clean' | 'refused' | 'not-an-image' | 'unavailable' = 'unavailable'
    try {
      const verdict = await sanitize(bytes, profile, options)
      outcome = verdict.outcome
      return verdict
    } finally {
      observeSanitizer({ outcome }, (performance.now() - startedAt) / 1_000)
    }
  }
}
