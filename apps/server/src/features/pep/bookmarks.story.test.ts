import { putPrivateXml } from '@drawbridge/db'
import { expect, test } from 'vitest'
import { availableFor, events, items, outcomeOf, owner, publish, retract } from '../../../test/pubsub.ts'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'

const NEW = 'urn:xmpp:bookmarks:1'
const OLD = 'storage:bookmarks'
const conference = (name: string, inside = '') => `<conference xmlns="${NEW}" name="${name}">${inside}</conference>`
const old = (jid: string, name: string, inside = '') => `<conference jid="${jid}" name="${name}">${inside}</conference>`
const storage = (...rooms: string[]) => `<storage xmlns="${OLD}">${rooms.join('')}</storage>`
const kept = (content: string) => `<query xmlns="jabber:iq:private">${content}</query>`

/** The bookmarks as clients of each generation see them: jid and name of each, in order. */
async function views(device: Device) {
  const list = async (request: string, ...path: string[]) => {
    let parents = [await device.ask('get', request)]
    for (const name of path) parents = parents.flatMap((parent) => parent.getChildren(name))
    const rooms = parents.map(({ attrs, parent }) => `${attrs['jid'] ?? parent?.attrs['id']} ${attrs['name']}`)
    return rooms.toSorted()
  }
  return {
    pep: await list(items(NEW), 'pubsub', 'items', 'item', 'conference'),
    pepOld: await list(items(OLD), 'pubsub', 'items', 'item', 'storage', 'conference'),
    privateXml: await list(kept(storage()), 'query', 'storage', 'conference'),
  }
}
const all = (...rooms: string[]) => ({ pep: rooms, pepOld: rooms, privateXml: rooms })

test('whichever way a bookmark is set, clients of every generation see it (XEP-0402 §5, XEP-0411 §3, XEP-0048 §3.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.alice.ask('set', publish(NEW, conference('One', '<nick>Ali</nick>'), 'one@rooms.test'))
  expect(await views(s.alice)).toEqual(all('one@rooms.test One'))

  // The older a client is, the more it writes at once: everything it knows of.
  const two = storage(old('one@rooms.test', 'One', '<nick>Ali</nick>'), old('two@rooms.test', 'Two'))
  expect(outcomeOf(await s.alice.ask('set', kept(two)))).toBe('ok')
  expect(await views(s.alice)).toEqual(all('one@rooms.test One', 'two@rooms.test Two'))

  const three = storage(old('two@rooms.test', 'Second'), old('Three@Rooms.test', 'Three'), old('no jid@', 'Broken'))
  expect(outcomeOf(await s.alice.ask('set', publish(OLD, three)))).toBe('ok')
  expect(await views(s.alice)).toEqual(all('three@rooms.test Three', 'two@rooms.test Second'))

  await s.alice.ask('set', retract(NEW, 'two@rooms.test'))
  expect(await views(s.alice)).toEqual(all('three@rooms.test Three'))
  // The old node is a view: it has nothing to configure, delete or take back of its own.
  for (const request of [
    owner(`<delete node="${OLD}"/>`),
    owner(`<purge node="${OLD}"/>`),
    owner(`<affiliations node="${OLD}"/>`),
    retract(OLD, 'current'),
  ]) {
    expect(outcomeOf(await s.alice.ask('set', request)).split(' ')[0]).toMatch(/not-allowed|feature-not-implemented/)
  }
  // XEP-0402 §4: they are nobody else's business.
  for (const node of [NEW, OLD]) {
    expect(outcomeOf(await s.bob.ask('get', items(node), 'alice@im.test'))).toBe('service-unavailable')
  }
})

