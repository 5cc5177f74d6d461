import type { Element } from '../element.ts'
import {
  ENCRYPTION_FAMILY,
  NS_AVATAR_DATA,
  NS_BOB,
  NS_CARBONS,
  NS_CLIENT,
  NS_FORWARD,
  NS_MAM,
  NS_PUBSUB,
  NS_PUBSUB_EVENT,
  NS_PUBSUB_OWNER,
  NS_SERVER,
  NS_STANZAS,
  NS_VCARD,
  NS_XHTML_IM,
} from '../ns.ts'
import { findBase64 } from './base64.ts'
import { holdsDataImage } from './data-uri.ts'
import { holdsEncodedImage } from './image-signs.ts'

/** Something in a stanza that is, or may be, an image. `element` is where; `bytes` is absent if it cannot be decoded. */
export type InlineImage =
  /** XEP-0071: `<html/>`. */
  | { readonly kind: 'xhtml-im'; readonly element: Element }
  /** A `data:` URI in the text of the element (`attribute` absent) or in one of its attributes. */
  | { readonly kind: 'data-uri'; readonly element: Element; readonly attribute?: string }
  /** XEP-0231: `<data/>`. */
  | {
      readonly kind: 'bob'
      readonly element: Element
      readonly cid: string | undefined
      readonly type: string | undefined
      readonly bytes: Uint8Array | undefined
    }
  /** XEP-0084: `<data xmlns='urn:xmpp:avatar:data'/>`. */
  | { readonly kind: 'avatar'; readonly element: Element; readonly bytes: Uint8Array | undefined }
  /** XEP-0054: `<BINVAL/>` in the field `field`, such as PHOTO, LOGO or SOUND. */
  | {
      readonly kind: 'vcard'
      readonly element: Element
      readonly field: string
      readonly type: string | undefined
      readonly bytes: Uint8Array | undefined
    }
  /**
   * A run of base64 or hexadecimal digits, in a text or an attribute, that begins as the file of an image does; with the
   * attribute `xmlns`, the element or an attribute is called so.
   */
  | { readonly kind: 'hidden'; readonly element: Element; readonly attribute?: string }
  /** An element that we do not know, with 1 KB or more that looks like base64 or hexadecimal digits. */
  | { readonly kind: 'encoded'; readonly element: Element }

/** From this many characters of base64 or hex on, an unknown element is taken for a carrier. */
const MAX_ENCODED_LENGTH = 1024
/** Shorter runs are words, ids and hashes. */
const MIN_RUN_LENGTH = 64
/** No name and no namespace in use is longer; what is may be an image. */
const MAX_NAME_LENGTH = 64

// Elements in these namespaces hold other elements, each of which is judged by itself.
const CONTAINERS: ReadonlySet<string> = new Set([
  NS_CLIENT,
  NS_SERVER,
  NS_FORWARD,
  NS_CARBONS,
  NS_MAM,
  NS_PUBSUB,
  NS_PUBSUB_EVENT,
  NS_PUBSUB_OWNER,
  NS_VCARD,
])
const PLAIN: ReadonlySet<string> = new Set([NS_CLIENT, NS_SERVER])
// Ciphertext looks like base64 and has a policy of its own; a text in an error or a body is for people to read.
const isNoCarrier = (namespace: string) => namespace === NS_STANZAS || ENCRYPTION_FAMILY.test(namespace)

/**
 * Finds what may be an image anywhere in a stanza, forwarded messages and items of PubSub included. Pure, linear, without
 * recursion. Names, labels and positions are not believed: what is found must be sanitized, replaced or refused.
 *
 * @param isApart - what is judged elsewhere, and not looked into.
 */
