import type { Element } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import {
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
  publishOptions,
  pubsub,
  retract,
  subscribe,
} from '../../../test/pubsub.ts'
import { story } from '../../../test/story.ts'

const note = (text: string) => `<note xmlns="urn:example:note">${text}</note>`
const RSM = 'http://jabber.org/protocol/rsm'
const page = (content: string) => `<set xmlns="${RSM}">${content}</set>`
const ids = (answer: Element) =>
  (answer.getChild('pubsub')?.getChild('items')?.getChildren('item') ?? []).map(({ attrs }) => attrs['id'])

/** alice, whose client hears of everything about these nodes. */
async function alice(...nodes: string[]) {
  const s = await story({ alice: 2 })
  await availableFor(s.device('alice', 2), ...nodes)
  s.device('alice', 2).received()
  return s
}

test('an owner reads the form of a node, fills it in, and it says what was filled in (XEP-0060 §8.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const config = {
    title: 'Diary',
    description: 'What happened',
    type: 'urn:example:note',
    access_model: 'roster',
    roster_groups_allowed: ['Friends', 'Family'],
    publish_model: 'subscribers',
    persist_items: '1',
    max_items: '7',
    item_expire: '3600',
    send_last_published_item: 'on_sub',
    deliver_notifications: '1',
    deliver_payloads: '0',
    notify_config: '1',
    notify_delete: '0',
    notify_retract: '0',
  }
  expect(outcomeOf(await s.alice.ask('set', create('diary')))).toBe('ok')
  expect(outcomeOf(await s.alice.ask('set', create('diary')))).toBe('conflict')
  expect(outcomeOf(await s.alice.ask('set', configure('diary', config)))).toBe('ok')

  const form = (await s.alice.ask('get', owner('<configure node="diary"/>'))).getChild('pubsub')?.getChild('configure')
  const fields = form?.getChild('x')?.getChildren('field') ?? []
  const read = fields.map((field) => {
    const values = field.getChildren('value').map((value) => value.getText())
    return [field.attrs['var']?.replace('pubsub#', ''), values]
  })
  const filled = Object.entries(config).map(([name, value]) => [name, [value].flat()])
  expect(Object.fromEntries(read)).toEqual({
    ...Object.fromEntries(filled),
    FORM_TYPE: ['http://jabber.org/protocol/pubsub#node_config'],
  })
  // §8.3: what a node is when nothing is said of it (XEP-0163 §3).
  const defaults = (await s.alice.ask('get', owner('<default/>'))).toString()
  expect(defaults).toMatch(/pubsub#access_model" type="list-single"[^>]*><value>presence</)
  expect(defaults).toMatch(/pubsub#max_items" type="text-single"[^>]*><value>1</)
  // §5.4: what others may know of it.
  await s.alice.ask('set', configure('diary', { access_model: 'open' }))
  const info = '<query xmlns="http://jabber.org/protocol/disco#info" node="diary"/>'
  const known = (await s.bob.ask('get', info, 'alice@im.test')).toString()
  expect(known).toContain('<identity category="pubsub" type="leaf" name="Diary"/>')
  expect(known).toContain('http://jabber.org/protocol/pubsub#meta-data')
  expect(known).toContain('<field var="pubsub#description" type="text-single"><value>What happened</value></field>')
})

