import { NS_OOB, NS_SIMS } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Visited } from './around.ts'
import type { Pass } from './pass.ts'
import { cut, reduce } from './walk.ts'

export const NS_MEDIA_ELEMENT = 'urn:xmpp:media-element'
export const NS_ATOM = 'http://www.w3.org/2005/Atom'

// Row 3: what makes a client load something points to an upload of ours or goes; links in plain text load nothing. What
// stays is reduced to what was looked at: a client may read further elements, or ones of another namespace.

/** Vocabularies of pages and feeds, for renderers that are no client's: SVG, MathML, Open Graph, Media RSS and the like. */
export const WEB = ['http://www.w3.org/2000/svg', 'http://www.w3.org/1998/Math/MathML', 'https://ogp.me/ns#'] as const
export const WEB_FAMILY =
  /^(?:https?:\/\/(?:www\.)?(?:w3\.org|ogp\.me|opengraphprotocol\.org|schema\.org|search\.yahoo\.com\/mrss|itunes\.com|xmlns\.com\/foaf|purl\.org\/(?:rss|atom|media))\b|urn:schemas-microsoft-com:)/i

/** RFC 4287 §4.2.7.2: relations of a link that nobody loads to show the entry; an enclosure is loaded. */
const REFERRING: ReadonlySet<string> = new Set([
  ...['alternate', 'author', 'edit', 'first', 'hub', 'last', 'license', 'next', 'prev', 'previous', 'related'],
  ...['in-reply-to', 'replies', 'self', 'up', 'via'],
])
/** RFC 4287 §4.2.7.2: how a relation is written out. */
const RELATIONS = 'http://www.iana.org/assignments/relation/'
const TEXT_CONSTRUCTS: ReadonlySet<string> = new Set(['content', 'summary', 'title', 'subtitle', 'rights'])

/** Removes an element, whatever it says. */
export function strip({ element }: Visited): void {
  cut(element)
}

/** XEP-0066: one address, and what is said of it. */
export function rewriteOutOfBand({ element }: Visited, { lookups }: Pass): void {
  if (element.parent?.is('x', NS_OOB)) return
  const url = element.is('x', NS_OOB)
    ? element.getChildren('url', NS_OOB).find((one) => lookups.isOwnLink(one.getText().trim()))
    : undefined
  if (!url) return cut(element)
  const desc = element.getChild('desc', NS_OOB)
  const parts = desc ? [url, desc] : [url]
  for (const part of parts) reduce(part, ['xml:lang'], 'text')
  reduce(element, [], parts)
}

/** XEP-0103. */
export function rewriteUrlData({ element }: Visited, { lookups }: Pass): void {
  if (lookups.isOwnLink(element.attrs['target'] ?? '')) reduce(element, ['target'], [])
  else cut(element)
}

/** XEP-0372: a mention stays, and so does what is about an upload of ours. */
export function rewriteReference({ element }: Visited, { lookups }: Pass): void {
  if (element.name !== 'reference') return cut(element)
  const { uri } = element.attrs
  const isOwn = uri !== undefined && lookups.isOwnLink(uri)
  // XEP-0385 §2: one that holds a shared file is judged with it, and points to the text.
  const shared = element.getChild('media-sharing', NS_SIMS)
  if (uri !== undefined && !isOwn && (shared || !/^xmpp:/i.test(uri))) {
    if (!shared) return cut(element)
    delete element.attrs['uri']
  }
  reduce(element, ['type', 'begin', 'end', 'uri', 'anchor'], shared ? [shared] : [])
}

/** XEP-0221, and with it XEP-0158 and XEP-0232: of its addresses those that lead to us, or into the same stanza. */
export function rewriteMedia({ element }: Visited, pass: Pass): void {
  if (element.parent?.is('media', NS_MEDIA_ELEMENT)) return
  const uris = element.getChildren('uri', NS_MEDIA_ELEMENT).filter((uri) => {
    const text = uri.getText().trim()
    return isInStanza(text, pass) || pass.lookups.isOwnLink(text)
  })
  if (element.name !== 'media' || uris.length === 0) return cut(element)
  for (const uri of uris) reduce(uri, ['type'], 'text')
  reduce(element, ['height', 'width'], uris)
}

/** RFC 4287, in XEP-0277 and XEP-0472: links that nobody loads, enclosures of ours, and texts without markup. */
export function stripAtom({ element }: Visited, { lookups }: Pass): void {
  const { name, attrs } = element
  const loaded =
    name === 'icon' || name === 'logo' ? element.getText().trim() : isLoaded(element) ? attrs['href'] : undefined
  if (loaded !== undefined && !lookups.isOwnLink(loaded)) return cut(element)
  const isText = /^text(?:\/plain)?$/i.test(attrs['type'] ?? 'text') && attrs['src'] === undefined
  if (TEXT_CONSTRUCTS.has(name) && !isText) return cut(element)
  if (TEXT_CONSTRUCTS.has(name)) reduce(element, ['type', 'xml:lang'], 'text')
}

/** Whether an element of Atom is a link to something that belongs to the entry, and not to another page. */
export function isLoaded({ name, attrs }: Element): boolean {
  if (name !== 'link') return false
  const { rel = 'alternate', type = '' } = attrs
  const relation = rel.trim().toLowerCase()
  const known = relation.startsWith(RELATIONS) ? relation.slice(RELATIONS.length) : relation
  return !REFERRING.has(known) || /^\s*(?:image|audio|video)\//i.test(type)
}

/** Whether a URI names data that is in the same stanza (XEP-0231). */
function isInStanza(uri: string, pass: Pass): boolean {
  const cid = /^cid:(.+)$/i.exec(uri)?.[1]
  return cid !== undefined && pass.bits.has(cid)
}
