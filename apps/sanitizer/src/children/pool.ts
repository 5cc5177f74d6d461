import type { Log } from '@drawbridge/runtime'
import { Child, ChildFault } from './child.ts'
import type { Launch } from './launch.ts'
import type { Hello, Stage } from './protocol.ts'

export interface PoolOptions {
  readonly stage: Stage
  readonly size: number
  readonly launch: Launch
  /** Jobs after which a child is replaced. */
  readonly reuse: number
  /** A used child without work for this long is replaced. */
  readonly idleMs: number
  readonly log: Log
}

/** What a job found, and whether its child may serve another one. */
export interface JobResult<T> {
  readonly value: T
  readonly isChildClean: boolean
}

export interface PoolStatus {
  readonly size: number
  readonly busy: number
  readonly idle: number
  readonly starting: number
  /** Children started since the process began. */
  readonly started: number
}

const HELLO_TIMEOUT_MS = 8_000
const MIN_RESPAWN_MS = 100
const MAX_RESPAWN_MS = 5_000

/** A few warm children of one stage. One that may be tainted is killed, and its place is filled at once. */
export class Pool {
  readonly #options: PoolOptions
  readonly #idle: { child: Child; timer: NodeJS.Timeout | undefined }[] = []
  readonly #busy = new Set<Child>()
  readonly #starting = new Set<Child>()
  readonly #waiting: ((child: Child) => void)[] = []
  readonly #respawns = new Set<NodeJS.Timeout>()
  #started = 0
  #failures = 0
  #isClosed = false
  /** Self-test of the child that started last. */
  hello: Hello | undefined

  constructor(options: PoolOptions) {
    this.#options = options
  }

  /** Starts all children. @throws when the first of them cannot start or fails its self-test. */
  async start(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.size }, () => this.#spawn()))
  }

  get status(): PoolStatus {
    return {
      size: this.#options.size,
      busy: this.#busy.size,
      idle: this.#idle.length,
      starting: this.#starting.size + this.#respawns.size,
      started: this.#started,
    }
  }

  /** Process ids of all living children. */
  get pids(): number[] {
    return [...this.#idle.map(({ child }) => child), ...this.#busy, ...this.#starting].flatMap(({ pid }) => pid ?? [])
  }

  /** Runs `job` on the next free child. The child is replaced when the job throws or says that it is not clean. */
  async use<T>(signal: AbortSignal, job: (child: Child) => Promise<JobResult<T>>): Promise<T> {
    const child = await this.#take(signal)
    this.#busy.add(child)
    let isReusable = false
    try {
      const { value, isChildClean } = await job(child)
      isReusable = isChildClean
      return value
    } finally {
      this.#busy.delete(child)
      if (isReusable && !child.isDead && child.jobs < this.#options.reuse) this.#offer(child)
      else this.#replace(child, isReusable ? 'served its time' : 'may be tainted')
    }
  }

  /** Runs `job` on a child that is started for it alone: for the second attempt, whatever became of the others. */
  async useFresh<T>(signal: AbortSignal, job: (child: Child) => Promise<JobResult<T>>): Promise<T> {
    const child = await this.#launch().catch((cause: unknown) => {
      // No fault of the image: not a `ChildFault`, which would be held against it.
      throw new Error('no child could be started', { cause })
    })
    this.#busy.add(child)
    try {
      signal.throwIfAborted()
      return (await job(child)).value
    } finally {
      this.#busy.delete(child)
      child.kill('aborted', 'done')
    }
  }

  /** Kills every child. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const timer of this.#respawns) clearTimeout(timer)
    const children = [...this.#idle.map(({ child }) => child), ...this.#busy, ...this.#starting]
    for (const { timer } of this.#idle) clearTimeout(timer)
    for (const child of children) child.kill('aborted', 'the sanitizer stops')
    await Promise.all(children.map((child) => child.exited))
  }

  #take(signal: AbortSignal): Promise<Child> {
    const place = this.#idle.find(({ child }) => !child.isDead)
    if (place !== undefined) {
      this.#idle.splice(this.#idle.indexOf(place), 1)
      clearTimeout(place.timer)
      return Promise.resolve(place.child)
    }
    const gaveUp = new ChildFault('aborted', 'gave up before a child was free')
    if (signal.aborted) return Promise.reject(gaveUp)
    return new Promise((resolve, reject) => {
      const give = (child: Child) => {
        signal.removeEventListener('abort', abort)
        resolve(child)
      }
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1)
        reject(gaveUp)
      }
      signal.addEventListener('abort', abort, { once: true })
      this.#waiting.push(give)
    })
  }

  #offer(child: Child): void {
    const next = this.#waiting.shift()
    if (next !== undefined) {
      next(child)
      return
    }
    const place = { child, timer: undefined as NodeJS.Timeout | undefined }
    if (child.jobs > 0) {
      place.timer = setTimeout(() => {
        this.#idle.splice(this.#idle.indexOf(place), 1)
        this.#replace(child, 'idle')
      }, this.#options.idleMs)
    }
    this.#idle.push(place)
  }

  #replace(child: Child, why: string): void {
    child.kill('aborted', why)
    const { stage, pid, jobs, lastWords } = child
    this.#options.log.debug('child replaced', { stage, pid, why, jobs, ...(lastWords !== '' && { lastWords }) })
    if (this.#isClosed) return
    this.#spawn().catch(() => this.#respawnLater())
  }

  /** A child that does not start is tried again, ever more slowly: a broken host must not become a fork bomb. */
  #respawnLater(): void {
    if (this.#isClosed) return
    const delayMs = Math.min(MIN_RESPAWN_MS * 2 ** this.#failures, MAX_RESPAWN_MS)
    const timer = setTimeout(() => {
      this.#respawns.delete(timer)
      this.#spawn().catch(() => this.#respawnLater())
    }, delayMs)
    this.#respawns.add(timer)
  }

  /** Starts one child and waits until it has passed its self-test. */
  async #launch(): Promise<Child> {
    const { stage, launch, log } = this.#options
    const child = new Child(stage, launch(stage))
    this.#started += 1
    this.#starting.add(child)
    try {
      const hello = await child.hello(HELLO_TIMEOUT_MS)
      const failed = failedProbes(hello)
      if (failed.length > 0) throw child.kill('malformed', `self-test failed: ${failed.join(', ')}`)
      this.hello = hello
      this.#failures = 0
      return child
    } catch (error) {
      this.#failures += 1
      child.kill('crashed', 'did not start')
      if (!this.#isClosed) log.error('a child did not start', { stage, error, stderr: child.lastWords })
      throw error
    } finally {
      this.#starting.delete(child)
    }
  }

  /** Fills one place of the pool. */
  async #spawn(): Promise<void> {
    const child = await this.#launch()
    if (this.#isClosed) child.kill('aborted', 'the sanitizer stops')
    else this.#offer(child)
    // A child that dies while it waits is replaced before anybody needs it.
    void child.exited.then(() => {
      const place = this.#idle.findIndex((idle) => idle.child === child)
      if (place === -1) return
      clearTimeout(this.#idle[place]?.timer)
      this.#idle.splice(place, 1)
      this.#replace(child, 'died idle')
    })
  }
}

function failedProbes({ accepted, refused }: Hello): string[] {
  return [
    ...Object.entries(accepted).flatMap(([format, isRight]) => (isRight ? [] : `${format} does not work`)),
    ...Object.entries(refused).flatMap(([format, isRight]) => (isRight ? [] : `${format} is not refused`)),
  ]
}
