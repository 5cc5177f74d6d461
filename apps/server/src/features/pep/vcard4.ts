import { findVcard, putVcard } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { C2S_LIMITS, parseElement, vcardTempFrom } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'

/** Where the vCard of an account is (XEP-0292 §4). */
export const NODE_VCARD4 = 'urn:xmpp:vcard4'

/** Fields that carry foreign bytes or addresses of them (images §6, rows 12 and 13); the picture is the avatar's affair. */
const DROPPED: ReadonlySet<string> = new Set(['photo', 'logo', 'sound', 'key'])

/** Makes a vCard4 harmless, in place. */
export function cleanVcard4(vcard: Element): void {
  const work = [vcard]
  for (let next = work.pop(); next; next = work.pop()) {
    for (const child of next.getChildElements()) {
      if (DROPPED.has(child.getName().toLowerCase())) next.remove(child)
      else work.push(child)
    }
  }
}

/** Writes the vcard-temp that says the same beside it; its photo stays (XEP-0398). */
export function followVcard4(owner: Account, vcard: Element): (tx: Db) => Promise<void> {
  return async (tx) => {
    const row = await findVcard(tx, owner.id)
    const photo = row && parseElement(row.element, C2S_LIMITS).getChild('PHOTO')
    const card = vcardTempFrom(vcard).append(photo?.clone())
    await putVcard(tx, owner.id, card.toString(), row?.photoSha1 ?? null)
  }
}
