import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'

const NICK = 'http://jabber.org/protocol/nick'
const nick = (text: string) => `<nick xmlns="${NICK}">${text}</nick>`
const field = ([name, value]: [string, string]) => `<field var="pubsub#${name}"><value>${value}</value></field>`
const options = (values: Record<string, string>) =>
  '<publish-options><x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE" type="hidden">' +
  '<value>http://jabber.org/protocol/pubsub#publish-options</value></field>' +
  `${Object.entries(values).map(field).join('')}</x></publish-options>`
const pubsub = (content: string) => `<pubsub xmlns="http://jabber.org/protocol/pubsub">${content}</pubsub>`
const publish = (node: string, payload: string, id = 'current', extra = '') =>
  pubsub(`<publish node="${node}"><item id="${id}">${payload}</item></publish>${extra}`)
const items = (node: string) => pubsub(`<items node="${node}"/>`)
const owner = (content: string) => `<pubsub xmlns="http://jabber.org/protocol/pubsub#owner">${content}</pubsub>`

const caps = (ver: string) =>
  `<presence><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="urn:test" ver="${ver}"/></presence>`

/** Makes a device available as a client that wants to hear of these nodes (XEP-0163 §4.2). */
async function availableFor(device: Device, ...nodes: string[]): Promise<void> {
  await device.available(caps(nodes.join() || 'nothing'))
  const question = await device.next((element) => element.name === 'iq' && element.attrs['type'] === 'get')
  device.received()
  await device.send(
    `<iq type="result" to="im.test" id="${question.attrs['id']}"><query xmlns="http://jabber.org/protocol/disco#info">` +
      `${nodes.map((node) => `<feature var="${node}+notify"/>`).join('')}</query></iq>`,
  )
}

const isEvent = (element: { name: string }) => element.name === 'message'
const events = (device: Device) => device.received().filter((text) => text.startsWith('<message'))

/** bob sees alice's presence. */
async function watched(devices: { alice: number; bob: number; carol: number } = { alice: 2, bob: 1, carol: 1 }) {
  const s = await story(devices)
  await s.bob.send('<presence type="subscribe" to="alice@im.test"/>')
  await s.alice.send('<presence type="subscribed" to="bob@im.test"/>')
  return s
}

test('what a user publishes reaches those who want it and may see the user (XEP-0163 §4.3)', async () => {
  await using s = await watched()
  await availableFor(s.alice, NICK)
  await availableFor(s.device('alice', 2))
  await availableFor(s.bob, NICK)
  await availableFor(s.carol, NICK)
  for (const device of [s.alice, s.device('alice', 2), s.bob, s.carol]) device.received()

  const answer = await s.alice.ask('set', publish(NICK, nick('Ali')))

  expect(answer.toString()).toContain(`<publish node="${NICK}"><item id="current"/></publish>`)
  const event = (to: string) =>
    `<message to="${to}" type="headline" from="alice@im.test"><event xmlns="http://jabber.org/protocol/pubsub#event">` +
    `<items node="${NICK}"><item id="current">${nick('Ali')}</item></items></event></message>`
  await s.bob.next(isEvent)
  expect(events(s.bob)).toEqual([event('bob@im.test/1')])
  expect(events(s.alice)).toEqual([event('alice@im.test/1')])
  expect(events(s.device('alice', 2))).toEqual([])
  expect(events(s.carol)).toEqual([])
})

test('a contact who comes later gets the last item, even of somebody who is away (XEP-0163 §4.3.4)', async () => {
  await using s = await watched()
  await s.alice.ask('set', publish(NICK, nick('Old')))
  await s.alice.ask('set', publish(NICK, nick('New')))
  s.alice.disconnect()

  await availableFor(s.bob, NICK)

  await s.bob.next(isEvent)
  expect(events(s.bob).map((text) => /<nick.*<\/nick>/.exec(text)?.[0])).toEqual([nick('New')])
})

test('a contact who is let in gets the last item at once', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.ask('set', publish(NICK, nick('Ali')))
  await availableFor(s.bob, NICK)
  await s.bob.send('<presence type="subscribe" to="alice@im.test"/>')
  await s.alice.send('<presence type="subscribed" to="bob@im.test"/>')
  expect((await s.bob.next(isEvent)).toString()).toContain('Ali')
})

