/**
 * A bucket of tokens that fills at a steady rate: what may be done often for a moment, and so often in the long run. Every
 * `nowMs` is of one clock.
 */
export class TokenBucket {
  readonly #perSecond: number
  readonly #capacity: number
  #tokens: number
  #atMs = Number.NEGATIVE_INFINITY

  /**
   * @param perSecond - tokens that come in
   * @param capacity - tokens it holds; it begins with all of them
   */
  constructor(perSecond: number, capacity: number) {
    this.#perSecond = perSecond
    this.#capacity = capacity
    this.#tokens = capacity
  }

  /** Takes a token; false when there is none. */
  take(nowMs: number): boolean {
    this.#fill(nowMs)
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** Milliseconds until there is a token to take; 0 when there is one. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs)
    return Math.max(0, ((1 - this.#tokens) / this.#perSecond) * 1_000)
  }

  /** Takes all there is. */
  empty(nowMs: number): void {
    this.#tokens = 0
    this.#atMs = nowMs
  }

  #fill(nowMs: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + ((nowMs - this.#atMs) / 1_000) * this.#perSecond)
    this.#atMs = nowMs
  }
}
