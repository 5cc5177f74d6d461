import { base64From } from '@drawbridge/xmpp'
import type { InlineImage } from '@drawbridge/xmpp'
import { imageRefused } from './pass.ts'
import type { Pass } from './pass.ts'
import { cut, walk } from './walk.ts'

/** XEP-0231 says 8 KiB; what is far beyond belongs into an upload (images §6, row 6). */
const MAX_BYTES = 65_536
const MAX_IMAGES = 8

export type BitsOfBinary = Extract<InlineImage, { readonly kind: 'bob' }>

/** Names of data (`cid:`) that a stanza refers to. To be asked before anything is removed from it. */
export function referencedCids(pass: Pass): Set<string> {
  const found = new Set<string>()
  for (const { element } of walk(pass.root)) {
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
  bits: readonly BitsOfBinary[],
  referenced: ReadonlySet<string>,
  pass: Pass,
): Promise<void> {
  const wanted: BitsOfBinary[] = []
  for (const data of bits) {
    if (data.cid !== undefined && referenced.has(data.cid)) wanted.push(data)
    else cut(data.element)
  }
  const names = new Map<string, string>()
  for (const [index, { element, cid, bytes }] of wanted.entries()) {
    await pass.orRefuse(element, async () => {
      // What is stored was within this when it came, and may have grown when it was cleaned.
      const isTooMuch = index >= MAX_IMAGES || (bytes && bytes.length > MAX_BYTES)
      if (isTooMuch && pass.around.edge !== 'stored') throw imageRefused('too-large')
      const image = await pass.lookups.clean(bytes, 'inline', pass.deadline)
      const name = cidOf(image.bytes, pass)
      names.set(cid!, name)
      element.attrs['cid'] = name
      element.attrs['type'] = image.type
      element.children = [base64From(image.bytes)]
    })
  }
  rename(pass, names)
}

/** §4: the name of some bytes. */
function cidOf(bytes: Uint8Array, { lookups }: Pass): string {
  const hex = [...lookups.digest('sha-1', bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return `sha1+${hex}@bob.xmpp.org`
}

function rename({ root }: Pass, names: ReadonlyMap<string, string>): void {
  if (names.size === 0) return
  const renamed = (text: string) =>
    text.replace(/\b(cid:)([^\s"'<>()]+)/gi, (whole, scheme: string, cid: string) => {
      const name = names.get(cid)
      return name === undefined ? whole : scheme + name
    })
  for (const { element } of walk(root)) {
    for (const key of Object.keys(element.attrs)) element.attrs[key] = renamed(element.attrs[key] ?? '')
    element.children = element.children.map((child) => (typeof child === 'string' ? renamed(child) : child))
  }
}
