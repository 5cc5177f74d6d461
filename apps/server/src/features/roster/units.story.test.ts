import { NS_ROSTER } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { addUnit, administratorOf } from '../../../test/people.ts'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'

// Shared roster groups, as XEP-0321 and XEP-0144 leave them to servers: RFC 6121 §2 is what clients see of them.

const GET = `<query xmlns="${NS_ROSTER}"/>`
const get = (ver: string) => `<query xmlns="${NS_ROSTER}" ver="${ver}"/>`
const set = (item: string) => `<query xmlns="${NS_ROSTER}">${item}</query>`
const isPush = (element: Element) => element.name === 'iq' && element.getChild('query', NS_ROSTER) !== undefined
const isUnavailable = (element: Element) => element.name === 'presence' && element.attrs['type'] === 'unavailable'

const items = (answer: Element) =>
  answer
    .getChild('query')
    ?.getChildren('item')
    .map((item) => item.toString())
const versionOf = (answer: Element) => answer.getChild('query')?.attrs['ver'] ?? ''

/** Signs in as clients do: the roster, then presence. */
async function online(device: Device): Promise<string> {
  const version = versionOf(await device.ask('get', get('')))
  await device.available()
  device.received()
  return version
}

test('colleagues in one unit are in each other’s contact lists, without a handshake (RFC 6121 §2.1.2)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await addUnit(s.server, 'sales', ['alice', 'bob'])
  await administratorOf(s.server)('setDisplayName', { name: 'bob' }, { displayName: 'Bob Builder' })

  expect(items(await s.alice.ask('get', GET))).toEqual([
    '<item jid="bob@im.test" name="Bob Builder" subscription="both"><group>Sales</group></item>',
  ])
  expect(items(await s.carol.ask('get', GET))).toEqual([])
})

test('presence flows between colleagues, and to nobody else (RFC 6121 §4.2)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await addUnit(s.server, 'sales', ['alice', 'bob'])
  await online(s.bob)
  await online(s.carol)

  await s.alice.available('<presence><show>away</show></presence>')
  expect(s.bob.received()).toEqual(['<presence to="bob@im.test" from="alice@im.test/1"><show>away</show></presence>'])
  expect(s.alice.received()).toContain('<presence to="alice@im.test/1" from="bob@im.test/1"/>')
  expect(s.carol.received()).toEqual([])

  s.alice.disconnect()
  expect((await s.bob.next(isUnavailable)).attrs['from']).toBe('alice@im.test/1')
})

test('who joins a unit appears at once, and who leaves it is gone at once (RFC 6121 §2.1.6)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const admin = administratorOf(s.server)
  await addUnit(s.server, 'sales', ['alice'])
  await online(s.alice)
  await online(s.bob)

  await admin('addUnitMembers', { name: 'sales' }, { members: ['bob'] })
  const push = await s.alice.next(isPush)
  expect(push.toString()).toContain('<item jid="bob@im.test" subscription="both"><group>Sales</group></item>')
  expect(push.attrs['from']).toBeUndefined()
  await s.bob.next(isPush)
  await s.alice.next((element) => element.name === 'presence' && element.attrs['from'] === 'bob@im.test/1')
  await s.bob.next((element) => element.name === 'presence' && element.attrs['from'] === 'alice@im.test/1')
  s.alice.received()
  s.bob.received()

  await admin('removeUnitMember', { name: 'sales', account: 'bob' })
  expect((await s.alice.next(isPush)).toString()).toContain('<item jid="bob@im.test" subscription="remove"/>')
  expect((await s.alice.next(isUnavailable)).attrs['from']).toBe('bob@im.test/1')
  expect((await s.bob.next(isUnavailable)).attrs['from']).toBe('alice@im.test/1')
})

test('the version names the units, too: who has it gets nothing, who has an older one gets all (RFC 6121 §2.6)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await addUnit(s.server, 'sales', ['alice', 'bob'])
  const first = await online(s.alice)
  expect(first).toMatch(/^0\.[\w-]{16}$/)
  expect((await s.alice.ask('get', get(first))).getChild('query')).toBeUndefined()

  // A change of her own comes as a push that says both, and on its own to a client that missed it.
  await s.alice.ask('set', set('<item jid="dave@im.test"/>'))
  const second = versionOf(await s.alice.next(isPush))
  expect(second).toBe(first.replace('0.', '1.'))
  s.alice.received()
  expect((await s.alice.ask('get', get(first))).getChild('query')).toBeUndefined()
  expect(versionOf(await s.alice.next(isPush))).toBe(second)

  await administratorOf(s.server)('addUnitMembers', { name: 'sales' }, { members: ['carol'] })
  const third = await s.alice.ask('get', get(second))
  expect(items(third)).toHaveLength(3)
  expect(versionOf(third)).not.toBe(second)
})

test('a client that loses its connection amid the pushes of a unit gets the whole roster (RFC 6121 §2.6.2)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await addUnit(s.server, 'sales', ['bob', 'carol'])
  await online(s.alice)
  await administratorOf(s.server)('addUnitMembers', { name: 'sales' }, { members: ['alice'] })
  await s.alice.next((element) => isPush(element) && !versionOf(element).includes('~'))

  const versions = s.alice.received().flatMap((text) => /ver="([^"]*)"/.exec(text)?.[1] ?? [])
  expect(versions).toEqual([expect.stringMatching(/~$/), expect.stringMatching(/^0\.[\w-]{16}$/)])
  expect(items(await s.alice.ask('get', get(versions[0] ?? '')))).toHaveLength(2)
  expect((await s.alice.ask('get', get(versions[1] ?? ''))).getChild('query')).toBeUndefined()
})