test('a value that a node cannot have changes nothing (XEP-0060 §8.2.4, PE-06)', async () => {
  await using s = await story({ alice: 1 })
  await s.alice.ask('set', create('diary', { max_items: '5' }))
  const before = (await s.alice.ask('get', owner('<configure node="diary"/>'))).getChild('pubsub')?.toString()
  for (const wrong of [
    { access_model: 'secret' },
    { max_items: '0' },
    { max_items: '-1' },
    { max_items: '1e3' },
    { max_items: "1'; drop table pep_node; --" },
    { max_items: '99999999999999999999' },
    { item_expire: 'soon' },
    { persist_items: 'perhaps' },
    { title: 'x'.repeat(2_000) },
    { title: ['two', 'titles'] },
    { roster_groups_allowed: Array.from({ length: 101 }, (_, i) => `g${i}`) },
    { collection: 'blogs' },
  ]) {
    expect([wrong, outcomeOf(await s.alice.ask('set', configure('diary', wrong)))]).toEqual([wrong, 'not-acceptable'])
  }
  expect((await s.alice.ask('get', owner('<configure node="diary"/>'))).getChild('pubsub')?.toString()).toBe(before)
  const cancel = '<x xmlns="jabber:x:data" type="cancel"/>'
  expect(outcomeOf(await s.alice.ask('set', owner(`<configure node="diary">${cancel}</configure>`)))).toBe('ok')
})

test('devices hear of a configuration, of a retraction, of a purge and of the end of a node (XEP-0060 §8.2.5, §7.2.2, §8.5, §8.4)', async () => {
  await using s = await alice('diary')
  const other = s.device('alice', 2)
  const next = async (part: string) => (await other.next((element) => element.toString().includes(part))).toString()
  await s.alice.ask('set', create('diary', { notify_config: '1', max_items: '9', notify_retract: '0' }))
  await s.alice.ask('set', configure('diary', { title: 'Mine' }))
  expect(await next('<configuration ')).toMatch(/<configuration node="diary"><x xmlns="jabber:x:data" type="result">/)
  for (const id of ['a', 'b', 'c', 'd']) await s.alice.ask('set', publish('diary', note(id), id))
  await next('<item id="d">')
  // §7.2.2.1: the request decides, and where it says nothing, the node.
  await s.alice.ask('set', retract('diary', 'a'))
  await s.alice.ask('set', retract('diary', 'b', ' notify="true"'))
  await s.alice.ask('set', configure('diary', { notify_retract: '1' }))
  await s.alice.ask('set', retract('diary', 'c', ' notify="0"'))
  await s.alice.ask('set', retract('diary', 'd'))
  expect(await next('<retract id="d"/>')).toContain('<items node="diary"><retract id="d"/></items>')
  expect(
    other
      .received()
      .join('')
      .match(/<retract id="."/g),
  ).toEqual(['<retract id="b"', '<retract id="d"'])

  await s.alice.ask('set', publish('diary', note('e'), 'e'))
  expect(outcomeOf(await s.alice.ask('set', owner('<purge node="diary"/>')))).toBe('ok')
  expect(await next('<purge ')).toContain('<purge node="diary"/>')
  expect(ids(await s.alice.ask('get', items('diary')))).toEqual([])

  expect(outcomeOf(await s.alice.ask('set', owner('<delete node="diary"/>')))).toBe('ok')
  expect(await next('<delete ')).toContain('<delete node="diary"/>')
  expect(outcomeOf(await s.alice.ask('get', items('diary')))).toBe('item-not-found')
  for (const request of ['<delete node="diary"/>', '<purge node="diary"/>', '<configure node="diary"/>']) {
    expect(outcomeOf(await s.alice.ask('set', owner(request)))).toBe('item-not-found')
  }
  expect(outcomeOf(await s.alice.ask('set', retract('diary', 'a')))).toBe('item-not-found')
})

test('who hears of the end of a node hears where its owner goes on (XEP-0060 §8.4)', async () => {
  await using s = await alice('diary')
  await s.alice.ask('set', create('diary'))
  const remove = (uri: string) => owner(`<delete node="diary"><redirect uri="${uri}"/></delete>`)
  const elsewhere = ['https://tracker.test/', 'data:image/png;base64,iVBORw0KGgo=', 'xmpp:a b?;node=x', '']
  for (const uri of elsewhere) expect(outcomeOf(await s.alice.ask('set', remove(uri)))).toBe('bad-request')
  expect(outcomeOf(await s.alice.ask('set', remove('xmpp:alice@im.test?;node=blog')))).toBe('ok')
  const event = await s.device('alice', 2).next((element) => element.toString().includes('<delete '))
  expect(event.toString()).toContain('<delete node="diary"><redirect uri="xmpp:alice@im.test?;node=blog"/></delete>')
})

