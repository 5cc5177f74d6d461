import { putVcard } from '@drawbridge/db'
import { FILTER_VERSION } from '@drawbridge/image-filter'
import { C2S_LIMITS, findBase64, NS_VCARD, parseElement, StanzaFault, vcard4From } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { createHash } from 'node:crypto'
import { defineFeature } from '../../routing/feature.ts'
import type { Context, IqRequest } from '../../routing/feature.ts'
import { findShownVcard } from '../../routing/filter-stored.ts'
import { lookUp, refusalToRead } from './access.ts'
import { unavailable } from './errors.ts'
import { publishItem } from './store.ts'
import { followRemoval, NODE_VCARD4 } from './vcard4.ts'

/** Longest vCard, in characters, its photo included. */
const MAX_LENGTH = 131_072

/**
 * XEP-0054: vcard-temp, the older form of the vCard4 in the account's node (XEP-0292): one is written with the other.
 * Everybody here may read everybody's, unless the owner has closed that node. The pictures in it have been replaced by
 * clean ones before it arrives here (avatars/vcard.ts).
 */
export const vcard = defineFeature({
  name: 'vcard',
  implements: [{ xep: 54, version: '1.3.0' }],
  disco: [NS_VCARD],
  accountDisco: [NS_VCARD],
  iq: [
    { type: 'get', to: 'account', xmlns: NS_VCARD, name: 'vCard', handle: get },
    { type: 'set', to: 'account', xmlns: NS_VCARD, name: 'vCard', handle: set },
  ],
  on: { 'pep.changed': followRemoval },
})

async function get(_vcard: Element, request: IqRequest, ctx: Context): Promise<Element> {
  const { owner, access } = await lookUp(NODE_VCARD4, request, ctx)
  const isClosed = access && refusalToRead(access.node, access, 'read') !== undefined
  const row = owner && !isClosed ? await findShownVcard(owner, ctx) : undefined
  if (row) return parseElement(row.element, C2S_LIMITS)
  // §3.3: no vCard and no such account sound the same, so that addresses cannot be harvested.
  throw request.isOwn ? new StanzaFault({ condition: 'item-not-found' }) : unavailable()
}

async function set(vcard: Element, { session, isOwn }: IqRequest, ctx: Context): Promise<undefined> {
  if (!isOwn) throw new StanzaFault({ condition: 'forbidden' })
  const text = vcard.clone().toString()
  if (text.length > MAX_LENGTH) throw new StanzaFault({ condition: 'not-acceptable', text: 'This vCard is too long.' })
  const owner = session.account
  const item = { id: 'current', payload: vcard4From(vcard) }
  await publishItem(owner, NODE_VCARD4, item, undefined, ctx, (tx) =>
    putVcard(tx, owner.id, { element: text, photoSha1: photoSha1(vcard), filterVersion: FILTER_VERSION }),
  )
  ctx.emit('vcard.changed', { owner })
  return undefined
}

/** XEP-0153 §3.1: the SHA-1 of the image itself. */
function photoSha1(vcard: Element): string | null {
  const binary = vcard.getChild('PHOTO')?.getChildText('BINVAL')
  const bytes = binary === undefined ? undefined : findBase64(binary)
  return bytes && bytes.length > 0 ? createHash('sha1').update(bytes).digest('hex') : null
}
