import { smAdvance, smDistance } from '@drawbridge/xmpp'
import type { Outgoing } from '../routing/outgoing.ts'

/** What is kept for a client that does not acknowledge; beyond it the archive is the better memory (threats OV-01). */
export const UNACKNOWLEDGED_MAX = 10_000
const UNACKNOWLEDGED_MAX_CHARACTERS = 4 * 1024 * 1024

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
  #acked: number
  readonly #waiting: Outgoing[] = []
  #characters = 0
  #isAsked = false

  /** @param acked - the count to go on from, modulo 2³². */
  constructor(id: string, canResume: boolean, acked = 0) {
    this.id = id
    this.canResume = canResume
    this.#acked = acked
  }

  get length(): number {
    return this.#waiting.length
  }

  /** How many stanzas were sent, modulo 2³². */
  get sent(): number {
    return smAdvance(this.#acked, this.#waiting.length)
  }

  get isFull(): boolean {
    return this.#waiting.length >= UNACKNOWLEDGED_MAX || this.#characters >= UNACKNOWLEDGED_MAX_CHARACTERS
  }

  push(outgoing: Outgoing): void {
    this.#waiting.push(outgoing)
    this.#characters += outgoing.length
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
    if (count > this.#waiting.length) throw new HandledTooMuch(h, this.sent)
    this.#acked = smAdvance(this.#acked, count)
    const taken = this.#waiting.splice(0, count)
    for (const { length } of taken) this.#characters -= length
    return taken
  }

  /** Everything unacknowledged, in order. */
  unacknowledged(): readonly Outgoing[] {
    return this.#waiting
  }
}
