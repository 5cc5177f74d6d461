import { setPicture } from '@drawbridge/image-filter'
import { NS_VCARD, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Avatar } from './clean.ts'

/** A vCard with this photo in place of the one before; `undefined`: with none. */
export function withPhoto(vcard: Element | undefined, avatar: Avatar | undefined): Element {
  const card = vcard?.clone() ?? xml('vCard', { xmlns: NS_VCARD })
  for (const photo of card.getChildren('PHOTO')) card.remove(photo)
  if (!avatar) return card
  const photo = xml('PHOTO')
  setPicture(photo, avatar)
  return card.append(photo)
}
