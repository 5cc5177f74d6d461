import { expect, test } from 'vitest'
import {
  affiliate,
  availableFor,
  befriend,
  configure,
  create,
  events,
  isEvent,
  items,
  outcomeOf,
  owner,
  publish,
  pubsub,
  submit,
  subscribe,
  unsubscribe,
} from '../../../test/pubsub.ts'
import { story } from '../../../test/story.ts'

const note = (text: string) => `<note xmlns="urn:example:note">${text}</note>`
const to = 'alice@im.test'
const options = (node: string, jid: string, deliver?: string) =>
  `<options node="${node}" jid="${jid}">${deliver === undefined ? '' : submit('subscribe_options', { deliver })}</options>`
const subscriptionIn = (answer: { toString(): string }) => /<subscription [^>]*>/.exec(answer.toString())?.[0]

test('a stranger subscribes to an open node and hears of it until the end of the subscription (XEP-0060 §6.1, §6.2)', async () => {
  await using s = await story({ alice: 1, bob: 2 })
  await s.alice.ask('set', create('news', { access_model: 'open' }))
  await s.alice.ask('set', publish('news', note('old')))
  await s.bob.available()
  s.bob.received()

  const answer = await s.bob.ask('set', subscribe('news', 'bob@im.test'), to)
  expect(subscriptionIn(answer)).toMatch(
    /^<subscription node="news" jid="bob@im.test" subid="[0-9a-f-]{36}" subscription="subscribed"\/>$/,
  )
  // §6.1.7: the last item at once, and when it was published.
  const last = (await s.bob.next(isEvent)).toString()
  expect(last).toContain('old')
  expect(last).toContain('<delay xmlns="urn:xmpp:delay"')
  s.bob.received()

  await s.alice.ask('set', publish('news', note('new')))
  expect((await s.bob.next(isEvent)).toString()).toContain('new')
  // A headline to the bare address reaches whoever is available (RFC 6121 §8.5.2).
  expect(events(s.device('bob', 2))).toEqual([])

  // §6.1.6: asking again changes nothing.
  expect(subscriptionIn(await s.bob.ask('set', subscribe('news', 'bob@im.test'), to))).toBe(subscriptionIn(answer))
  expect((await s.bob.ask('get', pubsub('<subscriptions/>'), to)).toString()).toContain(subscriptionIn(answer))
  expect((await s.alice.ask('get', owner('<subscriptions node="news"/>'))).toString()).toContain(subscriptionIn(answer))

  s.bob.received()
  expect(outcomeOf(await s.bob.ask('set', unsubscribe('news', 'bob@im.test'), to))).toBe('ok')
  await availableFor(s.alice, 'news')
  await s.alice.ask('set', publish('news', note('after')))
  await s.alice.next((element) => element.toString().includes('after'))
  expect(events(s.bob)).toEqual([])
})

test('a subscriber whose client wants everything anyway is told once (XEP-0163 §4.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await befriend(s.bob, s.alice)
  await availableFor(s.bob, 'news')
  await s.alice.ask('set', create('news'))
  await s.bob.ask('set', subscribe('news', 'bob@im.test'), to)
  await s.bob.ask('set', subscribe('news', s.bob.jid), to)
  await s.alice.ask('set', publish('news', note('one')))
  await s.alice.ask('set', publish('news', note('two')))
  await s.bob.next((element) => element.toString().includes('two'))
  expect(events(s.bob)).toHaveLength(2)
})

