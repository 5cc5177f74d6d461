/**
 * Avatars (XEP-0084). The server re-encodes what is published; here the bytes must still match the announced hash and
 * begin like a raster image, and they are drawn to a canvas, so no page ever loads an image from a contact's bytes.
 */
import { NS_PUBSUB, NS_AVATAR_METADATA } from '@drawbridge/xmpp'
import { xml } from '../connection/connection.ts'
import type { Element } from '../connection/element.ts'
import {
  buildAvatarData,
  buildAvatarDataRequest,
  buildAvatarMetadata,
  parseAvatarData,
  parseAvatarMetadata,
} from '../protocol/avatar.ts'
import { bareJid } from '../protocol/jid.ts'
import { isOnline, type ChatContext } from './context.ts'
import { decodeRaster } from './raster.ts'

const SIDE_PX = 192
const MAX_BYTES = 200_000

export interface Avatars {
  /** Takes an announcement; false when the message is none. */
  receive(stanza: Element): boolean
  /** Asks whether `jid` has an avatar, once. */
  want(jid: string): void
  /** The picture, once per hash; undefined when it cannot be had. */
  load(jid: string, hash: string): Promise<ImageBitmap | undefined>
  /** Scales, crops and publishes a picture. Rejects with RequestError when the server refuses it. */
  publish(file: Blob): Promise<void>
}

export function createAvatars({ store, connection, account }: ChatContext): Avatars {
  const bitmaps = new Map<string, Promise<ImageBitmap | undefined>>()
  const asked = new Set<string>()

  function note(jid: string, hash: string | undefined): void {
    store.update((state) =>
      state.avatars[jid] === (hash ?? '') ? state : { ...state, avatars: { ...state.avatars, [jid]: hash ?? '' } },
    )
  }

  async function fetchBitmap(jid: string, hash: string): Promise<ImageBitmap | undefined> {
    const bytes = parseAvatarData(await connection.request('get', buildAvatarDataRequest(xml, hash), jid))
    if (!bytes || bytes.length > MAX_BYTES || (await sha1(bytes)) !== hash) return undefined
    return decodeRaster(bytes)
  }

  return {
    receive(stanza) {
      const announcement = parseAvatarMetadata(stanza)
      if (announcement) note(bareJid(stanza.attrs['from'] ?? account), announcement.hash)
      return announcement !== undefined
    },
    want(jid) {
      if (asked.has(jid) || store.get().avatars[jid] !== undefined || !isOnline(store)) return
      asked.add(jid)
      const request = xml('pubsub', { xmlns: NS_PUBSUB }, xml('items', { node: NS_AVATAR_METADATA, max_items: '1' }))
      connection
        .request('get', request, jid)
        .then((answer) => note(jid, parseAvatarMetadata(answer)?.hash))
        .catch(() => undefined)
    },
    load(jid, hash) {
      const known = bitmaps.get(hash)
      if (known) return known
      const loading = fetchBitmap(jid, hash).catch(() => undefined)
      bitmaps.set(hash, loading)
      // A failed try is forgotten, so that the next look asks again.
      void loading.then((bitmap) => bitmap ?? bitmaps.delete(hash))
      return loading
    },
    async publish(file) {
      const picture = await squarePicture(file)
      const bytes = new Uint8Array(await picture.arrayBuffer())
      const hash = await sha1(bytes)
      await connection.request('set', buildAvatarData(xml, hash, base64From(bytes)))
      const size = { bytes: bytes.length, widthPx: SIDE_PX, heightPx: SIDE_PX }
      // The server re-encodes the picture and takes our hash for its own.
      await connection.request('set', buildAvatarMetadata(xml, { hash, type: picture.type, ...size }))
      asked.delete(account)
      store.update(({ avatars: { [account]: _replaced, ...avatars }, ...state }) => ({ ...state, avatars }))
      this.want(account)
    },
  }
}

/** The middle of the picture as a PNG of 192 × 192 px: small enough for a stanza. */
async function squarePicture(file: Blob): Promise<Blob> {
  const source = await createImageBitmap(file)
  const side = Math.min(source.width, source.height)
  const canvas = new OffscreenCanvas(SIDE_PX, SIDE_PX)
  canvas
    .getContext('2d')
    ?.drawImage(source, (source.width - side) / 2, (source.height - side) / 2, side, side, 0, 0, SIDE_PX, SIDE_PX)
  source.close()
  return canvas.convertToBlob({ type: 'image/png' })
}

async function sha1(bytes: BufferSource): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', bytes))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function base64From(bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary)
}