test('devices hear of what changed, and of nothing that is the same (XEP-0402 §5)', async () => {
  await using s = await story({ alice: 3 })
  const [writer, modern, older] = [s.alice, s.device('alice', 2), s.device('alice', 3)]
  await availableFor(modern, NEW)
  await availableFor(older, OLD)
  await writer.ask('set', kept(storage(old('a@rooms.test', 'A'), old('b@rooms.test', 'B'), old('c@rooms.test', 'C'))))
  await modern.next((element) => element.toString().includes('c@rooms.test'))
  await older.next((element) => element.toString().includes('c@rooms.test'))
  modern.received()
  older.received()

  await writer.ask('set', kept(storage(old('a@rooms.test', 'A'), old('b@rooms.test', 'B2'))))
  await modern.next((element) => element.toString().includes('retract'))
  expect(events(modern).map((text) => /<items.*<\/items>/.exec(text)?.[0])).toEqual([
    `<items node="${NEW}"><item id="b@rooms.test"><conference xmlns="${NEW}" name="B2"/></item></items>`,
    `<items node="${NEW}"><retract id="c@rooms.test"/></items>`,
  ])
  await older.next((element) => !element.toString().includes('c@rooms.test'))
  expect(events(older).at(-1)).toContain(
    `<items node="${OLD}"><item id="current"><storage xmlns="${OLD}"><conference jid="b@rooms.test" name="B2"/>`,
  )
})

test('what older clients do not know of a bookmark survives their writing, and what newer ones do not, too (XEP-0402 §3)', async () => {
  await using s = await story({ alice: 1 })
  const extensions =
    '<extensions><notify xmlns="urn:xmpp:notification-settings:1"><never identity-category="client" identity-type="pc"/>' +
    '<on-mention identity-category="client"/><always/></notify><state xmlns="urn:example:client">dim</state></extensions>'
  await s.alice.ask('set', publish(NEW, conference('One', extensions), 'one@rooms.test'))
  const page = '<url name="Home" url="https://im.test/"/>'
  await s.alice.ask('set', kept(storage(old('one@rooms.test', 'Renamed'), page)))
  const item = (await s.alice.ask('get', items(NEW))).toString()
  expect(item).toContain('name="Renamed"')
  expect(item).toContain(extensions)
  expect((await s.alice.ask('get', kept(storage()))).toString()).toContain(page)
})

test('bookmarks from before there was a node for them are found in it (XEP-0411 §3)', async () => {
  await using s = await story({ alice: 1 })
  const { id } = s.server.ctx.accounts.find('alice')!
  await putPrivateXml(s.server.ctx.db, id, OLD, 'storage', storage(old('one@rooms.test', 'One')))
  await s.alice.ask('get', kept(storage()))
  expect(await views(s.alice)).toEqual(all('one@rooms.test One'))
})

test('what is no bookmark, no list of them and no vCard changes none (XEP-0060 §7.1.3.6)', async () => {
  await using s = await story({ alice: 1 })
  await s.alice.ask('set', publish(NEW, conference('One'), 'one@rooms.test'))
  const wrong = '<x xmlns="urn:example:x"/>'
  for (const node of [NEW, OLD, 'urn:xmpp:vcard4']) {
    expect(outcomeOf(await s.alice.ask('set', publish(node, wrong)))).toBe('bad-request invalid-payload')
  }
  expect(await views(s.alice)).toEqual(all('one@rooms.test One'))
})

test('a bookmark whose id is no address of a room is refused, so that no older client is given one (XEP-0402 §3)', async () => {
  await using s = await story({ alice: 1 })
  for (const id of ['not a jid', 'rooms.test', 'one@rooms.test/Nick', undefined]) {
    expect(outcomeOf(await s.alice.ask('set', publish(NEW, conference('One'), id)))).toMatch(/^bad-request/)
  }
  expect(await views(s.alice)).toEqual(all())
})

test('the number of bookmarks has an end, and pictures are none (PE-05)', async () => {
  await using s = await story({ alice: 1 })
  const many = Array.from({ length: 1_001 }, (_, i) => `<conference jid="r${i}@x.y"/>`)
  expect(outcomeOf(await s.alice.ask('set', kept(storage(...many))))).toBe('resource-constraint')
  const picture = storage(`<x xmlns="urn:example:x" src="data:image/png;base64,${'iVBORw0KGgo'.repeat(9)}"/>`)
  await s.alice.ask('set', kept(picture))
  expect((await s.alice.ask('get', kept(storage()))).toString()).not.toContain('iVBOR')
})
