import { isDelay, NS_SID, StanzaFault } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { hash } from 'node:crypto'

/** The longest that a room can make somebody wait between two messages: a day, in seconds. */
export const MAX_SLOW_MODE_S = 86_400

interface Said {
  readonly atMs: number
  /** What was said, where its author gave it an id of his own: sent again, it is the same message. */
  readonly repeat: string | undefined
}

/**
 * XEP-0500 §6: who has said what last, by account, so that neither a second device nor another nick is faster (§8). In
 * memory only: after a start of the server everybody may speak at once.
 */
export class SlowMode {
  /** Oldest first. */
  readonly #last = new Map<string, Said>()
  /** A message is decided anew when rules change under it: it has been let through already. */
  readonly #passed = new WeakSet<Element>()

  /**
   * Lets one message of an account through, or refuses it.
   *
   * @param durationS - what the room asks for between two messages of the same person; 0: nothing
   * @throws StanzaFault `policy-violation` of type `wait`
   */
  pass(account: string, message: Element, durationS: number, nowMs: number): void {
    // §6: "Only messages containing at least one <body/> element must be taking into account."
    if (durationS === 0 || !message.getChild('body') || this.#passed.has(message)) return
    this.#forget(nowMs - durationS * 1_000)
    const last = this.#last.get(account)
    const repeat = repeatOf(message)
    // A client that has lost its connection sends again what it has no acknowledgement of: the record finds that it has it.
    if (last && (repeat === undefined || repeat !== last.repeat)) {
      throw tooSoon(durationS, Math.ceil((last.atMs + durationS * 1_000 - nowMs) / 1_000))
    }
    this.#passed.add(message)
    if (!last) this.#last.set(account, { atMs: nowMs, repeat })
  }

  #forget(untilMs: number): void {
    for (const [account, { atMs }] of this.#last) {
      if (atMs > untilMs) break
      this.#last.delete(account)
    }
  }
}

/** §6: "type MUST be wait", "condition MUST be policy-violation", and the text "SHOULD mention the slow mode duration". */
function tooSoon(durationS: number, leftS: number): StanzaFault {
  return new StanzaFault({
    type: 'wait',
    condition: 'policy-violation',
    text: `In this room everybody waits ${durationS} seconds between messages. Please send it again in ${leftS} seconds.`,
  })
}

/** As the record compares messages that were sent twice: by the id that the author gave, and by all of the content. */
function repeatOf({ children }: Element): string | undefined {
  const content = children.filter((child) => typeof child === 'string' || !isDelay(child))
  const hasId = content.some((child) => typeof child !== 'string' && child.is('origin-id', NS_SID))
  return hasId ? hash('sha256', content.map(String).join(''), 'base64') : undefined
}
