import { buildStanzaError, NS_CLIENT, xml } from '@drawbridge/xmpp'
import type { Session } from '../../stream/session.ts'
import { setRequestsWaiting } from './metrics.ts'

/** Requests between occupants that wait for an answer; the oldest goes first. */
export const MAX_WAITING = 10_000

interface Waiting {
  readonly asker: Session
  /** The asker's own id of the request. */
  readonly id: string
  /** Whom the asker asked: `room@service/nick`. */
  readonly asked: string
  /** The session that is to answer; an answer of anybody else is worth nothing. */
  readonly answerer: Session
}

/** Remembers whose request an occupant answers, since neither side knows the other's address (XEP-0045 §17.2). */
export class Relay {
  readonly #waiting = new Map<string, Waiting>()
  #count = 0

  /** The id under which the request goes on. */
  expect(waiting: Waiting): string {
    const id = `relay${++this.#count}`
    this.#waiting.set(id, waiting)
    for (const [oldest, unanswered] of this.#waiting) {
      if (this.#waiting.size <= MAX_WAITING) break
      this.#waiting.delete(oldest)
      giveUp(unanswered)
    }
    setRequestsWaiting(this.#waiting.size)
    return id
  }

  /** What an answer answers, once. */
  take(id: string, answerer: Session): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (waiting?.answerer !== answerer) return undefined
    this.#waiting.delete(id)
    setRequestsWaiting(this.#waiting.size)
    return waiting
  }

  /** A session is over: nobody waits for it any longer, and it waits for nobody. */
  forget(session: Session): void {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.asker !== session && waiting.answerer !== session) continue
      this.#waiting.delete(id)
      if (waiting.asker !== session) giveUp(waiting)
    }
    setRequestsWaiting(this.#waiting.size)
  }
}

/** RFC 6120 §8.2.3: who asked hears something, also where nobody is left to answer. */
function giveUp({ asker, id, asked }: Waiting): void {
  const attrs = { xmlns: NS_CLIENT, type: 'error', id, from: asked, to: asker.jid.toString() }
  asker.send(xml('iq', attrs, buildStanzaError({ condition: 'service-unavailable' })))
}
