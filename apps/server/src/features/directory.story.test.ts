import { testDatabase } from '@drawbridge/testkit'
import { buildSearch, buildRsmRequest, NS_SEARCH, parseRsmResult, parseSearchResult } from '@drawbridge/xmpp'
import type { Element, Search } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { addUnit, administratorOf } from '../../test/people.ts'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'

const GET = `<query xmlns="${NS_SEARCH}"/>`
const legacy = (fields: string) => `<query xmlns="${NS_SEARCH}">${fields}</query>`

async function search(device: Device, wanted: Search, set?: Element) {
  const answer = await device.ask('set', buildSearch(wanted, set).toString(), 'im.test')
  const query = answer.getChild('query', NS_SEARCH)
  if (!query) throw new Error(answer.toString())
  return query
}

const find = async (device: Device, wanted: Search) =>
  parseSearchResult(await search(device, wanted)).map(({ jid }) => jid)

async function named(names: Readonly<Record<string, string>>) {
  const s = await story({ alice: 1, bob: 1, carol: 1 })
  const admin = administratorOf(s.server)
  for (const [name, displayName] of Object.entries(names)) await admin('setDisplayName', { name }, { displayName })
  return s
}

test('the server says what can be searched for, in plain fields and as a form (XEP-0055 §2.1, §3)', async () => {
  await using s = await named({})
  await addUnit(s.server, 'sales', ['bob'])
  const query = (await s.alice.ask('get', GET, 'im.test')).getChild('query', NS_SEARCH)
  expect(query?.getChildElements().map(({ name }) => name)).toEqual(['instructions', 'first', 'last', 'nick', 'x'])
  const text = query?.toString()
  expect(text).toContain('<field var="FORM_TYPE" type="hidden"><value>jabber:iq:search</value></field>')
  expect(text).toContain('<field var="unit" type="list-single" label="Unit"><option label="Sales"><value>sales</value>')
})

test('clients find the directory by its identity and feature (XEP-0055 §3, XEP-0030 §3.1)', async () => {
  await using s = await named({})
  const info = await s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', 'im.test')
  expect(info.toString()).toContain('<identity category="directory" type="user" name="People"/>')
  expect(info.toString()).toContain('<feature var="jabber:iq:search"/>')
})

test('people are found by the beginnings of the words of their names, without case and accents', async () => {
  await using s = await named({ bob: 'Bob Müller-Lüdenscheidt', carol: 'Carol Miller' })
  expect(await find(s.alice, { name: 'mul' })).toEqual(['bob@im.test'])
  expect(await find(s.alice, { name: 'LUDEN bo' })).toEqual(['bob@im.test'])
  expect(await find(s.alice, { name: 'm' })).toEqual(['bob@im.test', 'carol@im.test'])
  expect(await find(s.alice, { name: 'iller' })).toEqual([])
  expect(await find(s.alice, { name: 'caro' })).toEqual(['carol@im.test'])
  expect(await find(s.alice, { nick: 'car' })).toEqual(['carol@im.test'])
})

test('a row has the address, the name and the units, as a table (XEP-0055 §3)', async () => {
  await using s = await named({ bob: 'Bob <Builder> & Sons' })
  await addUnit(s.server, 'sales', ['bob'])
  const query = await search(s.alice, { name: 'bob' })
  expect(query.getChild('x')?.getChild('reported')?.getChildren('field')).toHaveLength(4)
  expect(parseSearchResult(query)).toEqual([
    { jid: 'bob@im.test', name: 'Bob <Builder> & Sons', nick: 'bob', units: ['Sales'] },
  ])
})

test('an old client without forms asks and is answered in plain fields (XEP-0055 §2.1)', async () => {
  await using s = await named({ bob: 'Bob Builder' })
  const answer = await s.alice.ask('set', legacy('<last>Builder</last><first>Bob</first>'), 'im.test')
  expect(answer.getChild('query')?.toString()).toContain(
    '<item jid="bob@im.test"><first>Bob Builder</first><last/><nick>bob</nick><email/></item>',
  )
})

test('when nobody matches, the answer is an empty query (XEP-0055 §2.1)', async () => {
  await using s = await named({})
  expect((await search(s.alice, { name: 'zoe' })).children).toEqual([])
  expect((await s.alice.ask('set', legacy('<nick>zoe</nick>'), 'im.test')).getChild('query')?.children).toEqual([])
})

test('a search for nothing in particular is no search', async () => {
  await using s = await named({})
  expect((await s.alice.ask('set', legacy(''), 'im.test')).toString()).toContain('<bad-request ')
})

