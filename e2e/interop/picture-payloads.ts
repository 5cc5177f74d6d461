import { xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { SECRET } from '@drawbridge/testkit'
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { expect } from 'vitest'

// What clients say of pictures, and what must be true of it.

export const NS_PUBSUB = 'http://jabber.org/protocol/pubsub'
export const NS_SFS = 'urn:xmpp:sfs:0'

/** Where a message says that its file is (XEP-0066). */
export const linkOf = (element: Element) => element.getChild('x', 'jabber:x:oob')?.getChildText('url')
/** Where its shared file is (XEP-0447). */
export const sourceOf = (element: Element) =>
  element.getChild('file-sharing', NS_SFS)?.getChild('sources')?.getChild('url-data')?.attrs['target']
/** Each device has a link of its own; what it leads to is in the path. */
export const pathOf = (url: string | undefined) => (url === undefined ? '' : new URL(url).pathname)
/** The hash of an avatar in presence, in hex (XEP-0153 §3.1). */
export const photoOf = (element: Element) =>
  element.getChild('x', 'vcard-temp:x:update')?.getChildText('photo') || undefined
/** Asks for the items of a node (XEP-0060 §6.5). */
export const itemsOf = (node: string, id?: string) =>
  xml('pubsub', { xmlns: NS_PUBSUB }, xml('items', { node }, id && xml('item', { id })))
/** A hash of bytes, or of a text in UTF-8. */
export const digest = (algorithm: string, bytes: Uint8Array | string) => createHash(algorithm).update(bytes).digest()

/** XEP-0447 about an upload, by somebody who knows only what they uploaded: none of the numbers is that of our file. */
export function fileSharing(url: string, desc: string): Element {
  const file = xml(
    'file',
    { xmlns: 'urn:xmpp:file:metadata:0' },
    xml('media-type', {}, 'image/png'),
    xml('name', {}, 'raw.png'),
    xml('desc', {}, desc),
    xml('size', {}, '71045'),
    xml('width', {}, '512'),
    xml('height', {}, '512'),
    xml('hash', { xmlns: 'urn:xmpp:hashes:2', algo: 'sha-256' }, digest('sha256', 'raw').toString('base64')),
  )
  const source = xml('url-data', { xmlns: 'http://jabber.org/protocol/url-data', target: url })
  return xml('file-sharing', { xmlns: NS_SFS, disposition: 'inline' }, file, xml('sources', { xmlns: NS_SFS }, source))
}

/** The file behind a link. */
export async function download(url: string): Promise<Buffer> {
  const response = await fetch(url)
  expect(response.status).toBe(200)
  return Buffer.from(await response.arrayBuffer())
}

/** Made anew from the pixels of `loadedPng`, and nothing else. */
export async function expectClean(bytes: Buffer, widthPx: number, heightPx: number): Promise<void> {
  for (const foreign of [SECRET, 'eXIf', 'tEXt', 'iTXt', 'script']) expect(bytes.includes(foreign)).toBe(false)
  expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: widthPx, height: heightPx })
}

/** XEP-0446: what is said of a file is what the file is. */
export function expectMetadata(sharing: Element | undefined, bytes: Buffer, widthPx: number, heightPx: number): void {
  const file = sharing?.getChild('file', 'urn:xmpp:file:metadata:0')
  const said = Object.fromEntries(
    ['media-type', 'size', 'width', 'height', 'hash'].map((name) => [name, file?.getChildText(name)]),
  )
  expect(said).toEqual({
    'media-type': 'image/png',
    size: String(bytes.length),
    width: String(widthPx),
    height: String(heightPx),
    hash: digest('sha256', bytes).toString('base64'),
  })
}

/** XEP-0449 §4.1.2, for a pack of one sticker without a summary. */
export function packHash(name: string, desc: string, sticker: Buffer): string {
  const [L4, L3, L2, L1] = ['\x1f', '\x1e', '\x1d', '\x1c']
  const hash = `sha-256${L4}${digest('sha256', sticker).toString('base64')}${L4}${L3}`
  return digest('sha256', `name${L4}${L4}${name}${L4}${L3}${L1}${desc}${L3}${hash}${L2}${L1}`).toString('base64')
}