test('the owner is asked about a subscription, now or when next online, and answers by form or list (XEP-0060 §8.6, §8.8)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await s.alice.ask('set', create('circle', { access_model: 'authorize' }))
  await s.alice.ask('set', publish('circle', note('secret')))
  for (const device of [s.bob, s.carol]) {
    await device.available()
    const answer = await device.ask('set', subscribe('circle', device.session.jid.bareString), to)
    expect(subscriptionIn(answer)).toContain('subscription="pending"')
  }
  // §6.1.3.7, and nothing is to be read before the answer.
  const again = await s.bob.ask('set', subscribe('circle', 'bob@im.test'), to)
  expect(outcomeOf(again)).toBe('not-authorized pending-subscription')
  expect(outcomeOf(await s.bob.ask('get', items('circle'), to))).toBe('not-authorized not-subscribed')

  await s.alice.available()
  const asks = (jid: string) => (element: { toString(): string }) =>
    element.toString().includes(`<value>${jid}</value>`)
  const question = (await s.alice.next(asks('bob@im.test'))).toString()
  expect(question).toContain('<value>http://jabber.org/protocol/pubsub#subscribe_authorization</value>')
  expect(question).toContain('<field var="pubsub#node" type="text-single" label="Node"><value>circle</value></field>')
  await s.alice.next(asks('carol@im.test'))
  // §8.7: and again, when she asks.
  s.alice.received()
  const command = (content: string) =>
    `<command xmlns="http://jabber.org/protocol/commands" node="http://jabber.org/protocol/pubsub#get-pending"${content}</command>`
  const form = await s.alice.ask('set', command(' action="execute">'))
  const { sessionid } = form.getChild('command')!.attrs
  const done = await s.alice.ask(
    'set',
    command(` sessionid="${sessionid}" action="complete">${submit('subscribe_authorization', { node: 'circle' })}`),
  )
  expect(done.getChild('command')?.attrs['status']).toBe('completed')
  expect(events(s.alice)).toHaveLength(2)

  const allow = { node: 'circle', subscriber_jid: 'bob@im.test', allow: 'true' }
  // Only the owner's word counts.
  await s.bob.send(`<message to="alice@im.test">${submit('subscribe_authorization', allow)}</message>`)
  expect(outcomeOf(await s.bob.ask('get', items('circle'), to))).toBe('not-authorized not-subscribed')
  await s.alice.send(`<message to="alice@im.test">${submit('subscribe_authorization', allow)}</message>`)
  expect(subscriptionIn(await s.bob.next(isEvent))).toContain('jid="bob@im.test"')
  expect(outcomeOf(await s.bob.ask('get', items('circle'), to))).toBe('ok')

  // Once the node is open, nobody has to wait.
  await s.alice.ask('set', configure('circle', { access_model: 'open' }))
  expect(subscriptionIn(await s.carol.ask('set', subscribe('circle', 'carol@im.test'), to))).toContain('"subscribed"')
  await s.alice.ask('set', configure('circle', { access_model: 'authorize' }))

  const refuse = '<subscription jid="carol@im.test" subscription="none"/>'
  expect(outcomeOf(await s.alice.ask('set', owner(`<subscriptions node="circle">${refuse}</subscriptions>`)))).toBe(
    'ok',
  )
  expect(subscriptionIn(await s.carol.next(isEvent))).toContain('subscription="none"')
  expect(outcomeOf(await s.carol.ask('get', items('circle'), to))).toBe('service-unavailable')

  // §8.8.2: nobody is subscribed who has not asked to be.
  const force = '<subscription jid="carol@im.test" subscription="subscribed"/>'
  const forced = await s.alice.ask('set', owner(`<subscriptions node="circle">${force}</subscriptions>`))
  expect(outcomeOf(forced)).toBe('not-allowed')
})

test('a subscriber turns notifications off and on again (XEP-0060 §6.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await availableFor(s.alice, 'news')
  await s.alice.ask('set', create('news', { access_model: 'open' }))
  await s.bob.available()
  await s.bob.ask('set', subscribe('news', 'bob@im.test', options('news', 'bob@im.test', '0')), to)
  const isDelivered = async () =>
    /pubsub#deliver.*<value>(\d)/.exec(
      (await s.bob.ask('get', pubsub(options('news', 'bob@im.test')), to)).toString(),
    )?.[1]
  expect(await isDelivered()).toBe('0')
  await s.alice.ask('set', publish('news', note('one')))
  await s.alice.next((element) => element.toString().includes('one'))
  expect(events(s.bob)).toEqual([])

  expect(outcomeOf(await s.bob.ask('set', pubsub(options('news', 'bob@im.test', 'true')), to))).toBe('ok')
  expect(await isDelivered()).toBe('1')
  await s.alice.ask('set', publish('news', note('two')))
  expect((await s.bob.next(isEvent)).toString()).toContain('two')

  const digest = `<options node="news" jid="bob@im.test">${submit('subscribe_options', { digest: '1' })}</options>`
  expect(outcomeOf(await s.bob.ask('set', pubsub(digest), to))).toBe('bad-request invalid-options')
  expect((await s.bob.ask('get', pubsub('<default node="news"/>'), to)).toString()).toContain('pubsub#deliver')
})

