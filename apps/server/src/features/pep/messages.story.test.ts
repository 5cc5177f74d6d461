import { expect, test } from 'vitest'
import { availableFor, create, events, items, publish } from '../../../test/pubsub.ts'
import { story } from '../../../test/story.ts'

const EVENT = 'http://jabber.org/protocol/pubsub#event'
const MDS = 'urn:xmpp:mds:displayed:0'
const displayed = (id: string) =>
  `<displayed xmlns="${MDS}"><stanza-id xmlns="urn:xmpp:sid:0" by="alice@im.test" id="${id}"/></displayed>`

test('SP-07 an event that a client made up reaches nobody, whatever it claims (XEP-0163 §4.3)', async () => {
  await using s = await story({ alice: 2, mallory: 1 })
  const other = s.device('alice', 2)
  await availableFor(s.alice, 'urn:xmpp:bookmarks:1')
  await availableFor(other)
  await s.alice.ask(
    'set',
    publish('urn:xmpp:bookmarks:1', '<conference xmlns="urn:xmpp:bookmarks:1"/>', 'a@rooms.test'),
  )
  s.alice.received()
  const evil = '<item id="evil@rooms.test"><conference xmlns="urn:xmpp:bookmarks:1" autojoin="true"/></item>'
  const forged = `<event xmlns="${EVENT}"><items node="urn:xmpp:bookmarks:1">${evil}</items></event>`
  for (const device of [s.mallory, other]) {
    for (const to of ['alice@im.test', s.alice.jid]) {
      await device.send(`<message to="${to}" type="headline">${forged}</message>`)
      await device.send(`<message to="${to}" type="chat"><body>hi</body>${forged}${forged}</message>`)
    }
  }
  const got = events(s.alice)
  expect(got.join('')).not.toContain('evil')
  expect(got.filter((text) => text.includes('<body>hi</body>'))).toHaveLength(4)
  expect((await s.alice.ask('get', items('urn:xmpp:bookmarks:1'))).toString()).not.toContain('evil')
  // Nor is it in the archive, for a client that reads it there.
  await s.alice.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  expect(s.alice.received().join('')).not.toContain('evil')
})

test('SP-07 a message that says it comes from somebody else ends the stream, and arrives nowhere (RFC 6120 §8.1.2.1)', async () => {
  await using s = await story({ alice: 1, mallory: 1 })
  await s.alice.available()
  s.alice.received()
  await s.mallory.send(`<message from="alice@im.test" to="alice@im.test"><event xmlns="${EVENT}"/></message>`)
  expect(await s.mallory.closed()).toContain('<invalid-from ')
  expect(events(s.alice)).toEqual([])
})

test('a client says what it has displayed in a message, and the own devices hear of it (XEP-0490 §4.4, §5.2)', async () => {
  await using s = await story({ alice: 2, bob: 1 })
  const other = s.device('alice', 2)
  await availableFor(other, MDS)
  await s.bob.available()
  s.bob.received()
  await s.alice.send(
    `<message to="bob@im.test" type="chat"><displayed xmlns="urn:xmpp:chat-markers:0" id="m1"/>${displayed('one')}</message>`,
  )
  const event = (await other.next((element) => element.toString().includes(MDS))).toString()
  expect(event).toContain(`<items node="${MDS}"><item id="bob@im.test">${displayed('one')}</item></items>`)
  expect((await s.alice.ask('get', items(MDS))).toString()).toContain(
    `<item id="bob@im.test">${displayed('one')}</item>`,
  )
  // bob gets the marker, and no more.
  const [marker, ...more] = events(s.bob)
  expect(more).toEqual([])
  expect(marker).toContain('<displayed xmlns="urn:xmpp:chat-markers:0" id="m1"/>')
  expect(marker).not.toContain(MDS)
  // §5.2: nobody else reads the node that was made.
  const form = await s.alice.ask(
    'get',
    `<pubsub xmlns="http://jabber.org/protocol/pubsub#owner"><configure node="${MDS}"/></pubsub>`,
  )
  expect(form.toString()).toMatch(/access_model"[^>]*><value>whitelist</)
})

test('what many chats have displayed is kept for each of them (XEP-0490 §4.1)', async () => {
  await using s = await story({ alice: 1 })
  for (const chat of ['bob@im.test', 'room@rooms.test', 'room@rooms.test/nick']) {
    await s.alice.ask('set', publish(MDS, displayed(chat), chat))
  }
  const read = (await s.alice.ask('get', items(MDS))).toString()
  expect([...read.matchAll(/item id="([^"]*)"/g)].map(([, id]) => id)).toEqual([
    'room@rooms.test/nick',
    'room@rooms.test',
    'bob@im.test',
  ])
  expect((await s.alice.ask('set', create(MDS))).toString()).toContain('<conflict ')
})
