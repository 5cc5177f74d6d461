import type { Connection } from '../transport/connection.ts'

/** Seconds of the full rate that may be sent at once. */
const BURST_S = 4

/**
 * A token bucket for what one client sends (threats DS-11). A client that is too fast is not read for a while: what it
 * sends waits on its side, and nothing is lost.
 */
export class StanzaRate {
  readonly #connection: Connection
  readonly #perSecond: number
  #tokens: number
  #at = performance.now()
  #timer: NodeJS.Timeout | undefined

  constructor(connection: Connection, perSecond: number) {
    this.#connection = connection
    this.#perSecond = perSecond
    this.#tokens = perSecond * BURST_S
  }

  /** Counts one element; may pause the connection. */
  count(): void {
    this.#refill()
    this.#tokens--
    if (this.#tokens >= 0 || this.#timer) return
    this.#connection.pause('rate')
    this.#wait()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #wait(): void {
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#refill()
        // What was in the last chunk came on top.
        if (this.#tokens < 0) return this.#wait()
        this.#connection.resume('rate')
      },
      Math.ceil((-this.#tokens / this.#perSecond) * 1_000),
    )
  }

  #refill(): void {
    const now = performance.now()
    this.#tokens = Math.min(this.#perSecond * BURST_S, this.#tokens + ((now - this.#at) / 1_000) * this.#perSecond)
    this.#at = now
  }
}
