import {
  base64From,
  NS_AVATAR_METADATA,
  NS_VCARD,
  NS_VCARD4,
  NS_VCARD_UPDATE,
  scanForInlineImages,
  xml,
} from '@drawbridge/xmpp'
import type { Element, InlineImage } from '@drawbridge/xmpp'
import type { AvatarInfo, MadeImage, Visited } from './around.ts'
import { imageRefused } from './pass.ts'
import type { Pass } from './pass.ts'
import { cut, reduce } from './walk.ts'

const PICTURES: ReadonlySet<string> = new Set(['PHOTO', 'LOGO'])
/** Fields that carry foreign bytes, or another vCard (images §6, rows 12 and 13). */
const DROPPED: ReadonlySet<string> = new Set(['SOUND', 'AGENT', 'KEY'])
/** The address of a field's bytes. */
const ADDRESS = 'EXTVAL'
/** The same in a vCard4; the picture there is the avatar's affair (row 16). */
const DROPPED_4: ReadonlySet<string> = new Set(['photo', 'logo', 'sound', 'key'])

/** XEP-0054, rows 12 and 13: where it is asked for and answered. In a message nobody has any use for one. */
export function rewriteVcard({ element }: Visited, pass: Pass): void {
  if (element.name !== 'vCard') {
    if (element.parent?.getNS() !== NS_VCARD) cut(element)
    return
  }
  if (pass.root.name === 'message' || pass.root.name === 'presence') {
    if (scanForInlineImages(element).length > 0) pass.refuse(element, imageRefused('unsupported'))
    else cut(element)
    return
  }
  // At once, before anything is judged by its length.
  dropAll(element, (name) => DROPPED.has(name.toUpperCase()))
  pass.later.push(() => pass.orRefuse(element, () => cleanVcard(element, pass)))
}

/** Pictures become ours, every other binary goes. @throws StanzaFault */
async function cleanVcard(vcard: Element, pass: Pass): Promise<void> {
  await fetchPictures(vcard, pass)
  dropAll(vcard, (name) => name.toUpperCase() === ADDRESS)
  for (const image of scanForInlineImages(vcard)) {
    if (image.kind !== 'vcard') {
      pass.refuse(image.element, imageRefused('unsupported'))
      continue
    }
    const holder = image.element.parent
    if (!holder || !PICTURES.has(image.field) || holder.parent !== vcard || image.element.getText().trim() === '') {
      if (holder) cut(holder)
      continue
    }
    await pass.orRefuse(holder, async () =>
      setPicture(holder, await pass.lookups.clean(image.bytes, 'avatar', pass.deadline)),
    )
  }
  if (holdsMore(vcard)) throw imageRefused('unsupported')
}

/** A picture that is named by its address (EXTVAL) is fetched, and is then one that was sent like any other. */
async function fetchPictures(vcard: Element, { lookups, fetchDeadline }: Pass): Promise<void> {
  if (!lookups.fetch) return
  for (const holder of vcard
    .getChildElements()
    .filter(({ name }) => PICTURES.has(name.toUpperCase()))
    .slice(0, 2)) {
    const url = holder.getChildText(ADDRESS)?.trim() ?? ''
    if (holder.getChild('BINVAL') || !/^https?:\/\//i.test(url)) continue
    const bytes = await lookups.fetch(url, fetchDeadline)
    if (bytes) holder.append(xml('BINVAL', {}, base64From(bytes)))
  }
}

/** Whether a field that is no picture holds one: judged like an element nobody knows (images §1, rule 3). */
function holdsMore(vcard: Element): boolean {
  const rest = vcard.clone()
  for (const field of rest.getChildElements()) if (PICTURES.has(field.getName().toUpperCase())) rest.remove(field)
  rest.attrs['xmlns'] = 'urn:drawbridge:unknown'
  return scanForInlineImages(rest).length > 0
}

/** XEP-0292, row 16: of a picture, a sound or a key only the field's name could be kept. */
export function stripVcard4({ element }: Visited): void {
  if (element.name !== 'vcard' && element.parent?.getNS() !== NS_VCARD4) cut(element)
  else if (element.name === 'vcard') dropAll(element, (name) => DROPPED_4.has(name.toLowerCase()))
}

function dropAll(vcard: Element, isDropped: (name: string) => boolean): void {
  const work = [vcard]
  for (let next = work.pop(); next; next = work.pop()) {
    for (const child of next.getChildElements()) {
      if (isDropped(child.getName())) next.remove(child)
      else work.push(child)
    }
  }
}

/** Makes a field of a vCard hold this picture and nothing else. */
export function setPicture(holder: Element, { bytes, type }: Pick<MadeImage, 'bytes' | 'type'>): void {
  holder.children = []
  holder.append(xml('TYPE', {}, type), xml('BINVAL', {}, base64From(bytes)))
}

/** XEP-0084, row 10, between clients and in what servers answer: the data becomes ours, and its item is named after it. */
export async function cleanAvatarData(image: Extract<InlineImage, { kind: 'avatar' }>, pass: Pass): Promise<void> {
  const made = await pass.lookups.clean(image.bytes, 'avatar', pass.deadline)
  image.element.children = [base64From(made.bytes)]
  const item = image.element.parent
  if (item?.is('item')) item.attrs['id'] = hex(pass.lookups.digest('sha-1', made.bytes))
}

/** XEP-0084, rows 10 and 11: metadata is about images of ours that the sender has made; every attribute is our own. */
export function rewriteMetadata({ element }: Visited, pass: Pass): void {
  if (element.parent?.is('metadata', NS_AVATAR_METADATA)) return
  if (element.name !== 'metadata') return cut(element)
  const named = element.getChildren('info').flatMap(({ attrs }) => attrs['id']?.toLowerCase() ?? [])
  reduce(element, [], [])
  if (named.length === 0) return
  pass.later.push(async () => {
    for (const id of new Set(named.slice(0, 16))) {
      const avatar = await pass.lookups.findAvatar(id)
      if (!avatar) continue
      element.append(buildInfo(avatar))
      if (element.parent?.is('item')) element.parent.attrs['id'] = avatar.id
    }
    // An empty one would say that there is no avatar any longer (§4.2.3); nothing is what we know.
    if (element.children.length === 0) cut(element.parent?.is('item') ? element.parent : element)
  })
}

/** `<info/>` of an image of ours. */
export function buildInfo({ id, type, bytes, widthPx, heightPx }: AvatarInfo): Element {
  return xml('info', { id, type, bytes, width: widthPx, height: heightPx })
}

/** XEP-0153, row 14: a hash that we know becomes that of our image; any other goes. */
export function rewritePhotoHash({ element }: Visited, pass: Pass): void {
  // A client of ours names the avatar of its account, which is written there (XEP-0398).
  if (pass.around.edge === 'client') return
  if (element.parent?.is('x', NS_VCARD_UPDATE)) return
  const photo = element.getChild('photo', NS_VCARD_UPDATE)
  const sha1 = photo?.getText().trim().toLowerCase()
  if (element.name !== 'x') return cut(element)
  if (photo) reduce(photo, [], [])
  // An empty one says that there is no photo (§3.2).
  reduce(element, [], photo && sha1 === '' ? [photo] : [])
  if (sha1 === undefined || sha1 === '') return
  pass.later.push(async () => {
    const clean = await pass.lookups.findAvatar(sha1)
    const known = clean?.id ?? (pass.around.isRenewal ? sha1 : undefined)
    if (known !== undefined) element.append(xml('photo', {}, known))
  })
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
