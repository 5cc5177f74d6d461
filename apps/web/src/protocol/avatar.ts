import type { Element, Xml } from '../connection/element.ts'
import { NS_AVATAR_DATA, NS_AVATAR_METADATA, NS_PUBSUB, NS_PUBSUB_EVENT } from '@drawbridge/xmpp'

/** What a contact announced (XEP-0084 §4.2). */
export interface AvatarAnnouncement {
  /** SHA-1 of the image, lower-case hex; undefined when the avatar was taken away. */
  readonly hash: string | undefined
}

/** Reads a metadata event or an items answer; undefined when it is about something else. */
export function parseAvatarMetadata(container: Element): AvatarAnnouncement | undefined {
  const items =
    container.getChild('event', NS_PUBSUB_EVENT)?.getChild('items') ??
    container.getChild('pubsub', NS_PUBSUB)?.getChild('items')
  if (items?.attrs['node'] !== NS_AVATAR_METADATA) return undefined
  const info = items.getChild('item')?.getChild('metadata', NS_AVATAR_METADATA)?.getChild('info')
  const hash = info?.attrs['id']?.toLowerCase()
  return { hash: hash !== undefined && /^[0-9a-f]{40}$/.test(hash) ? hash : undefined }
}

export function buildAvatarDataRequest(xml: Xml, hash: string): Element {
  return xml('pubsub', { xmlns: NS_PUBSUB }, xml('items', { node: NS_AVATAR_DATA }, xml('item', { id: hash })))
}

/** The image's bytes; undefined when there are none or they are no base64. */
export function parseAvatarData(iq: Element): Uint8Array<ArrayBuffer> | undefined {
  const item = iq.getChild('pubsub', NS_PUBSUB)?.getChild('items')?.getChild('item')
  const text = item?.getChild('data', NS_AVATAR_DATA)?.getText().replace(/\s+/g, '')
  if (!text) return undefined
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  } catch {
    return undefined
  }
}

/** The publish request for the image itself (XEP-0084 §3.1). */
export function buildAvatarData(xml: Xml, hash: string, base64: string): Element {
  return publish(xml, NS_AVATAR_DATA, hash, xml('data', { xmlns: NS_AVATAR_DATA }, base64))
}

/** The announcement that follows it; without `info` it takes the avatar away. */
export function buildAvatarMetadata(
  xml: Xml,
  info: { hash: string; bytes: number; type: string; widthPx: number; heightPx: number },
): Element {
  const { hash, bytes, type, widthPx, heightPx } = info
  const attrs = { id: hash, bytes: String(bytes), type, width: String(widthPx), height: String(heightPx) }
  return publish(xml, NS_AVATAR_METADATA, hash, xml('metadata', { xmlns: NS_AVATAR_METADATA }, xml('info', attrs)))
}

function publish(xml: Xml, node: string, id: string, payload: Element): Element {
  return xml('pubsub', { xmlns: NS_PUBSUB }, xml('publish', { node }, xml('item', { id }, payload)))
}
