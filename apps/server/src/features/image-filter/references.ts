import {
  NS_FILE_METADATA,
  NS_OOB,
  NS_REFERENCE,
  NS_SFS,
  NS_SIMS,
  NS_THUMBS,
  NS_XHTML,
  NS_XHTML_IM,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { cut } from './walk.ts'
import type { Visited } from './walk.ts'

const NS_HASHES = /^urn:xmpp:hashes:\d$/
const NS_URL_DATA = 'http://jabber.org/protocol/url-data'
const NS_STICKERS = 'urn:xmpp:stickers:0'
const NS_RDF = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#'

/** Elements that make a client load or show something the sender chose; they go, whatever they say. */
const STRIPPED: ReadonlySet<string> = new Set([NS_XHTML_IM, NS_XHTML, NS_STICKERS, NS_RDF])

/**
 * Removes what makes a client load a picture from elsewhere (images §6, rows 3, 4, 5, 8, 18 and 19). What points to an
 * upload of this server stays, and so do links in plain text, which load nothing.
 */
export function stripReferences({ element, namespace }: Visited, isOwn: (url: string) => boolean): void {
  if (STRIPPED.has(namespace) || namespace.startsWith('urn:xmpp:thumbs:')) {
    if (namespace !== NS_THUMBS || !isOwn(element.attrs['uri'] ?? '')) cut(element)
    return
  }
  // A hash names the bytes as they were sent; those are not the ones that are served.
  if (NS_HASHES.test(namespace) && element.parent?.getNS() === NS_FILE_METADATA) return cut(element)
  if (namespace === NS_OOB && element.parent?.getNS() !== NS_OOB) {
    if (!isOwn(element.getChildText('url') ?? '')) cut(element)
    return
  }
  if (namespace === NS_URL_DATA && !isOwn(element.attrs['target'] ?? '')) return cut(element)
  if (namespace === NS_REFERENCE) return stripReference(element, isOwn)
  if (namespace === NS_SIMS && element.name === 'media-sharing') return stripSharing(element, NS_SIMS, isOwn)
  if (namespace === NS_SFS && element.name === 'file-sharing') return stripSharing(element, NS_SFS, isOwn)
  if (namespace === NS_SFS && element.name === 'sources' && element.parent?.name !== 'file-sharing') {
    keepOwnSources(element, isOwn)
    if (element.getChildElements().length === 0) cut(element)
  }
}

/** XEP-0372: a mention stays, and so does what is about an upload of ours. */
function stripReference(element: Element, isOwn: (url: string) => boolean): void {
  const { uri } = element.attrs
  if (uri !== undefined && !/^xmpp:/i.test(uri) && !isOwn(uri)) return cut(element)
  const sharing = element.getChild('media-sharing', NS_SIMS)
  if (!sharing) return
  stripSharing(sharing, NS_SIMS, isOwn)
  if (sharing.parent === null) cut(element)
}

/** XEP-0385, XEP-0447: a shared file keeps those of its sources that are ours; without any, it is none. */
function stripSharing(element: Element, namespace: string, isOwn: (url: string) => boolean): void {
  const sources = element.getChild('sources', namespace)
  if (sources) keepOwnSources(sources, isOwn)
  if (!sources || sources.getChildElements().length === 0) cut(element)
}

function keepOwnSources(sources: Element, isOwn: (url: string) => boolean): void {
  for (const source of sources.getChildElements()) {
    if (!isOwn(source.attrs['uri'] ?? source.attrs['target'] ?? '')) cut(source)
  }
}
