import type { Log } from '@drawbridge/runtime'
import { type Job as StoredJob, UnrecoverableError } from 'bullmq'
import { type Backend, type JobQueue, type JobWorker, postgresBackend, redisBackend } from './backend.ts'
import { type Handlers, JOBS } from './declared.ts'
import { BadPayload, GiveUp, type Handler, type Job, parsePayload } from './job.ts'

// A worker that died is noticed when its lock has run out and two sweeps have passed: 3 + 2 × 1.5 s at most. A process
// that does not come to its timers for 3 s loses its jobs to another one, which is safe, as every job may run twice.
const LOCK_MS = 3_000
const STALLED_INTERVAL_MS = 1_500

// Finished jobs stay a while: a row of the outbox that is relayed again finds its job done.
const KEEP_DONE = { age: 3_600, count: 1_000 }
const KEEP_FAILED = { age: 7 * 86_400, count: 1_000 }

export interface JobsOptions<Declared extends readonly Job[] = typeof JOBS> {
  readonly databaseUrl: string
  /** Given: jobs are queued in Redis or Valkey instead of PostgreSQL. */
  readonly redisUrl?: string | undefined
  readonly log: Log
  /** For tests. Default: every job there is. */
  readonly declared?: Declared
}

export interface WorkOptions {
  /**
   * Told when a job that was enqueued with an id is done, or has failed for good. The job ends when this resolves; when
   * it rejects, the job is tried again.
   */
  readonly onSettled?: (id: string, outcome: 'done' | 'failed') => Promise<void>
}

/** What became of an `enqueue`: `failed` and `done` when a job with this id has been through already. */
export type EnqueueOutcome = 'added' | 'exists' | 'done' | 'failed'

export interface JobCounts {
  readonly waiting: number
  readonly active: number
  readonly delayed: number
  readonly failed: number
}

/** Enqueues and does jobs. */
export interface Jobs<Declared extends readonly Job[] = typeof JOBS> extends AsyncDisposable {
  /**
   * Adds a job. Rejects with BadPayload, or when the store is away. A job that must not be lost is an outbox row instead:
   * see `relayOutbox`.
   *
   * @param id - makes it the same job when enqueued again, within an hour of its end.
   */
  enqueue<J extends Declared[number]>(job: J, payload: PayloadIn<J>, id?: string): Promise<EnqueueOutcome>
  /** Starts doing jobs. Resolves when the workers are ready. @throws Error when called twice. */
  work(handlers: Handlers<Declared>, options?: WorkOptions): Promise<void>
  /** How many jobs there are in each state, by name. */
  counts(): Promise<Record<Declared[number]['name'], JobCounts>>
  /** Takes no more jobs, lets the running ones end for `graceMs` (default 5 s), then aborts them: they run again later. */
  close(graceMs?: number): Promise<void>
}

type PayloadIn<J> = J extends Job<string, infer Payload> ? Payload : never

