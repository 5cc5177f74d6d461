// XEP-0463: who is on the lists of a room, told to whoever enters, and afterwards only what has changed.
import { C2S_LIMITS, NS_MUC_AFFILIATIONS, NS_MUC_USER, parseElement } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { testDatabase } from '@drawbridge/testkit'
import { expect, test } from 'vitest'
import { admin, change, conditionOf, configure, enter, HALL, hall } from '../../../test/rooms.ts'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'
import { muc } from './index.ts'
import { LIST_PAGE } from './lists.ts'
import { loadRooms } from './rooms.ts'

/** A room whose people all know each other: who may enter may read the lists. */
const OPEN = { whois: 'anyone' }

interface Told {
  readonly since: string | undefined
  readonly until: string | undefined
  readonly items: readonly string[]
}

const mavOf = (stanza: Element) => stanza.getChild('x', NS_MUC_USER)?.getChild('mav', NS_MUC_AFFILIATIONS)?.attrs

function told(stanza: Element): Told {
  const { since, until } = mavOf(stanza) ?? {}
  const items = stanza.getChild('x', NS_MUC_USER)?.getChildren('item') ?? []
  return { since, until, items: items.map(({ attrs }) => `${attrs['jid']?.split('@')[0]} ${attrs['affiliation']}`) }
}

interface Entered {
  /** What came before one's own presence, in its order. */
  readonly before: readonly string[]
  readonly lists: readonly Told[]
  /** The version that one's own presence names. */
  readonly version: string | undefined
}

/** Enters with what is known of the lists, and returns what they are said to be. */
async function enterKnowing(device: Device, since?: string, nick = 'Me'): Promise<Entered> {
  const attr = since === undefined ? '' : ` since="${since}"`
  const lists: Told[] = []
  const before: string[] = []
  device.received()
  const mav = `<mav xmlns="${NS_MUC_AFFILIATIONS}"${attr}/>`
  await device.send(
    `<presence to="${HALL}/${nick}"><x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="0"/>${mav}</x></presence>`,
  )
  for (const stanza of stanzas(device)) {
    const isOwn = stanza.name === 'presence' && stanza.attrs['from'] === `${HALL}/${nick}`
    if (isOwn) return { before, lists, version: mavOf(stanza)?.['until'] }
    before.push(stanza.attrs['type'] === 'error' ? `${stanza.name} ${conditionOf(stanza)}` : stanza.name)
    if (mavOf(stanza)) lists.push(told(stanza))
  }
  throw new Error('not let in')
}

/** What a device got since the last look. */
const stanzas = (device: Device): Element[] =>
  device.received().map((text) => parseElement(text.replace(' ', ' xmlns="jabber:client" '), C2S_LIMITS))

/** The changes of the lists that a device got since the last look. */
const changes = (device: Device) => stanzas(device).filter((stanza) => mavOf(stanza) !== undefined)

const leave = async (device: Device, nick = 'Me') => {
  await device.send(`<presence type="unavailable" to="${HALL}/${nick}"/>`)
  device.received()
}
const make = (affiliation: string, ...names: string[]) =>
  names.map((name) => `<item affiliation="${affiliation}" jid="${name}@im.test"/>`).join('')

test('a room says that its lists have versions (XEP-0463 §4)', async () => {
  await using s = await story({ alice: 1 })
  await hall([s.alice])
  const info = await s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', HALL)
  const features = info.getChild('query')?.getChildren('feature')
  expect(features?.map(({ attrs }) => attrs['var'])).toContain('urn:xmpp:muc:affiliations:1')
})

test('whoever enters and asks gets all lists before any presence, and one version with them (XEP-0463 §5.1, §5.2.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice], OPEN)
  await change(s.alice, make('admin', 'dave') + make('member', 'bob', 'carol'))
  s.alice.received()
  const { before, lists, version } = await enterKnowing(s.bob)
  expect(before).toEqual(['message', 'presence'])
  expect(lists).toEqual([
    {
      since: undefined,
      until: version,
      items: expect.arrayContaining(['alice owner', 'dave admin', 'bob member', 'carol member']),
    },
  ])
  expect(version).toMatch(/./)
  // Nobody else learns what a client has asked for, and who has not asked hears nothing of it.
  expect(s.alice.received().join('')).not.toContain('affiliations:1')
  expect(mavOf(await enter(s.bob, HALL, 'Again'))).toBeUndefined()
})

