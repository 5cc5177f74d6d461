import { buildSmAnswer, smAdvance } from '@drawbridge/xmpp'
import { Inbound } from './inbound.ts'

/** What acknowledging needs from its session. */
export interface AckHost {
  write(text: string): void
  /** Writes the handled count of a resumable stream; resolves with what is stored. */
  persist(h: number): Promise<number>
  /** Messages are on their way to a commit, which will count what is done as well. */
  isCommitting(): boolean
}

/**
 * What of a client's stanzas is handled, and what of that it was told (XEP-0198 §4). A stream that can be resumed is told
 * what the database has; any other what is done.
 */
export class Acks {
  readonly #host: AckHost
  readonly #inbound = new Inbound()
  /** Stanzas received before stream management was on are not counted (XEP-0198 §4). */
  #base = 0
  #mode: 'off' | 'counted' | 'durable' = 'off'
  #handled = 0
  #sent = 0
  #wanted = 0
  #isDue = false
  #isPersisting = false

  constructor(host: AckHost) {
    this.#host = host
  }

  /** What is durable, since stream management is on. */
  get handled(): number {
    return this.#handled
  }

  /** Stream management is on; counting starts here. */
  enable(canResume: boolean): void {
    this.#mode = canResume ? 'durable' : 'counted'
    this.#base = this.#inbound.received
    this.#handled = 0
    this.#sent = 0
    this.#wanted = 0
  }

  /** The number of the stanza that just came in; never wraps, and counts from the beginning of the session. */
  next(): number {
    return this.#inbound.next()
  }

  /** The same number as the client counts it. */
  inStream(n: number): number {
    return n - this.#base
  }

  /** What the stream's next committed batch may count as handled. */
  prefixWith(ns: readonly number[]): number {
    return Math.max(0, this.#inbound.prefixWith(ns.map((n) => n + this.#base)) - this.#base)
  }

  done(n: number): void {
    this.#inbound.done(n)
    if (this.#mode !== 'durable') this.isDurable(this.#finished)
    else this.#persistIfWanted()
  }

  /** The committed count, raised by the batch that carried a message of this stream. */
  isDurable(h: number): void {
    if (h <= this.#handled) return
    this.#handled = h
    this.#sendLater()
  }

  /** `<r/>`: answered at once with what is durable, and again when more is. */
  asked(): void {
    this.#wanted = this.#inbound.received - this.#base
    this.#send()
    this.#persistIfWanted()
  }

  /** Makes everything finished durable; for `<resumed/>`, whose `h` must not be lower than what is done. */
  async persist(): Promise<number> {
    const finished = this.#finished
    if (finished > this.#handled) this.isDurable(await this.#host.persist(finished))
    return this.#handled
  }

  /** The client was told by `<resumed/>`. */
  wasTold(): void {
    this.#sent = this.#handled
    this.#wanted = this.#handled
  }

  /** Finished stanzas since stream management is on. */
  get #finished(): number {
    return Math.max(0, this.#inbound.prefix - this.#base)
  }

  /** Stanzas that leave no rows extend the prefix, too; they are counted in the database only when somebody asks. */
  #persistIfWanted(): void {
    const isBehind = this.#finished > this.#handled && this.#wanted > this.#handled
    if (!isBehind || this.#isPersisting || this.#mode !== 'durable' || this.#host.isCommitting()) return
    this.#isPersisting = true
    void this.persist()
      .catch(() => undefined)
      .then(() => {
        this.#isPersisting = false
      })
  }

  #sendLater(): void {
    if (this.#isDue || this.#mode === 'off' || this.#sent >= this.#wanted) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      if (this.#sent < this.#wanted && this.#handled > this.#sent) this.#send()
    })
  }

  #send(): void {
    this.#sent = this.#handled
    this.#host.write(buildSmAnswer(smAdvance(0, this.#handled)).toString())
  }
}
