import { buildTombstone, C2S_LIMITS, parseElement } from '@drawbridge/xmpp'
import type { ArchivedMessage } from '@drawbridge/db'
import type { Element, XmlLimits } from '@drawbridge/xmpp'
import { withStanzaId } from './deliver.ts'

/** What we wrote ourselves was within the limits before it was escaped, which makes it longer: up to `&quot;` for `"`. */
const STORED_LIMITS: XmlLimits = { ...C2S_LIMITS, maxStanzaBytes: 6 * C2S_LIMITS.maxStanzaBytes }

/** A message as we wrote it into the database. */
export function parseStored(text: string): Element {
  return parseElement(text, STORED_LIMITS)
}

/**
 * A message of `owner`'s archive, as it was delivered or would have been: with its id there (XEP-0359 §3.2). Of a
 * retracted one only its tombstone (XEP-0424 §4).
 */
export function storedStanza(
  { id, stanza, retraction }: Pick<ArchivedMessage, 'id' | 'stanza' | 'retraction'>,
  owner: string,
): Element {
  const element = parseStored(stanza)
  if (!retraction) return withStanzaId(element, owner, id)
  const by = { stanza: parseStored(retraction.stanza), at: retraction.sentAt }
  return withStanzaId(buildTombstone(element, by), owner, id)
}
