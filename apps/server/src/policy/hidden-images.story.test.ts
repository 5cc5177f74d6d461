import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { conditionOf, HALL, hall } from '../../test/rooms.ts'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'
import { CLEAN, png, sanitize } from '../../test/uploads.ts'

const RAW = png('a face').toString('base64')
const VCARD = `<vCard xmlns="vcard-temp"><FN>Alice</FN><PHOTO><TYPE>image/png</TYPE><BINVAL>${RAW}</BINVAL></PHOTO></vCard>`
const GET_VCARD = '<vCard xmlns="vcard-temp"/>'
const PHOTO = CLEAN.toString('base64')
const CID = `sha1+${createHash('sha1').update(Buffer.from(RAW, 'base64')).digest('hex')}@bob.xmpp.org`
const look = (to: string, type = 'chat') =>
  `<message to="${to}" type="${type}"><body>look</body><face xmlns="urn:example" src="cid:${CID}"/>` +
  `<data xmlns="urn:xmpp:bob" cid="${CID}" type="image/png">${RAW}</data></message>`

async function faces() {
  const s = await story({ alice: 1, bob: 1 }, { sanitize })
  const { operations } = s.server.policy
  await s.alice.ask('set', VCARD)
  const see = async (device: Device, whose = 'alice@im.test') => {
    const card = (await device.ask('get', GET_VCARD, whose)).toString()
    return { name: card.includes('Alice'), photo: card.includes(PHOTO) }
  }
  /** What the archive says that was said, and whether it shows what came with it. */
  const read = async (device: Device, of?: string) => {
    device.received()
    await device.ask('set', '<query xmlns="urn:xmpp:mam:2"/>', of)
    const said = device.received().join('')
    return { text: said.includes('look'), image: said.includes(PHOTO) }
  }
  const suspend = async (mode: 'read-only' | 'reject', scope: string, rooms: readonly string[] = []) => {
    const wanted = { scopes: [scope], mode, reason: 'flaw', exemptions: { rooms: [...rooms] } }
    const { suspension } = await operations.startSuspension('local:cli', wanted)
    return () => operations.endSuspension('local:cli', suspension.id)
  }
  return Object.assign(s, { see, read, suspend })
}

test('images that are suspended and hidden are so in a vCard, too: its words stay, and its photo comes back (XEP-0054 §3.3, control §4.2)', async () => {
  await using s = await faces()
  for (const [scope, mode, photo] of [
    ['images', 'read-only', true],
    ['images', 'reject', false],
    ['format:png', 'reject', false],
    ['format:webp', 'reject', true],
    ['files', 'reject', false],
  ] as const) {
    const end = await s.suspend(mode, scope)
    expect([scope, mode, await s.see(s.bob)]).toEqual([scope, mode, { name: true, photo }])
    // Like the same picture as an avatar (XEP-0084 §4.3).
    const items = '<pubsub xmlns="http://jabber.org/protocol/pubsub"><items node="urn:xmpp:avatar:data"/></pubsub>'
    if (scope === 'images') {
      const condition = conditionOf(await s.bob.ask('get', items, 'bob@im.test'))
      expect(condition === 'policy-violation').toBe(!photo)
    }
    // Whoever changes a telephone number must not lose the photo with it.
    expect(await s.see(s.alice)).toEqual({ name: true, photo: true })
    await end()
  }
  expect(await s.see(s.bob)).toEqual({ name: true, photo: true })
})

test('what messages and rooms hold themselves is hidden with the rest, but in an incident room', async () => {
  await using s = await faces()
  await hall([s.alice, s.bob])
  await s.alice.ask('set', VCARD, HALL)
  await s.alice.send(look('bob@im.test'))
  await s.alice.send(look(HALL, 'groupchat'))
  expect(await s.read(s.bob)).toEqual({ text: true, image: true })

  const end = await s.suspend('reject', 'images')
  expect(await s.read(s.bob)).toEqual({ text: true, image: false })
  expect(await s.read(s.bob, HALL)).toEqual({ text: true, image: false })
  expect(await s.see(s.bob, HALL)).toEqual({ name: true, photo: false })
  // Whoever comes later sees as little.
  expect(await s.read(await s.connect('bob', 'late'))).toEqual({ text: true, image: false })
  await end()

  await s.suspend('reject', 'images', [HALL])
  expect(await s.read(s.alice, HALL)).toEqual({ text: true, image: true })
  expect(await s.read(s.alice)).toEqual({ text: true, image: false })
})
