import {
  fixture,
  HOSTILE_IMAGES,
  loadedPng,
  ordinaryPng,
  pixelBombPng,
  SECRET,
  transparencyOverflowPng,
} from '@drawbridge/testkit'
import { xml } from '@drawbridge/xmpp'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startSlixmpp } from '../support/slixmpp.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'
import { upload } from '../support/upload.ts'
import { connectClient } from '../support/xmpp-client.ts'
import type { TestClient } from '../support/xmpp-client.ts'

const NS_PUBSUB = 'http://jabber.org/protocol/pubsub'
const NS_AVATAR = 'urn:xmpp:avatar:data'
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>alert(1)</script></svg>'

let stack: Stack
let alice: TestClient
let bob: TestClient
beforeAll(async () => {
  stack = await startStack()
  await stack.account('alice')
  await stack.account('bob')
  alice = await connectClient({ port: stack.c2sPort, name: 'alice', password: 'alice-password' })
  bob = await connectClient({ port: stack.c2sPort, name: 'bob', password: 'bob-password' })
  for (const client of [alice, bob]) client.send('<presence/>')
  await befriend()
})
afterAll(async () => {
  await alice.end()
  await bob.end()
  await stack[Symbol.asyncDispose]()
})

/** Avatars are for contacts. */
async function befriend(): Promise<void> {
  for (const who of [alice, bob]) await who.ask('get', xml('query', { xmlns: 'jabber:iq:roster' }))
  alice.send('<presence to="bob@localhost" type="subscribe"/>')
  bob.send('<presence to="alice@localhost" type="subscribe"/>')
  for (const [who, other] of [
    [alice, 'bob'],
    [bob, 'alice'],
  ] as const) {
    await who.next((element) => element.name === 'presence' && element.attrs['type'] === 'subscribe')
    who.send(`<presence to="${other}@localhost" type="subscribed"/>`)
  }
  for (const who of [alice, bob])
    await who.next((element) => element.name === 'presence' && element.attrs['type'] === 'subscribed')
}

/** A bomb that is small enough for a stanza. */
function tallBomb(): Buffer {
  const found = HOSTILE_IMAGES.find(({ name }) => name === 'PNG 1 × 49,999,999')
  if (!found) throw new Error('the catalog has changed')
  return Buffer.from(found.bytes())
}

function cutJpeg(): Buffer {
  const photo = fixture('jpeg')
  return photo.subarray(0, Math.floor(photo.length / 2))
}

const pixels = async (bytes: Uint8Array) => {
  const { data, info } = await sharp(bytes).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  return { data: data.toString('base64'), size: `${info.width}×${info.height}` }
}

async function fetchBytes(url: string): Promise<{ status: number; type: string | null; bytes: Buffer }> {
  const response = await fetch(url)
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    bytes: Buffer.from(await response.arrayBuffer()),
  }
}

test('a PNG with EXIF, trailing data and a script arrives as pixels and nothing else', async () => {
  const script = Buffer.from('<script>alert(1)</script>')
  const sent = Buffer.concat([loadedPng(), script, Buffer.from(SECRET)])
  const outcome = await upload(alice, 'holiday.png', sent, 'image/png')
  expect(outcome.status).toBe(201)
  const { status, type, bytes } = await fetchBytes(outcome.url)
  expect([status, type]).toEqual([200, 'image/png'])
  for (const foreign of ['Exif', 'eXIf', 'script', 'tEXt', 'iTXt', SECRET]) expect(bytes.includes(foreign)).toBe(false)
  expect(bytes.subarray(-8, -4).toString('latin1')).toBe('IEND')
  expect(await pixels(bytes)).toEqual(await pixels(sent))
})

test('UP-09 the PNG of CVE-2004-0597 is re-encoded or refused, never delivered as sent', async () => {
  const sent = transparencyOverflowPng()
  const outcome = await upload(alice, 'smile.png', sent, 'image/png')
  expect([201, 422]).toContain(outcome.status)
  const { status, bytes } = await fetchBytes(outcome.url)
  expect(status).toBe(outcome.status === 201 ? 200 : 404)
  expect(bytes.includes(sent.subarray(8))).toBe(false)
})

test('UP-07 a bomb, a truncated JPEG and an SVG are refused with a reason, and the next image takes under two seconds', async () => {
  const hostile = [
    ['bomb.png', pixelBombPng(), 'image/png', 'too-large'],
    ['cut.jpg', cutJpeg(), 'image/jpeg', 'corrupt'],
    ['drawing.png', Buffer.from(SVG), 'image/png', 'unsupported'],
  ] as const
  for (const [name, bytes, type, reason] of hostile) {
    const outcome = await upload(alice, name, bytes, type)
    expect([name, outcome.status >= 400, outcome.body.reason]).toEqual([name, true, reason])
    expect(outcome.body.type).toBe('/problems/image-rejected')
    expect((outcome.body.detail ?? outcome.body.title ?? '').length).toBeGreaterThan(10)
    expect((await fetchBytes(outcome.url)).status).toBe(404)
  }
  await expect(upload(alice, 'drawing.svg', Buffer.from(SVG), 'image/svg+xml')).rejects.toThrow(
    /unsupported|not-acceptable/,
  )

  const startedAt = performance.now()
  const next = await upload(alice, 'next.png', ordinaryPng(640, 480), 'image/png')
  const tookMs = performance.now() - startedAt
  console.log(`the image after the hostile ones took ${Math.round(tookMs)} ms from slot to 201`)
  expect(next.status).toBe(201)
  expect(tookMs).toBeLessThan(2_000)
})

