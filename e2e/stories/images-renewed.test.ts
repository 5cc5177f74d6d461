import { parseElement, C2S_LIMITS } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { startUploadRig } from '../support/upload-rig.ts'

const ME = 'alice@localhost'
const OLD_SIDE_PX = 192
const NEW_SIDE_PX = 96

const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex')
const cid = (bytes: Uint8Array) => `sha1+${sha1(bytes)}@bob.xmpp.org`
const element = (text: string) => parseElement(text, C2S_LIMITS)
const bytesIn = (text: string, pattern: RegExp) => Buffer.from(pattern.exec(text)?.[1] ?? '', 'base64')

/** Something like a photo, of which every encoding is another one. */
function photo(sidePx: number) {
  const pixels = Buffer.alloc(sidePx * sidePx * 3)
  for (let at = 0; at < pixels.length; at++) {
    pixels[at] = 128 + 90 * Math.sin(at / 700) + (((at * 2_654_435_761) >>> 24) & 0x1f)
  }
  return sharp(pixels, { raw: { width: sidePx, height: sidePx, channels: 3 } })
}

test('after kill -9 in its middle, the renewal of all images ends with each of them made by the new encoder, under its old name', async () => {
  await using rig = await startUploadRig()
  const [inline, avatar, file] = await Promise.all([
    photo(120).jpeg({ quality: 95 }).toBuffer(),
    photo(300).png().toBuffer(),
    photo(700).png().toBuffer(),
  ])
  const ask = async (type: 'get' | 'set', payload: string, to = ME) => {
    const answer: Element = await rig.alice().ask(type, element(payload), to)
    const text = answer.toString()
    expect(answer.attrs['type'], text).toBe('result')
    return text
  }
  const slot = await rig.slot('a.png', file.length)
  expect(await rig.put(slot, file).answered).toBe(201)
  await ask(
    'set',
    `<vCard xmlns="vcard-temp"><PHOTO><TYPE>image/png</TYPE><BINVAL>${avatar.toString('base64')}</BINVAL></PHOTO></vCard>`,
  )
  const data = `<data xmlns="urn:xmpp:bob" cid="${cid(inline)}" type="image/jpeg">${inline.toString('base64')}</data>`
  const sources = `<sources xmlns="urn:xmpp:sfs:0"><url-data xmlns="http://jabber.org/protocol/url-data" target="${slot.getUrl}"/></sources>`
  rig
    .alice()
    .send(
      element(
        `<message xmlns="jabber:client" to="${ME}" type="chat" id="m"><body>look</body><x xmlns="urn:example" src="cid:${cid(inline)}"/>${data}` +
          `<file-sharing xmlns="urn:xmpp:sfs:0"><file xmlns="urn:xmpp:file:metadata:0"><name>a.png</name></file>${sources}</file-sharing></message>`,
      ),
    )
  const messages = async () =>
    (await rig.database.pool.query<{ stanza: string }>('select stanza from message')).rows.map(({ stanza }) => stanza)
  await rig.until(async () => (await messages()).length > 0)

  /** Everything as its readers see it. */
  const look = async () => {
    const [stored = ''] = await messages()
    const vcard = await ask('get', '<vCard xmlns="vcard-temp"/>')
    const items = (node: string, item = '') =>
      `<pubsub xmlns="http://jabber.org/protocol/pubsub"><items node="urn:xmpp:avatar:${node}">${item}</items></pubsub>`
    return {
      link: (await rig.get(slot))!.body,
      photo: bytesIn(vcard, /<BINVAL>([^<]+)/),
      inline: bytesIn(stored, /urn:xmpp:bob"[^>]*>([^<]+)/),
      named: /src="cid:([^"]+)"/.exec(stored)?.[1],
      described: /algo="sha-256">([^<]+)/.exec(stored)?.[1],
      metadata: /<info id="([^"]+)"/.exec(await ask('get', items('metadata')))?.[1],
      avatar: async (id: string) =>
        bytesIn(await ask('get', items('data', `<item id="${id}"/>`)), /avatar:data">([^<]+)<\/data/),
      bits: async (id: string) =>
        bytesIn(await ask('get', `<data xmlns="urn:xmpp:bob" cid="${id}"/>`), /urn:xmpp:bob"[^>]*>([^<]+)/),
    }
  }
  await rig.until(async () => (await look()).metadata !== undefined)
  const before = await look()
  expect((await sharp(before.photo).metadata()).width).toBe(OLD_SIDE_PX)

  // The encoders of tomorrow make everything smaller.
  await rig.kill('sanitizer')
  rig.configure({ DRAWBRIDGE_SANITIZER_AVATAR_SIDE: String(NEW_SIDE_PX), DRAWBRIDGE_SANITIZER_MAX_OUTPUT_SIDE: '100' })
  await rig.restore()
  const hold = await rig.holdUp('lock table image_map in exclusive mode')
  await rig.command('image-renewal', 'start')
  // The file is stored, and not yet published.
  await rig.until(async () => (await hold.waiting('update "image_map"%')) > 0)
  await rig.kill('server')
  await hold.release()
  await rig.restore()
  const renewal = async () =>
    (
      await rig.database.pool.query<{ outcome: string | null; renewed: number; failed: number }>(
        'select outcome, renewed, failed from image_renewal',
      )
    ).rows[0]
  await rig.until(async () => (await renewal())?.outcome === 'done')
  expect((await renewal())?.failed).toBe(0)
  expect(await rig.command('image-renewal', 'status')).toContain('done')

  const after = await look()
  const sideOf = async (image: Buffer) => (await sharp(image).metadata()).width
  expect(await Promise.all([after.link, after.photo, after.inline].map(sideOf))).toEqual([100, NEW_SIDE_PX, 100])
  expect(after.named).toBe(cid(after.inline))
  expect(after.described).toBe(createHash('sha256').update(after.link).digest('base64'))
  expect(after.metadata).toBe(sha1(after.photo))
  // By the names of before, and of what was sent.
  for (const id of [before.metadata!, sha1(avatar)]) expect(await after.avatar(id)).toEqual(after.photo)
  for (const id of [before.named!, cid(inline)]) expect(await after.bits(id)).toEqual(after.inline)
})
