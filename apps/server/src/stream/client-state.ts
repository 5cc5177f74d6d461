import {
  findCarbon,
  NS_CHAT_STATES,
  NS_CLIENT,
  NS_DELAY,
  NS_HINTS,
  NS_MARKERS,
  NS_MUC_USER,
  NS_PUBSUB_EVENT,
  NS_RECEIPTS,
  NS_SID,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Outgoing } from '../routing/outgoing.ts'

/** Stanzas kept back from one client; one more, and all of them are sent. */
export const HELD_MAX = 500
/** Their text, in characters. */
const HELD_MAX_CHARACTERS = 512 * 1024
/** After this time, in milliseconds, "is typing" is not true any more. */
const TYPING_FADES_MS = 30_000

/**
 * When an inactive client gets a stanza (XEP-0352 §3.2). `latest`: it waits, and replaces the one that waits under the
 * same key, for it tells a newer state of the same thing. What nobody here knows does not wait.
 */
export type Urgency =
  | { readonly when: 'now' }
  | { readonly when: 'later' }
  | { readonly when: 'latest'; readonly key: string; readonly fades?: boolean }

const NOW: Urgency = { when: 'now' }
const LATER: Urgency = { when: 'later' }

/** Child elements of a message that can wait, by namespace; a message of nothing else waits. */
const CAN_WAIT: ReadonlySet<string> = new Set([NS_RECEIPTS, NS_MARKERS, NS_CHAT_STATES, NS_PUBSUB_EVENT])
/** Child elements that say something about the message, and nothing of their own. */
const REMARKS: ReadonlySet<string> = new Set([NS_SID, NS_HINTS, NS_DELAY, 'urn:xmpp:occupant-id:0'])

/**
 * What waits and what does not:
 *
 * - every iq goes now: somebody waits for it;
 * - presence waits, the newest of each resource, but for a subscription, an error, and what a room says to the one who
 *   entered it (XEP-0045 §7.2.2);
 * - messages go now when they have a text, or anything else that a person or a client may wait for: calls, encrypted
 *   payloads, invitations, reactions, results of the archive, our own notices;
 * - chat states wait, the newest of each sender, and "is typing" fades; PEP events wait, the newest of each item;
 *   receipts, markers and what one's own other devices sent wait.
 */
export function urgencyOf(element: Element): Urgency {
  if (element.name === 'presence') return urgencyOfPresence(element)
  if (element.name !== 'message' || element.attrs['type'] === 'error') return NOW
  const carbon = findCarbon(element)
  if (carbon) return carbon.direction === 'sent' ? LATER : urgencyOf(carbon.stanza)
  const content = element.getChildElements().filter(isContent)
  if (!content.every((child) => CAN_WAIT.has(child.getNS() ?? ''))) return NOW
  const [only] = content
  if (!only || content.length > 1) return LATER
  const from = element.attrs['from'] ?? ''
  if (only.getNS() === NS_CHAT_STATES) {
    const isTyping = only.name === 'composing' || only.name === 'paused'
    return { when: 'latest', key: `state ${from}`, fades: isTyping }
  }
  if (only.getNS() === NS_PUBSUB_EVENT) return urgencyOfEvent(only, from)
  return LATER
}

function urgencyOfPresence(element: Element): Urgency {
  const { type, from } = element.attrs
  if ((type !== undefined && type !== 'unavailable') || from === undefined) return NOW
  if (
    element
      .getChild('x', NS_MUC_USER)
      ?.getChildren('status')
      .some(({ attrs }) => attrs['code'] === '110')
  )
    return NOW
  return { when: 'latest', key: `presence ${from}` }
}

/** One item of one node has one newest state; whatever else an event says waits in its order. */
function urgencyOfEvent(event: Element, from: string): Urgency {
  const items = event.getChild('items')
  const changes = items?.getChildElements() ?? []
  const node = items?.attrs['node']
  const id = changes[0]?.attrs['id']
  if (changes.length !== 1 || node === undefined || id === undefined) return LATER
  return { when: 'latest', key: `item ${JSON.stringify([from, node, id])}` }
}

function isContent(child: Element): boolean {
  const namespace = child.getNS()
  if (namespace === undefined || namespace === NS_CLIENT) return child.name !== 'thread'
  return !REMARKS.has(namespace)
}

interface Held {
  readonly outgoing: Outgoing
  /** When it will not be true any more. */
  readonly fadesAt: number
}

/** What waits for an inactive client, in order. */
export class HeldStanzas {
  readonly #held = new Map<string, Held>()
  #characters = 0
  #count = 0

  get size(): number {
    return this.#held.size
  }

  /** Keeps a stanza back if it can wait; false when it must go, or when there is no room: then everything goes. */
  keep(outgoing: Outgoing, now: number): boolean {
    const urgency = urgencyOf(outgoing.element)
    if (urgency.when === 'now') return false
    const key = urgency.when === 'latest' ? urgency.key : `later ${++this.#count}`
    // The newest stands at the end: what is told once is told in the order in which it became true.
    this.#forget(key)
    if (this.#held.size >= HELD_MAX || this.#characters + outgoing.length > HELD_MAX_CHARACTERS) return false
    const fades = urgency.when === 'latest' && urgency.fades
    this.#held.set(key, { outgoing, fadesAt: fades ? now + TYPING_FADES_MS : Number.POSITIVE_INFINITY })
    this.#characters += outgoing.length
    return true
  }

  /** Everything that waited and is still true, in order. */
  take(now: number): Outgoing[] {
    const taken: Outgoing[] = []
    for (const { outgoing, fadesAt } of this.#held.values()) if (fadesAt > now) taken.push(outgoing)
    this.#held.clear()
    this.#characters = 0
    return taken
  }

  #forget(key: string): void {
    const before = this.#held.get(key)
    if (!before) return
    this.#held.delete(key)
    this.#characters -= before.outgoing.length
  }
}