test('who comes back hears only what has changed since, those who were taken off the lists too (XEP-0463 §5.2.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice], OPEN)
  await change(s.alice, make('member', 'bob', 'carol', 'dave'))
  const first = await enterKnowing(s.bob)
  await leave(s.bob)
  // Nothing has changed: "no message is sent. Instead the version is only indicated in the self-presence."
  expect(await enterKnowing(s.bob, first.version)).toEqual({ before: ['presence'], lists: [], version: first.version })
  await leave(s.bob)
  await change(s.alice, make('none', 'carol') + make('admin', 'erin'))
  await change(s.alice, make('owner', 'erin'))
  const second = await enterKnowing(s.bob, first.version)
  expect(second.lists).toEqual([{ since: first.version, until: second.version, items: ['carol none', 'erin owner'] }])
  expect(second.version).not.toBe(first.version)
})

test('a version that nobody was given is answered with all of the lists, and without a start (XEP-0463 §5.2.1, §6)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice], OPEN)
  await change(s.alice, make('member', 'bob', 'carol'))
  const { version = '' } = await enterKnowing(s.bob)
  await leave(s.bob)
  // Who was here before him is nobody's to guess.
  for (const guess of ['0', '0-', version.replace(/^\d+/, '0'), `0${version}`, `${version}x`, "'; --", 'ruz41312vw']) {
    const { lists } = await enterKnowing(s.bob, guess)
    expect(lists, guess).toMatchObject([{ since: undefined, until: version, items: { length: 3 } }])
    await leave(s.bob)
  }
})

test('each change leads from one version to the next, for people inside and outside alike (XEP-0463 §5.2.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice], OPEN)
  let { version: known } = await enterKnowing(s.bob)
  s.bob.received()
  await change(s.alice, make('member', 'bob', 'carol'))
  await change(s.alice, make('outcast', 'carol'))
  const heard: string[] = []
  for (const stanza of changes(s.bob)) {
    const { since, until, items } = told(stanza)
    heard.push(`${stanza.name} ${items.join()}`)
    expect(since).toBe(known)
    known = until
  }
  expect(heard).toEqual(['presence bob member', 'message carol member', 'message carol none'])
  await leave(s.bob)
  expect((await enterKnowing(s.bob, known)).lists).toEqual([])
})

test('an invitation into a room of members only is a change of its lists, and is told as one (XEP-0463 §5.2.2)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice], { ...OPEN, membersonly: '1' })
  await change(s.alice, make('member', 'bob'))
  const { version } = await enterKnowing(s.bob)
  s.bob.received()
  const invite = '<invite to="carol@im.test"/>'
  await s.alice.send(`<message to="${HALL}"><x xmlns="${NS_MUC_USER}">${invite}</x></message>`)
  const notice = await s.bob.next((element) => mavOf(element) !== undefined)
  expect(told(notice)).toMatchObject({ since: version, items: ['carol member'] })
})

test('who may not read the lists is told so, and enters all the same, without a version (XEP-0463 §5.2.3)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice], { whois: 'moderators' })
  await change(s.alice, make('admin', 'carol') + make('member', 'bob'))
  for (const device of [s.bob, s.carol]) {
    const nick = device === s.bob ? 'Bob' : 'Carol'
    const { before, lists, version } = await enterKnowing(device, undefined, nick)
    expect(before[0]).toBe('message forbidden')
    expect([lists, version]).toEqual([[], undefined])
  }
  // What somebody may do with these lists is what he may do with those of XEP-0045.
  expect(conditionOf(await admin(s.carol, HALL, 'get', '<item affiliation="owner"/>'))).toBe('forbidden')
})

