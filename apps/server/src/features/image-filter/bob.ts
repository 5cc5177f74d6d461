import { CODES } from '@drawbridge/contract'
import type { ImageRejectReason } from '@drawbridge/contract'
import { base64From, buildImageRejected, StanzaFault } from '@drawbridge/xmpp'
import type { Element, InlineImage } from '@drawbridge/xmpp'
import { createHash } from 'node:crypto'
import type { Context } from '../../routing/feature.ts'
import { cut, walk } from './walk.ts'

/** XEP-0231 says 8 KiB; what is far beyond belongs into an upload (images §6, row 6). */
const MAX_BYTES = 65_536
const MAX_IMAGES = 8
/** How long a stanza may wait for the sanitizer, in milliseconds (images §2). */
const TIMEOUT_MS = 2_000

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
  if (wanted.length > MAX_IMAGES) throw rejected('too-large')
  const names = new Map<string, string>()
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  for (const { element, cid, bytes } of wanted) {
    const image = await cleaned(bytes, ctx, signal)
    const name = `sha1+${createHash('sha1').update(image.bytes).digest('hex')}@bob.xmpp.org`
    names.set(cid!, name)
    element.attrs['cid'] = name
    element.attrs['type'] = `image/${image.format}`
    element.children = [base64From(image.bytes)]
  }
  rename(stanza, names)
}

async function cleaned(bytes: Uint8Array | undefined, ctx: Context, signal: AbortSignal) {
  if (!bytes || bytes.length === 0) throw rejected('corrupt')
  if (bytes.length > MAX_BYTES) throw rejected('too-large')
  const verdict = await ctx.sanitize(bytes, 'inline', signal).catch((error: unknown) => {
    ctx.log.warn('an inline image could not be checked', { error: String(error) })
    const text = 'Images cannot be checked right now. Please try again in a moment.'
    throw new StanzaFault({ type: 'wait', condition: 'resource-constraint', text })
  })
  if (verdict.outcome === 'clean') return verdict
  throw rejected(verdict.outcome === 'refused' ? verdict.reason : 'unsupported')
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

/** The error of an image that is not let through (images §2). */
export function rejected(reason: ImageRejectReason): StanzaFault {
  const { type, condition, text } = CODES['image-rejected']
  return new StanzaFault({ type, condition, text: text.en, app: buildImageRejected(reason) })
}
