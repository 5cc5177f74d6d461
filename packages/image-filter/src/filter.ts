import { CODES } from '@drawbridge/contract'
import { NS_CLIENT, NS_VCARD, scanForInlineImages, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element, InlineImage } from '@drawbridge/xmpp'
import type { Around } from './around.ts'
import { cleanBits, referencedCids } from './bits.ts'
import type { BitsOfBinary } from './bits.ts'
import { denyInText } from './denied.ts'
import { NOTICE, stripDataImages } from './notice.ts'
import { imageRefused, Pass } from './pass.ts'
import { cleanAvatarData } from './profile.ts'
import { foreignLinks, keepAsText, reHost } from './re-host.ts'
import { findRule } from './rules.ts'
import { isPartOf, walk } from './walk.ts'

/**
 * Takes every image out of a stanza that our encoder did not make (images §1, §6): what is left in `root`, once this is
 * done, may be stored and shown. The same on every edge; filtering twice changes nothing.
 *
 * @param root - a stanza, or the payload of an item; changed in place.
 * @returns nothing when there was nothing to wait for, which is the common case.
 * @throws StanzaFault, or rejects with it, for what is refused; never on the edge `stored`, where nobody can be told and
 *   the element goes instead.
 */
export function filterImages(root: Element, around: Around): Promise<void> | undefined {
  const pass = new Pass(root, around)
  const links = foreignLinks(pass)
  if (links.length === 0 || !around.lookups.reHost) {
    keepAsText(links, pass)
    return judge(pass)
  }
  return (async () => {
    keepAsText(await reHost(links, pass), pass)
    await judge(pass)
  })()
}

function judge(pass: Pass): Promise<void> | undefined {
  const { root, around } = pass
  const { isRenewal = false } = around
  const images = scanForInlineImages(root).filter(({ kind }) => !isRenewal || kind === 'bob' || kind === 'avatar')
  // Before anything is removed: what refers to an image may be what has to go.
  const referenced = images.some(({ kind }) => kind === 'bob') ? referencedCids(pass) : new Set<string>()
  for (const visited of walk(root)) {
    if (!isRenewal) denyInText(visited, pass)
    const rule = findRule(visited.namespace)
    if (rule && (rule.isRenewed || !isRenewal) && isPartOf(visited.element, root)) rule.apply(visited, pass)
  }
  const left = images.filter((image) => isPartOf(image.element, root))
  const bits = settle(left, pass)
  // An answer to that question is what it is about (XEP-0231 §3).
  for (const { element, cid } of bits) if (cid !== undefined && isAnswer(element, pass)) referenced.add(cid)
  if (bits.length > 0) pass.later.push(() => cleanBits(bits, referenced, pass))
  if (pass.later.length === 0) return finish(pass)
  return (async () => {
    for (const step of pass.later) await step()
    finish(pass)
  })()
}

/** Deals with everything that needs no sanitizer; returns what does. @throws StanzaFault */
function settle(images: readonly InlineImage[], pass: Pass): BitsOfBinary[] {
  const bits: BitsOfBinary[] = []
  for (const image of images) {
    const { element } = image
    if (element === pass.root && (image.kind === 'data-uri' || image.kind === 'hidden')) {
      pass.refuseRoot(unknownContent(element))
      continue
    }
    switch (image.kind) {
      case 'data-uri':
        stripDataImages(element, image.attribute)
        break
      case 'bob':
        // The question of XEP-0231 §3 holds nothing yet.
        if (!isQuestion(pass) || element.children.length > 0) bits.push(image)
        break
      case 'encoded':
        if (isRefusedUnknown(pass)) pass.refuse(element, unknownContent(element))
        break
      case 'hidden':
        // A word in a text can be replaced; anything else is there to be decoded.
        if (image.attribute === undefined && element.getNS() === NS_CLIENT) element.children = [NOTICE]
        else pass.refuse(element, unknownContent(element))
        break
      case 'avatar':
        if (pass.root.name === 'message') pass.refuse(element, imageRefused('unsupported'))
        else pass.later.push(() => pass.orRefuse(element, () => cleanAvatarData(image, pass)))
        break
      case 'vcard':
        // What is in a vCard is cleaned with it.
        if (!isInVcard(element)) pass.refuse(element, imageRefused('unsupported'))
        break
      case 'xhtml-im':
        // Stripped before.
        break
    }
  }
  return bits
}

function isInVcard(element: Element): boolean {
  let above: Element | null = element
  while (above && !above.is('vCard', NS_VCARD)) above = above.parent
  return above !== null
}

/**
 * Rule 3: from elsewhere always, of our own people where the site is strict. What a client tells the server or a service
 * of ours reaches nobody else; whoever answers there knows what it takes.
 */
function isRefusedUnknown({ around, root: { name, attrs } }: Pass): boolean {
  if (around.edge !== 'client') return true
  return around.isStrict && !(name === 'iq' && !attrs['to']?.includes('/'))
}

function isQuestion({ root: { name, attrs } }: Pass): boolean {
  return name === 'iq' && attrs['type'] === 'get'
}

function isAnswer(element: Element, { root, around }: Pass): boolean {
  return around.edge !== 'client' && root.name === 'iq' && root.attrs['type'] === 'result' && element.parent === root
}

function unknownContent(element: Element): StanzaFault {
  const { type, condition, text } = CODES['unknown-content-refused']
  return new StanzaFault({
    type,
    condition,
    text: `<${element.name}/>: ${text.en}`,
    app: imageRefused('unsupported').app,
  })
}

/** Where something went that nobody could be told about, a message says so (images §2). */
function finish({ root, hasLost }: Pass): undefined {
  if (!hasLost || root.name !== 'message' || root.getChild('body')) return undefined
  root.append(xml('body', {}, NOTICE))
  return undefined
}
