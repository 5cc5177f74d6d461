import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'
import { Outgoing } from './outgoing.ts'
import { parseStored } from './parse-stored.ts'
import { IMAGE_WITHHELD } from '@drawbridge/contract'
import { NOTHING_HIDDEN } from '../policy/enforce.ts'
import { withoutImages } from './withheld.ts'

const KEY = 'A'.repeat(43)
const link = (name: string) => `https://im.test/upload/${KEY}/${name}`
const WEBP = link('cat.webp')
const PNG = link('dog.png')
const WITHHELD = IMAGE_WITHHELD.en
const withheld = (...formats: readonly string[]) => ({ formats, hidden: [], language: 'en' }) as const

/** What another person's devices got, without what differs for each of them. */
const bodies = (device: Device) =>
  device.received().flatMap((text) => /<body[^>]*>(.*?)<\/body>/u.exec(text)?.[1] ?? [])

async function degraded() {
  const s = await story({ alice: 1, bob: 2 })
  const old = s.device('bob', 2)
  for (const device of [s.alice, s.bob, old]) await device.available()
  old.session.withhold(['webp'], NOTHING_HIDDEN)
  for (const device of [s.alice, s.bob, old]) device.received()
  return { ...s, old, [Symbol.asyncDispose]: () => s[Symbol.asyncDispose]() }
}

test('a degraded client gets the words and no image of the format; the next device gets everything (control §3.2)', async () => {
  await using s = await degraded()
  await s.alice.send(`<message to="bob@im.test" type="chat"><body>look ${WEBP} and ${PNG} here</body></message>`)
  expect(bodies(s.bob)).toEqual([`look ${WEBP} and ${PNG} here`])
  expect(bodies(s.old)).toEqual([`look ${WITHHELD} and ${PNG} here`])

  s.old.session.withhold([], NOTHING_HIDDEN)
  await s.alice.send(`<message to="bob@im.test" type="chat"><body>again ${WEBP}</body></message>`)
  expect(bodies(s.old)).toEqual([`again ${WEBP}`])
})

test('what waits in the archive, and carbons of one’s own, are withheld like what comes live (control §3.2)', async () => {
  await using s = await degraded()
  await s.old.send('<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>')
  s.old.received()
  await s.bob.send(`<message to="alice@im.test" type="chat" id="m"><body>mine ${WEBP}</body></message>`)
  expect(bodies(s.old)).toEqual([`mine ${WITHHELD}`])

  await s.alice.send(`<message to="bob@im.test" type="chat"><body>theirs ${WEBP}</body></message>`)
  s.old.received()
  await s.old.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  expect(bodies(s.old)).toEqual([`mine ${WITHHELD}`, `theirs ${WITHHELD}`])
})

test('what stands where the image was is in the language of whoever reads it (RFC 6120 §4.7.4)', async () => {
  await using s = await degraded()
  Object.assign(s.old.session.connection!, { language: 'de-AT' })
  await s.alice.send(`<message to="bob@im.test" type="chat"><body>da ${WEBP}</body></message>`)
  expect(bodies(s.old)).toEqual([`da ${IMAGE_WITHHELD.de}`])
  Object.assign(s.old.session.connection!, { language: 'fr' })
  await s.alice.send(`<message to="bob@im.test" type="chat"><body>voilà ${WEBP}</body></message>`)
  expect(bodies(s.old)).toEqual([`voilà ${IMAGE_WITHHELD.en}`])
})

test('inline images, descriptions, thumbnails and references go; those of other formats stay', () => {
  const around = (payload: string) => `<message xmlns="jabber:client" id="m">${payload}</message>`
  const left = (payload: string) => withoutImages(around(payload), withheld('webp'))?.children.map(String).join('')
  const bob = (type: string) => `<data xmlns="urn:xmpp:bob" cid="sha1+aa@bob.xmpp.org" type="${type}">AAAA</data>`
  const sharing = (type: string, url: string) =>
    `<file-sharing xmlns="urn:xmpp:sfs:0"><file xmlns="urn:xmpp:file:metadata:0"><media-type>${type}</media-type></file>` +
    `<sources><url-data xmlns="http://jabber.org/protocol/url-data" target="${url}"/></sources></file-sharing>`
  const simsOf = (type: string) =>
    `<reference xmlns="urn:xmpp:reference:0" type="data"><media-sharing xmlns="urn:xmpp:sims:1">` +
    `<file xmlns="urn:xmpp:jingle:apps:file-transfer:5"><media-type>${type}</media-type></file></media-sharing></reference>`
  expect(left(bob('image/webp'))).toBe('')
  expect(left(`<x xmlns="jabber:x:oob"><url>${WEBP}</url></x>`)).toBe('')
  expect(left(sharing('image/webp', WEBP))).toBe('')
  expect(left(simsOf('image/webp'))).toBe('')
  for (const kept of [
    bob('image/png'),
    `<x xmlns="jabber:x:oob"><url>${PNG}</url></x>`,
    sharing('image/png', PNG),
    simsOf('image/png'),
    '<body>nothing to see</body>',
    `<slot xmlns="urn:xmpp:http:upload:0"><put url="${WEBP}"/><get url="${WEBP}"/></slot>`,
  ]) {
    expect(left(kept), kept).toBeUndefined()
  }
})

test('who is not degraded shares one text, and those who are share another', () => {
  const outgoing = new Outgoing(parseStored(`<message xmlns="jabber:client"><body>${WEBP}</body></message>`))
  const without = outgoing.without(withheld('webp'))
  expect(without).not.toBe(outgoing)
  expect(outgoing.without(withheld('webp'))).toBe(without)
  expect(outgoing.without(withheld('png'))).toBe(outgoing)
  expect(outgoing.text('tcp')).toContain(WEBP)
})
