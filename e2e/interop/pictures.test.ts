import { xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { animatedGif, fixture, loadedPng } from '@drawbridge/testkit'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startBrowser } from '../support/browser.ts'
import { connectClient } from '../support/xmpp-client.ts'
import type { TestClient } from '../support/xmpp-client.ts'
import { accountOf, productFromEnvironment } from './foreign-client.ts'
import { CLIENTS } from './matrix.ts'
import { missingPackage } from './packages.ts'
import { conversePictures, slixmppPictures, webPictures } from './picture-clients.ts'
import type { PictureClient } from './picture-clients.ts'
import {
  digest,
  download,
  expectClean,
  expectMetadata,
  fileSharing,
  itemsOf,
  linkOf,
  NS_PUBSUB,
  NS_SFS,
  packHash,
  pathOf,
  photoOf,
  sourceOf,
} from './picture-payloads.ts'

const NS_STICKERS = 'urn:xmpp:stickers:0'

/** Who has which client; everybody knows everybody. */
const PEOPLE = { alice: 'slixmpp', bob: 'Converse.js', carol: 'the web client' } as const
type PersonName = keyof typeof PEOPLE
const NAMES = Object.keys(PEOPLE) as PersonName[]
const account = (name: PersonName) => accountOf(name, 'pictures')
const jidOf = (name: PersonName) => account(name).jid
const othersOf = (name: PersonName) => NAMES.filter((other) => other !== name)
const sender = (name: PersonName) => [name, PEOPLE[name]] as const

const missing = missingPackage(CLIENTS.slixmpp)
let directory: string
let browser: Browser
let slixmpp: Awaited<ReturnType<typeof slixmppPictures>>
let clients: Readonly<Record<PersonName, PictureClient>>
/** A second device of each, which sees every element. */
let devices: Readonly<Record<PersonName, TestClient>>

beforeAll(async () => {
  if (missing !== undefined) return
  const product = productFromEnvironment()
  const connect = (name: PersonName) => connectClient({ port: product.c2sPort, ...account(name), resource: 'second' })
  const [alice, bob, carol] = await Promise.all([connect('alice'), connect('bob'), connect('carol')])
  devices = { alice, bob, carol }
  for (const device of Object.values(devices)) {
    await device.ask('get', xml('query', { xmlns: 'jabber:iq:roster' }))
    device.send(xml('presence'))
  }
  await befriend('alice', 'bob')
  await befriend('alice', 'carol')
  await befriend('bob', 'carol')
  directory = await mkdtemp(join(tmpdir(), 'pictures-'))
  // Converse's page comes from Playwright, which Chromium takes for a stranger on the network of the server.
  browser = await startBrowser('--disable-features=LocalNetworkAccessChecks')
  const persona = (name: PersonName) => ({ ...account(name), bob: jidOf('bob') })
  slixmpp = await slixmppPictures(persona('alice'), product)
  const [converse, web] = await Promise.all([
    conversePictures(browser, persona('bob'), product),
    webPictures(browser, persona('carol'), product),
  ])
  clients = { alice: slixmpp, bob: converse, carol: web }
}, 90_000)
afterAll(async () => {
  if (missing !== undefined) return
  await browser?.close()
  await slixmpp?.client[Symbol.asyncDispose]()
  for (const device of Object.values(devices)) await device.end()
  await rm(directory, { recursive: true, force: true })
})
beforeEach(({ skip }) => {
  if (missing !== undefined) skip(`${missing} is not installed`)
})

describe('avatars', () => {
  const ways = [
    ['alice', 'slixmpp', 64],
    ['bob', 'Converse.js', 72],
    ['carol', 'the web client', 80],
    ['alice', 'slixmpp in a vCard', 88],
  ] as const
  const hashes = new Map<PersonName, string>()

  test.each(ways)(
    '%s publishes one with %s: the others show ours, whose hash is what they were told (XEP-0084 §4.2, XEP-0153 §4)',
    async (name, way, sidePx) => {
      const path = await picture(sidePx, sidePx)
      if (way === 'slixmpp in a vCard') await slixmpp.client.run('photo', { path })
      else await clients[name].publishAvatar(path)
      for (const other of othersOf(name)) {
        const isNew = (element: Element) => ![undefined, hashes.get(name)].includes(photoOf(element))
        const hash = photoOf(await devices[other].next(isFrom(name, isNew, 'presence')))!
        const clean = await avatarOf(name, hash, devices[other])
        await clients[other].showsAvatar(jidOf(name), clean)
        if (other === othersOf(name).at(-1)) hashes.set(name, hash)
      }
    },
  )
})