test('of two requests in one none is answered (XEP-0060 §18.1)', async () => {
  await using s = await alice()
  const asked = (content: string) => s.alice.ask('set', pubsub(content)).then(outcomeOf)
  expect(await asked('<create node="one"/><create node="two"/>')).toBe('bad-request')
  expect(await asked('<create node="one"/><subscribe node="one" jid="alice@im.test"/>')).toBe('bad-request')
  expect(outcomeOf(await s.alice.ask('set', owner('<purge node="one"/><delete node="one"/>')))).toBe('bad-request')
  expect(outcomeOf(await s.alice.ask('get', items('one')))).toBe('item-not-found')
})

test('a node tells only the id, tells nothing, or keeps nothing, if its owner says so (XEP-0060 §16.4.4)', async () => {
  await using s = await alice('ids', 'silent', 'passing', 'marker')
  const other = s.device('alice', 2)
  await s.alice.ask('set', create('ids', { deliver_payloads: '0' }))
  await s.alice.ask('set', create('silent', { deliver_notifications: '0' }))
  await s.alice.ask('set', create('passing', { persist_items: '0' }))
  for (const node of ['ids', 'silent', 'passing', 'marker']) await s.alice.ask('set', publish(node, note(node), 'x'))
  await other.next((element) => element.toString().includes('marker'))
  const told = events(other).map((text) => /<items.*<\/items>/.exec(text)?.[0])
  expect(told).toEqual([
    '<items node="ids"><item id="x"/></items>',
    `<items node="passing"><item id="x">${note('passing')}</item></items>`,
    `<items node="marker"><item id="x">${note('marker')}</item></items>`,
  ])
  expect(ids(await s.alice.ask('get', items('passing')))).toEqual([])
  const purge = await s.alice.ask('set', owner('<purge node="passing"/>'))
  expect(purge.toString()).toContain(
    '<unsupported xmlns="http://jabber.org/protocol/pubsub#errors" feature="persistent-items"/>',
  )
})

test('an item goes when its time is over (XEP-0060 §16.4.4, pubsub#item_expire)', async () => {
  let ahead = 0
  await using s = await story({ alice: 1 }, { now: () => new Date(Date.now() + ahead) })
  await s.alice.ask('set', create('status', { item_expire: '60' }))
  await s.alice.ask('set', publish('status', note('back in a minute'), 'x'))
  expect(ids(await s.alice.ask('get', items('status')))).toEqual(['x'])
  ahead = 61_000
  expect(ids(await s.alice.ask('get', items('status')))).toEqual([])
  expect(ids(await s.alice.ask('get', pubsub('<items node="status"><item id="x"/></items>')))).toEqual([])
  await availableFor(s.alice, 'status')
  await s.alice.ask('get', '<ping xmlns="urn:xmpp:ping"/>')
  expect(events(s.alice)).toEqual([])
})

