import { expect, test } from 'vitest'
import {
  availableFor,
  befriend,
  events,
  isEvent,
  items,
  owner,
  publish,
  publishOptions as options,
  pubsub,
} from '../../../test/pubsub.ts'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'

const NICK = 'http://jabber.org/protocol/nick'
const nick = (text: string) => `<nick xmlns="${NICK}">${text}</nick>`

const nicks = (device: Device) => events(device).map((text) => /<nick[^>]*>(.*)<\/nick>/.exec(text)?.[1])

/** Publishes, and waits until everybody has been told who is to hear of it now. */
async function tellNick(author: Device, text: string): Promise<void> {
  await author.ask('set', publish(NICK, nick(text)))
  await author.next((element) => isEvent(element) && element.toString().includes(text))
}

/** bob sees alice's presence. */
async function watched(devices: { alice: number; bob: number; carol: number } = { alice: 2, bob: 1, carol: 1 }) {
  const s = await story(devices)
  await befriend(s.bob, s.alice)
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
  // What had been published when somebody came is still being read: then it comes as a last item, too, and says so.
  const live = (device: Device) => events(device).filter((text) => !text.includes('<delay '))
  await s.bob.next((element) => isEvent(element) && !element.toString().includes('<delay '))
  expect(live(s.bob)).toEqual([event('bob@im.test/1')])
  expect(live(s.alice)).toEqual([event('alice@im.test/1')])
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

test('who goes offline and comes back on the same stream gets what was published meanwhile, once (XEP-0163 §4.3.4)', async () => {
  await using s = await watched()
  await availableFor(s.alice, NICK)
  await availableFor(s.bob, NICK)
  await tellNick(s.alice, 'Before')
  await s.bob.send('<presence type="unavailable"/>')
  await tellNick(s.alice, 'Meanwhile')
  expect(nicks(s.bob)).toEqual(['Before'])

  await s.bob.available()
  await s.bob.next(isEvent)
  await s.bob.available('<presence><show>away</show></presence>')
  await tellNick(s.alice, 'After')

  expect(nicks(s.bob)).toEqual(['Meanwhile', 'After'])
})

test('who wants to hear of a node again gets what was published meanwhile (XEP-0163 §4.3.4)', async () => {
  await using s = await watched()
  await availableFor(s.alice, NICK)
  await availableFor(s.bob, NICK)
  await availableFor(s.bob)
  await tellNick(s.alice, 'Meanwhile')
  expect(nicks(s.bob)).toEqual([])
  await availableFor(s.bob, NICK)
  await s.bob.next(isEvent)
  expect(nicks(s.bob)).toEqual(['Meanwhile'])
})

test('a contact who is let in gets the last item at once', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.ask('set', publish(NICK, nick('Ali')))
  await availableFor(s.bob, NICK)
  await befriend(s.bob, s.alice)
  expect((await s.bob.next(isEvent)).toString()).toContain('Ali')
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
    { access_model: 'secret' },
    { persist_items: 'perhaps' },
    { max_items: '0' },
    { color: 'red' },
  ]) {
    const answer = await s.alice.ask('set', publish('urn:example:notes', nick('x'), 'x', options(unknown)))
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

test('PE-03 a contact who is blocked or no longer subscribed hears nothing more', async () => {
  await using s = await watched({ alice: 1, bob: 1, carol: 1 })
  await befriend(s.carol, s.alice)
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

test('PE-05 a request that is not whole, or too much, is refused (XEP-0060 §7.1.3)', async () => {
  await using s = await story({ alice: 1 })
  const two = pubsub(`<publish node="${NICK}"><item>${nick('a')}${nick('b')}</item></publish>`)
  const large = `<large xmlns="urn:example:large">${'word, '.repeat(3_000)}</large>`
  for (const [request, condition] of [
    [pubsub('<publish><item id="1"/></publish>'), 'nodeid-required'],
    [publish('', nick('x')), 'nodeid-required'],
    [pubsub(`<publish node="${NICK}"/>`), 'item-required'],
    [pubsub(`<publish node="${NICK}"><item/></publish>`), 'payload-required'],
    [two, 'invalid-payload'],
    [publish('urn:example:large', large), 'payload-too-big'],
  ]) {
    expect((await s.alice.ask('set', request!)).toString()).toContain(`<${condition} `)
  }
})

test('PE-05 the number of nodes has an end', async () => {
  await using s = await story({ alice: 1 })
  Object.assign(s.server.ctx.limits, { maxPepNodes: 3 })
  for (let i = 0; i < 3; i++) await s.alice.ask('set', pubsub(`<create node="n${i}"/>`))
  expect((await s.alice.ask('set', publish('one-more', nick('x')))).toString()).toContain('<resource-constraint ')
  expect((await s.alice.ask('set', publish('n1', nick('x')))).attrs['type']).toBe('result')
})

test('PE-05 what an account keeps has an end', async () => {
  await using s = await story({ alice: 1 })
  const note = (text: string) => `<note xmlns="urn:example:note">${text}</note>`
  const long = note('word, '.repeat(2_000))
  for (let i = 0; i < 3; i++) await s.alice.ask('set', publish(`n${i}`, long))
  Object.assign(s.server.ctx.limits, { maxPepBytes: 40_000 })
  expect((await s.alice.ask('set', publish('n3', long))).toString()).toContain('<resource-constraint ')
  expect((await s.alice.ask('get', items('n3'))).toString()).not.toContain('word')
  expect((await s.alice.ask('set', publish('n2', note('short')))).attrs['type']).toBe('result')
  expect((await s.alice.ask('set', publish('n3', note('short')))).attrs['type']).toBe('result')
})

test('no picture is published past the sanitizer, whatever it is called (images §1)', async () => {
  await using s = await story({ alice: 1 }, { sanitize: () => ({ outcome: 'not-an-image' }) })
  const put = async (payload: string) => (await s.alice.ask('set', publish('urn:example:pictures', payload))).toString()
  for (const payload of [
    `<x xmlns="urn:example:x">${'QUJD'.repeat(300)}</x>`,
    `<x xmlns="urn:example:x" src="${'iVBORw0KGgo'.repeat(9)}"/>`,
    `<data xmlns="urn:xmpp:avatar:data">${'QUJD'.repeat(20)}</data>`,
    `<vCard xmlns="vcard-temp"><PHOTO><BINVAL>${'QUJD'.repeat(20)}</BINVAL></PHOTO></vCard>`,
  ]) {
    expect(await put(payload)).toContain('<image-rejected xmlns="urn:drawbridge:image:1" reason="unsupported"/>')
  }
  await put(`<x xmlns="urn:example:x" src="data:image/png;base64,${'iVBORw0KGgo'.repeat(9)}"/>`)
  expect((await s.alice.ask('get', items('urn:example:pictures'))).toString()).toContain('src="[image removed]"')
})

test('keys for end-to-end encryption are refused by policy', async () => {
  await using s = await story({ alice: 1 })
  for (const node of ['eu.siacs.conversations.axolotl.devicelist', 'urn:xmpp:omemo:2:devices']) {
    const answer = await s.alice.ask('set', publish(node, '<list xmlns="urn:example:list"/>'))
    expect(answer.toString()).toContain('<policy-violation ')
  }
})
