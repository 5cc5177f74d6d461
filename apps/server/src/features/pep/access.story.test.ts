import { expect, test } from 'vitest'
import {
  affiliate,
  availableFor,
  befriend,
  create,
  events,
  isEvent,
  items,
  outcomeOf,
  owner,
  publish,
  pubsub,
  retract,
  subscribe,
  unsubscribe,
} from '../../../test/pubsub.ts'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'
import { pep } from './index.ts'

const MODELS = ['open', 'presence', 'roster', 'authorize', 'whitelist'] as const
const note = (text: string) => `<note xmlns="urn:example:note">${text}</note>`
const info = (node: string) => `<query xmlns="http://jabber.org/protocol/disco#info" node="${node}"/>`
const NODES = '<query xmlns="http://jabber.org/protocol/disco#items"/>'

/**
 * alice has a node of each access model. bob sees her presence; friend does, and is in the group Friends; member is named
 * in each node, outcast as well; stranger knows her address, and nothing else.
 */
async function people() {
  const s = await story({ alice: 1, bob: 1, friend: 1, member: 1, outcast: 1, stranger: 1 })
  await befriend(s.bob, s.alice)
  await befriend(s.friend, s.alice)
  await befriend(s.outcast, s.alice)
  const roster = '<query xmlns="jabber:iq:roster"><item jid="friend@im.test"><group>Friends</group></item></query>'
  await s.alice.ask('set', roster)
  for (const model of MODELS) {
    await s.alice.ask('set', create(model, { access_model: model, roster_groups_allowed: 'Friends' }))
    await s.alice.ask('set', affiliate(model, 'member@im.test', 'member'))
    await s.alice.ask('set', affiliate(model, 'outcast@im.test', 'outcast'))
    await s.alice.ask('set', publish(model, note(model)))
  }
  return s
}

const READERS = ['alice', 'bob', 'friend', 'member', 'outcast', 'stranger'] as const

test('PE-01 who reads what, by access model (XEP-0060 §4.5, §6.5.9; SP-12)', async () => {
  await using s = await people()
  const table: Record<string, string[]> = {}
  for (const node of [...MODELS, 'missing']) {
    table[node] = []
    for (const who of READERS) table[node].push(outcomeOf(await s[who].ask('get', items(node), 'alice@im.test')))
  }
  const [group, absent] = ['not-authorized not-in-roster-group', 'item-not-found']
  const [pending, closed] = ['not-authorized not-subscribed', 'not-allowed closed-node']
  expect(table).toEqual({
    // alice, bob, friend, member, outcast, stranger
    open: ['ok', 'ok', 'ok', 'ok', 'forbidden', 'ok'],
    presence: ['ok', 'ok', 'ok', 'ok', 'forbidden', 'service-unavailable'],
    roster: ['ok', group, 'ok', 'ok', 'forbidden', 'service-unavailable'],
    authorize: ['ok', pending, pending, 'ok', 'forbidden', 'service-unavailable'],
    whitelist: ['ok', closed, closed, 'ok', 'forbidden', 'service-unavailable'],
    missing: [absent, absent, absent, 'service-unavailable', absent, 'service-unavailable'],
  })
  // Somebody whom alice has named, but who no longer sees her, is told what is wrong: that she is there is no news.
  await s.alice.send('<presence type="unsubscribed" to="bob@im.test"/>')
  const read = async () => outcomeOf(await s.bob.ask('get', items('presence'), 'alice@im.test'))
  await s.alice.ask('set', affiliate('presence', 'bob@im.test', 'publish-only'))
  expect(await read()).toBe('forbidden')
  await s.alice.ask('set', affiliate('presence', 'bob@im.test', 'none'))
  expect(await read()).toBe('service-unavailable')
  // A stranger hears the same of somebody who does not exist.
  expect(outcomeOf(await s.stranger.ask('get', items('presence'), 'nobody@im.test'))).toBe('service-unavailable')
})

test('PE-01 who may subscribe, and sees a node in service discovery, by access model (XEP-0060 §6.1.3, §5.2, §5.3)', async () => {
  await using s = await people()
  const subscribed: Record<string, string[]> = {}
  const seen: Record<string, string[]> = {}
  for (const who of READERS) {
    const list = await s[who].ask('get', NODES, 'alice@im.test')
    const nodes = list.getChild('query')?.getChildren('item') ?? []
    seen[who] = nodes.flatMap(({ attrs: { node } }) => (MODELS.some((model) => model === node) ? (node ?? []) : []))
  }
  for (const node of MODELS) {
    subscribed[node] = []
    for (const who of READERS) {
      const answer = await s[who].ask('set', subscribe(node, `${who}@im.test`), 'alice@im.test')
      const state = answer.getChild('pubsub')?.getChild('subscription')?.attrs['subscription']
      subscribed[node].push(state ?? outcomeOf(answer))
      const disco = outcomeOf(await s[who].ask('get', info(node), 'alice@im.test'))
      expect(disco).toBe(state === undefined ? outcomeOf(answer) : 'ok')
    }
  }
  const yes = 'subscribed'
  const [group, closed] = ['not-authorized not-in-roster-group', 'not-allowed closed-node']
  expect(subscribed).toEqual({
    open: [yes, yes, yes, yes, 'forbidden', yes],
    presence: [yes, yes, yes, yes, 'forbidden', 'service-unavailable'],
    roster: [yes, group, yes, yes, 'forbidden', 'service-unavailable'],
    authorize: [yes, 'pending', 'pending', yes, 'forbidden', 'pending'],
    whitelist: [yes, closed, closed, yes, 'forbidden', 'service-unavailable'],
  })
  const all = [...MODELS].toSorted()
  expect(seen).toEqual({
    alice: all,
    bob: ['authorize', 'open', 'presence'],
    friend: ['authorize', 'open', 'presence', 'roster'],
    member: all,
    outcast: [],
    stranger: ['authorize', 'open'],
  })
})

