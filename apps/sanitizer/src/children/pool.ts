import type { Log } from '@drawbridge/runtime'
import { ChildFault } from './child.ts'
import type { Sandbox } from '../sandbox/choose.ts'
import { Pair } from './pair.ts'
import type { Hello } from './protocol.ts'

export interface PoolOptions {
  /** For the log. */
  readonly name: string
  /** Most pairs at a time. */
  readonly size: number
  /** Pairs that are kept warm without work; the others start when an image waits, and go when they are idle. */
  readonly warm: number
  readonly sandbox: Pick<Sandbox, 'launch' | 'faultsOf'>
  /** Jobs after which a pair is replaced. */
  readonly reuse: number
  /** A used pair without work for this long is replaced. */
  readonly idleMs: number
  readonly log: Log
}

/** What a job found, and whether its pair may serve another one. */
export interface JobResult<T> {
  readonly value: T
  readonly isPairClean: boolean
}

export interface PoolStatus {
  readonly size: number
  readonly busy: number
  readonly idle: number
  readonly starting: number
  /** Pairs started since the process began. */
  readonly started: number
}

/**
 * Children take up to a second of CPU each, and start together. On a machine with twenty programs for each core that is
 * most of this time: to give up earlier would throw the work away and begin it anew, and at the start of the sanitizer it
 * would choose a weaker sandbox.
 */
const HELLO_TIMEOUT_MS = 60_000
/** An image that waits for a pair of its own has no longer than this. */
const FRESH_TIMEOUT_MS = 20_000
const MIN_RESPAWN_MS = 100
const MAX_RESPAWN_MS = 5_000

/** Pairs for the images of one origin. One that may be tainted is killed, and its place is filled when it is needed. */
export class Pool {
  readonly #options: PoolOptions
  readonly #idle: { pair: Pair; timer: NodeJS.Timeout | undefined }[] = []
  readonly #busy = new Set<Pair>()
  readonly #starting = new Set<Pair>()
  readonly #waiting: ((pair: Pair) => void)[] = []
  readonly #respawns = new Set<NodeJS.Timeout>()
  #started = 0
  #failures = 0
  #isClosed = false
  #hasStarted = false
  /** Self-test of the pair that started last. */
  hello: { readonly decoder: Hello; readonly encoder: Hello } | undefined

  constructor(options: PoolOptions) {
    this.#options = options
    this.#hasStarted = options.warm === 0
  }

  /** Starts the warm pairs. @throws when the first of them cannot start or fails its self-test. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.warm }, () => this.#spawn()))
    this.#hasStarted = true
  }

  get status(): PoolStatus {
    return {
      size: this.#options.size,
      busy: this.#busy.size,
      idle: this.#idle.length,
      starting: this.#coming,
      started: this.#started,
    }
  }

  /** Name and versions of the software of both stages, as its last pair told them. */
  get software(): { readonly decoder: string; readonly encoder: string } {
    return { decoder: softwareOf(this.hello?.decoder), encoder: softwareOf(this.hello?.encoder) }
  }

  /** Every living pair. */
  get pairs(): readonly Pair[] {
    return [...this.#idle.map(({ pair }) => pair), ...this.#busy, ...this.#starting]
  }

  /** Runs `job` on the next free pair. The pair is replaced when the job throws or says that it is not clean. */
  async use<T>(signal: AbortSignal, job: (pair: Pair) => Promise<JobResult<T>>): Promise<T> {
    const pair = await this.#take(signal)
    this.#busy.add(pair)
    let isReusable = false
    try {
      const { value, isPairClean } = await job(pair)
      isReusable = isPairClean
      return value
    } finally {
      this.#busy.delete(pair)
      if (isReusable && !pair.isDead && pair.jobs < this.#options.reuse) this.#offer(pair)
      else this.#replace(pair, isReusable ? 'served its time' : 'may be tainted')
    }
  }

  /** Runs `job` on a pair that is started for it alone: for the second attempt, whatever became of the others. */
  async useFresh<T>(signal: AbortSignal, job: (pair: Pair) => Promise<JobResult<T>>): Promise<T> {
    const pair = await this.#launch(FRESH_TIMEOUT_MS).catch((cause: unknown) => {
      // No fault of the image: not a `ChildFault`, which would be held against it.
      throw new Error('no pair of children could be started', { cause })
    })
    this.#busy.add(pair)
    try {
      signal.throwIfAborted()
      return (await job(pair)).value
    } finally {
      this.#busy.delete(pair)
      pair.kill('aborted', 'done')
    }
  }

