/**
 * Counts what a client sent and how much of it is done (XEP-0198 §4). `h` is the end of the unbroken prefix of finished
 * stanzas: a message is finished when it is committed, anything else when it was processed. Numbers here never wrap;
 * the wire's 32 bits are cut off when written.
 */
export class Inbound {
  #received = 0
  #prefix = 0
  /** Finished beyond the prefix. */
  readonly #ahead = new Set<number>()

  /** Continues a count, for a stream that was resumed. */
  constructor(from = 0) {
    this.#received = from
    this.#prefix = from
  }

  get received(): number {
    return this.#received
  }

  /** The contiguous count of finished stanzas. */
  get prefix(): number {
    return this.#prefix
  }

  /** The number of the stanza that just came in. */
  next(): number {
    return ++this.#received
  }

  done(n: number): void {
    this.#ahead.add(n)
    while (this.#ahead.delete(this.#prefix + 1)) this.#prefix++
  }

  /** What the prefix would be if these were finished as well. */
  prefixWith(ns: readonly number[]): number {
    const also = new Set(ns)
    let prefix = this.#prefix
    while (also.has(prefix + 1) || this.#ahead.has(prefix + 1)) prefix++
    return prefix
  }
}