export function scanForInlineImages(message: Element, isApart?: (element: Element) => boolean): InlineImage[] {
  const found: InlineImage[] = []
  // Each element with the unknown element it is part of, whose encoded characters are counted together.
  const encodedLength = new Map<Element, number>()
  const work: { element: Element; namespace: string; carrier: Element | undefined }[] = [
    { element: message, namespace: message.getNS() ?? '', carrier: undefined },
  ]
  for (let next = work.pop(); next; next = work.pop()) {
    const { element, namespace } = next
    if (isNamedAsImage(element)) found.push({ kind: 'hidden', element, attribute: 'xmlns' })
    const special = findSpecial(element, namespace)
    if (special) found.push(special)
    const isJudged = special !== undefined && special.kind !== 'xhtml-im'
    const isPlain = PLAIN.has(namespace)
    const isExempt = !isPlain && isNoCarrier(namespace)
    const carrier = next.carrier ?? (isPlain || isExempt ? undefined : element)
    const isContainer = CONTAINERS.has(namespace) && (namespace !== NS_VCARD || element.getName() === 'vCard')
    const texts = textsOf(element)
    for (const { text, attribute } of texts) {
      if (!isJudged && holdsDataImage(text)) {
        found.push({ kind: 'data-uri', element, ...(attribute === undefined ? {} : { attribute }) })
      } else if (!isJudged && !isExempt && holdsEncodedImage(text)) {
        found.push({ kind: 'hidden', element, ...(attribute === undefined ? {} : { attribute }) })
      }
      if (!carrier || isJudged) continue
      const before = encodedLength.get(carrier) ?? 0
      const after = before + longestEncodedRun(text)
      encodedLength.set(carrier, after)
      if (before < MAX_ENCODED_LENGTH && after >= MAX_ENCODED_LENGTH) found.push({ kind: 'encoded', element: carrier })
    }
    for (const child of element.children.toReversed()) {
      if (typeof child === 'string' || isApart?.(child)) continue
      work.push({
        element: child,
        namespace: namespaceOf(child, namespace),
        carrier: isContainer ? undefined : carrier,
      })
    }
  }
  return found
}

/** The carriers that a XEP defines. */
function findSpecial(element: Element, namespace: string): InlineImage | undefined {
  const name = element.getName()
  if (name === 'html' && namespace === NS_XHTML_IM) return { kind: 'xhtml-im', element }
  if (name === 'data' && namespace === NS_BOB) {
    const { cid, type } = element.attrs
    return { kind: 'bob', element, cid, type, bytes: findBase64(element.getText()) }
  }
  if (name === 'data' && namespace === NS_AVATAR_DATA) {
    return { kind: 'avatar', element, bytes: findBase64(element.getText()) }
  }
  if (name.toUpperCase() === 'BINVAL' && namespace === NS_VCARD) {
    const field = element.parent?.getName().toUpperCase() ?? ''
    return {
      kind: 'vcard',
      element,
      field,
      type: element.parent?.getChildText('TYPE'),
      bytes: findBase64(element.getText()),
    }
  }
  return undefined
}

/** Whether the name, the namespace or the name of an attribute is an image. */
function isNamedAsImage({ name, attrs }: Element): boolean {
  if (isLongAndImage(name)) return true
  for (const attribute of Object.keys(attrs)) {
    if (isLongAndImage(attribute) || (attribute.startsWith('xmlns') && isLongAndImage(attrs[attribute] ?? '')))
      return true
  }
  return false
}

function isLongAndImage(name: string): boolean {
  return name.length > MAX_NAME_LENGTH && (holdsEncodedImage(name) || holdsDataImage(name))
}

function namespaceOf(element: Element, inherited: string): string {
  // Elements of our parser have no prefixes; of others, the general way is right.
  if (element.name.includes(':')) return element.getNS() ?? ''
  return element.attrs['xmlns'] ?? inherited
}

function textsOf(element: Element): { text: string; attribute?: string }[] {
  const texts: { text: string; attribute?: string }[] = []
  for (const attribute of Object.keys(element.attrs)) {
    const text = element.attrs[attribute] ?? ''
    if (attribute !== 'xmlns') texts.push({ text, attribute })
  }
  const text = element.getText()
  if (text !== '') texts.push({ text })
  return texts
}

/** The longest run of characters of base64 (both alphabets) or hex, white space not counted; 0 if it is short. */
function longestEncodedRun(text: string): number {
  if (text.length < MIN_RUN_LENGTH) return 0
  let longest = 0
  let run = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x20 || (c >= 0x09 && c <= 0x0d)) continue
    const isEncoded =
      (c >= 0x61 && c <= 0x7a) ||
      (c >= 0x41 && c <= 0x5a) ||
      (c >= 0x2f && c <= 0x39) ||
      c === 0x2b ||
      c === 0x3d ||
      c === 0x2d ||
      c === 0x5f
    run = isEncoded ? run + 1 : 0
    if (run > longest) longest = run
  }
  return longest >= MIN_RUN_LENGTH ? longest : 0
}
