import { base64From, NS_VCARD, scanForInlineImages, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context } from '../../routing/feature.ts'
import { imageRefused } from '../../routing/inline-image.ts'
import { cleanAvatar } from './clean.ts'
import type { Avatar } from './clean.ts'

const PICTURES: ReadonlySet<string> = new Set(['PHOTO', 'LOGO'])
/** Fields that carry foreign bytes or addresses of them, or another vCard (images §6, rows 12 and 13). */
const DROPPED: ReadonlySet<string> = new Set(['EXTVAL', 'SOUND', 'AGENT', 'KEY'])

/** Makes a vCard harmless, in place: pictures become ours, every other binary goes. @throws StanzaFault */
export async function cleanVcard(vcard: Element, ctx: Context): Promise<void> {
  dropAll(vcard)
  for (const image of scanForInlineImages(vcard)) {
    if (image.kind !== 'vcard') throw imageRefused('unsupported')
    const holder = image.element.parent
    if (!holder || !PICTURES.has(image.field) || holder.parent !== vcard || image.element.getText().trim() === '') {
      holder?.parent?.remove(holder)
      continue
    }
    setPicture(holder, await cleanAvatar(image.bytes, ctx))
  }
  if (holdsMore(vcard)) throw imageRefused('unsupported')
}

/** Whether a field that is no picture holds one: judged like an element nobody knows (images §1, rule 3). */
function holdsMore(vcard: Element): boolean {
  const rest = vcard.clone()
  for (const field of rest.getChildElements()) if (PICTURES.has(field.getName().toUpperCase())) rest.remove(field)
  rest.attrs['xmlns'] = 'urn:drawbridge:unknown'
  return scanForInlineImages(rest).length > 0
}

function dropAll(vcard: Element): void {
  const work = [vcard]
  for (let next = work.pop(); next; next = work.pop()) {
    for (const child of next.getChildElements()) {
      if (DROPPED.has(child.getName().toUpperCase())) next.remove(child)
      else work.push(child)
    }
  }
}

function setPicture(holder: Element, { bytes, type }: Avatar): void {
  holder.children = [] // nothing else of it stays
  holder.append(xml('TYPE', {}, type), xml('BINVAL', {}, base64From(bytes)))
}

/** A vCard with this photo in place of the one before; `undefined`: with none. */
export function withPhoto(vcard: Element | undefined, avatar: Avatar | undefined): Element {
  const card = vcard?.clone() ?? xml('vCard', { xmlns: NS_VCARD })
  for (const photo of card.getChildren('PHOTO')) card.remove(photo)
  if (!avatar) return card
  const photo = xml('PHOTO')
  setPicture(photo, avatar)
  return card.append(photo)
}