/** Opens each queue when it is used first. A store that is away only delays. */
export function createJobs<const Declared extends readonly Job[] = typeof JOBS>(
  options: JobsOptions<Declared>,
): Jobs<Declared> {
  const { databaseUrl, redisUrl, log } = options
  const declared: readonly Job[] = options.declared ?? JOBS
  const onError = (error: unknown) => log.warn('the job queue cannot be reached', { error })
  const backend = redisUrl === undefined ? postgresBackend(databaseUrl, onError) : redisBackend(redisUrl, onError)
  const queues = new Map<string, JobQueue>()
  const queueOf = ({ name }: Pick<Job, 'name'>) => {
    if (!declared.some((job) => job.name === name)) throw new Error(`job ${name} is not declared`)
    const queue = queues.get(name) ?? backend.queue(name)
    queues.set(name, queue)
    return queue
  }
  const stopping = new AbortController()
  let workers: JobWorker[] | undefined
  let closing: Promise<void> | undefined

  async function enqueue(job: Job, payload: unknown, id?: string): Promise<EnqueueOutcome> {
    const checked = parsePayload(job, payload)
    const queue = queueOf(job)
    // BullMQ takes no numbers as ids, and a colon divides its keys.
    const jobId = id === undefined ? undefined : `id-${id}`
    const known = jobId === undefined ? undefined : await queue.getJob(jobId)
    if (known) return outcomeOf(await known.getState())
    const key = job.dedupe?.(checked)
    const added = await queue.add(job.name, checked, {
      attempts: job.attempts,
      backoff: { type: 'exponential', delay: job.backoffMs },
      removeOnComplete: KEEP_DONE,
      removeOnFail: KEEP_FAILED,
      ...(jobId !== undefined && { jobId }),
      ...(key !== undefined && { deduplication: { id: key } }),
    })
    return jobId === undefined || added.id === jobId ? 'added' : 'exists'
  }

  async function work(handlers: Handlers<Declared>, workOptions: WorkOptions = {}): Promise<void> {
    if (workers) throw new Error('jobs are being done already')
    const byName = new Map(Object.entries(handlers as Readonly<Record<string, Handler<unknown>>>))
    const missing = declared.filter(({ name }) => !byName.has(name)).map(({ name }) => name)
    const unknown = [...byName.keys()].filter((name) => !declared.some((job) => job.name === name))
    if (missing.length > 0) throw new Error(`jobs without a handler: ${missing.join(', ')}`)
    if (unknown.length > 0) throw new Error(`handlers without a job: ${unknown.join(', ')}`)
    const run = { backend, stopping: stopping.signal, log, ...workOptions }
    workers = declared.map((job) => startWorker(job, byName.get(job.name)!, run))
    await Promise.all(workers.map((worker) => worker.waitUntilReady()))
  }

  async function counts() {
    const rows = await Promise.all(
      declared.map(async ({ name }) => {
        const found = await queueOf({ name }).getJobCounts('waiting', 'active', 'delayed', 'failed')
        const { waiting = 0, active = 0, delayed = 0, failed = 0 } = found
        return [name, { waiting, active, delayed, failed }] as const
      }),
    )
    return Object.fromEntries(rows) as Record<Declared[number]['name'], JobCounts>
  }

  async function closeAll(graceMs: number): Promise<void> {
    const grace = setTimeout(() => stopping.abort(new Error('the process stops')), graceMs)
    await Promise.all((workers ?? []).map((worker) => worker.close()))
    clearTimeout(grace)
    await Promise.all([...queues.values()].map((queue) => queue.close()))
    await backend.close()
  }
  const close = (graceMs = 5_000) => (closing ??= closeAll(graceMs))

  return { enqueue, work, counts, close, [Symbol.asyncDispose]: () => close() }
}

function outcomeOf(state: string): EnqueueOutcome {
  return state === 'completed' ? 'done' : state === 'failed' ? 'failed' : 'exists'
}

interface Run extends WorkOptions {
  readonly backend: Backend
  readonly stopping: AbortSignal
  readonly log: Log
}

function startWorker(job: Job, handler: Handler<unknown>, run: Run): JobWorker {
  const { backend, log } = run
  const worker = backend.worker(job.name, (stored) => runJob(job, handler, stored, run), {
    concurrency: job.concurrency ?? 2,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_INTERVAL_MS,
    maxStalledCount: job.attempts,
    // After an error of the store, the default is 15 s without work.
    runRetryDelay: 1_000,
  })
  worker.on('error', (error) => log.warn('a worker cannot reach the job queue', { job: job.name, error }))
  worker.on('stalled', (jobId) => log.warn('a worker died over a job; it runs again', { job: job.name, jobId }))
  return worker
}

/** One try of one job. */
async function runJob(job: Job, handler: Handler<unknown>, stored: StoredJob, run: Run): Promise<void> {
  const id = stored.id?.startsWith('id-') ? stored.id.slice(3) : undefined
  try {
    await withTimeout(job.timeoutMs, run.stopping, async (signal) =>
      handler(parsePayload(job, stored.data), { signal }),
    )
  } catch (error) {
    const isHopeless = error instanceof GiveUp || error instanceof BadPayload
    const isLast = isHopeless || stored.attemptsMade + 1 >= (stored.opts.attempts ?? 1)
    run.log.warn(isLast ? 'a job has failed' : 'a job has failed and is tried again', {
      job: job.name,
      jobId: stored.id,
      error,
    })
    if (isLast && id !== undefined) await run.onSettled?.(id, 'failed')
    if (isHopeless) throw new UnrecoverableError(error.message)
    throw error
  }
  if (id !== undefined) await run.onSettled?.(id, 'done')
}

/** Rejects at the timeout even if the handler does not heed its signal. */
async function withTimeout(
  timeoutMs: number,
  stopping: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const expired = new AbortController()
  const timer = setTimeout(() => expired.abort(new Error(`timed out after ${timeoutMs} ms`)), timeoutMs)
  const signal = AbortSignal.any([expired.signal, stopping])
  let onAbort = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason as Error)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort)
  })
  aborted.catch(() => {})
  try {
    await Promise.race([work(signal), aborted])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
