import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { BadEntry, type BatchAnswer, type BatchItem, DedupRace, writeBatch } from './archive-batch.ts'
import type { ArchiveEntry, CommitOutcome, HandledStream } from './archive-entry.ts'

// Group commit. Each conversation belongs to one lane, and each lane has a connection of its own with one transaction in
// flight, so the messages of a conversation are committed in the order of the calls. There is no timer: the next batch
// is what queued while the last one was being flushed.

export interface ArchiveWriterOptions {
  readonly url: string
  /** Connections, and transactions in flight. Default 2. */
  readonly writers?: number
  /** Most entries of a transaction. Default 256. */
  readonly maxBatch?: number
  /** Told of each failed try, such as a lost connection. The entries wait and are tried again. Must not throw. */
  readonly onError?: (error: unknown) => void
}

/** The only way into the archives. */
export interface ArchiveWriter extends AsyncDisposable {
  /**
   * Resolves once the entry is durable (or needs no writing), and keeps trying while PostgreSQL is away. Rejects when
   * PostgreSQL refuses this very entry, or when the writer was closed before it could be written: then it is in no
   * archive, and must not be acknowledged.
   */
  commit(entry: ArchiveEntry): Promise<CommitOutcome>
  /** Persists what else extends the stream's prefix of handled stanzas; resolves to the durable `h`. */
  persistHandled(stream: HandledStream): Promise<number>
  /** Entries that wait or are being written. Past a bound, sessions stop reading. */
  readonly pending: number
  /** False from a lost connection until the next one that works. */
  readonly isConnected: boolean
  /**
   * Takes no more, writes what waits, closes the connections. What cannot be written within `deadlineMs` (default
   * 10 s) rejects.
   */
  close(deadlineMs?: number): Promise<void>
}

/** Thrown for entries that a closed writer can no longer write. They are not durable. */
export class WriterClosed extends Error {
  override readonly name = 'WriterClosed'
}

/** Opens the writer. It connects with the first entry. */
export function createArchiveWriter(options: ArchiveWriterOptions): ArchiveWriter {
  const { writers = 2, maxBatch = 256 } = options
  const lanes = Array.from({ length: writers }, () => new Lane(options, maxBatch))
  const laneOf = (shard: string) => lanes[fnv1a(shard) % writers]!
  let closing: Promise<void> | undefined
  const close = (deadlineMs = 10_000) =>
    (closing ??= Promise.all(lanes.map((lane) => lane.close(deadlineMs))).then(() => {}))

  return {
    commit: (entry) => laneOf(entry.shard).add({ entry }) as Promise<CommitOutcome>,
    persistHandled: (handled) => laneOf(handled.id).add({ handled }) as Promise<number>,
    get pending() {
      return lanes.reduce((sum, lane) => sum + lane.pending, 0)
    },
    get isConnected() {
      return lanes.every((lane) => lane.isConnected)
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  }
}

/** FNV-1a over UTF-16 units: spreads conversations evenly; whoever aims at one lane shares it with those that are there. */
function fnv1a(text: string): number {
  let sum = 0x811c9dc5
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193)
  return sum >>> 0
}

interface Waiting {
  readonly item: BatchItem
  resolve(answer: BatchAnswer): void
  reject(error: unknown): void
}

const MAX_PAUSE_MS = 1_000
const MAX_BATCH_CHARACTERS = 4_000_000

class Lane {
  readonly #options: ArchiveWriterOptions
  readonly #maxBatch: number
  readonly #abort = new AbortController()
  readonly #queue: Waiting[] = []
  #inFlight = 0
  #running: Promise<void> | undefined
  #client: pg.Client | undefined
  #isBroken = false
  #isClosed = false

  constructor(options: ArchiveWriterOptions, maxBatch: number) {
    this.#options = options
    this.#maxBatch = maxBatch
  }

  get pending(): number {
    return this.#queue.length + this.#inFlight
  }

  get isConnected(): boolean {
    return !this.#isBroken
  }

