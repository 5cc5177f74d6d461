import {
  createPostgresBackend,
  createRedisBackend,
  type PgPool,
  type Processor,
  type Queue,
  runMigrations,
  withBackend,
  type WorkerOptions,
} from 'bullmq'
import { Redis } from 'ioredis'
import pg from 'pg'

/** Where BullMQ keeps its tables. Its statements name none, so every connection looks here first. */
const SCHEMA = 'bullmq'

/** Makes queues and workers on one store. */
export interface Backend {
  queue(name: string): JobQueue
  worker(name: string, process: Processor, options: Omit<WorkerOptions, 'connection'>): JobWorker
  /** Closes the connections, after queues and workers. */
  close(): Promise<void>
}

/** What we use of BullMQ's classes, whichever store they are on. */
export type JobQueue = Pick<Queue, 'add' | 'getJob' | 'getJobCounts' | 'close' | 'waitUntilReady'>
export interface JobWorker {
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'stalled', listener: (jobId: string) => void): unknown
  waitUntilReady(): Promise<unknown>
  close(force?: boolean): Promise<void>
}

/** BullMQ on PostgreSQL. */
export function postgresBackend(url: string, onError: (error: unknown) => void): Backend {
  // A worker keeps one connection for LISTEN; the rest serve short statements.
  const pool = new pg.Pool({
    connectionString: url,
    options: `-c search_path=${SCHEMA}`,
    max: 10,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 5_000,
    application_name: 'drawbridge-jobs',
  })
  pool.on('error', onError)
  // Each queue and each worker listens beside us: Node takes more than ten listeners for a leak, and says so.
  pool.setMaxListeners(0)
  // A connection that breaks in use also emits; unheard, that would end the process.
  pool.on('connect', (client) => void client.on('error', () => {}))
  // BullMQ describes pg's pool without the forms that take callbacks, so TypeScript sees two different things.
  const connection = pool as unknown as PgPool
  const { Queue, Worker } = withBackend(createPostgresBackend)
  return {
    queue: (name) => quiet(new Queue(name, { connection }), onError),
    worker: (name, process, options) => new Worker(name, process, { ...options, connection }),
    close: () => pool.end(),
  }
}

/** BullMQ on Redis or Valkey. */
export function redisBackend(url: string, onError: (error: unknown) => void): Backend {
  const connect = (maxRetriesPerRequest: number | null) => {
    const redis = new Redis(url, { maxRetriesPerRequest, retryStrategy: (tries) => Math.min(1_000, 50 * tries) })
    redis.on('error', onError)
    return redis
  }
  // Callers of `enqueue` learn of an outage soon; workers wait it out (BullMQ demands null).
  const producing = connect(2)
  const working = connect(null)
  const { Queue, Worker } = withBackend(createRedisBackend)
  return {
    queue: (name) => quiet(new Queue(name, { connection: producing }), onError),
    worker: (name, process, options) => new Worker(name, process, { ...options, connection: working }),
    async close() {
      producing.disconnect()
      working.disconnect()
    },
  }
}

function quiet<Q extends { on(event: 'error', listener: (error: Error) => void): unknown }>(
  queue: Q,
  onError: (error: unknown) => void,
): Q {
  queue.on('error', onError)
  return queue
}

/**
 * Creates or upgrades BullMQ's tables in PostgreSQL; it does not do so by itself. Safe to call from several processes.
 * Nothing of the kind is needed for Redis.
 */
export async function migrateJobs(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'drawbridge-migrate' })
  client.on('error', () => {}) // reported by the query that it breaks
  await client.connect()
  try {
    await runMigrations(client, SCHEMA)
  } finally {
    await client.end()
  }
}