test('a long list is read page by page, newest first, either way (XEP-0060 §6.5.4, XEP-0059)', async () => {
  await using s = await story({ alice: 1 })
  await s.alice.ask('set', create('list', { max_items: '20' }))
  for (const id of ['a', 'b', 'c', 'd', 'e']) await s.alice.ask('set', publish('list', note(id), id))
  const read = (set: string) => s.alice.ask('get', pubsub(`<items node="list"/>${page(set)}`))
  const first = await read('<max>2</max>')
  expect(ids(first)).toEqual(['e', 'd'])
  expect(first.toString()).toContain(page('<first index="0">e</first><last>d</last><count>5</count>'))
  expect(ids(await read('<max>2</max><after>d</after>'))).toEqual(['c', 'b'])
  expect(ids(await read('<max>2</max><after>b</after>'))).toEqual(['a'])
  expect(ids(await read('<max>2</max><before/>'))).toEqual(['b', 'a'])
  expect(ids(await read('<max>2</max><before>b</before>'))).toEqual(['d', 'c'])
  expect(ids(await read('<max>2</max><index>3</index>'))).toEqual(['b', 'a'])
  expect((await read('<max>0</max>')).toString()).toContain(page('<count>5</count>'))
  expect(ids(await s.alice.ask('get', pubsub('<items node="list" max_items="2"/>')))).toEqual(['e', 'd'])
  expect(ids(await s.alice.ask('get', pubsub('<items node="list"><item id="b"/><item id="z"/></items>')))).toEqual([
    'b',
  ])
  // An answer has an end as well, and says so.
  const long = `<conference xmlns="urn:xmpp:bookmarks:1" name="${'word, '.repeat(10_000)}"/>`
  for (let i = 0; i < 20; i++) await s.alice.ask('set', publish('urn:xmpp:bookmarks:1', long, `r${i}@rooms.test`))
  await s.alice.send(`<iq type="get" id="all">${items('urn:xmpp:bookmarks:1')}</iq>`)
  const part = s.alice.received().join('')
  expect(part.match(/<item id=/g)).toHaveLength(17)
  expect(part).toContain('<count>20</count>')
  // The same in service discovery (§5.5, XEP-0030 §10).
  const disco = await s.alice.ask(
    'get',
    `<query xmlns="http://jabber.org/protocol/disco#items" node="list">${page('<max>2</max><after>d</after>')}</query>`,
  )
  expect(disco.toString()).toContain('<item jid="alice@im.test" name="c"/><item jid="alice@im.test" name="b"/>')
  expect(disco.toString()).toContain('<count>5</count>')
})

test('PE-06 quotes, negative and huge numbers in pages and ids are refused or are just names', async () => {
  await using s = await story({ alice: 1 })
  const evil = "x' or '1'='1"
  await s.alice.ask('set', publish('list', note('one'), 'one'))
  for (const set of [
    '<max>-1</max>',
    '<max>1e9</max>',
    '<index>-5</index>',
    '<max>99999999999</max>',
    '<max>1;</max>',
  ]) {
    const answer = await s.alice.ask('get', pubsub(`<items node="list"/>${page(set)}`))
    expect([set, outcomeOf(answer)]).toEqual([set, 'bad-request'])
  }
  for (const max of ['-1', '0', 'all', '9999999999']) {
    expect(outcomeOf(await s.alice.ask('get', pubsub(`<items node="list" max_items="${max}"/>`)))).toBe('bad-request')
  }
  for (const at of ['after', 'before']) {
    const answer = await s.alice.ask('get', pubsub(`<items node="list"/>${page(`<${at}>${evil}</${at}>`)}`))
    expect(outcomeOf(answer)).toBe('item-not-found')
  }
  expect(ids(await s.alice.ask('get', pubsub(`<items node="list"><item id="${evil}"/></items>`)))).toEqual([])
  expect(outcomeOf(await s.alice.ask('get', items(evil)))).toBe('item-not-found')
  expect(outcomeOf(await s.alice.ask('set', publish(evil, note('two'), evil)))).toBe('ok')
  expect(ids(await s.alice.ask('get', items(evil)))).toEqual([evil])
  expect(ids(await s.alice.ask('get', items('list')))).toEqual(['one'])
  expect(outcomeOf(await s.alice.ask('set', publish('list', note('x'), 'i'.repeat(1_024))))).toBe('not-acceptable')
  expect(outcomeOf(await s.alice.ask('set', publish('n'.repeat(1_024), note('x'))))).toBe('not-acceptable')
})