test('an avatar takes the same way: cleaned under its new id, or refused with a reason', async () => {
  const publish = (bytes: Uint8Array) =>
    alice.ask(
      'set',
      xml(
        'pubsub',
        { xmlns: NS_PUBSUB },
        xml(
          'publish',
          { node: NS_AVATAR },
          xml(
            'item',
            { id: createHash('sha1').update(bytes).digest('hex') },
            xml('data', { xmlns: NS_AVATAR }, Buffer.from(bytes).toString('base64')),
          ),
        ),
      ),
    )
  const sent = Buffer.concat([loadedPng(), Buffer.from(SECRET)])
  const published = await publish(sent)
  expect(published.attrs['type']).toBe('result')
  const id = published.getChild('pubsub')?.getChild('publish')?.getChild('item')?.attrs['id']

  const answer = await bob.ask(
    'get',
    xml('pubsub', { xmlns: NS_PUBSUB }, xml('items', { node: NS_AVATAR })),
    'alice@localhost',
  )
  const item = answer.getChild('pubsub')?.getChild('items')?.getChild('item')
  const clean = Buffer.from(item?.getChildText('data') ?? '', 'base64')
  expect(clean.subarray(1, 4).toString()).toBe('PNG')
  expect(clean.includes(SECRET)).toBe(false)
  expect(item?.attrs['id']).toBe(createHash('sha1').update(clean).digest('hex'))
  // She is answered with the id that she chose (XEP-0060 §7.1.2); everybody else sees that of our picture.
  expect(id).toBe(createHash('sha1').update(sent).digest('hex'))

  for (const [bytes, reason] of [
    [tallBomb(), 'too-large'],
    [Buffer.from(SVG), 'unsupported'],
    [cutJpeg(), 'corrupt'],
  ] as const) {
    const refused = await publish(bytes)
    const error = refused.getChild('error')
    expect(error?.getChild('not-acceptable')).toBeDefined()
    expect(error?.getChild('image-rejected', 'urn:drawbridge:image:1')?.attrs['reason']).toBe(reason)
  }
  const overflow = await publish(transparencyOverflowPng())
  expect(overflow.attrs['type']).toBe('error')
})

test('a standard client shares a file and an avatar the same way', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'images-'))
  const path = join(directory, 'loaded.png')
  await writeFile(path, Buffer.concat([loadedPng(), Buffer.from(SECRET)]))
  await using phone = startSlixmpp({
    jid: 'alice@localhost',
    password: 'alice-password',
    port: stack.c2sPort,
    ca: join(stack.dataDir, 'secrets', 'tls-certificate.pem'),
    mechanism: 'SCRAM-SHA-256',
  })
  await phone.next('ready')
  const url = await phone.run<string>('upload', { path, type: 'image/png' })
  const { status, bytes } = await fetchBytes(url)
  expect(status).toBe(200)
  expect(bytes.includes(SECRET)).toBe(false)
  await phone.run('avatar', { path })
  const answer = await bob.ask(
    'get',
    xml('pubsub', { xmlns: NS_PUBSUB }, xml('items', { node: NS_AVATAR })),
    'alice@localhost',
  )
  const data = answer.getChild('pubsub')?.getChild('items')?.getChild('item')?.getChildText('data') ?? ''
  expect(Buffer.from(data, 'base64').includes(SECRET)).toBe(false)
  await rm(directory, { recursive: true, force: true })
})

/** Where an image ends by its own account, in bytes; undefined for what is none of the formats that we make. */
function lengthOf(bytes: Buffer): number | undefined {
  if (bytes.subarray(1, 4).toString('latin1') === 'PNG') return bytes.indexOf('IEND') + 8
  if (bytes.subarray(0, 2).toString('hex') === 'ffd8') return bytes.lastIndexOf(Buffer.from([0xff, 0xd9])) + 2
  if (bytes.subarray(8, 12).toString('latin1') === 'WEBP') return bytes.readUInt32LE(4) + 8
  return undefined
}

test('control §7.9 every image that lies on disk to be served is our encoder’s output: no EXIF, ICC or trailing bytes', async () => {
  const photo = await sharp(fixture('jpeg'))
    .withExif({ IFD0: { Copyright: SECRET } })
    .withIccProfile('p3')
    .toBuffer()
  const sent = [
    ['photo.jpg', photo, 'image/jpeg'],
    ['loaded.png', loadedPng(), 'image/png'],
    ['picture.webp', fixture('webp'), 'image/webp'],
  ] as const
  for (const [name, bytes, type] of sent) {
    expect((await upload(alice, name, Buffer.concat([bytes, Buffer.from(SECRET)]), type)).status, name).toBe(201)
  }
  const folder = join(stack.dataDir, 'blobs', 'clean')
  const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const images = (await Promise.all(names.map(({ parentPath, name }) => readFile(join(parentPath, name))))).filter(
    (bytes) => lengthOf(bytes) !== undefined,
  )
  expect(images.length).toBeGreaterThanOrEqual(sent.length)
  for (const bytes of images) {
    const { exif, icc, iptc, xmp, comments } = await sharp(bytes).metadata()
    expect({ exif, icc, iptc, xmp, comments }).toEqual({})
    expect(lengthOf(bytes)).toBe(bytes.length)
    expect(bytes.includes(SECRET)).toBe(false)
  }
})