describe('images', () => {
  const known = new Set([''])

  test.each(NAMES.map(sender))('%s shares one with %s, and the others see it', async (name) => {
    for (const [index, other] of othersOf(name).entries()) {
      const [widthPx, heightPx] = [64 + index, 48]
      await clients[name].share(jidOf(other), await picture(widthPx, heightPx))
      const received = await devices[other].next(isFrom(name, (element) => !known.has(pathOf(linkOf(element)))))
      const url = linkOf(received)!
      known.add(pathOf(url))
      const bytes = await download(url)
      await expectClean(bytes, widthPx, heightPx)
      const sha256 = digest('sha256', bytes).toString('hex')
      expect(await clients[other].showsImage(jidOf(name), pathOf(url))).toEqual({ widthPx, heightPx, sha256 })
      if (name === 'carol') expectMetadata(received.getChild('file-sharing', NS_SFS), bytes, widthPx, heightPx)
    }
  })

  test('alice shares one with what she knows of it, and bob and carol are told what it is (XEP-0447 §3.1)', async () => {
    for (const other of othersOf('alice')) {
      const path = await picture(80, 60)
      const url = await slixmpp.client.run<string>('upload', { path, type: 'image/png' })
      await slixmpp.client.run('stanza', {
        xml: message(other, url, fileSharing(url, 'photo.png')).toString(),
      })
      const received = await devices[other].next(
        isFrom('alice', (element) => pathOf(sourceOf(element)) === pathOf(url)),
      )
      const bytes = await download(sourceOf(received)!)
      expectMetadata(received.getChild('file-sharing', NS_SFS), bytes, 80, 60)
      expect(await clients[other].showsImage(jidOf('alice'), pathOf(url))).toMatchObject({ widthPx: 80, heightPx: 60 })
    }
  })
})

describe('formats', () => {
  const files = [
    ['a JPEG', 'photo.jpg', 'image/jpeg', () => fixture('jpeg'), 64, 48],
    ['a WebP', 'photo.webp', 'image/webp', () => fixture('webp'), 64, 48],
    ['a still GIF', 'still.gif', 'image/gif', () => animatedGif(64, 1), 64, 64],
    ['a small animation', 'small.gif', 'image/gif', () => animatedGif(64, 4), 64, 64],
    ['a large animation', 'large.gif', 'image/gif', () => animatedGif(192, 4), 192, 192],
  ] as const

  test.each(files)(
    'alice shares %s, and bob and carol see it',
    async (_what, filename, type, bytesOf, widthPx, heightPx) => {
      const path = join(directory, filename)
      await writeFile(path, bytesOf())
      const url = await slixmpp.client.run<string>('upload', { path, type })
      for (const other of othersOf('alice')) {
        await slixmpp.client.run('send', { to: jidOf(other), body: url, url })
        const sha256 = digest('sha256', await download(url)).toString('hex')
        expect(await clients[other].showsImage(jidOf('alice'), pathOf(url))).toEqual({ widthPx, heightPx, sha256 })
      }
    },
  )
})

