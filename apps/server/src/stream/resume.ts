import { smAdvance, smDistance } from '@drawbridge/xmpp'
import type { Outgoing } from './outgoing.ts'

/** Stanzas kept for a client that does not acknowledge; beyond it the archive is the better memory. */
const QUEUE_MAX = 1_000

/** The client acknowledged more than it was sent (XEP-0198 §4). */
export class HandledTooMuch extends Error {
  readonly h: number
  readonly sent: number

  constructor(h: number, sent: number) {
    super(`acknowledged ${h} of ${sent}`)
    this.h = h
    this.sent = sent
  }
}

/** What left for one client and is not acknowledged yet (XEP-0198). */
export class OutboundQueue {
  readonly id: string
  readonly canResume: boolean
  #acked = 0
  #waiting: Outgoing[] = []
  #isAsked = false

  constructor(id: string, canResume: boolean) {
    this.id = id
    this.canResume = canResume
  }

  get length(): number {
    return this.#waiting.length
  }

  get isFull(): boolean {
    return this.#waiting.length >= QUEUE_MAX
  }

  push(outgoing: Outgoing): void {
    this.#waiting.push(outgoing)
  }

  /** True once per unanswered `<r/>`: there is something to ask about. */
  shouldAsk(): boolean {
    if (this.#isAsked || this.#waiting.length === 0) return false
    this.#isAsked = true
    return true
  }

  /** Takes the client's `h`, modulo 2³², and returns what it covers. Throws `HandledTooMuch`. */
  acknowledge(h: number): Outgoing[] {
    this.#isAsked = false
    const count = smDistance(this.#acked, h)
    if (count > this.#waiting.length) throw new HandledTooMuch(h, smAdvance(this.#acked, this.#waiting.length))
    this.#acked = smAdvance(this.#acked, count)
    return this.#waiting.splice(0, count)
  }

  /** Everything unacknowledged, in order, to be sent again on the new connection. */
  unacknowledged(): readonly Outgoing[] {
    this.#isAsked = false
    return this.#waiting
  }
}
