import { TokenBucket } from '@drawbridge/runtime'
import type { Connection } from '../transport/connection.ts'

/** Seconds of the full rate that may be sent at once. */
const BURST_S = 4
/** Shortest pause, in milliseconds: many short ones would cost more than they bring. */
const MIN_PAUSE_MS = 50

/**
 * The rate of what one client sends (threats DS-11). A client that is too fast is not read for a while: what it
 * sends waits on its side, and nothing is lost.
 */
export class StanzaRate {
  readonly #connection: Connection
  readonly #bucket: TokenBucket
  readonly #onRefill: () => void
  #timer: NodeJS.Timeout | undefined

  /** @param onRefill - called when it is worth trying again after a `take` that failed. */
  constructor(connection: Connection, perSecond: number, onRefill: () => void) {
    this.#connection = connection
    this.#onRefill = onRefill
    this.#bucket = new TokenBucket(perSecond, perSecond * BURST_S)
  }

  /** True when another element may be looked at now; else the connection is paused until `onRefill`. */
  take(): boolean {
    const now = performance.now()
    if (this.#bucket.take(now)) return true
    if (!this.#timer) this.#pause(Math.max(MIN_PAUSE_MS, this.#bucket.waitMs(now)))
    return false
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #pause(ms: number): void {
    this.#connection.pause('rate')
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#onRefill()
      // It was not enough for what had arrived already: then the pause goes on.
      if (!this.#timer) this.#connection.resume('rate')
    }, ms)
  }
}
