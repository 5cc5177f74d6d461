import type { Element, Xml } from '../connection/element.ts'
import { bareJid } from './jid.ts'
import {
  findImageRejected,
  NS_CARBONS,
  NS_DELAY,
  NS_FILE_METADATA,
  NS_FORWARD,
  NS_MAM,
  NS_OOB,
  NS_RECEIPTS,
  NS_SFS,
  NS_SID,
  NS_STANZAS,
  NS_UPLOAD,
  NS_URL_DATA,
} from '@drawbridge/xmpp'

/** A shared file or image. Numbers are what the sender's server measured, for laying out before loading. */
export interface Media {
  readonly url: string
  readonly name: string
  /** Media type as the sender's server named it; decides nothing that matters for safety. */
  readonly type: string | undefined
  readonly bytes: number | undefined
  readonly widthPx: number | undefined
  readonly heightPx: number | undefined
}

/** A chat message as it came over the wire, from us or to us. */
export interface ReceivedMessage {
  readonly mine: boolean
  /** The other person's bare JID. */
  readonly peer: string
  /** Milliseconds since 1970; undefined for a live message without a delay stamp. */
  readonly stampedAt: number | undefined
  readonly body: string
  readonly media: Media | undefined
  readonly id: string | undefined
  readonly originId: string | undefined
  /** Archive id given by our own server (XEP-0359). */
  readonly stanzaId: string | undefined
  readonly asksReceipt: boolean
  readonly from: string
}

/** What a message stanza means to us. */
export type Incoming =
  | { readonly kind: 'chat'; readonly message: ReceivedMessage; readonly isLive: boolean }
  /** XEP-0184: `id` has reached the other side. */
  | { readonly kind: 'receipt'; readonly peer: string; readonly id: string }
  | { readonly kind: 'error'; readonly peer: string; readonly id: string; readonly error: MessageError }
  | { readonly kind: 'other' }

export interface MessageError {
  readonly condition: string
  /** RFC 6120 §8.3.2: `wait` means that trying later makes sense. */
  readonly type: string
  readonly text: string
  /** `reason` of our `<image-rejected/>`, where the content was refused. */
  readonly imageReason: string | undefined
  /** XEP-0363 §5: the upload service has a limit and the file is above it. */
  readonly isTooLarge: boolean
}

export interface OutgoingMessage {
  readonly id: string
  readonly to: string
  readonly body: string
  readonly media: Media | undefined
}

/** Builds a chat message. Equal input gives equal bytes, so that the server recognizes a resend (XEP-0359 origin-id). */
export function buildMessage(xml: Xml, { id, to, body, media }: OutgoingMessage): Element {
  return xml(
    'message',
    { type: 'chat', to, id },
    xml('body', {}, body),
    media && xml('x', { xmlns: NS_OOB }, xml('url', {}, media.url)),
    media && buildFileSharing(xml, media),
    xml('origin-id', { xmlns: NS_SID, id }),
    xml('request', { xmlns: NS_RECEIPTS }),
  )
}

export function buildReceipt(xml: Xml, to: string, receivedId: string): Element {
  return xml('message', { type: 'chat', to }, xml('received', { xmlns: NS_RECEIPTS, id: receivedId }))
}

/** Reads a message stanza that arrived on the stream of `account` (a bare JID). */
export function parseIncoming(stanza: Element, account: string): Incoming {
  const from = stanza.attrs['from'] ?? account
  if (stanza.attrs['type'] === 'error') return parseErrorMessage(stanza, from)

  const carbon = stanza.getChild('received', NS_CARBONS) ?? stanza.getChild('sent', NS_CARBONS)
  if (carbon) {
    // Only our own account may speak for other addresses (XEP-0280 §11, CVE-2017-5589).
    if (from !== account) return { kind: 'other' }
    const forwarded = parseForwarded(carbon)
    return forwarded ? parseContent(forwarded.message, account, forwarded.stampedAt, false) : { kind: 'other' }
  }
  return parseContent(stanza, account, parseDelay(stanza), true)
}

/** Reads one archive result (XEP-0313 §4.2); undefined when it does not belong to `queryId` of our own archive. */
export function parseArchived(stanza: Element, account: string, queryId: string): Incoming | undefined {
  if ((stanza.attrs['from'] ?? account) !== account) return undefined
  const result = stanza.getChild('result', NS_MAM)
  if (!result || result.attrs['queryid'] !== queryId) return undefined
  const forwarded = parseForwarded(result)
  if (!forwarded) return { kind: 'other' }
  const incoming = parseContent(forwarded.message, account, forwarded.stampedAt, false)
  if (incoming.kind !== 'chat') return incoming
  return { ...incoming, message: { ...incoming.message, stanzaId: result.attrs['id'] } }
}

