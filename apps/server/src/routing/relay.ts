import { buildStanzaError, NS_CLIENT, xml } from '@drawbridge/xmpp'
import { gauge } from '@drawbridge/runtime'
import type { Session } from '../stream/session.ts'
import { perSession } from './kept.ts'

/** Requests of one session to others that wait for an answer; the oldest goes first. */
export const MAX_WAITING = 1_000

const setRequestsWaiting = gauge(
  'drawbridge_requests_relayed_waiting',
  'Requests from clients to clients, occupants of rooms included, that wait for an answer.',
)

/** Somebody's request that went on to somebody else's device. */
export interface Relayed {
  readonly asker: Session
  /** The asker's own id of the request. */
  readonly id: string
  /** Whom the asker asked. */
  readonly asked: string
  /** The session that is to answer; an answer of anybody else is worth nothing. */
  readonly answerer: Session
  /** How the answerer knows the request: whom it is from, and its id. */
  readonly as: { readonly from: string; readonly id: string }
}

/** Where to look for the question to an answer: what it says of itself, and who says it. Nothing on the wire holds NUL. */
const keyOf = (answerer: string, to: string, id: string) => `${id}\0${to}\0${answerer}`

/**
 * Remembers who waits for whose answer (RFC 6120 §8.2.3). An answer belongs to a request, so rules that keep words back
 * can tell one from words that are dressed up as one; in rooms neither side knows the other's address (XEP-0045 §17.2);
 * and where nobody is left to answer, who asked hears that.
 */
export class Relay {
  readonly #waiting = new Map<string, Relayed>()
  /** Keys of what a session has asked, oldest first, and of what it is to answer. */
  readonly #askedBy = perSession(() => new Set<string>())
  readonly #owedBy = perSession(() => new Set<string>())

  /** A request goes on to its answerer. The same one again takes the place of the first. */
  expect(relayed: Relayed): void {
    const { asker, answerer, as } = relayed
    const key = keyOf(answerer.jid.toString(), as.from, as.id)
    this.#remove(key)
    this.#waiting.set(key, relayed)
    const asked = this.#askedBy(asker).add(key)
    this.#owedBy(answerer).add(key)
    const [oldest] = asked
    if (asked.size > MAX_WAITING && oldest !== undefined) giveUp(this.#remove(oldest))
    setRequestsWaiting(this.#waiting.size)
  }

  /** Whether somebody waits for this answer. */
  isAwaited(answerer: string, to: string, id: string): boolean {
    return this.#waiting.has(keyOf(answerer, to, id))
  }

  /** What an answer answers, once. */
  take(answerer: Session, to: string, id: string): Relayed | undefined {
    const relayed = this.#remove(keyOf(answerer.jid.toString(), to, id))
    setRequestsWaiting(this.#waiting.size)
    return relayed
  }

  /** A session is over: nobody waits for it any longer, and it waits for nobody. */
  forget(session: Session): void {
    for (const key of this.#askedBy(session)) this.#remove(key)
    for (const key of this.#owedBy(session)) giveUp(this.#remove(key))
    setRequestsWaiting(this.#waiting.size)
  }

  #remove(key: string): Relayed | undefined {
    const relayed = this.#waiting.get(key)
    if (!relayed) return undefined
    this.#waiting.delete(key)
    this.#askedBy(relayed.asker).delete(key)
    this.#owedBy(relayed.answerer).delete(key)
    return relayed
  }
}

/** RFC 6120 §8.2.3: who asked hears something, also where nobody is left to answer. */
function giveUp(relayed: Relayed | undefined): void {
  if (!relayed) return
  const { asker, id, asked } = relayed
  const attrs = { xmlns: NS_CLIENT, type: 'error', id, from: asked, to: asker.jid.toString() }
  asker.send(xml('iq', attrs, buildStanzaError({ condition: 'service-unavailable' })))
}