test('her own name and groups for a colleague stay hers, beside the unit’s (RFC 6121 §2.4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await addUnit(s.server, 'sales', ['alice', 'bob'])
  await online(s.alice)

  // As clients do it: with the group that came from the unit.
  await s.alice.ask('set', set('<item jid="bob@im.test" name="Bobby"><group>Sales</group><group>Band</group></item>'))
  const item = '<item jid="bob@im.test" name="Bobby" subscription="both"><group>Band</group><group>Sales</group></item>'
  expect((await s.alice.next(isPush)).toString()).toContain(item)

  await administratorOf(s.server)('deleteUnit', { name: 'sales' })
  expect(items(await s.alice.ask('get', GET))).toEqual([
    '<item jid="bob@im.test" name="Bobby" subscription="none"><group>Band</group></item>',
  ])
})

test('nobody removes a colleague from the own list, and asking or ending is settled already (RFC 6121 §3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await addUnit(s.server, 'sales', ['alice', 'bob'])
  await online(s.alice)
  await online(s.bob)

  const refused = await s.alice.ask('set', set('<item jid="bob@im.test" subscription="remove"/>'))
  expect(refused.toString()).toContain('<not-allowed ')
  expect(refused.toString()).toContain('Sales')
  s.alice.received()

  await s.alice.send('<presence type="subscribe" to="bob@im.test"/>')
  expect(s.alice.received()).toEqual(['<presence type="subscribed" from="bob@im.test" to="alice@im.test"/>'])
  await s.alice.send('<presence type="unsubscribed" to="bob@im.test"/>')
  await s.alice.send('<presence type="unsubscribe" to="bob@im.test"/>')
  await s.alice.send('<presence><status>still here</status></presence>')
  expect(s.bob.received()).toEqual([
    '<presence to="bob@im.test" from="alice@im.test/1"><status>still here</status></presence>',
  ])
})

test('everybody sees a unit that is for everybody; its members see each other only', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await addUnit(s.server, 'desk', ['bob', 'carol'], { roster: 'everybody' })
  await online(s.alice)

  expect(items(await s.alice.ask('get', GET))).toEqual([
    '<item jid="bob@im.test" subscription="to"><group>Desk</group></item>',
    '<item jid="carol@im.test" subscription="to"><group>Desk</group></item>',
  ])
  expect(items(await s.bob.ask('get', GET))).toEqual([
    '<item jid="carol@im.test" subscription="both"><group>Desk</group></item>',
  ])
  await s.bob.available()
  await s.alice.next((element) => element.attrs['from'] === 'bob@im.test/1')
  s.bob.received()
  await s.alice.send('<presence><status>for nobody at the desk</status></presence>')
  expect(s.bob.received()).toEqual([])
})

test('a unit for nobody puts nobody anywhere, and a setting takes effect at once', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await addUnit(s.server, 'board', ['alice', 'bob'], { roster: 'nobody' })
  await online(s.alice)
  await online(s.bob)
  expect(items(await s.alice.ask('get', GET))).toEqual([])

  await administratorOf(s.server)('changeUnit', { name: 'board' }, { roster: 'members', displayName: 'The Board' })
  expect((await s.alice.next(isPush)).toString()).toContain('<group>The Board</group>')
})

test('a new name of the company’s shows in the lists of colleagues, and changes their version', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await addUnit(s.server, 'sales', ['alice', 'bob'])
  const before = await online(s.alice)
  await administratorOf(s.server)('setDisplayName', { name: 'bob' }, { displayName: 'Bob the 2nd' })
  const push = await s.alice.next(isPush)
  expect(push.toString()).toContain('name="Bob the 2nd"')
  expect(versionOf(push)).not.toBe(before)
})

test('an account that is deleted leaves its units, and a later one of its name is in none', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await addUnit(s.server, 'sales', ['alice', 'bob'])
  await online(s.alice)
  const admin = administratorOf(s.server)
  await admin('deleteAccount', { name: 'bob' })
  expect((await s.alice.next(isPush)).toString()).toContain('<item jid="bob@im.test" subscription="remove"/>')
  await s.addAccount('bob')
  expect(items(await s.alice.ask('get', GET))).toEqual([])
})

test('what units say is the same after a restart: the stamp depends on nothing but the content', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await addUnit(s.server, 'sales', ['alice', 'bob'])
  const stamp = s.server.ctx.units.stamp('alice@im.test')
  await administratorOf(s.server)('removeUnitMember', { name: 'sales', account: 'bob' })
  expect(s.server.ctx.units.stamp('alice@im.test')).not.toBe(stamp)
  await administratorOf(s.server)('addUnitMembers', { name: 'sales' }, { members: ['bob'] })
  expect(s.server.ctx.units.stamp('alice@im.test')).toBe(stamp)
})

test('SP-12 units let see, and only them: a stranger’s probe is answered by nothing (RFC 6121 §4.3.2)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await addUnit(s.server, 'sales', ['alice', 'bob'])
  await online(s.alice)
  await online(s.carol)
  await s.carol.send('<presence type="probe" to="alice@im.test"/>')
  expect(s.carol.received()).toEqual([])
  await s.bob.send('<presence type="probe" to="alice@im.test"/>')
  expect(s.bob.received()).toEqual(['<presence to="bob@im.test/1" from="alice@im.test/1"/>'])
})
