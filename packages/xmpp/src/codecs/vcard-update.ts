import { xml, type Element } from '../element.ts'
import { NS_VCARD_UPDATE } from '../ns.ts'

/**
 * Says in a presence which avatar the account has (XEP-0153 §3.1), instead of whatever it said before. In place.
 *
 * @param sha1 - of the image, in hex; absent: no avatar, said only where the client spoke of one; empty: no avatar, said in any case.
 */
export function setPhotoHash(presence: Element, sha1: string | undefined): void {
  const said = presence.getChildren('x', NS_VCARD_UPDATE)
  for (const x of said) presence.remove(x)
  if (sha1 === undefined && said.length === 0) return
  presence.append(xml('x', { xmlns: NS_VCARD_UPDATE }, xml('photo', {}, sha1 || undefined)))
}
