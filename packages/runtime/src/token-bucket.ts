/** A bucket of tokens that fills at a steady rate: what may be done often for a moment, and so often in the long run. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #capacity: number
  #tokens: number
  #atMs: number

  /**
   * @param perSecond - tokens that come in
   * @param capacity - tokens it holds; it begins with all of them
   * @param nowMs - of the clock that every call is made with
   */
  constructor(perSecond: number, capacity: number, nowMs: number) {
    this.#perSecond = perSecond
    this.#capacity = capacity
    this.#tokens = capacity
    this.#atMs = nowMs
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