  add(item: BatchItem): Promise<BatchAnswer> {
    if (this.#isClosed) return Promise.reject(new WriterClosed())
    return new Promise((resolve, reject) => {
      this.#queue.push({ item, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  async close(deadlineMs: number): Promise<void> {
    this.#isClosed = true
    const deadline = setTimeout(() => this.#abort.abort(), deadlineMs)
    await this.#running
    clearTimeout(deadline)
    await this.#client?.end().catch(() => {})
  }

  async #run(): Promise<void> {
    // What this turn of the event loop still brings joins the first batch.
    await new Promise((resolve) => void setImmediate(resolve))
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, this.#batchSize())
      this.#inFlight = batch.length
      await this.#write(batch)
      this.#inFlight = 0
    }
    this.#running = undefined
  }

  /** How many of those that wait go into one transaction: at least one, and no more than fit. */
  #batchSize(): number {
    const most = Math.min(this.#queue.length, this.#maxBatch)
    let characters = 0
    for (let size = 0; size < most; size++) {
      const { item } = this.#queue[size]!
      characters += 'entry' in item ? item.entry.stanza.length : 0
      if (characters > MAX_BATCH_CHARACTERS && size > 0) return size
    }
    return most
  }

  /** Settles every item of the batch. Never rejects. */
  async #write(batch: readonly Waiting[], mayBeStored = false): Promise<void> {
    const items = batch.map(({ item }) => item)
    for (let tries = 0; ; tries++) {
      let fault: unknown
      let failure = 'outage' as Failure
      try {
        const client = await this.#connect()
        try {
          const answers = await writeBatch(client, items, mayBeStored)
          batch.forEach(({ resolve }, index) => resolve(answers[index]!))
          return
        } catch (error) {
          failure = classify(error, mayBeStored)
          throw error
        }
      } catch (error) {
        fault = error
      }
      this.#options.onError?.(fault)
      if (failure === 'outage' || !(await this.#rollBack())) this.#disconnect(failure === 'outage')
      if (failure === 'poison') return this.#split(batch, fault, mayBeStored)
      if (this.#abort.signal.aborted) {
        for (const { reject } of batch) reject(new WriterClosed('not written before the deadline', { cause: fault }))
        return
      }
      // A connection that broke leaves the outcome of COMMIT open.
      mayBeStored ||= failure !== 'again'
      if (tries > 0) await this.#pause(tries)
    }
  }

  /** Halves in order until the row that fails is alone. */
  async #split(batch: readonly Waiting[], fault: unknown, mayBeStored: boolean): Promise<void> {
    if (batch.length === 1) return batch[0]!.reject(fault instanceof BadEntry ? fault.cause : fault)
    const half = batch.length >> 1
    await this.#write(batch.slice(0, half), mayBeStored)
    await this.#write(batch.slice(half), mayBeStored)
  }

  async #connect(): Promise<pg.Client> {
    if (this.#client) return this.#client
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: 'drawbridge-writer',
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      // A peer that vanished without a word must not hold a lane for ever, nor a frozen process the owners' locks.
      statement_timeout: 20_000,
      query_timeout: 30_000,
      idle_in_transaction_session_timeout: 30_000,
    })
    const forget = () => {
      if (this.#client === client) this.#client = undefined
    }
    client.on('error', forget)
    client.on('end', forget)
    try {
      await this.#prepare(client)
    } catch (error) {
      client.end().catch(() => {})
      throw error
    }
    this.#client = client
    this.#isBroken = false
    return client
  }

  async #prepare(client: pg.Client): Promise<void> {
    await client.connect()
    // One plan for all sizes of batch: the arrays are always to be hashed. And an acknowledgement means flushed,
    // whatever the database's own default is.
    await client.query(`set plan_cache_mode = force_generic_plan; set enable_nestloop = off;
      select set_config('synchronous_commit', 'on', false)
      where current_setting('synchronous_commit') in ('off', 'local')`)
  }

  #disconnect(isOutage: boolean): void {
    const client = this.#client
    this.#client = undefined
    this.#isBroken ||= isOutage
    client?.end().catch(() => {})
  }

  async #rollBack(): Promise<boolean> {
    try {
      await this.#client?.query('rollback')
      return this.#client !== undefined
    } catch {
      return false
    }
  }

  async #pause(tries: number): Promise<void> {
    const ms = Math.min(MAX_PAUSE_MS, 25 * 2 ** Math.min(tries, 6)) * (0.5 + Math.random() / 2)
    await wait(ms, undefined, { signal: this.#abort.signal }).catch(() => {})
  }
}

/** SQLSTATE classes that say nothing against the rows: the database is away, full, read-only, or going down. */
const OUTAGE = /^(08|25|53|57|58)/
/** Serialization failures, deadlocks, lock timeouts. */
const CONTENTION = /^(40|55)/
/** Constraints that a message violates which is there already; PostgreSQL reports the first it meets. */
const STORED = new Set(['message_pkey', 'archive_message_id_owner_key', 'held_message_message_id_key'])

/**
 * `outage`: the connection is of no more use, try again on a new one. `again`: try again. `stored`: a message with this
 * id is there already, which is ours from a try whose answer was lost. `poison`: some row of the batch cannot be stored.
 */
type Failure = 'outage' | 'again' | 'stored' | 'poison'

function classify(error: unknown, mayBeStored: boolean): Failure {
  if (error instanceof BadEntry) return 'poison'
  if (error instanceof DedupRace) return 'again'
  if (!(error instanceof pg.DatabaseError)) return 'outage'
  const code = error.code ?? ''
  if (OUTAGE.test(code)) return 'outage'
  if (CONTENTION.test(code)) return 'again'
  return STORED.has(error.constraint ?? '') && !mayBeStored ? 'stored' : 'poison'
}
