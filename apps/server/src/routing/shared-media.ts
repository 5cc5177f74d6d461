import { findBase64, NS_BOB, NS_FILE_METADATA, NS_FULLTEXT, NS_HASHES, NS_SFS, NS_SIMS } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { UPLOAD_PATH } from '../blobs/link.ts'
import { OUR_TYPES } from '../blobs/thumbnails.ts'

const NS_JINGLE_FILE = 'urn:xmpp:jingle:apps:file-transfer:5'

/** Most files of one message that are looked at: the image filter lets no more of them in. */
const MAX_FILES = 64

/** What a message shares, as far as it says so. */
export interface SharedMedia {
  readonly media: 'image' | 'file'
  /** Formats of the images among it, such as `webp`. */
  readonly formats: readonly string[]
  /** SHA-256 of the files, in hex: those of our own, since the image filter wrote them (XEP-0300). */
  readonly hashes: readonly string[]
}

/**
 * What a message shares: by out-of-band data, inline, with a description, or by a link to a file of ours in its text
 * (XEP-0066, XEP-0231, XEP-0447, XEP-0385). Nothing for nearly every message, at the cost of looking at its children.
 */
export function sharedMedia(element: Element): SharedMedia | undefined {
  const types: string[] = []
  const hashes: string[] = []
  for (const child of element.getChildElements()) {
    const namespace = child.getNS()
    if (namespace === NS_BOB && child.name === 'data') types.push(child.attrs['type'] ?? 'image/')
    else if (child.is('x', 'jabber:x:oob')) types.push(...typesOfLinks(child.getChildText('url') ?? '', false))
    else if (child.name === 'body') types.push(...typesOfLinks(child.getText(), true))
    else {
      for (const file of filesIn(child)) {
        types.push(file.getChildText('media-type') ?? '')
        const sha256 = hashIn(file)
        if (sha256 !== undefined) hashes.push(sha256)
      }
    }
  }
  if (types.length === 0) return undefined
  const images = types.filter((type) => type.startsWith('image/'))
  const formats = [...new Set(images.map(formatOfType).filter((format) => format !== ''))]
  return { media: images.length > 0 ? 'image' : 'file', formats, hashes }
}

/** Whether a request looks for messages by their words (XEP-0431, XEP-0055). */
export function isTextSearch(element: Element): boolean {
  const [query] = element.getChildElements()
  const form = query?.getChild('x', 'jabber:x:data')
  return form?.getChildren('field').some(({ attrs }) => attrs['var']?.includes(NS_FULLTEXT) === true) === true
}

/** `webp` of `image/webp`. */
export function formatOfType(type: string): string {
  const format = type.slice('image/'.length).toLowerCase()
  return format === 'jpg' ? 'jpeg' : format
}

/** Types of the links to files in a text, by their names; `isOwnOnly`: any other link is just a word. */
export function typesOfLinks(text: string, isOwnOnly: boolean): string[] {
  if (isOwnOnly ? !text.includes(UPLOAD_PATH) : text === '') return []
  const links = isOwnOnly ? (text.match(/\S*\/upload\/[\w-]{43}\/[\w.%-]+/gu) ?? []).slice(0, MAX_FILES) : [text]
  return links.map((link) => typeOfName(link.split(/[?#]/u, 1)[0] ?? ''))
}

function typeOfName(path: string): string {
  const extension = /\.(\w{1,8})$/u.exec(path)?.[1]?.toLowerCase() ?? ''
  const own = Object.entries(OUR_TYPES).find(([, known]) => known === extension)?.[0]
  if (own !== undefined) return own
  return /^(?:jpe?g|png|webp|gif|avif)$/u.test(extension) ? `image/${extension === 'jpg' ? 'jpeg' : extension}` : ''
}

/** `<file/>` of what shares one: XEP-0447 itself, or XEP-0385 inside a reference. */
function filesIn(child: Element): Element[] {
  const sharing = child.is('file-sharing', NS_SFS) ? child : child.getChild('media-sharing', NS_SIMS)
  const file = sharing?.getChild('file', NS_FILE_METADATA) ?? sharing?.getChild('file', NS_JINGLE_FILE)
  return file ? [file] : []
}

function hashIn(file: Element): string | undefined {
  const hash = file.getChildren('hash', NS_HASHES).find(({ attrs }) => attrs['algo'] === 'sha-256')
  const bytes = hash && findBase64(hash.getText())
  return bytes?.length === 32 ? Buffer.from(bytes).toString('hex') : undefined
}
