/** What a message shares: XEP-0447 with XEP-0446 and XEP-0264, and XEP-0066 in the form that clients agree on. */
import { REMOVED_FEATURES, type RemovedFeature } from '@drawbridge/contract/browser'
import { NS_DRAWBRIDGE_IMAGE, NS_FILE_METADATA, NS_OOB, NS_SFS, NS_THUMBS, NS_URL_DATA } from '@drawbridge/xmpp'
import type { Element, Xml } from '../connection/element.ts'

/** A shared file or image, as our server says it is: it puts right what the sender said. */
export interface Media {
  readonly url: string
  readonly name: string
  /** Decides nothing that matters for safety. */
  readonly type: string | undefined
  readonly bytes: number | undefined
  readonly widthPx: number | undefined
  readonly heightPx: number | undefined
  /** What is to be seen, in words of the sender. */
  readonly description?: string | undefined
  /** Stills of an image, smaller than it, largest first. */
  readonly thumbnails?: readonly Thumbnail[]
  /** A ThumbHash in base64, for the time before the image is there. */
  readonly placeholder?: string | undefined
  readonly reEncoding?: ReEncoding | undefined
  /** XEP-0449: it stands for words, and is no larger than they would be. */
  readonly isSticker?: boolean
}

export interface Thumbnail {
  readonly url: string
  readonly widthPx: number
}

/** What the server did to an image. */
export interface ReEncoding {
  /** Of the sender's file. */
  readonly fromBytes: number
  readonly removed: readonly RemovedFeature[]
  readonly isAnimationDropped: boolean
  /** 1 for a still. */
  readonly frames: number
}

const NS_STICKERS = 'urn:xmpp:stickers:0'
const PLACEHOLDER = /^data:image\/thumbhash;base64,([A-Za-z0-9+/]{6,48}={0,2})$/
const MAX_DESCRIPTION_LENGTH = 1_000

/**
 * By XEP-0447, whose §3.1 leaves nothing to the body that is not said there, so that stickers (XEP-0449) are pictures, too;
 * or by XEP-0066 where the body is the URL and nothing else.
 */
export function parseMedia(stanza: Element, body: string): Media | undefined {
  const sharing = stanza.getChild('file-sharing', NS_SFS)
  const source = sharing?.getChild('sources', NS_SFS)?.getChild('url-data', NS_URL_DATA)?.attrs['target']
  const link = stanza.getChild('x', NS_OOB)?.getChildText('url')?.trim()
  const url = source ?? (link === body.trim() ? link : undefined)
  if (!url || !/^https?:\/\//i.test(url)) return undefined
  const file = sharing?.getChild('file', NS_FILE_METADATA)
  const thumbnails = file?.getChildren('thumbnail', NS_THUMBS) ?? []
  return {
    url,
    name: file?.getChildText('name') || nameFromUrl(url),
    type: file?.getChildText('media-type') ?? undefined,
    bytes: countFrom(file?.getChildText('size')),
    widthPx: countFrom(file?.getChildText('width')),
    heightPx: countFrom(file?.getChildText('height')),
    description: file?.getChildText('desc')?.trim().slice(0, MAX_DESCRIPTION_LENGTH) || undefined,
    thumbnails: thumbnails.flatMap(({ attrs }) => thumbnailFrom(attrs['uri'], countFrom(attrs['width']))),
    placeholder: thumbnails.map(({ attrs }) => PLACEHOLDER.exec(attrs['uri'] ?? '')?.[1]).find((hash) => hash),
    reEncoding: parseReEncoding(file?.getChild('re-encoded', NS_DRAWBRIDGE_IMAGE)),
    isSticker: sharing !== undefined && stanza.getChild('sticker', NS_STICKERS) !== undefined,
  }
}

/** XEP-0447. The server adds what it knows of the file: thumbnails, their placeholder, what it has changed. */
export function buildFileSharing(xml: Xml, { url, name, type, bytes, widthPx, heightPx, description }: Media): Element {
  return xml(
    'file-sharing',
    { xmlns: NS_SFS, disposition: type?.startsWith('image/') ? 'inline' : 'attachment' },
    xml(
      'file',
      { xmlns: NS_FILE_METADATA },
      xml('name', {}, name),
      type && xml('media-type', {}, type),
      bytes !== undefined && xml('size', {}, String(bytes)),
      widthPx !== undefined && xml('width', {}, String(widthPx)),
      heightPx !== undefined && xml('height', {}, String(heightPx)),
      description !== undefined && xml('desc', {}, description),
    ),
    xml('sources', { xmlns: NS_SFS }, xml('url-data', { xmlns: NS_URL_DATA, target: url })),
  )
}

/** What the server answers to a PUT, in JSON; what is missing there is as the slot and the picked file say. */
export function mediaFromAnswer(text: string, otherwise: Pick<Media, 'url' | 'name' | 'type' | 'bytes'>): Media {
  const { url, type, bytes, widthPx, heightPx, placeholder, thumbnails, reEncoding } = objectFrom(parseJson(text))
  const { fromBytes, removed, isAnimationDropped, frames } = objectFrom(reEncoding)
  return {
    url: stringFrom(url) ?? otherwise.url,
    name: otherwise.name,
    type: stringFrom(type) ?? otherwise.type,
    bytes: numberFrom(bytes) ?? otherwise.bytes,
    widthPx: numberFrom(widthPx),
    heightPx: numberFrom(heightPx),
    thumbnails: listFrom(thumbnails).flatMap((entry) => {
      const thumbnail = objectFrom(entry)
      return thumbnailFrom(stringFrom(thumbnail['url']), numberFrom(thumbnail['widthPx']))
    }),
    placeholder: stringFrom(placeholder),
    reEncoding: reEncodingFrom(
      numberFrom(fromBytes),
      listFrom(removed),
      isAnimationDropped === true,
      numberFrom(frames),
    ),
  }
}

function parseReEncoding(element: Element | undefined): ReEncoding | undefined {
  const { from, removed = '', animation, frames } = element?.attrs ?? {}
  return reEncodingFrom(countFrom(from), removed.split(' '), animation === 'dropped', countFrom(frames))
}

function reEncodingFrom(
  fromBytes: number | undefined,
  removed: readonly unknown[],
  isAnimationDropped: boolean,
  frames = 1,
): ReEncoding | undefined {
  if (fromBytes === undefined) return undefined
  return { fromBytes, removed: REMOVED_FEATURES.filter((word) => removed.includes(word)), isAnimationDropped, frames }
}

function thumbnailFrom(url: string | undefined, widthPx: number | undefined): Thumbnail[] {
  return url !== undefined && widthPx !== undefined && /^https?:\/\//i.test(url) ? [{ url, widthPx }] : []
}

function countFrom(text: string | null | undefined): number | undefined {
  const value = text && /^[0-9]{1,12}$/.test(text) ? Number(text) : 0
  return value > 0 ? value : undefined
}

function nameFromUrl(url: string): string {
  try {
    const last = new URL(url).pathname.split('/').at(-1) ?? ''
    return decodeURIComponent(last) || url
  } catch {
    return url
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const objectFrom = (value: unknown) =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
const listFrom = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const stringFrom = (value: unknown) => (typeof value === 'string' ? value : undefined)
const numberFrom = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined)
