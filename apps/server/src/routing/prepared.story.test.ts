import { expect, test } from 'vitest'
import { accept, enter } from '../../test/rooms.ts'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'

// RFC 7622 §4: "entities that enforce" prepare what their clients typed. Full width, capitals and the dot of the root are
// three ways to write the same address; none of them goes on, into an archive, or into a list.

const TYPED = ['BOB@IM.TEST', 'ＢＯＢ@ｉｍ.ｔｅｓｔ', 'bob@im.test.'] as const
const AS_TYPED = /BOB|ＢＯＢ|IM\.TEST|ｉｍ|test\./

async function sayHello(device: Device): Promise<void> {
  await device.send('<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>')
  await device.available()
  device.received()
}

test.each(TYPED)('a message to %s says whom it is for, delivered, copied and archived (RFC 7622 §4)', async (typed) => {
  await using s = await story({ alice: 2, bob: 1 })
  const other = s.device('alice', 2)
  for (const device of [s.bob, other]) await sayHello(device)

  await s.alice.send(`<message type="chat" id="m" to="${typed}"><body>hello</body></message>`)
  await s.alice.send(`<message type="chat" id="f" to="${typed}/1"><body>hello</body></message>`)

  const got = s.bob.received().filter((text) => text.includes('<body>'))
  expect(got.map((text) => /^<message [^>]*?\bto="([^"]+)"/.exec(text)?.[1])).toEqual(['bob@im.test', 'bob@im.test/1'])
  const copies = other.received().filter((text) => text.includes('<sent '))
  expect(copies.map((text) => /<forwarded.*<message [^>]*?\bto="([^"]+)"/.exec(text)?.[1])).toEqual([
    'bob@im.test',
    'bob@im.test/1',
  ])
  await s.alice.send(
    `<iq type="set" id="q"><query xmlns="urn:xmpp:mam:2"><x xmlns="jabber:x:data" type="submit">
      <field var="FORM_TYPE" type="hidden"><value>urn:xmpp:mam:2</value></field>
      <field var="with"><value>${typed}</value></field></x></query></iq>`,
  )
  await s.alice.next(({ attrs }) => attrs['id'] === 'q')
  const results = s.alice.received().join('')
  expect(results.match(/<body>hello/g)).toHaveLength(2)
  expect(results).not.toMatch(AS_TYPED)
})

test('presence and requests say whom they are for, and answers who was asked (RFC 7622 §4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  await s.bob.send('<presence to="ALICE@IM.TEST/1"/>')
  expect(s.alice.received().join('')).toContain('to="alice@im.test/1"')
  s.bob.received()

  await s.alice.send('<presence to="BOB@im.test" type="subscribe"/>')
  await s.alice.send('<presence to="BOB@im.test/1"/>')
  await s.alice.send('<iq type="get" id="there" to="BOB@im.test/1"><query xmlns="urn:test"/></iq>')
  const got = s.bob.received()
  expect(got.map((text) => text.split(' ', 1)[0])).toEqual(['<presence', '<presence', '<iq'])
  expect(got.join('')).not.toMatch(AS_TYPED)

  s.alice.received()
  await s.bob.send('<iq type="result" id="there" to="ＡＬＩＣＥ@im.test/1"/>')
  expect(s.alice.received()).toEqual(['<iq type="result" id="there" to="alice@im.test/1" from="bob@im.test/1"/>'])
  expect(s.server.ctx.relay.isAwaited('bob@im.test/1', 'alice@im.test/1', 'there')).toBe(false)

  const server = await s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', 'IM.TEST')
  expect(server.attrs).toMatchObject({ type: 'result', from: 'im.test' })
  // What is no address cannot be prepared: who sent it recognises it.
  await s.alice.send('<iq type="get" id="bad" to="@IM.TEST"><query xmlns="urn:test"/></iq>')
  expect(s.alice.received().join('')).toContain('<jid-malformed')
})