test('what is wrong with a subscription is said as the XEP says it (XEP-0060 §6.1.3, §6.2.3, §6.3.4)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await befriend(s.bob, s.alice)
  await s.alice.ask('set', create('news'))
  await s.alice.ask('set', create('other', { access_model: 'open' }))
  const mine = 'bob@im.test'
  await s.bob.ask('set', subscribe('other', mine), to)
  for (const [request, outcome] of [
    [subscribe('news', 'carol@im.test'), 'bad-request invalid-jid'],
    [pubsub('<subscribe node="news"/>'), 'bad-request invalid-jid'],
    [pubsub(`<subscribe jid="${mine}"/>`), 'bad-request nodeid-required'],
    [subscribe('missing', mine), 'item-not-found'],
    [unsubscribe('news', mine), 'unexpected-request not-subscribed'],
    [unsubscribe('missing', mine), 'item-not-found'],
    [unsubscribe('other', 'carol@im.test'), 'forbidden'],
    [pubsub('<unsubscribe node="other"/>'), 'bad-request jid-required'],
    [pubsub(`<unsubscribe node="other" jid="${mine}" subid="wrong"/>`), 'not-acceptable invalid-subid'],
    [pubsub(options('news', mine, '1')), 'unexpected-request not-subscribed'],
  ] as const) {
    expect([request, outcomeOf(await s.bob.ask('set', request, to))]).toEqual([request, outcome])
  }
  for (const [request, type] of [
    [unsubscribe('news', mine), 'cancel'],
    [pubsub(options('news', mine, '1')), 'modify'],
  ] as const) {
    expect((await s.bob.ask('set', request, to)).getChild('error')?.attrs['type']).toBe(type)
  }
  // SP-12: a stranger hears the same of what is closed, what is missing and who is missing.
  for (const [node, account] of [
    ['news', to],
    ['missing', to],
    ['news', 'nobody@im.test'],
  ] as const) {
    for (const request of [subscribe(node, 'carol@im.test'), unsubscribe(node, 'carol@im.test')]) {
      expect(outcomeOf(await s.carol.ask('set', request, account))).toBe('service-unavailable')
    }
  }
})

test('PE-03 a subscription is worth nothing to whom the node is closed, by block, outcast or end of presence (XEP-0060 §4.5)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1, dave: 1, erin: 1 })
  await availableFor(s.alice, 'diary')
  await s.alice.ask('set', create('diary'))
  const people = [s.bob, s.carol, s.dave, s.erin]
  for (const device of people) {
    await befriend(device, s.alice)
    await availableFor(device, 'diary')
    await device.ask('set', subscribe('diary', device.session.jid.bareString), to)
    await device.ask('set', subscribe('diary', device.jid), to)
  }
  await s.alice.ask('set', '<block xmlns="urn:xmpp:blocking"><item jid="bob@im.test"/></block>')
  await s.alice.ask('set', affiliate('diary', 'carol@im.test', 'outcast'))
  await s.alice.send('<presence type="unsubscribed" to="dave@im.test"/>')
  for (const device of people) device.received()

  await s.alice.ask('set', publish('diary', note('dear diary')))

  await s.erin.next(isEvent)
  await s.alice.next(isEvent)
  expect([s.bob, s.carol, s.dave].map(events)).toEqual([[], [], []])

  // A node that is closed later is closed to those who were let in before.
  await s.alice.ask('set', configure('diary', { access_model: 'whitelist' }))
  s.erin.received()
  await s.alice.ask('set', publish('diary', note('for me')))
  await s.alice.next((element) => element.toString().includes('for me'))
  expect(events(s.erin)).toEqual([])
})

test('PE-05 subscriptions have an end, for each person and for each node (XEP-0060 §6.1.3.9)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await s.alice.ask('set', create('news', { access_model: 'open' }))
  const full = (i: number) => `bob@im.test/${i}`
  for (let i = 0; i < 10; i++) await s.bob.ask('set', subscribe('news', full(i)), to)
  expect(outcomeOf(await s.bob.ask('set', subscribe('news', full(10)), to))).toBe(
    'policy-violation too-many-subscriptions',
  )
  Object.assign(s.server.ctx.limits, { maxPepSubscriptions: 10 })
  expect(outcomeOf(await s.carol.ask('set', subscribe('news', 'carol@im.test'), to))).toBe(
    'resource-constraint too-many-subscriptions',
  )
  const many = Array.from({ length: 11 }, (_, i) => `<affiliation jid="x${i}@im.test" affiliation="member"/>`)
  const named = await s.alice.ask('set', owner(`<affiliations node="news">${many.join('')}</affiliations>`))
  expect(outcomeOf(named)).toBe('resource-constraint')
})