test('PE-01 who reads what: owner, subscriber and stranger, by access model (XEP-0060 §4.5)', async () => {
  await using s = await watched()
  for (const model of ['open', 'presence', 'whitelist']) {
    await s.alice.ask('set', publish(model, nick(model), 'current', options({ access_model: model })))
  }
  const read = async (device: Device, node: string) => {
    const answer = await device.ask('get', items(node), 'alice@im.test')
    return answer.attrs['type'] === 'result' ? 'yes' : answer.getChild('error')?.getChildElements()[0]?.name
  }
  const table = []
  for (const node of ['open', 'presence', 'whitelist', 'missing']) {
    table.push([node, await read(s.alice, node), await read(s.bob, node), await read(s.carol, node)])
  }
  expect(table).toEqual([
    ['open', 'yes', 'yes', 'yes'],
    ['presence', 'yes', 'yes', 'service-unavailable'],
    ['whitelist', 'yes', 'not-allowed', 'service-unavailable'],
    ['missing', 'item-not-found', 'item-not-found', 'service-unavailable'],
  ])
  // A stranger hears the same of somebody who does not exist.
  expect((await s.carol.ask('get', items('presence'), 'nobody@im.test')).toString()).toContain('<service-unavailable ')
})

test('PE-01 nobody else writes', async () => {
  await using s = await watched()
  for (const to of ['alice@im.test', 'nobody@im.test']) {
    for (const request of [
      publish(NICK, nick('Mallory')),
      pubsub(`<retract node="${NICK}"><item id="current"/></retract>`),
      owner(`<delete node="${NICK}"/>`),
    ]) {
      expect((await s.bob.ask('set', request, to)).toString()).toContain('<forbidden ')
    }
  }
})

test('PE-02 a private item never lands in a node that others may read (XEP-0223 §3, XEP-0060 §7.1.5)', async () => {
  await using s = await watched()
  await availableFor(s.bob, 'urn:example:notes')
  await s.alice.ask('set', publish('urn:example:notes', nick('public')))
  await s.bob.next(isEvent)
  s.bob.received()

  const secret = publish(
    'urn:example:notes',
    nick('secret'),
    'x',
    options({ persist_items: 'true', access_model: 'whitelist' }),
  )
  const answer = await s.alice.ask('set', secret)

  expect(answer.toString()).toContain('<conflict ')
  expect(answer.toString()).toContain('<precondition-not-met xmlns="http://jabber.org/protocol/pubsub#errors"/>')
  expect((await s.alice.ask('get', items('urn:example:notes'))).toString()).not.toContain('secret')
  expect(events(s.bob)).toEqual([])
})

test('PE-02 an option that this server does not know is not promised', async () => {
  await using s = await story({ alice: 1 })
  for (const unknown of [
    { access_model: 'authorize' },
    { persist_items: 'false' },
    { roster_groups_allowed: 'friends' },
  ]) {
    const answer = await s.alice.ask('set', publish('urn:example:notes', nick('x'), 'x', options(unknown as never)))
    expect(answer.toString()).toContain('<precondition-not-met ')
  }
  expect((await s.alice.ask('get', items('urn:example:notes'))).toString()).toContain('<item-not-found ')
})

test('private bookmarks are kept, all of them, and reach only the own devices (XEP-0402 §4)', async () => {
  await using s = await watched()
  const node = 'urn:xmpp:bookmarks:1'
  await availableFor(s.device('alice', 2), node)
  await availableFor(s.bob, node)
  const how = options({
    persist_items: 'true',
    max_items: 'max',
    send_last_published_item: 'never',
    access_model: 'whitelist',
  })
  const conference = (name: string) => `<conference xmlns="${node}" name="${name}"/>`
  await s.alice.ask('set', publish(node, conference('One'), 'one@rooms.test', how))
  await s.alice.ask('set', publish(node, conference('Two'), 'two@rooms.test', how))

  const stored = (await s.alice.ask('get', items(node))).toString()
  expect(stored).toContain('name="One"')
  expect(stored).toContain('name="Two"')
  await s.device('alice', 2).next((element) => element.toString().includes('name="Two"'))
  expect(events(s.bob)).toEqual([])

  await s.alice.ask('set', pubsub(`<retract node="${node}" notify="true"><item id="one@rooms.test"/></retract>`))
  expect((await s.device('alice', 2).next((element) => element.toString().includes('retract'))).toString()).toContain(
    '<retract id="one@rooms.test"/>',
  )
  expect((await s.alice.ask('get', items(node))).toString()).not.toContain('name="One"')
})

