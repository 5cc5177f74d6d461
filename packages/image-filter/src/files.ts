import {
  base64From,
  NS_DRAWBRIDGE_IMAGE,
  NS_FILE_METADATA,
  NS_HASHES,
  NS_REFERENCE,
  NS_SFS,
  NS_SIMS,
  NS_THUMBS,
  NS_URL_DATA,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { ReEncoding, SharedFile, SharedThumbnail, Visited } from './around.ts'
import type { Pass } from './pass.ts'
import { cut, reduce } from './walk.ts'

// Rows 4 and 5: a shared file keeps the source that is ours, and everything said of it is what our file is. Whoever knows
// the link may read the file, so the link is what it is looked up by; a hash alone finds nothing.

/** Most files of one stanza; what is beyond goes. */
const MAX_FILES = 64
/** XEP-0449. */
export const NS_STICKERS = 'urn:xmpp:stickers:0'
const NS_JINGLE_FILE = 'urn:xmpp:jingle:apps:file-transfer:5'

/** XEP-0447. */
export function rewriteFileSharing({ element }: Visited, pass: Pass): void {
  if (element.parent?.is('file-sharing', NS_SFS) || element.parent?.is('item', NS_STICKERS)) return
  if (element.name === 'file-sharing') rewrite(element, NS_SFS, pass)
  else if (element.name === 'sources') stripSources(element, pass)
  else cut(element)
}

/** XEP-0385. */
export function rewriteMediaSharing({ element }: Visited, pass: Pass): void {
  if (element.parent?.is('media-sharing', NS_SIMS)) return
  if (element.name === 'media-sharing') rewrite(element, NS_SIMS, pass)
  else cut(element)
}

/** XEP-0446, outside of what shares a file: nothing says which file it is about. */
export function stripMetadata({ element: { parent }, element }: Visited): void {
  if (parent?.getNS() === NS_FILE_METADATA) return
  const isPlaced =
    parent?.is('file-sharing', NS_SFS) || parent?.is('media-sharing', NS_SIMS) || parent?.is('item', NS_STICKERS)
  if (element.name !== 'file' || !isPlaced) cut(element)
}

/** XEP-0264: one that comes with the stanza stays, to be cleaned there; nothing that is said of it is believed. */
export function stripThumbnail({ element }: Visited, { bits }: Pass): void {
  const { uri = '', width, height } = element.attrs
  const cid = /^cid:(.+)$/i.exec(uri)?.[1]
  if (!element.is('thumbnail', NS_THUMBS) || cid === undefined || !bits.has(cid)) return cut(element)
  reduce(element, ['uri'], [])
  for (const [name, value] of Object.entries({ width, height })) {
    if (value !== undefined && /^\d{1,4}$/.test(value)) element.attrs[name] = value
  }
}

/** Later additions to a file that was shared before (XEP-0447 §3.3): sources of ours. */
function stripSources(element: Element, { lookups }: Pass): void {
  if (keepOwnSource([element], (url) => lookups.isOwnLink(url)) === undefined) cut(element)
}

function rewrite(element: Element, namespace: string, pass: Pass): void {
  const sources = element.getChildren('sources', namespace)
  const own = keepOwnSource(sources, (link) => pass.lookups.isOwnLink(link))
  // The address of this server may have been another one then.
  if (own === undefined && pass.around.isRenewal) return undefined
  if (own === undefined || pass.later.length >= MAX_FILES) return drop(element)
  const before = element.getChildElements().find(isFile)
  reduce(element, ['id', 'disposition'], before ? [before, own.sources] : [own.sources])
  pass.later.push(async () => {
    const file = await pass.lookups.findFile(own.url)
    // Files that are recalled, or gone, are what they were said to be.
    if (!file && pass.around.isRenewal) return undefined
    if (!file) return drop(element)
    const after = buildMetadata(file, before, namespace)
    if (before) element.remove(before)
    after.parent = element
    element.children.unshift(after)
  })
}

function isFile(element: Element): boolean {
  return element.is('file', NS_FILE_METADATA) || element.is('file', NS_JINGLE_FILE)
}

/** Takes out what shares a file; a reference that held nothing else goes with it. */
function drop(element: Element): void {
  const { parent } = element
  cut(element)
  if (parent?.is('reference', NS_REFERENCE) && parent.getChildElements().length === 0) cut(parent)
}

/** The first source that is ours, as XEP-0103 or as XEP-0385 has it, and what it is in, which holds nothing else then. */
export function keepOwnSource(
  all: readonly Element[],
  isOwn: (url: string) => boolean,
): { readonly sources: Element; readonly url: string } | undefined {
  for (const sources of all) {
    for (const source of sources.getChildElements()) {
      const attribute = source.is('url-data', NS_URL_DATA)
        ? 'target'
        : source.is('reference', NS_REFERENCE)
          ? 'uri'
          : ''
      const url = source.attrs[attribute]
      if (url === undefined || !isOwn(url)) continue
      reduce(source, attribute === 'uri' ? ['type', 'uri'] : ['target'], [])
      reduce(sources, ['id'], [source])
      return { sources, url }
    }
  }
  return undefined
}

/**
 * `<file/>` as our file is. Of what the sender said stay the words: descriptions and the date.
 *
 * @param namespace - of what shares it: XEP-0385 has another element for the same.
 */
export function buildMetadata(file: SharedFile, before: Element | undefined, namespace: string): Element {
  const { widthPx, heightPx, thumbnails = [], placeholder, reEncoding } = file
  const isSized = widthPx !== undefined && heightPx !== undefined
  const date = before?.getChildText('date')
  const words = before?.getChildren('desc') ?? []
  const made = xml(
    'file',
    { xmlns: namespace === NS_SIMS ? NS_JINGLE_FILE : NS_FILE_METADATA },
    xml('media-type', {}, file.type),
    xml('name', {}, file.name),
    date !== undefined && /^[\d:TZ.+-]{10,40}$/.test(date) ? xml('date', {}, date) : undefined,
    xml('size', {}, file.bytes),
    isSized ? [xml('width', {}, widthPx), xml('height', {}, heightPx)] : undefined,
    isSized && before?.getChild('dimensions') ? xml('dimensions', {}, `${widthPx}x${heightPx}`) : undefined,
    isSized && before?.getChild('dimension') ? xml('dimension', {}, `${widthPx}x${heightPx}`) : undefined,
    words.map((word) => xml('desc', { 'xml:lang': word.attrs['xml:lang'] }, word.getText())),
    buildHash(file.sha256),
    thumbnails.map(buildThumbnail),
    placeholder !== undefined && isSized ? buildPlaceholder(placeholder, widthPx, heightPx) : undefined,
    reEncoding && buildReEncoding(reEncoding),
  )
  return made
}

/** XEP-0300. */
export function buildHash(sha256: Uint8Array): Element {
  return xml('hash', { xmlns: NS_HASHES, algo: 'sha-256' }, base64From(sha256))
}

/**
 * A ThumbHash the way clients share one (XEP-0264 with a `data:` URI): 25 bytes of our encoder, which no decoder of images
 * reads.
 */
function buildPlaceholder(thumbHash: string, width: number, height: number): Element {
  const uri = `data:image/thumbhash;base64,${thumbHash}`
  return xml('thumbnail', { xmlns: NS_THUMBS, uri, 'media-type': 'image/thumbhash', width, height })
}

/** `<re-encoded xmlns='urn:drawbridge:image:1'/>`: everybody who sees the image may know what was done to it. */
function buildReEncoding({ fromBytes, removed, isAnimationDropped, frames }: ReEncoding): Element {
  return xml('re-encoded', {
    xmlns: NS_DRAWBRIDGE_IMAGE,
    from: fromBytes,
    removed: removed.length > 0 ? removed.join(' ') : undefined,
    frames: frames > 1 ? frames : undefined,
    animation: isAnimationDropped ? 'dropped' : undefined,
  })
}

function buildThumbnail({ url, type, widthPx, heightPx }: SharedThumbnail): Element {
  return xml('thumbnail', { xmlns: NS_THUMBS, uri: url, 'media-type': type, width: widthPx, height: heightPx })
}
