import { BoundedSet } from '@drawbridge/runtime'
import { NS_CAPS, NS_CAPS2 } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'

/** Clients and versions in use are far fewer; what nobody has announced for long goes. */
const MAX_KNOWN = 2_000
/** Longest announcement that is remembered, in characters. */
const MAX_LENGTH = 512

/**
 * Capabilities as clients announce them (XEP-0115, XEP-0390), by their exact text. Each is a few strings that anybody can
 * choose: while words are held back, those pass that were announced before, by whomever.
 */
export interface KnownCaps {
  has(caps: Element): boolean
  /** Remembers what a presence announces that was let through. */
  learn(presence: Element): void
}

export function createKnownCaps(): KnownCaps {
  const known = new BoundedSet<string>(MAX_KNOWN)
  return {
    has: (caps) => known.has(caps.toString()),
    learn(presence) {
      for (const namespace of [NS_CAPS, NS_CAPS2]) {
        const text = presence.getChild('c', namespace)?.toString()
        if (text !== undefined && text.length <= MAX_LENGTH) known.add(text)
      }
    },
  }
}