test('a user configures a node, and deletes it (XEP-0060 §8.2, §8.4)', async () => {
  await using s = await watched()
  await availableFor(s.bob, NICK)
  await s.alice.ask('set', publish(NICK, nick('Ali')))
  const configure = `<configure node="${NICK}"/>`
  expect((await s.alice.ask('get', owner(configure))).toString()).toContain(
    '<field var="pubsub#access_model" type="list-single"><value>presence</value>',
  )
  const form =
    '<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE" type="hidden">' +
    `<value>http://jabber.org/protocol/pubsub#node_config</value></field>${field(['access_model', 'whitelist'])}</x>`
  await s.alice.ask('set', owner(`<configure node="${NICK}">${form}</configure>`))
  expect((await s.bob.ask('get', items(NICK), 'alice@im.test')).toString()).toContain('<closed-node ')

  await s.alice.ask('set', owner(`<delete node="${NICK}"/>`))
  expect((await s.alice.ask('get', items(NICK))).toString()).toContain('<item-not-found ')
  expect((await s.alice.ask('set', owner(`<delete node="${NICK}"/>`))).toString()).toContain('<item-not-found ')
})

test('PE-03 a contact who is blocked or no longer subscribed hears nothing more', async () => {
  await using s = await watched({ alice: 1, bob: 1, carol: 1 })
  await s.carol.send('<presence type="subscribe" to="alice@im.test"/>')
  await s.alice.send('<presence type="subscribed" to="carol@im.test"/>')
  await availableFor(s.bob, NICK)
  await availableFor(s.carol, NICK)
  await availableFor(s.alice, NICK)

  await s.alice.ask('set', '<block xmlns="urn:xmpp:blocking"><item jid="bob@im.test"/></block>')
  await s.carol.send('<presence type="unsubscribe" to="alice@im.test"/>')
  await s.alice.ask('set', publish(NICK, nick('Hidden')))

  // The own device is told last of all, so the others have had their chance.
  await s.alice.next(isEvent)
  for (const device of [s.bob, s.carol]) {
    await device.ask('get', '<ping xmlns="urn:xmpp:ping"/>')
    expect(events(device)).toEqual([])
  }
})

test.each([
  ['no node', pubsub('<publish><item id="1"/></publish>'), 'nodeid-required'],
  ['an empty node', publish('', nick('x')), 'nodeid-required'],
  ['no item', pubsub(`<publish node="${NICK}"/>`), 'item-required'],
  ['no payload', pubsub(`<publish node="${NICK}"><item/></publish>`), 'payload-required'],
  [
    'two payloads',
    pubsub(`<publish node="${NICK}"><item>${nick('a')}${nick('b')}</item></publish>`),
    'invalid-payload',
  ],
  [
    'a very large payload',
    publish('urn:example:large', `<large xmlns="urn:example:large">${'word, '.repeat(3_000)}</large>`),
    'payload-too-big',
  ],
  ['a subscription', pubsub(`<subscribe node="${NICK}" jid="alice@im.test"/>`), 'unsupported'],
])('PE-05 a request with %s is refused', async (_what, request, condition) => {
  await using s = await story({ alice: 1 })
  expect((await s.alice.ask('set', request)).toString()).toContain(`<${condition} `)
})

test('PE-05 the number of nodes has an end', async () => {
  await using s = await story({ alice: 1 })
  for (let i = 0; i < 200; i++) await s.alice.ask('set', pubsub(`<create node="n${i}"/>`))
  expect((await s.alice.ask('set', publish('one-more', nick('x')))).toString()).toContain('<resource-constraint ')
  expect((await s.alice.ask('set', publish('n1', nick('x')))).attrs['type']).toBe('result')
})

test.each([
  [
    'an image as data: in an attribute',
    `<x xmlns="urn:example:x" src="data:image/png;base64,${'iVBORw0KGgo'.repeat(9)}"/>`,
  ],
  ['base64 in an element nobody knows', `<x xmlns="urn:example:x">${'QUJD'.repeat(300)}</x>`],
  ['an image under another node', `<data xmlns="urn:xmpp:avatar:data">${'QUJD'.repeat(20)}</data>`],
  ['a photo in a vCard', `<vCard xmlns="vcard-temp"><PHOTO><BINVAL>${'QUJD'.repeat(20)}</BINVAL></PHOTO></vCard>`],
])('no picture is published past the sanitizer: %s', async (_what, payload) => {
  await using s = await story({ alice: 1 })
  const answer = (await s.alice.ask('set', publish('urn:example:pictures', payload))).toString()
  expect(answer).toContain('<not-acceptable ')
  expect(answer).toContain('<image-rejected xmlns="urn:drawbridge:image:1" reason="unsupported"/>')
})

test('keys for end-to-end encryption are refused by policy', async () => {
  await using s = await story({ alice: 1 })
  for (const node of ['eu.siacs.conversations.axolotl.devicelist', 'urn:xmpp:omemo:2:devices']) {
    const answer = await s.alice.ask('set', publish(node, '<list xmlns="urn:example:list"/>'))
    expect(answer.toString()).toContain('<policy-violation ')
  }
})
