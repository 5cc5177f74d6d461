import type { SanitizeVerdict } from '@drawbridge/contract'
import { createHash } from 'node:crypto'
import { cleanImage } from '@drawbridge/testkit/images'
import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'

const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex')
const RAW = Buffer.from('\x89PNG with EXIF and a script')
/** What stands for the sanitizer's work here: a function of the bytes that never contains them. */
const cleaned = (raw: Uint8Array) => Buffer.from(`clean ${createHash('sha256').update(raw).digest('hex')}`)
const CLEAN = cleaned(RAW)
const ID = sha1(CLEAN)

function sanitize(bytes: Uint8Array): SanitizeVerdict {
  const text = Buffer.from(bytes).toString()
  if (text.startsWith('bomb')) return { outcome: 'refused', reason: 'too-large' }
  if (text.startsWith('text')) return { outcome: 'not-an-image' }
  if (text.startsWith('down')) throw new Error('no sanitizer')
  return cleanImage({ bytes: cleaned(bytes) })
}

const pubsub = (content: string) => `<pubsub xmlns="http://jabber.org/protocol/pubsub">${content}</pubsub>`
const data = (bytes: Uint8Array) =>
  pubsub(
    `<publish node="urn:xmpp:avatar:data"><item id="${sha1(bytes)}">` +
      `<data xmlns="urn:xmpp:avatar:data">${Buffer.from(bytes).toString('base64')}</data></item></publish>`,
  )
const metadata = (info: string, id = 'x') =>
  pubsub(
    `<publish node="urn:xmpp:avatar:metadata"><item id="${id}">` +
      `<metadata xmlns="urn:xmpp:avatar:metadata">${info}</metadata></item></publish>`,
  )
const rawInfo = (bytes: Uint8Array) =>
  `<info id="${sha1(bytes)}" type="image/jpeg" bytes="9" width="9999" height="9" url="http://evil.test/pixel.png"/>`
const cleanInfo = `<info id="${ID}" type="image/png" bytes="${CLEAN.length}" width="64" height="48"/>`
const items = (node: string) => pubsub(`<items node="${node}"/>`)
const vcard = (content: string) => `<vCard xmlns="vcard-temp">${content}</vCard>`
const photo = (bytes: Uint8Array, type = 'image/jpeg') =>
  `<PHOTO><TYPE>${type}</TYPE><BINVAL>${Buffer.from(bytes).toString('base64')}</BINVAL></PHOTO>`
const UPDATE = (hash: string) => `<x xmlns="vcard-temp:x:update">${hash ? `<photo>${hash}</photo>` : '<photo/>'}</x>`

const saysHash = (hash: string) => (element: { toString(): string }) => element.toString().includes(UPDATE(hash))

async function expectNothingRaw(...devices: Device[]): Promise<void> {
  for (const device of devices) {
    const all = device.received().join()
    expect(all).not.toContain(RAW.toString('base64'))
    expect(all).not.toContain('evil.test')
  }
}

test('images rows 10, 14 and 15: an avatar arrives as our bytes under our hash, in both views (XEP-0084 §4, XEP-0153 §3.1, XEP-0398 §4)', async () => {
  await using s = await story({ alice: 2, bob: 1 }, { sanitize })
  await s.bob.send('<presence type="subscribe" to="alice@im.test"/>')
  await s.alice.send('<presence type="subscribed" to="bob@im.test"/>')
  await s.bob.available()
  await s.alice.available()

  // The publisher is answered with the id that he chose, and may go on using it; everybody is told the new one.
  expect((await s.alice.ask('set', data(RAW))).toString()).toContain(`<item id="${sha1(RAW)}"/>`)
  expect((await s.alice.ask('set', metadata(rawInfo(RAW)))).toString()).toContain('<item id="x"/>')

  await s.bob.next(saysHash(ID))
  const stored = (await s.bob.ask('get', items('urn:xmpp:avatar:data'), 'alice@im.test')).toString()
  expect(stored).toContain(
    `<item id="${ID}"><data xmlns="urn:xmpp:avatar:data">${CLEAN.toString('base64')}</data></item>`,
  )
  expect((await s.bob.ask('get', items('urn:xmpp:avatar:metadata'), 'alice@im.test')).toString()).toContain(
    `<metadata xmlns="urn:xmpp:avatar:metadata">${cleanInfo}</metadata>`,
  )
  expect((await s.bob.ask('get', vcard(''), 'alice@im.test')).toString()).toContain(photo(CLEAN, 'image/png'))
  await expectNothingRaw(s.bob, s.alice)

  // XEP-0398 §3: in the presence of every device, whatever it says.
  const second = s.device('alice', 2)
  await second.available(`<presence>${UPDATE('0'.repeat(40))}</presence>`)
  expect(s.bob.received()).toEqual([`<presence to="bob@im.test" from="alice@im.test/2">${UPDATE(ID)}</presence>`])
})

test('a photo set in the vCard becomes the avatar, and goes with it (XEP-0398 §3)', async () => {
  await using s = await story({ alice: 1, bob: 1 }, { sanitize })
  await s.alice.available()

  await s.alice.ask('set', vcard(`<FN>Alice</FN>${photo(RAW)}`))

  await s.alice.next(saysHash(ID))
  expect((await s.alice.ask('get', items('urn:xmpp:avatar:metadata'))).toString()).toContain(cleanInfo)
  expect((await s.alice.ask('get', items('urn:xmpp:avatar:data'))).toString()).toContain(CLEAN.toString('base64'))
  expect((await s.bob.ask('get', vcard(''), 'alice@im.test')).toString()).toContain(photo(CLEAN, 'image/png'))
  s.alice.received()

  await s.alice.ask('set', vcard('<FN>Alice</FN>'))
  await s.alice.next(saysHash(''))
  expect((await s.alice.ask('get', items('urn:xmpp:avatar:metadata'))).toString()).not.toContain('<info')
})

