import { FILTER_VERSION } from '@drawbridge/image-filter'
import { buildTombstone } from '@drawbridge/xmpp'
import type { ArchivedMessage } from '@drawbridge/db'
import type { Element } from '@drawbridge/xmpp'
import { withStanzaId } from './deliver.ts'
import { parseStored } from './parse-stored.ts'

/**
 * A message of `owner`'s archive, as it was delivered or would have been: with its id there (XEP-0359 §3.2). Of a
 * retracted one only its tombstone (XEP-0424 §4).
 */
export function storedStanza(
  {
    id,
    stanza,
    filterVersion,
    retraction,
    direction,
  }: Pick<ArchivedMessage, 'id' | 'stanza' | 'filterVersion' | 'retraction' | 'direction'>,
  owner: string,
): Element {
  // Fails closed: whoever reads an archive passes it through the filter first (filter-stored.ts).
  if (Math.min(filterVersion, retraction?.filterVersion ?? filterVersion) < FILTER_VERSION)
    throw new Error('not filtered')
  const element = parseStored(stanza)
  nameOwner(element, direction, owner)
  if (!retraction) return withStanzaId(element, owner, id)
  const by = { stanza: parseStored(retraction.stanza), at: retraction.sentAt }
  return withStanzaId(buildTombstone(element, by), owner, id)
}

/**
 * One message is in two archives, and who is behind a nick is in none: a private message in a room is stored from one
 * occupant to the other (XEP-0045 §7.5). Its reader is named by the address that he knows himself.
 */
function nameOwner({ attrs }: Element, direction: ArchivedMessage['direction'], owner: string): void {
  const side = direction === 'in' ? 'to' : 'from'
  const named = attrs[side]
  if (named !== undefined && named !== owner && !named.startsWith(`${owner}/`)) attrs[side] = owner
}
