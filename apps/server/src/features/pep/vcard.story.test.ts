import { putVcard } from '@drawbridge/db'
import { expect, test } from 'vitest'
import {
  availableFor,
  befriend,
  configure,
  isEvent,
  items,
  outcomeOf,
  owner,
  publish,
  retract,
} from '../../../test/pubsub.ts'
import { story } from '../../../test/story.ts'

const GET = '<vCard xmlns="vcard-temp"/>'
const NODE = 'urn:xmpp:vcard4'
const NS4 = 'urn:ietf:params:xml:ns:vcard-4.0'
const vcard4 = (content: string) => `<vcard xmlns="${NS4}">${content}</vcard>`
const temp = (content: string) => `<vCard xmlns="vcard-temp">${content}</vCard>`

test('a user fills in a vCard, and a colleague reads it (XEP-0054 §3.1, §3.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const card = temp('<FN>Alice</FN><TITLE>Engineer</TITLE><X-OWN>kept</X-OWN>')

  expect((await s.alice.ask('set', card)).attrs['type']).toBe('result')

  expect((await s.bob.ask('get', GET, 'alice@im.test')).toString()).toContain(card)
  expect((await s.alice.ask('get', GET)).toString()).toContain(card)
  expect((await s.bob.ask('set', card, 'alice@im.test')).toString()).toContain('<forbidden ')
})

test('SP-12 no vCard and no such account sound the same (XEP-0054 §3.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const [none, absent] = [await s.alice.ask('get', GET, 'bob@im.test'), await s.alice.ask('get', GET, 'nobody@im.test')]
  expect(none.getChild('error')?.toString()).toContain('<service-unavailable ')
  expect(absent.getChild('error')?.toString()).toBe(none.getChild('error')?.toString())
})

test('a vCard4 is published, contacts hear of it, and older clients read the same (XEP-0292 §4, §7)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await befriend(s.bob, s.alice)
  await availableFor(s.bob, NODE)
  const card = vcard4(
    '<fn><text>Alice</text></fn><email><text>alice@im.test</text></email><gender><sex>F</sex></gender>',
  )
  expect(outcomeOf(await s.alice.ask('set', publish(NODE, card)))).toBe('ok')

  expect((await s.bob.next(isEvent)).toString()).toContain(card)
  expect((await s.bob.ask('get', items(NODE), 'alice@im.test')).toString()).toContain(card)
  expect((await s.bob.ask('get', GET, 'alice@im.test')).toString()).toContain(
    temp('<FN>Alice</FN><EMAIL><USERID>alice@im.test</USERID></EMAIL>'),
  )
})

test('a vCard of an older client is published as a vCard4 (XEP-0292 §7)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.ask('set', temp('<FN>Alice</FN><N><FAMILY>Liddell</FAMILY><GIVEN>Alice</GIVEN></N>'))
  expect((await s.bob.ask('get', items(NODE), 'alice@im.test')).toString()).toContain(
    `<item id="current">${vcard4('<fn><text>Alice</text></fn><n><surname>Liddell</surname><given>Alice</given></n>')}</item>`,
  )
})

test('a vCard from before there was a node for it is found there, too (XEP-0292 §7)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const { id } = s.server.ctx.accounts.find('alice')!
  await putVcard(s.server.ctx.db, id, {
    element: temp('<FN>Alice</FN>'),
    photoSha1: null,
    filterVersion: 0,
  })
  expect((await s.bob.ask('get', items(NODE), 'alice@im.test')).toString()).toContain('<fn><text>Alice</text></fn>')
})

test.each([
  ['retracted', retract(NODE, 'current')],
  ['purged', owner(`<purge node="${NODE}"/>`)],
  ['deleted with its node', owner(`<delete node="${NODE}"/>`)],
])('a vCard that is %s is gone in both formats (XEP-0292 §7)', async (_how, request) => {
  await using s = await story({ alice: 2, bob: 1 })
  await availableFor(s.device('alice', 2), NODE)
  await s.alice.ask('set', temp('<FN>Alice</FN>'))
  await s.alice.ask('set', request)
  await s.device('alice', 2).next((element) => /<(retract|purge|delete) /.test(element.toString()))
  await expect.poll(async () => (await s.bob.ask('get', GET, 'alice@im.test')).toString()).not.toContain('Alice')
  expect((await s.bob.ask('get', items(NODE), 'alice@im.test')).toString()).not.toContain('Alice')
})

test('who closes the node has closed the vCard of older clients with it (XEP-0054 §3.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.ask('set', temp('<FN>Alice</FN>'))
  await s.alice.ask('set', configure(NODE, { access_model: 'presence' }))
  expect(outcomeOf(await s.bob.ask('get', GET, 'alice@im.test'))).toBe('service-unavailable')
  await befriend(s.bob, s.alice)
  expect(outcomeOf(await s.bob.ask('get', GET, 'alice@im.test'))).toBe('ok')
})

test('images row 16: no picture, sound, key or address of one passes in a vCard4 (XEP-0292)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const picture = `data:image/png;base64,${'iVBORw0KGgo'.repeat(9)}`
  const foreign = ['photo', 'logo', 'sound', 'key'].flatMap((name) => [
    `<${name}><uri>http://evil.test/pixel.png</uri></${name}>`,
    `<${name}><uri>${picture}</uri></${name}>`,
  ])
  await s.alice.ask('set', publish(NODE, vcard4(`<fn><text>Alice</text></fn>${foreign.join('')}`)))
  const read = (await s.bob.ask('get', items(NODE), 'alice@im.test')).toString()
  expect(read).toContain(vcard4('<fn><text>Alice</text></fn>'))
  const note = `<note><text>${'QUJD'.repeat(300)}</text></note>`
  expect(outcomeOf(await s.alice.ask('set', publish(NODE, vcard4(note))))).toContain('image-rejected')
  await s.alice.ask('set', publish(NODE, vcard4(`<url><uri>${picture}</uri></url>`)))
  expect((await s.bob.ask('get', items(NODE), 'alice@im.test')).toString()).toContain('<uri>[image removed]</uri>')
})
