import { findPepNode, findVcard, putVcard } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { FILTER_VERSION } from '@drawbridge/image-filter'
import { C2S_LIMITS, NS_VCARD, parseElement, vcard4From, vcardTempFrom, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context, DomainEvents } from '../../routing/feature.ts'
import { findFilteredVcard } from '../../routing/filter-stored.ts'
import { publishItem } from './store.ts'

/** Where the vCard of an account is (XEP-0292 §4). */
export const NODE_VCARD4 = 'urn:xmpp:vcard4'

/** Writes the vcard-temp that says the same beside it. */
export function followVcard4(owner: Account, vcard: Element): (tx: Db) => Promise<void> {
  return (tx) => replaceVcard(tx, owner, vcardTempFrom(vcard))
}

/** Its photo stays: that is the avatar's affair (XEP-0398). */
async function replaceVcard(db: Db, owner: Account, card: Element): Promise<void> {
  const row = await findVcard(db, owner.id)
  const photo = row && parseElement(row.element, C2S_LIMITS).getChild('PHOTO')
  // What an older filter let in stays so until somebody asks for it.
  const filterVersion = row?.filterVersion ?? FILTER_VERSION
  const element = card.append(photo?.clone()).toString()
  await putVcard(db, owner.id, { element, photoSha1: row?.photoSha1 ?? null, filterVersion })
}

/** A vCard4 that is taken back is taken back in both formats. */
export async function followRemoval({ owner, change }: DomainEvents['pep.changed'], ctx: Context): Promise<void> {
  if (change.node.node !== NODE_VCARD4 || change.what === 'published' || change.what === 'configured') return
  await replaceVcard(ctx.db, owner, xml('vCard', { xmlns: NS_VCARD }))
}

/** A vCard from before there was a node for it is found in the node, too. */
export async function adoptVcard(owner: Account | undefined, ctx: Context): Promise<void> {
  if (!owner || (await findPepNode(ctx.db, owner.id, NODE_VCARD4))) return
  const row = await findFilteredVcard(owner, ctx)
  if (!row) return
  const payload = vcard4From(parseElement(row.element, C2S_LIMITS))
  if (payload.children.length === 0) return
  await publishItem(owner, NODE_VCARD4, { id: 'current', payload }, undefined, ctx)
}