test('PE-02 a publication with options makes the node so, and fails where it is not (XEP-0060 §7.1.5, XEP-0222 §3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const everyone = { persist_items: 'true', max_items: 'max', send_last_published_item: 'never', access_model: 'open' }
  const send = (id: string, options: Record<string, string>) =>
    s.alice.ask('set', publish('public', note(id), id, publishOptions(options)))
  expect(outcomeOf(await send('a', everyone))).toBe('ok')
  expect(outcomeOf(await send('b', everyone))).toBe('ok')
  for (const other of [
    { access_model: 'whitelist' },
    { persist_items: 'false' },
    { max_items: '1' },
    { send_last_published_item: 'on_sub' },
    { publish_model: 'open' },
    { color: 'red' },
  ]) {
    expect(outcomeOf(await send('c', other))).toBe('conflict precondition-not-met')
  }
  expect(ids(await s.bob.ask('get', items('public'), 'alice@im.test'))).toEqual(['b', 'a'])
})

test('a request that names no part of PubSub, or a part that is not here, says so (XEP-0060 §10)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await befriend(s.bob, s.alice)
  for (const [type, request, feature] of [
    ['get', pubsub('<items-to-be node="x"/>'), 'items-to-be'],
    ['set', owner('<redirect node="x"/>'), 'redirect'],
    ['set', pubsub(''), ''],
  ] as const) {
    expect((await s.alice.ask(type, request)).toString()).toContain(
      `<unsupported xmlns="http://jabber.org/protocol/pubsub#errors" feature="${feature}"/>`,
    )
  }
  for (const [type, request, outcome] of [
    ['set', pubsub('<create/>'), 'not-acceptable nodeid-required'],
    ['get', pubsub('<items/>'), 'bad-request nodeid-required'],
    ['set', pubsub('<retract node="x"/>'), 'item-not-found'],
    ['get', owner('<configure/>'), 'bad-request nodeid-required'],
  ] as const) {
    expect([request, outcomeOf(await s.alice.ask(type, request))]).toEqual([request, outcome])
  }
  expect(outcomeOf(await s.bob.ask('get', owner('<default/>'), 'alice@im.test'))).toBe('forbidden')
  expect(outcomeOf(await s.bob.ask('set', create('mine'), 'alice@im.test'))).toBe('forbidden')
  await s.bob.ask('get', '<ping xmlns="urn:xmpp:ping"/>')
  expect(s.bob.received().filter((text) => isEvent({ name: /^<(\w+)/.exec(text)?.[1] ?? '' }))).toEqual([])
})

test('images row 21: an id or a title that is an image, by whatever way it came in, is shown to nobody', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const image = Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR as somebody sent it', 'latin1').toString('base64')
  await s.alice.ask('set', create('urn:example:log', { title: 'Log', access_model: 'open', max_items: '10' }))
  for (const id of ['one', 'two']) await s.alice.ask('set', publish('urn:example:log', note(id), id))
  // As an import or an older version may have written them.
  await s.server.ctx.db.execute(`update pep_item set item_id = '${image}' where item_id = 'two'`)
  await s.server.ctx.db.execute(`update pep_node set options = options || '{"title":"data:image/png;base64,${image}"}'`)
  const disco = (kind: string, node = '') => `<query xmlns="http://jabber.org/protocol/disco#${kind}"${node}/>`
  const of = ' node="urn:example:log"'
  const asked = [
    items('urn:example:log'),
    pubsub(`<items node="urn:example:log"><item id="${image}"/></items>`),
    disco('items', of),
    disco('info', of),
    disco('items'),
    subscribe('urn:example:log', 'bob@im.test'),
  ]
  s.bob.received()
  const answers: string[] = []
  for (const request of asked) {
    const type = request.includes('<subscribe') ? 'set' : 'get'
    answers.push((await s.bob.ask(type, request, 'alice@im.test')).toString())
  }
  const all = [...answers, ...s.bob.received()].join('')
  expect(all).not.toContain(image)
  expect(all).toContain('<item id="one">')
  expect(all).toContain('[image removed]')
})