test('PE-01 whose clients hear of changes without a subscription, by access model (XEP-0163 §4.1, §4.2)', async () => {
  await using s = await people()
  await befriend(s.member, s.alice)
  for (const who of READERS) await availableFor(s[who], ...MODELS)
  for (const who of READERS) s[who].received()

  for (const model of MODELS) await s.alice.ask('set', publish(model, note('news')))
  await s.alice.ask('set', publish('open', note('the end')))

  const heard = (device: Device) =>
    events(device).flatMap((text) => (text.includes('news') ? (/node="(\w+)"/.exec(text)?.[1] ?? []) : []))
  await s.bob.next((element) => element.toString().includes('the end'))
  const table: Record<string, string[]> = {}
  for (const who of READERS) table[who] = heard(s[who])
  expect(table).toEqual({
    alice: [...MODELS],
    bob: ['open', 'presence'],
    friend: ['open', 'presence', 'roster'],
    member: [...MODELS],
    outcast: [],
    stranger: [],
  })
})

test('what an affiliation allows (XEP-0060 §4.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.ask('set', create('board', { access_model: 'whitelist', max_items: '10' }))
  await s.alice.ask('set', publish('board', note('from alice'), 'hers'))
  const to = 'alice@im.test'
  const table: Record<string, string[]> = {}
  for (const affiliation of ['owner', 'publisher', 'publish-only', 'member', 'none', 'outcast']) {
    await s.alice.ask('set', affiliate('board', 'bob@im.test', affiliation))
    const requests: ['get' | 'set', string][] = [
      ['set', publish('board', note('from bob'), 'his')],
      ['get', items('board')],
      ['set', retract('board', 'his')],
      ['set', retract('board', 'hers')],
      ['get', owner('<configure node="board"/>')],
      ['set', owner('<purge node="board"/>')],
    ]
    const outcomes = []
    for (const [type, request] of requests) outcomes.push(outcomeOf(await s.bob.ask(type, request, to)))
    table[affiliation] = outcomes
    await s.alice.ask('set', publish('board', note('from alice'), 'hers'))
  }
  const no = 'forbidden'
  expect(table).toEqual({
    //             publish, read, retract own, retract hers, configure, purge
    owner: ['ok', 'ok', 'ok', 'ok', 'ok', 'ok'],
    publisher: ['ok', 'ok', 'ok', no, no, no],
    'publish-only': ['ok', no, no, no, no, no],
    member: [no, 'ok', no, no, no, no],
    none: [no, 'service-unavailable', no, no, no, no],
    outcast: [no, no, no, no, no, no],
  })
})

test('an owner reads and changes affiliations, and everybody the own ones (XEP-0060 §5.7, §8.9)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await s.alice.ask('set', create('board', { access_model: 'open' }))
  await s.bob.ask('set', subscribe('board', 'bob@im.test'), 'alice@im.test')
  const list = owner('<affiliations node="board"/>')
  await s.alice.ask('set', affiliate('board', 'bob@im.test/phone', 'publisher'))
  expect((await s.alice.ask('get', list)).toString()).toContain(
    '<affiliations node="board"><affiliation jid="alice@im.test" affiliation="owner"/>' +
      '<affiliation jid="bob@im.test" affiliation="publisher"/></affiliations>',
  )
  const own = pubsub('<affiliations/>')
  expect((await s.bob.ask('get', own, 'alice@im.test')).toString()).toContain(
    '<affiliations><affiliation node="board" affiliation="publisher"/></affiliations>',
  )
  expect((await s.alice.ask('get', own)).toString()).toContain('<affiliation node="board" affiliation="owner"/>')
  // SP-12: whoever has none learns nothing of the account.
  for (const to of ['alice@im.test', 'nobody@im.test']) {
    expect(outcomeOf(await s.carol.ask('get', own, to))).toBe('service-unavailable')
  }
  // §8.9.2.3: an outcast is no longer subscribed.
  await s.alice.ask('set', affiliate('board', 'bob@im.test', 'outcast'))
  expect((await s.alice.ask('get', owner('<subscriptions node="board"/>'))).toString()).not.toContain('bob')
  for (const [request, outcome] of [
    [affiliate('board', 'alice@im.test', 'none'), 'not-acceptable'],
    [affiliate('board', '@@', 'member'), 'jid-malformed'],
    [affiliate('board', 'bob@im.test', 'king'), 'bad-request'],
    [affiliate('missing', 'bob@im.test', 'member'), 'item-not-found'],
  ] as const) {
    expect(outcomeOf(await s.alice.ask('set', request))).toBe(outcome)
  }
  expect(outcomeOf(await s.bob.ask('get', list, 'alice@im.test'))).toBe('forbidden')
})