  /** Kills every pair. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const timer of this.#respawns) clearTimeout(timer)
    const { pairs } = this
    for (const { timer } of this.#idle) clearTimeout(timer)
    for (const pair of pairs) pair.kill('aborted', 'the sanitizer stops')
    await Promise.all(pairs.map((pair) => pair.exited))
  }

  /** Pairs on their way. */
  get #coming(): number {
    return this.#starting.size + this.#respawns.size
  }

  #take(signal: AbortSignal): Promise<Pair> {
    const place = this.#idle.find(({ pair }) => !pair.isDead)
    if (place !== undefined) {
      this.#idle.splice(this.#idle.indexOf(place), 1)
      clearTimeout(place.timer)
      return Promise.resolve(place.pair)
    }
    const gaveUp = new ChildFault('aborted', 'gave up before a pair was free')
    if (signal.aborted) return Promise.reject(gaveUp)
    return new Promise((resolve, reject) => {
      const give = (pair: Pair) => {
        signal.removeEventListener('abort', abort)
        resolve(pair)
      }
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1)
        reject(gaveUp)
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.push(give)
      this.#fill()
    })
  }

  #offer(pair: Pair): void {
    const next = this.#waiting.shift()
    if (next !== undefined) {
      next(pair)
      return
    }
    const place = { pair, timer: undefined as NodeJS.Timeout | undefined }
    if (pair.jobs > 0) {
      place.timer = setTimeout(() => {
        this.#idle.splice(this.#idle.indexOf(place), 1)
        this.#replace(pair, 'idle')
      }, this.#options.idleMs)
    }
    this.#idle.push(place)
  }

  #replace(pair: Pair, why: string): void {
    pair.kill('aborted', why)
    const { pids, jobs, lastWords } = pair
    const { name, log } = this.#options
    log.debug('a pair of children is replaced', { pool: name, pids, why, jobs, ...(lastWords !== '' && { lastWords }) })
    this.#fill()
  }

  /** Starts what is missing: the warm pairs, and one for each image that waits, as far as there is room. */
  #fill(): void {
    const { size, warm } = this.#options
    const living = this.#idle.length + this.#busy.size + this.#coming
    const needed = Math.min(size, Math.max(warm, this.#busy.size + this.#waiting.length))
    for (let count = living; count < needed && !this.#isClosed; count++) this.#spawn().catch(() => this.#respawnLater())
  }

  /** A pair that does not start is tried again, ever more slowly: a broken host must not become a fork bomb. */
  #respawnLater(): void {
    if (this.#isClosed) return
    const delayMs = Math.min(MIN_RESPAWN_MS * 2 ** this.#failures, MAX_RESPAWN_MS)
    const timer = setTimeout(() => {
      this.#respawns.delete(timer)
      this.#spawn().catch(() => this.#respawnLater())
    }, delayMs)
    this.#respawns.add(timer)
  }

  /** Starts one pair and waits until it has passed its self-test. */
  async #launch(timeoutMs = HELLO_TIMEOUT_MS): Promise<Pair> {
    const { name, sandbox, log } = this.#options
    const pair = new Pair(sandbox.launch)
    this.#started += 1
    this.#starting.add(pair)
    try {
      const hello = await pair.hello(timeoutMs)
      const failed = (['decoder', 'encoder'] as const).flatMap((stage) => [
        ...failedProbes(hello[stage]),
        ...sandbox.faultsOf(pair[stage].pid ?? 0, hello[stage]),
      ])
      if (failed.length > 0) throw pair.kill('malformed', `self-test failed: ${failed.join(', ')}`)
      this.hello = hello
      this.#failures = 0
      return pair
    } catch (error) {
      this.#failures += 1
      pair.kill('crashed', 'did not start')
      const { lastWords } = pair
      // Whoever starts the pool hears it: the next level of the sandbox may work.
      if (!this.#hasStarted) throw new Error(`${String(error)} ${lastWords}`.trim(), { cause: error })
      if (!this.#isClosed) log.error('a pair of children did not start', { pool: name, error, lastWords })
      throw error
    } finally {
      this.#starting.delete(pair)
    }
  }

  /** Fills one place of the pool. */
  async #spawn(): Promise<void> {
    const pair = await this.#launch()
    if (this.#isClosed) pair.kill('aborted', 'the sanitizer stops')
    else this.#offer(pair)
    // A pair that dies while it waits is replaced before anybody needs it.
    void pair.exited.then(() => {
      const place = this.#idle.findIndex((idle) => idle.pair === pair)
      if (place === -1) return
      clearTimeout(this.#idle[place]?.timer)
      this.#idle.splice(place, 1)
      this.#replace(pair, 'died idle')
    })
  }
}

function softwareOf(hello: Hello | undefined): string {
  return hello ? `sharp ${hello.sharp}, libvips ${hello.libvips}` : 'unknown'
}

function failedProbes({ accepted, refused }: Hello): string[] {
  return [
    ...Object.entries(accepted).flatMap(([format, isRight]) => (isRight ? [] : `${format} does not work`)),
    ...Object.entries(refused).flatMap(([format, isRight]) => (isRight ? [] : `${format} is not refused`)),
  ]
}