test('an avatar that is taken back leaves the vCard, too (XEP-0084 §4.2.3)', async () => {
  await using s = await story({ alice: 1 }, { sanitize })
  await s.alice.available()
  await s.alice.ask('set', data(RAW))
  await s.alice.ask('set', metadata(rawInfo(RAW)))
  await s.alice.next(saysHash(ID))

  await s.alice.ask('set', metadata(''))

  await s.alice.next(saysHash(''))
  expect((await s.alice.ask('get', vcard(''))).toString()).not.toContain('PHOTO')
})

test('a clean avatar that is published again stays as it is', async () => {
  const asked: string[] = []
  const watching = (bytes: Uint8Array) => {
    asked.push(sha1(bytes))
    return sanitize(bytes)
  }
  await using s = await story({ alice: 1 }, { sanitize: watching })
  await s.alice.ask('set', data(RAW))
  expect((await s.alice.ask('set', data(CLEAN))).toString()).toContain(`<item id="${ID}"/>`)
  expect(asked).toEqual([sha1(RAW)])
})

test.each([
  ['a bomb', 'bomb', 'not-acceptable', 'too-large'],
  ['a text', 'text', 'not-acceptable', 'unsupported'],
])('%s is refused with a reason, as data and as photo', async (_what, start, condition, reason) => {
  await using s = await story({ alice: 1 }, { sanitize })
  const bytes = Buffer.from(`${start} or whatever it may be`)
  for (const request of [data(bytes), vcard(photo(bytes))]) {
    const answer = (await s.alice.ask('set', request)).toString()
    expect(answer).toContain(`<error type="modify"><${condition} `)
    expect(answer).toContain(`<image-rejected xmlns="urn:drawbridge:image:1" reason="${reason}"/>`)
    expect(answer).toContain('<text ')
  }
  expect((await s.alice.ask('get', vcard(''))).attrs['type']).toBe('error')
  expect((await s.alice.ask('get', items('urn:xmpp:avatar:data'))).attrs['type']).toBe('error')
})

test('without a sanitizer nothing passes, and the client is told to wait', async () => {
  await using s = await story({ alice: 1 }, { sanitize })
  const answer = (await s.alice.ask('set', data(Buffer.from('down with it')))).toString()
  expect(answer).toContain('<error type="wait"><resource-constraint ')
  expect((await s.alice.ask('get', items('urn:xmpp:avatar:data'))).attrs['type']).toBe('error')
})

test('metadata for an image that the account has not published is refused', async () => {
  await using s = await story({ alice: 1, mallory: 1 }, { sanitize })
  await s.alice.ask('set', data(RAW))
  // A hash gives no access to the image of somebody else.
  for (const id of [ID, sha1(RAW), sha1(Buffer.from('unknown'))]) {
    const answer = await s.mallory.ask('set', metadata(`<info id="${id}" type="image/png" bytes="1"/>`))
    expect(answer.toString()).toContain('<item-not-found ')
  }
})

test('images rows 12 and 13: sounds, addresses of pictures and nested cards leave a vCard (XEP-0054)', async () => {
  await using s = await story({ alice: 1, bob: 1 }, { sanitize })
  const card =
    '<FN>Alice</FN><SOUND><BINVAL>QUJD</BINVAL></SOUND><AGENT><vCard><FN>x</FN></vCard></AGENT>' +
    '<LOGO><EXTVAL>http://evil.test/a.png</EXTVAL></LOGO><KEY><BINVAL>QUJD</BINVAL></KEY>'
  expect((await s.alice.ask('set', vcard(card))).attrs['type']).toBe('result')
  const stored = (await s.bob.ask('get', vcard(''), 'alice@im.test')).getChild('vCard')?.toString()
  expect(stored).toBe(vcard('<FN>Alice</FN><LOGO/>'))
})

test('a vCard holds no picture outside its pictures (images §1 rule 3)', async () => {
  await using s = await story({ alice: 1 }, { sanitize })
  const refused = await s.alice.ask('set', vcard(`<NOTE>${'QUJD'.repeat(300)}</NOTE>`))
  expect(refused.toString()).toContain('<image-rejected ')
  await s.alice.ask('set', vcard(`<URL>data:image/png;base64,${'iVBORw0KGgo'.repeat(9)}</URL>`))
  expect((await s.alice.ask('get', vcard(''))).toString()).toContain('<URL>[image removed]</URL>')
})

test('between two clients, too, a picture passes only as ours', async () => {
  await using s = await story({ alice: 1, bob: 1 }, { sanitize })
  await s.alice.send(`<iq type="result" id="r1" to="bob@im.test/1">${vcard(photo(RAW))}</iq>`)
  expect(s.bob.received().join()).toContain(photo(CLEAN, 'image/png'))

  await s.alice.send(
    `<iq type="result" id="r2" to="bob@im.test/1">${vcard(photo(Buffer.from('bomb of a picture')))}</iq>`,
  )
  // Whoever asked waits for an answer, so it comes without the picture.
  const [answer = ''] = s.bob.received()
  expect(answer).toContain('id="r2"')
  expect(answer).not.toContain('PHOTO')
  await s.alice.send(
    `<iq type="set" id="r3" to="bob@im.test/1"><x xmlns="urn:example:x">${'QUJD'.repeat(300)}</x></iq>`,
  )
  expect(s.bob.received()).toEqual([])
  expect(s.alice.received().join()).toContain('id="r3"')
})