test('who may publish where the owner lets others (XEP-0060 §16.4.4, pubsub#publish_model)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await availableFor(s.alice, 'wall')
  await s.alice.ask('set', create('wall', { access_model: 'open', publish_model: 'subscribers', max_items: 'max' }))
  await s.bob.ask('set', subscribe('wall', 'bob@im.test'), 'alice@im.test')
  expect(outcomeOf(await s.bob.ask('set', publish('wall', note('hi'), 'b'), 'alice@im.test'))).toBe('ok')
  expect(outcomeOf(await s.carol.ask('set', publish('wall', note('hi'), 'c'), 'alice@im.test'))).toBe('forbidden')
  // Who said it is for everybody to see (§7.1.2.3), and the event is still the owner's.
  const event = (await s.alice.next(isEvent)).toString()
  expect(event).toContain('<item id="b" publisher="bob@im.test">')
  expect(event).toContain('from="alice@im.test"')
  // Whoever may publish replaces and takes back only what is its own.
  await s.alice.ask('set', publish('wall', note('mine'), 'a'))
  expect(outcomeOf(await s.bob.ask('set', publish('wall', note('stolen'), 'a'), 'alice@im.test'))).toBe('forbidden')
  expect(outcomeOf(await s.bob.ask('set', publish('wall', note('better'), 'b'), 'alice@im.test'))).toBe('ok')
  expect((await s.carol.ask('get', items('wall'), 'alice@im.test')).toString()).not.toContain('stolen')
  await s.bob.ask('set', unsubscribe('wall', 'bob@im.test'), 'alice@im.test')
  expect(outcomeOf(await s.bob.ask('set', publish('wall', note('hi'), 'b2'), 'alice@im.test'))).toBe('forbidden')
})

test('nobody publishes an avatar, bookmarks or a vCard for somebody else, whatever the node allows (SP-07)', async () => {
  await using s = await story({ alice: 1, mallory: 1 })
  for (const node of ['urn:xmpp:avatar:metadata', 'urn:xmpp:bookmarks:1', 'urn:xmpp:vcard4']) {
    await s.alice.ask('set', create(node, { publish_model: 'open' }))
    await s.alice.ask('set', affiliate(node, 'mallory@im.test', 'publisher'))
    expect(outcomeOf(await s.mallory.ask('set', publish(node, note('evil')), 'alice@im.test'))).toBe('forbidden')
  }
})

test('whoever gets an address anew has nothing of what it was named for before (XEP-0060 §4.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.ask('set', create('board', { access_model: 'whitelist' }))
  await s.alice.ask('set', affiliate('board', 'bob@im.test', 'member'))
  await s.bob.ask('set', subscribe('board', 'bob@im.test'), 'alice@im.test')
  await pep.on?.['account.deleted']?.({ localpart: 'bob' }, s.server.ctx)
  expect(outcomeOf(await s.bob.ask('get', items('board'), 'alice@im.test'))).toBe('service-unavailable')
  expect((await s.alice.ask('get', owner('<subscriptions node="board"/>'))).toString()).not.toContain('bob')
})

test('SP-18 a colleague of the same unit is a contact, and nobody outside finds even what is open (XEP-0060 §4.5)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await s.alice.ask('set', create('presence'))
  await s.alice.ask('set', create('open', { access_model: 'open' }))
  await s.alice.ask('set', create('team', { access_model: 'roster', roster_groups_allowed: 'Research' }))
  s.server.ctx.units.put({
    id: 'research',
    name: 'research',
    displayName: 'Research',
    roster: 'members',
    directory: 'members',
    members: new Set(['alice@im.test', 'bob@im.test']),
  })
  const read = async (device: Device) => {
    const outcomes = []
    for (const node of ['presence', 'open', 'team']) {
      outcomes.push(outcomeOf(await device.ask('get', items(node), 'alice@im.test')))
    }
    return outcomes
  }
  expect(await read(s.bob)).toEqual(['ok', 'ok', 'ok'])
  const nobody = 'service-unavailable'
  expect(await read(s.carol)).toEqual([nobody, nobody, nobody])
  expect((await s.carol.ask('get', NODES, 'alice@im.test')).getChild('query')?.children).toEqual([])
  expect(outcomeOf(await s.carol.ask('get', '<vCard xmlns="vcard-temp"/>', 'alice@im.test'))).toBe(nobody)
})
