import { C2S_LIMITS, parseElement } from '@drawbridge/xmpp'
import type { Element, XmlLimits } from '@drawbridge/xmpp'

/** What we wrote ourselves was within the limits before it was escaped, which makes it longer: up to `&quot;` for `"`. */
const STORED_LIMITS: XmlLimits = { ...C2S_LIMITS, maxStanzaBytes: 6 * C2S_LIMITS.maxStanzaBytes }

/** A message as we wrote it into the database. */
export function parseStored(text: string): Element {
  return parseElement(text, STORED_LIMITS)
}