test('long lists come in pages, with the number of all (XEP-0059 §2.1)', async () => {
  await using s = await named({})
  for (let n = 10; n < 70; n++) await s.addAccount(`user${n}`)
  const first = await search(s.alice, { nick: 'user' })
  expect(parseSearchResult(first)).toHaveLength(50)
  expect(parseRsmResult(first)).toMatchObject({ count: 60, last: 'user59@im.test' })
  const rest = await search(s.alice, { nick: 'user' }, buildRsmRequest({ max: 1_000_000, after: 'user59@im.test' }))
  expect(parseSearchResult(rest).map(({ nick }) => nick)).toEqual(Array.from({ length: 10 }, (_, n) => `user${60 + n}`))
})

test('the company’s name counts; whoever has none is found by the name in the vCard (XEP-0054 §3.1)', async () => {
  await using s = await named({ carol: 'Carol Miller' })
  const vcard = (name: string) => `<vCard xmlns="vcard-temp"><FN>${name}</FN><NICKNAME>nick</NICKNAME></vCard>`
  await s.bob.ask('set', vcard('Robert &amp; Co'))
  await s.carol.ask('set', vcard('The Boss'))
  const rows = parseSearchResult(await search(s.alice, { name: 'robert' }))
  expect(rows).toEqual([{ jid: 'bob@im.test', name: 'Robert & Co', nick: 'bob', units: [] }])
  expect(await find(s.alice, { name: 'boss' })).toEqual([])
})

test('a server whose people have vCards starts again, and finds them by the names in there', async () => {
  await using database = await testDatabase()
  {
    await using s = await story({ alice: 1, bob: 1, carol: 1 }, { database })
    const vcard = (content: string) => `<vCard xmlns="vcard-temp">${content}</vCard>`
    await s.bob.ask('set', vcard('<FN>Robert &amp; Co</FN>'))
    await s.carol.ask('set', vcard(`<NICKNAME>Boss</NICKNAME><DESC>${'Long. '.repeat(150)}</DESC>`))
  }
  await using s = await story({ alice: 1 }, { database })
  expect(parseSearchResult(await search(s.alice, { name: 'robert' }))[0]?.name).toBe('Robert & Co')
  expect(await find(s.alice, { name: 'boss' })).toEqual(['carol@im.test'])
})

test('people are found by their unit, and whoever is disabled is not found', async () => {
  await using s = await named({})
  await addUnit(s.server, 'sales', ['bob', 'carol'])
  expect(await find(s.alice, { unit: 'sales' })).toEqual(['bob@im.test', 'carol@im.test'])
  expect(await find(s.alice, { unit: 'Sal', nick: 'c' })).toEqual(['carol@im.test'])
  await administratorOf(s.server)('disableAccount', { name: 'carol' })
  expect(await find(s.alice, { unit: 'sales' })).toEqual(['bob@im.test'])
})

test('SP-18 who is outside a unit that keeps to itself gets no rows of it, and no name of it either', async () => {
  await using s = await named({ bob: 'Bob Board', carol: 'Carol Board' })
  await addUnit(s.server, 'board', ['bob', 'carol'], { directory: 'members', roster: 'nobody' })
  await addUnit(s.server, 'berlin', ['alice', 'bob', 'carol'].slice(1), { roster: 'nobody' })

  expect(await find(s.alice, { name: 'board' })).toEqual([])
  expect(await find(s.alice, { unit: 'berlin' })).toEqual([])
  expect(await find(s.alice, { unit: 'board' })).toEqual([])
  expect((await s.alice.ask('get', GET, 'im.test')).toString()).not.toContain('board')
  // The same search by somebody inside.
  expect(await find(s.bob, { name: 'board' })).toEqual(['bob@im.test', 'carol@im.test'])
  expect((await s.bob.ask('get', GET, 'im.test')).toString()).toContain('board')
  // Colleagues of another unit find each other there, but not what else they are in.
  await administratorOf(s.server)('addUnitMembers', { name: 'berlin' }, { members: ['alice'] })
  expect(parseSearchResult(await search(s.alice, { name: 'carol' }))).toEqual([
    { jid: 'carol@im.test', name: 'Carol Board', nick: 'carol', units: ['Berlin'] },
  ])
})

test('SP-18 whoever searches as a program would has to wait', async () => {
  await using s = await story({ alice: 1 }, { now: () => new Date('2026-11-23T04:00:00Z') })
  for (let n = 0; n < 20; n++) await find(s.alice, { nick: 'a' })
  const refused = await s.alice.ask('set', legacy('<nick>a</nick>'), 'im.test')
  expect(refused.toString()).toContain('<resource-constraint ')
})
