import { NS_OOB, NS_SIMS } from '@drawbridge/xmpp'
import type { Visited } from './around.ts'
import type { Pass } from './pass.ts'
import { cut } from './walk.ts'

export const NS_MEDIA_ELEMENT = 'urn:xmpp:media-element'
export const NS_ATOM = 'http://www.w3.org/2005/Atom'

// Row 3: what makes a client load something points to an upload of ours or goes; links in plain text load nothing.

/** Removes an element, whatever it says. */
export function strip({ element }: Visited): void {
  cut(element)
}

/** XEP-0066. */
export function stripOutOfBand({ element }: Visited, { lookups }: Pass): void {
  if (element.parent?.getNS() === NS_OOB) return
  if (!lookups.isOwnLink(element.getChildText('url') ?? '')) cut(element)
}

/** XEP-0103. */
export function stripUrlData({ element }: Visited, { lookups }: Pass): void {
  if (!lookups.isOwnLink(element.attrs['target'] ?? '')) cut(element)
}

/** XEP-0372: a mention stays, and so does what is about an upload of ours. */
export function stripReference({ element }: Visited, { lookups }: Pass): void {
  const { uri } = element.attrs
  // XEP-0385 §2: one that holds a shared file is judged with it, and points to the text.
  if (element.name !== 'reference' || element.getChild('media-sharing', NS_SIMS)) {
    if (uri !== undefined && !lookups.isOwnLink(uri)) delete element.attrs['uri']
    return
  }
  if (uri !== undefined && !/^xmpp:/i.test(uri) && !lookups.isOwnLink(uri)) cut(element)
}

/** XEP-0221, and with it XEP-0158 and XEP-0232: of its addresses those that lead to us, or into the same stanza. */
export function stripMedia({ element }: Visited, pass: Pass): void {
  if (element.name !== 'media') return
  for (const uri of element.getChildren('uri')) {
    const text = uri.getText().trim()
    if (!isInStanza(text, pass) && !pass.lookups.isOwnLink(text)) cut(uri)
  }
  if (element.getChildren('uri').length === 0) cut(element)
}

/** RFC 4287, in XEP-0277 and XEP-0472: enclosures of ours, and texts without markup. */
export function stripAtom({ element }: Visited, { lookups }: Pass): void {
  const { rel, href, type, src } = element.attrs
  if (element.name === 'link' && rel === 'enclosure' && !lookups.isOwnLink(href ?? '')) cut(element)
  if ((element.name === 'icon' || element.name === 'logo') && !lookups.isOwnLink(element.getText().trim())) cut(element)
  const isMarkup = /x?html/i.test(type ?? '') && /^(?:content|summary|title|subtitle|rights)$/.test(element.name)
  if (isMarkup || (element.name === 'content' && src !== undefined)) cut(element)
}

/** Whether a URI names data that is in the same stanza (XEP-0231). */
function isInStanza(uri: string, pass: Pass): boolean {
  const cid = /^cid:(.+)$/i.exec(uri)?.[1]
  return cid !== undefined && pass.bits.has(cid)
}
