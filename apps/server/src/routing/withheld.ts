import { IMAGE_WITHHELD } from '@drawbridge/contract'
import type { StatusLanguage } from '@drawbridge/contract'
import { NS_FILE_METADATA, NS_SFS, NS_SIMS, NS_THUMBS, NS_UPLOAD, scanForInlineImages } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { formatOfType, typesOfLinks } from './shared-media.ts'
import { parseStored } from './parse-stored.ts'

// Control §3.2, `degrade`: a client that is not safe with a format gets no image of it, on whatever path a stanza comes.
// Control §4.2, `reject`: nobody in the scope gets an image that is suspended.

/** What a session is not to get now. */
export interface Withheld {
  /** Formats that its client is not safe with: images of them, what describes them, and links to them. */
  readonly formats: readonly string[]
  /** Formats that are suspended: images that stanzas hold themselves. Links answer for themselves, and again afterwards. */
  readonly hidden: readonly string[]
  /** Of whoever reads what stands in their place. */
  readonly language: StatusLanguage
}

/** A link to a file of ours, with its name and what may follow it. */
const LINK = /\S*\/upload\/[\w-]{43}\/[\w.%-]+(?:[?#][\w%=&.-]*)?/gu

/** What may hold an image, or lead to one: nearly every stanza has none of it. */
const CARRIERS = ['/upload/', 'urn:xmpp:bob', 'urn:xmpp:avatar:data', 'BINVAL', NS_SFS, NS_SIMS, NS_THUMBS] as const

/** Whoever is not to get the same shares what is made for them. */
export function keyOf({ formats, hidden, language }: Withheld): string {
  return `${formats.join(' ')} ${language} ${hidden.join(' ')}`
}

/**
 * A stanza without what is withheld, as it would be delivered: inline images, bits of binary, avatars; and, for formats
 * that a client is not safe with, what is said of shared files, and links to them. Undefined when there is none of them in
 * it: then everybody gets the same.
 */
export function withoutImages(text: string, { formats, hidden, language }: Withheld): Element | undefined {
  if (!CARRIERS.some((carrier) => text.includes(carrier))) return undefined
  const root = parseStored(text)
  const isInline = stripInline(root, new Set([...formats, ...hidden]))
  const isLinked = formats.length > 0 && stripLinks(root, new Set(formats), IMAGE_WITHHELD[language])
  return isInline || isLinked ? root : undefined
}

/** Every image in it is ours: the image filter has let it in. */
function stripInline(root: Element, withheld: ReadonlySet<string>): boolean {
  let hasLost = false
  for (const image of scanForInlineImages(root)) {
    if (image.kind !== 'bob' && image.kind !== 'avatar' && image.kind !== 'vcard') continue
    // XEP-0084 §3: what we publish as an avatar is PNG.
    const type = (image.kind === 'avatar' ? undefined : image.type) ?? 'image/png'
    if (!withheld.has(formatOfType(type))) continue
    cut(image.kind === 'vcard' ? (image.element.parent ?? image.element) : image.element)
    hasLost = true
  }
  return hasLost
}

/** Not recursive, since depth is the sender's choice. */
function stripLinks(root: Element, withheld: ReadonlySet<string>, notice: string): boolean {
  let hasLost = false
  const work = [root]
  for (let element = work.pop(); element; element = work.pop()) {
    if (element !== root && isReference(element, withheld)) {
      cut(element)
      hasLost = true
      continue
    }
    for (const [index, child] of element.children.entries()) {
      if (typeof child !== 'string') work.push(child)
      else if (child.includes('/upload/')) {
        const without = child.replaceAll(LINK, (link) => (isWithheldLink(link, withheld) ? notice : link))
        hasLost ||= without !== child
        element.children[index] = without
      }
    }
  }
  return hasLost
}

/** Whether an element is there to show such an image, or to lead to it. */
function isReference(element: Element, withheld: ReadonlySet<string>): boolean {
  const { attrs } = element
  // Where a file is to be put is not where one is shown.
  if (element.getNS() === NS_UPLOAD) return false
  const mediaType = attrs['media-type']
  if (element.is('thumbnail', NS_THUMBS) && mediaType !== undefined && withheld.has(formatOfType(mediaType)))
    return true
  if (Object.values(attrs).some((value) => value.includes('/upload/') && isWithheldLink(value, withheld))) return true
  if (element.is('x', 'jabber:x:oob')) return isWithheldLink(element.getChildText('url') ?? '', withheld)
  const sharing = element.is('file-sharing', NS_SFS) ? element : element.getChild('media-sharing', NS_SIMS)
  const file = sharing?.getChild('file', NS_FILE_METADATA) ?? sharing?.getChild('file')
  const type = file?.getChildText('media-type')
  return type?.startsWith('image/') === true && withheld.has(formatOfType(type))
}

function isWithheldLink(link: string, withheld: ReadonlySet<string>): boolean {
  return typesOfLinks(link, true).some((type) => withheld.has(formatOfType(type)))
}

function cut(element: Element): void {
  element.parent?.remove(element)
}