test('who is banned is told to those only who may read the list of bans (XEP-0463 §5.2.3, MU-03)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice], OPEN)
  await change(s.alice, make('member', 'bob', 'carol') + make('outcast', 'mallory'))
  const first = await enterKnowing(s.bob)
  expect(first.lists[0]?.items).toEqual(expect.not.arrayContaining(['mallory outcast']))
  s.bob.received()
  await change(s.alice, make('outcast', 'mordred'))
  await change(s.alice, '<item affiliation="outcast" jid="evil.test"/>')
  await change(s.alice, make('none', 'mordred'))
  await leave(s.bob)
  // What has changed is not for him to see, and "there can be no empty diff".
  const second = await enterKnowing(s.bob, first.version)
  expect(second.lists).toMatchObject([{ since: undefined, until: second.version, items: { length: 3 } }])
  await leave(s.bob)
  await change(s.alice, make('outcast', 'carol'))
  expect((await enterKnowing(s.bob, second.version)).lists).toMatchObject([{ items: ['carol none'] }])
  expect(s.bob.received().join('')).not.toMatch(/mallory|mordred|evil/)
  await leave(s.alice, 'Alice')
  const owners = (await enterKnowing(s.alice, undefined, 'Alice')).lists[0]?.items
  expect(owners).toEqual(expect.arrayContaining(['mallory outcast', 'carol outcast', 'evil.test outcast']))
})

test('who may read more than before, or is on the lists only now, gets all of them (XEP-0463 §6)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice], OPEN)
  await change(s.alice, make('outcast', 'mallory') + make('member', 'carol'))
  const { version } = await enterKnowing(s.bob)
  await leave(s.bob)
  await change(s.alice, make('admin', 'bob'))
  await change(s.alice, make('member', 'dave'))
  const { lists } = await enterKnowing(s.bob, version)
  expect(lists).toMatchObject([{ since: undefined }])
  expect(lists[0]?.items).toEqual(expect.arrayContaining(['mallory outcast', 'bob admin', 'dave member']))
})

test('when the owner lets others read the lists, no earlier version is good for what they could not see (XEP-0463 §6)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice], OPEN)
  const { version } = await enterKnowing(s.bob)
  await leave(s.bob)
  await configure(s.alice, HALL, { whois: 'moderators' })
  await change(s.alice, make('member', 'secret'))
  await change(s.alice, make('none', 'secret'))
  await configure(s.alice, HALL, OPEN)
  const { lists } = await enterKnowing(s.bob, version)
  expect(lists).toMatchObject([{ since: undefined, items: ['alice owner'] }])
})

test('versions outlive the server: who was taken off while a client was away is told after a restart (XEP-0463 §5.2.1)', async () => {
  await using database = await testDatabase()
  let known: string | undefined
  {
    await using s = await story({ alice: 1, bob: 1 }, { database })
    await hall([s.alice], OPEN)
    await change(s.alice, make('member', 'bob', 'carol', 'dave'))
    known = (await enterKnowing(s.bob)).version
    await change(s.alice, make('none', 'carol'))
  }
  await using s = await story({ alice: 1, bob: 1 }, { database })
  const { lists, version } = await enterKnowing(s.bob, known)
  expect(lists).toEqual([{ since: known, until: version, items: ['carol none'] }])
})

test('an account that is deleted is on no list, and in no account of what has changed (XEP-0463 §6, ST-05)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice], OPEN)
  await change(s.alice, make('member', 'bob', 'carol'))
  const { version } = await enterKnowing(s.bob)
  s.bob.received()
  await muc.on?.['account.deleted']?.({ localpart: 'carol' }, s.server.ctx)
  expect(changes(s.bob).map(told)).toMatchObject([{ since: version, items: ['carol none'] }])
  await leave(s.bob)
  for (const restart of [false, true]) {
    if (restart) await loadRooms(s.server.ctx)
    const { lists } = await enterKnowing(s.bob, version)
    expect(lists).toMatchObject([{ since: undefined, items: expect.not.arrayContaining(['carol none']) }])
    if (!restart) await leave(s.bob)
  }
})

test('thousands of members come in messages that follow each other, and a half of them is no version (XEP-0463 §5.2.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice], OPEN)
  await leave(s.alice, 'Alice')
  const names = Array.from({ length: 2 * LIST_PAGE }, (_, n) => `member${n}`)
  await change(s.alice, make('member', ...names))
  const { lists, version } = await enterKnowing(s.bob)
  expect(lists.map(({ items }) => items.length)).toEqual([LIST_PAGE, LIST_PAGE, 1])
  expect(lists[0]?.since).toBeUndefined()
  expect(lists.slice(1).map(({ since }) => since)).toEqual(lists.slice(0, -1).map(({ until }) => until))
  expect(lists.at(-1)?.until).toBe(version)
  await leave(s.bob)
  expect((await enterKnowing(s.bob, lists[0]?.until)).lists[0]?.since).toBeUndefined()
})