test('roster items and block lists hold and push prepared addresses (RFC 7622 §4, RFC 6121 §2.1, XEP-0191 §3.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.ask('get', '<query xmlns="jabber:iq:roster"/>')
  await s.alice.ask('get', '<blocklist xmlns="urn:xmpp:blocking"/>')
  await s.bob.available()
  s.alice.received()

  for (const jid of TYPED) {
    const set = `<query xmlns="jabber:iq:roster"><item jid="${jid}" name="Bob"/></query>`
    expect((await s.alice.ask('set', set)).attrs['type']).toBe('result')
  }
  expect(s.alice.received().filter((text) => text.includes('jid="bob@im.test"'))).toHaveLength(TYPED.length)
  const roster = await s.alice.ask('get', '<query xmlns="jabber:iq:roster"/>')
  expect(roster.getChild('query')?.getChildElements()).toHaveLength(1)

  await s.alice.ask('set', '<block xmlns="urn:xmpp:blocking"><item jid="ＢＯＢ@IM.TEST"/></block>')
  const list = await s.alice.ask('get', '<blocklist xmlns="urn:xmpp:blocking"/>')
  expect(list.toString()).toContain('<item jid="bob@im.test"/>')
  s.bob.received()
  await s.bob.send('<message type="chat" id="blocked" to="ＡＬＩＣＥ@im.test"><body>hello</body></message>')
  expect(s.bob.received().join('')).toContain('<service-unavailable')
  await s.alice.ask('set', '<unblock xmlns="urn:xmpp:blocking"><item jid="bob@im.test."/></unblock>')
  expect(s.alice.received().join('')).not.toMatch(AS_TYPED)
  await s.bob.send('<message type="chat" to="alice@im.test/1"><body>again</body></message>')
  expect(s.alice.received().join('')).toContain('again')
})

test('lists, invitations and private messages of rooms hold prepared addresses (RFC 7622 §4, XEP-0045 §9.5)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  await enter(s.alice, 'hall@rooms.im.test', 'Al')
  await accept(s.alice, 'hall@rooms.im.test')

  const admin = (items: string) => `<query xmlns="http://jabber.org/protocol/muc#admin">${items}</query>`
  const set = admin('<item affiliation="member" jid="ＢＯＢ@IM.TEST"/>')
  expect((await s.alice.ask('set', set, 'HALL@rooms.im.test')).attrs).toMatchObject({ from: 'hall@rooms.im.test' })
  const members = await s.alice.ask('get', admin('<item affiliation="member"/>'), 'hall@rooms.im.test')
  expect(members.toString()).toContain('jid="bob@im.test"')

  s.bob.received()
  await s.alice.send(
    `<message to="Hall@ROOMS.im.test"><x xmlns="http://jabber.org/protocol/muc#user"><invite to="BOB@IM.TEST"/></x></message>`,
  )
  expect((await s.bob.next(({ name }) => name === 'message')).attrs['to']).toBe('bob@im.test')
  await enter(s.bob, 'hall@rooms.im.test', 'Bo')
  s.bob.received()
  await s.alice.send('<message type="chat" to="HALL@Rooms.im.test/Bo"><body>aside</body></message>')
  const aside = await s.bob.next(({ name }) => name === 'message')
  expect(aside.attrs).toMatchObject({ from: 'hall@rooms.im.test/Al', to: 'bob@im.test/1' })
})

test('subscriptions and affiliations of nodes hold prepared addresses (RFC 7622 §4, XEP-0060 §6.1, §8.9)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const own = 'http://jabber.org/protocol/pubsub'
  await s.alice.ask('set', `<pubsub xmlns="${own}"><create node="news"/></pubsub>`)
  await s.alice.ask(
    'set',
    `<pubsub xmlns="${own}#owner"><affiliations node="news"><affiliation jid="ＢＯＢ@IM.TEST" affiliation="member"/></affiliations></pubsub>`,
  )
  const people = await s.alice.ask('get', `<pubsub xmlns="${own}#owner"><affiliations node="news"/></pubsub>`)
  expect(people.toString()).toContain('jid="bob@im.test"')
  expect(people.toString()).not.toMatch(AS_TYPED)

  const there = `<pubsub xmlns="${own}"><create node="mine"/></pubsub>`
  await s.bob.ask('set', there)
  const subscribed = await s.bob.ask(
    'set',
    `<pubsub xmlns="${own}"><subscribe node="mine" jid="BOB@im.test"/></pubsub>`,
    'bob@IM.TEST',
  )
  expect(subscribed.toString()).toContain('jid="bob@im.test"')
})
