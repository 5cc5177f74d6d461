import { base64From } from '@drawbridge/xmpp'
import type { Element, InlineImage } from '@drawbridge/xmpp'
import { createHash } from 'node:crypto'
import type { Context } from '../../routing/feature.ts'
import { imageRefused, INLINE_TIMEOUT_MS, sanitizeInline } from '../../routing/inline-image.ts'
import { cut, walk } from './walk.ts'

/** XEP-0231 says 8 KiB; what is far beyond belongs into an upload (images §6, row 6). */
const MAX_BYTES = 65_536
const MAX_IMAGES = 8

export type BitsOfBinary = Extract<InlineImage, { readonly kind: 'bob' }>

/** Names of data (`cid:`) that a stanza refers to. To be asked before anything is removed from it. */
export function referencedCids(stanza: Element): ReadonlySet<string> {
  const found = new Set<string>()
  for (const { element } of walk(stanza)) {
    const texts = [...Object.values(element.attrs), element.getText()]
    for (const text of texts) for (const [, cid] of text.matchAll(/\bcid:([^\s"'<>()]+)/gi)) found.add(cid!)
  }
  return found
}

/**
 * XEP-0231: replaces data in a stanza by what the sanitizer made of it, under the name that follows from the new bytes,
 * and renames the references. Data that nothing refers to goes.
 *
 * @throws StanzaFault for an image that is refused, and when the sanitizer does not answer in time
 */
export async function cleanBits(
  stanza: Element,
  bits: readonly BitsOfBinary[],
  referenced: ReadonlySet<string>,
  ctx: Context,
): Promise<void> {
  const wanted: BitsOfBinary[] = []
  for (const data of bits) {
    if (data.cid !== undefined && referenced.has(data.cid)) wanted.push(data)
    else cut(data.element)
  }
  if (wanted.length > MAX_IMAGES) throw imageRefused('too-large')
  const names = new Map<string, string>()
  const signal = AbortSignal.timeout(INLINE_TIMEOUT_MS)
  for (const { element, cid, bytes } of wanted) {
    if (bytes && bytes.length > MAX_BYTES) throw imageRefused('too-large')
    const image = await sanitizeInline(bytes, 'inline', ctx, signal)
    const name = `sha1+${createHash('sha1').update(image.bytes).digest('hex')}@bob.xmpp.org`
    names.set(cid!, name)
    element.attrs['cid'] = name
    element.attrs['type'] = `image/${image.format}`
    element.children = [base64From(image.bytes)]
  }
  rename(stanza, names)
}

function rename(stanza: Element, names: ReadonlyMap<string, string>): void {
  if (names.size === 0) return
  const renamed = (text: string) =>
    text.replace(/\b(cid:)([^\s"'<>()]+)/gi, (whole, scheme: string, cid: string) => {
      const name = names.get(cid)
      return name === undefined ? whole : scheme + name
    })
  for (const { element } of walk(stanza)) {
    for (const key of Object.keys(element.attrs)) element.attrs[key] = renamed(element.attrs[key] ?? '')
    element.children = element.children.map((child) => (typeof child === 'string' ? renamed(child) : child))
  }
}