describe('stickers', () => {
  test('alice publishes a pack with slixmpp and sends one of it: the pack has our hashes and name, and both see it (XEP-0449 §4.1, §4.2)', async () => {
    const url = await slixmpp.client.run<string>('upload', { path: await picture(128, 96), type: 'image/png' })
    const rawId = 'EpRv28DHHzFrE4zd+xaNpVb4'
    const sticker = fileSharing(url, '😘')
    const pack = xml(
      'pack',
      { xmlns: NS_STICKERS },
      xml('name', {}, 'Marsey the Cat'),
      xml('item', {}, sticker.getChildElements()),
      xml('hash', { xmlns: 'urn:xmpp:hashes:2', algo: 'sha-256' }, `${rawId}jbu4s74XtioExNjQzZ0=`),
    )
    const publish = xml('publish', { node: NS_STICKERS }, xml('item', { id: rawId }, pack))
    await slixmpp.client.run('ask', { type: 'set', xml: xml('pubsub', { xmlns: NS_PUBSUB }, publish).toString() })

    const bytes = await download(url)
    await expectClean(bytes, 128, 96)
    const answer = await devices.bob.ask('get', itemsOf(NS_STICKERS), jidOf('alice'))
    const item = answer.getChild('pubsub')?.getChild('items')?.getChild('item')
    const stored = item?.getChild('pack', NS_STICKERS)
    expectMetadata(stored?.getChild('item'), bytes, 128, 96)
    const hash = packHash('Marsey the Cat', '😘', bytes)
    expect(stored?.getChildText('hash')).toBe(hash)
    expect(item?.attrs['id']).toBe(hash.slice(0, 24))

    for (const other of othersOf('alice')) {
      const stanza = message(other, '😘', fileSharing(url, '😘'))
      stanza.append(xml('x', { xmlns: 'jabber:x:oob' }, xml('url', {}, url)))
      stanza.append(xml('sticker', { xmlns: NS_STICKERS, pack: rawId }))
      await slixmpp.client.run('stanza', { xml: stanza.toString() })
      const received = await devices[other].next(
        isFrom('alice', (element) => element.getChild('sticker') !== undefined),
      )
      expect(received.getChild('sticker', NS_STICKERS)?.attrs).toEqual({ xmlns: NS_STICKERS, pack: hash.slice(0, 24) })
      expectMetadata(received.getChild('file-sharing', NS_SFS), bytes, 128, 96)
      expect(await download(sourceOf(received)!)).toEqual(bytes)
      const sha256 = digest('sha256', bytes).toString('hex')
      expect(await clients[other].showsImage(jidOf('alice'), pathOf(url))).toEqual({
        widthPx: 128,
        heightPx: 96,
        sha256,
      })
    }
  })
})

/** Each in the other's list, with presence both ways (RFC 6121 §3.1). */
async function befriend(one: PersonName, other: PersonName): Promise<void> {
  for (const [asking, asked] of [
    [one, other],
    [other, one],
  ] as const) {
    devices[asking].send(xml('presence', { to: jidOf(asked), type: 'subscribe' }))
    await devices[asked].next(isFrom(asking, ({ attrs }) => attrs['type'] === 'subscribe', 'presence'))
    devices[asked].send(xml('presence', { to: jidOf(asking), type: 'subscribed' }))
    await devices[asking].next(isFrom(asked, ({ attrs }) => attrs['type'] === 'subscribed', 'presence'))
  }
}

/** A file with a picture of this size, and with what nobody else may get. */
async function picture(widthPx: number, heightPx: number): Promise<string> {
  const path = join(directory, `photo-${widthPx}x${heightPx}.png`)
  await writeFile(path, loadedPng(widthPx, heightPx))
  return path
}

const isFrom =
  (name: PersonName, matches: (element: Element) => boolean, kind = 'message') =>
  (element: Element) =>
    element.name === kind && element.attrs['from']?.split('/')[0] === jidOf(name) && matches(element)

/** Somebody's avatar as others get it: one image, whichever way they ask, and its hash everywhere. */
async function avatarOf(name: PersonName, hash: string, device: TestClient): Promise<Buffer> {
  const itemOf = async (node: string, id?: string) =>
    (await device.ask('get', itemsOf(node, id), jidOf(name))).getChild('pubsub')?.getChild('items')?.getChild('item')
  const metadata = (await itemOf('urn:xmpp:avatar:metadata'))?.getChild('metadata')
  const data = (await itemOf('urn:xmpp:avatar:data', hash))?.getChildText('data') ?? ''
  const bytes = Buffer.from(data, 'base64')
  expect(digest('sha1', bytes).toString('hex')).toBe(hash)
  const { width, height } = await sharp(bytes).metadata()
  await expectClean(bytes, width, height)
  expect(metadata?.getChild('info')?.attrs).toMatchObject({
    id: hash,
    type: 'image/png',
    bytes: String(bytes.length),
    width: String(width),
    height: String(height),
  })
  const vcard = await device.ask('get', xml('vCard', { xmlns: 'vcard-temp' }), jidOf(name))
  expect(vcard.getChild('vCard')?.getChild('PHOTO')?.getChildText('BINVAL')).toBe(data)
  return bytes
}

function message(to: PersonName, body: string, sharing: Element): Element {
  const attrs = { to: jidOf(to), type: 'chat', id: crypto.randomUUID() }
  return xml('message', attrs, xml('body', {}, body), sharing)
}
