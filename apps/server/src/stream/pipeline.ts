import type { Stanza } from '@drawbridge/xmpp'

/** Unfinished stanzas of one session beyond which its socket is not read (backpressure). */
export const PENDING_MAX = 256

/** What a pipeline does with stanzas, and to whom it tells what. */
export interface Work {
  /** See `Feature.enter`: a promise when the stanza has to be cleaned first. */
  enter(stanza: Stanza): Promise<void> | undefined
  /** Takes one stanza all its way. Never rejects. */
  run(stanza: Stanza, n: number, cleaning: Promise<void> | undefined): Promise<void>
  finished(n: number): void
  /** Too much is under way, or no longer so: the connection is not to be read, or again. */
  setPaused(isPaused: boolean): void
}

interface Arrived {
  readonly n: number
  readonly stanza: Stanza
  cleaning: Promise<void> | undefined | 'not-asked'
}

/**
 * The stanzas of one client on their way. Messages run at once and finish at their commit; anything else waits for the
 * messages before it and runs alone, so that what a client sends takes effect in its order (RFC 6120 §10.1).
 */
export class Pipeline {
  readonly #work: Work
  readonly #queue: Arrived[] = []
  #waiting: (() => void)[] | undefined
  #isBusy = false
  #inFlight = 0
  #isPaused = false
  #isHeld = false
  #isStopped = false

  constructor(work: Work) {
    this.#work = work
  }

  /** Unfinished stanzas. */
  get length(): number {
    return this.#queue.length + this.#inFlight + (this.#isBusy ? 1 : 0)
  }

  /** Messages that wait for their commit. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** What the client sent after the stanza in hand, if it is here already. */
  get next(): Stanza | undefined {
    return this.#queue[0]?.stanza
  }

  /** Nothing starts (control §3.1, limbo). */
  get isHeld(): boolean {
    return this.#isHeld
  }

  take(n: number, stanza: Stanza): void {
    this.#queue.push({ n, stanza, cleaning: 'not-asked' })
    if (!this.#isPaused && this.#queue.length + this.#inFlight >= PENDING_MAX) {
      this.#isPaused = true
      this.#work.setPaused(true)
    }
    this.#pump()
  }

  hold(): void {
    this.#isHeld = true
  }

  release(): void {
    this.#isHeld = false
    this.#pump()
  }

  /** Resolves when everything taken so far is done. */
  idle(): Promise<void> {
    if (this.length === 0) return Promise.resolve()
    return new Promise((resolve) => (this.#waiting ??= []).push(resolve))
  }

  /** The connection is another one now, and it is read. */
  unpause(): void {
    this.#isPaused = false
  }

  /** Starts nothing more; what has not begun is forgotten. */
  stop(): void {
    this.#isStopped = true
    this.#queue.length = 0
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting?.splice(0) ?? []) resolve()
  }

  #pump(): void {
    while (!this.#isBusy && !this.#isHeld && !this.#isStopped) {
      const [arrived] = this.#queue
      if (!arrived) break
      const { n, stanza } = arrived
      if (arrived.cleaning === 'not-asked') arrived.cleaning = this.#work.enter(stanza)
      const { cleaning } = arrived
      if (stanza.kind === 'message' && cleaning === undefined) {
        this.#queue.shift()
        this.#inFlight++
        void this.#work.run(stanza, n, undefined).then(() => {
          this.#inFlight--
          this.#finish(n)
        })
        continue
      }
      if (this.#inFlight > 0) return
      this.#queue.shift()
      this.#isBusy = true
      void this.#work.run(stanza, n, cleaning).then(() => {
        this.#isBusy = false
        this.#finish(n)
      })
    }
  }

  #finish(n: number): void {
    this.#work.finished(n)
    this.#pump()
    if (this.#isPaused && this.#queue.length + this.#inFlight < PENDING_MAX / 2) {
      this.#isPaused = false
      this.#work.setPaused(false)
    }
    if (this.length === 0) this.#wake()
  }
}