/** True for a message that an archive sends in answer to a query. */
export function isArchiveResult(stanza: Element): boolean {
  return stanza.getChild('result', NS_MAM) !== undefined
}

/** Condition, type and text of a stanza's `<error/>` (RFC 6120 §8.3). */
export function parseStanzaError(stanza: Element): MessageError {
  const error = stanza.getChild('error')
  const conditions = error?.getChildElements().filter((child) => child.name !== 'text' && child.getNS() === NS_STANZAS)
  return {
    condition: conditions?.[0]?.name ?? 'undefined-condition',
    type: error?.attrs['type'] ?? 'cancel',
    text: error?.getChildText('text') ?? '',
    imageReason: error && findImageRejected(error),
    isTooLarge: error?.getChild('file-too-large', NS_UPLOAD) !== undefined,
  }
}

function parseErrorMessage(stanza: Element, from: string): Incoming {
  const id = stanza.attrs['id']
  if (id === undefined) return { kind: 'other' }
  return { kind: 'error', peer: bareJid(from), id, error: parseStanzaError(stanza) }
}

function parseContent(stanza: Element, account: string, stampedAt: number | undefined, isLive: boolean): Incoming {
  const { type = 'normal', from = account, to = account, id } = stanza.attrs
  if (type !== 'chat' && type !== 'normal') return { kind: 'other' }
  const mine = bareJid(from) === account && bareJid(to) !== account
  const peer = bareJid(mine ? to : from)

  const receipt = stanza.getChild('received', NS_RECEIPTS)?.attrs['id']
  if (receipt !== undefined) return mine ? { kind: 'other' } : { kind: 'receipt', peer, id: receipt }

  const text = stanza.getChildText('body') ?? ''
  const media = parseMedia(stanza, text)
  const body = text || (media?.url ?? '')
  if (body === '') return { kind: 'other' }
  const message: ReceivedMessage = {
    mine,
    peer,
    stampedAt,
    body,
    media,
    id,
    originId: stanza.getChild('origin-id', NS_SID)?.attrs['id'],
    // XEP-0359 §3: an id counts only if it was set by our own server.
    stanzaId: stanza.getChildren('stanza-id', NS_SID).find(({ attrs }) => attrs['by'] === account)?.attrs['id'],
    asksReceipt: stanza.getChild('request', NS_RECEIPTS) !== undefined,
    from,
  }
  return { kind: 'chat', message, isLive }
}

function parseForwarded(wrapper: Element): { message: Element; stampedAt: number | undefined } | undefined {
  const forwarded = wrapper.getChild('forwarded', NS_FORWARD)
  const message = forwarded?.getChild('message')
  return forwarded && message ? { message, stampedAt: parseDelay(forwarded) ?? parseDelay(message) } : undefined
}

function parseDelay(element: Element): number | undefined {
  const ms = Date.parse(element.getChild('delay', NS_DELAY)?.attrs['stamp'] ?? '')
  return Number.isNaN(ms) ? undefined : ms
}

/**
 * What a message shares: by XEP-0447, whose §3.1 leaves nothing to the body that is not said there, so that stickers
 * (XEP-0449) are pictures, too; or by XEP-0066 in the form clients agree on, where the body is the URL and nothing else.
 */
function parseMedia(stanza: Element, body: string): Media | undefined {
  const sharing = stanza.getChild('file-sharing', NS_SFS)
  const source = sharing?.getChild('sources', NS_SFS)?.getChild('url-data', NS_URL_DATA)?.attrs['target']
  const link = stanza.getChild('x', NS_OOB)?.getChildText('url')?.trim()
  const url = source ?? (link === body.trim() ? link : undefined)
  if (!url || !/^https?:\/\//i.test(url)) return undefined
  const metadata = sharing?.getChild('file', NS_FILE_METADATA)
  return {
    url,
    name: metadata?.getChildText('name') || nameFromUrl(url),
    type: metadata?.getChildText('media-type') ?? undefined,
    bytes: countFrom(metadata?.getChildText('size')),
    widthPx: countFrom(metadata?.getChildText('width')),
    heightPx: countFrom(metadata?.getChildText('height')),
  }
}

/** XEP-0447: what is said of the file is put right by the server, so that recipients know its size before it is there. */
function buildFileSharing(xml: Xml, { url, name, type, bytes, widthPx, heightPx }: Media): Element {
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
    ),
    xml('sources', { xmlns: NS_SFS }, xml('url-data', { xmlns: NS_URL_DATA, target: url })),
  )
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
