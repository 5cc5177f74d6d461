import type { Element, Xml } from '../connection/element.ts'
import { findEncryption } from './encryption.ts'
import { bareJid } from './jid.ts'
import { buildFileSharing, parseMedia, type Media } from './media.ts'
import { parseQuotas, type Quota } from './quotas.ts'
import {
  findImageRejected,
  NS_CARBONS,
  NS_DELAY,
  NS_FORWARD,
  NS_MAM,
  NS_OOB,
  NS_RECEIPTS,
  NS_SID,
  NS_STANZAS,
  NS_STYLING,
  NS_UPLOAD,
} from '@drawbridge/xmpp'

/** A chat message as it came over the wire, from us or to us. */
export interface ReceivedMessage {
  readonly mine: boolean
  /** The other person's bare JID. */
  readonly peer: string
  /** Milliseconds since 1970; undefined for a live message without a delay stamp. */
  readonly stampedAt: number | undefined
  readonly body: string
  readonly media: Media | undefined
  /** Its author wants it read as it is (XEP-0393 §4): no mark in it means anything. */
  readonly isUnstyled?: boolean
  /** The scheme it is encrypted by, end to end: then this client can show nothing of it. */
  readonly encryption?: string | undefined
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
  /** What is used up, where that is why. */
  readonly quotas: readonly Quota[]
  /** Namespaces of what says more (RFC 6120 §8.3.4). */
  readonly application: readonly string[]
  /** XEP-0363 §5: when there is room again, in milliseconds since 1970. */
  readonly retryAt: number | undefined
}

export interface OutgoingMessage {
  readonly id: string
  readonly to: string
  readonly body: string
  readonly media: Media | undefined
}

/** The text without what XML cannot carry (XML 1.0 §2.2), which comes with pasted text: a server ends the stream on it. */
export function textForXml(text: string): string {
  return text.toWellFormed().replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '')
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
    application: (error?.getChildElements() ?? []).flatMap((child) => {
      const namespace = child.getNS()
      return namespace === undefined || namespace === null || namespace === NS_STANZAS ? [] : [namespace]
    }),
    quotas: error ? parseQuotas(error) : [],
    retryAt: stampFrom(error?.getChild('retry', NS_UPLOAD)?.attrs['stamp']),
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

  const encryption = findEncryption(stanza)
  if (encryption === 'keys') return { kind: 'other' }
  // The body of an encrypted message is an excuse, in a language of the sender's choice.
  const text = encryption ? '' : (stanza.getChildText('body') ?? '')
  const media = encryption ? undefined : parseMedia(stanza, text)
  const body = text || (media?.url ?? '')
  if (body === '' && !encryption) return { kind: 'other' }
  const message: ReceivedMessage = {
    mine,
    peer,
    stampedAt,
    body,
    media,
    isUnstyled: stanza.getChild('unstyled', NS_STYLING) !== undefined,
    encryption: encryption?.scheme,
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
  return stampFrom(element.getChild('delay', NS_DELAY)?.attrs['stamp'])
}

function stampFrom(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '')
  return Number.isNaN(ms) ? undefined : ms
}
