// XEP-0500: a room in which everybody but its admins waits between two messages.
import { expect, test } from 'vitest'
import { change, conditionOf, configure, enter, HALL, hall, roomOf } from '../../../test/rooms.ts'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'

const SLOW = { slow_mode_duration: '20' }
const say = (id: string, inside = `<body>${id}</body>`, to = HALL) =>
  `<message type="groupchat" to="${to}" id="${id}">${inside}</message>`
const withOriginId = (id: string, text: string) => `<body>${text}</body><origin-id xmlns="urn:xmpp:sid:0" id="${id}"/>`

/** A clock that a story sets, in seconds from its start. */
function clock() {
  let nowS = 0
  return { now: () => new Date(Date.UTC(2026, 10, 23) + nowS * 1_000), set: (second: number) => void (nowS = second) }
}

/** Says something and returns what comes back to its author: `said`, or the error. */
async function outcome(device: Device, stanza: string): Promise<string | undefined> {
  device.received()
  await device.send(stanza)
  const id = /id="([^"]*)"/.exec(stanza)?.[1]
  const answer = await device.next(({ name, attrs }) => name === 'message' && attrs['id'] === id)
  return conditionOf(answer) ?? 'said'
}

/** The bodies that the archive of the room has. */
async function recorded(device: Device): Promise<string[]> {
  device.received()
  await device.ask('set', '<query xmlns="urn:xmpp:mam:2"/>', HALL)
  return device.received().flatMap((text) => /<body>([^<]*)/.exec(text)?.[1] ?? [])
}

const field = (answer: string, name: string) => new RegExp(`<field var="${name}"[^>]*>.*?</field>`).exec(answer)?.[0]

test('an owner sets how long people wait, from 0 on, and everybody inside hears that the room has changed (XEP-0500 §5.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  const form = () => s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/muc#owner"/>', HALL)
  expect(field((await form()).toString(), 'muc#roomconfig_slow_mode_duration')).toBe(
    '<field var="muc#roomconfig_slow_mode_duration" type="text-single" label="Seconds to wait between two messages; 0: none">' +
      '<validate xmlns="http://jabber.org/protocol/xdata-validate" datatype="xs:integer"><range min="0" max="86400"/></validate>' +
      '<value>0</value></field>',
  )
  for (const wrong of ['-1', '1.5', 'soon', '', '86401', '99999999999999999999']) {
    expect(conditionOf(await configure(s.alice, HALL, { slow_mode_duration: wrong })), wrong).toBe('not-acceptable')
  }
  s.bob.received()
  expect((await configure(s.alice, HALL, SLOW)).attrs['type']).toBe('result')
  expect(roomOf(await s.bob.next(({ name }) => name === 'message')).codes).toEqual(['104'])
})

test('whoever asks about a room learns how long people wait there (XEP-0500 §5.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice])
  const waits = async () => {
    const info = await s.bob.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', HALL)
    return field(info.toString(), 'muc#roominfo_slow_mode_duration')
  }
  const shown = (value: string) =>
    `<field var="muc#roominfo_slow_mode_duration" type="text-single"><value>${value}</value></field>`
  expect(await waits()).toBe(shown('0'))
  await configure(s.alice, HALL, SLOW)
  expect(await waits()).toBe(shown('20'))
})

test('who speaks again too soon is told how long to wait; nobody hears it, and no record has it (XEP-0500 §6)', async () => {
  const { now, set } = clock()
  await using s = await story({ alice: 1, bob: 1 }, { now })
  await hall([s.alice, s.bob], SLOW)
  expect(await outcome(s.bob, say('b1'))).toBe('said')
  set(15)
  s.alice.received()
  await s.bob.send(say('b2'))
  const error = (await s.bob.next(({ attrs }) => attrs['id'] === 'b2')).getChild('error')
  expect(error?.attrs['type']).toBe('wait')
  expect(error?.getChildElements()[0]?.name).toBe('policy-violation')
  expect(error?.getChildText('text')).toBe(
    'In this room everybody waits 20 seconds between messages. Please send it again in 5 seconds.',
  )
  set(20)
  expect(await outcome(s.bob, say('b3'))).toBe('said')
  expect(s.alice.received().filter((text) => text.includes('<body>b2'))).toEqual([])
  expect(await recorded(s.alice)).toEqual(['b1', 'b3'])
})

test('what has no text is not slowed: chat states, receipts, reactions (XEP-0500 §6)', async () => {
  await using s = await story({ alice: 1, bob: 1 }, { now: clock().now })
  await hall([s.alice, s.bob], SLOW)
  const typing = '<composing xmlns="http://jabber.org/protocol/chatstates"/>'
  const reaction = '<reactions xmlns="urn:xmpp:reactions:0" id="x"><reaction>👋</reaction></reactions>'
  for (const [id, inside] of Object.entries({
    c1: typing,
    r1: reaction,
    b1: '<body>b1</body>',
    c2: typing,
    r2: reaction,
  }))
    expect(await outcome(s.bob, say(id, inside)), id).toBe('said')
  expect(await outcome(s.bob, say('b2'))).toBe('policy-violation')
})

test('admins and owners are never slowed; a moderator who is neither is (XEP-0500 §6)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 }, { now: clock().now })
  await hall([s.alice, s.bob, s.carol], SLOW)
  await change(s.alice, '<item affiliation="admin" jid="bob@im.test"/>')
  await change(s.alice, '<item role="moderator" nick="Carol"/>')
  for (const device of [s.alice, s.bob])
    for (const id of ['m1', 'm2', 'm3']) expect(await outcome(device, say(id))).toBe('said')
  expect(await outcome(s.carol, say('c1'))).toBe('said')
  expect(await outcome(s.carol, say('c2'))).toBe('policy-violation')
  await change(s.alice, '<item affiliation="none" jid="bob@im.test"/>')
  expect(await outcome(s.bob, say('b1'))).toBe('said')
  expect(await outcome(s.bob, say('b2'))).toBe('policy-violation')
})

test('neither a second device, another nick nor leaving and entering again is faster; another room is (XEP-0500 §8)', async () => {
  await using s = await story({ alice: 1, bob: 2 }, { now: clock().now })
  await hall([s.alice, s.bob], SLOW)
  const phone = s.device('bob', 2)
  await enter(phone, HALL, 'Robert')
  expect(await outcome(s.bob, say('b1'))).toBe('said')
  expect(await outcome(phone, say('b2'))).toBe('policy-violation')
  await s.bob.send(`<presence to="${HALL}/Bob" type="unavailable"/>`)
  await enter(s.bob, HALL, 'Bobby')
  expect(await outcome(s.bob, say('b3'))).toBe('policy-violation')
  const yard = 'yard@rooms.im.test'
  await enter(s.alice, yard, 'Alice')
  await configure(s.alice, yard, SLOW)
  await enter(s.bob, yard, 'Bob')
  expect(await outcome(s.bob, say('b4', '<body>b4</body>', yard))).toBe('said')
})

test('messages that were sent all at once are no faster: one of them is let through (XEP-0500 §6)', async () => {
  await using s = await story({ alice: 1, bob: 1 }, { now: clock().now })
  await hall([s.alice, s.bob], SLOW)
  await Promise.all(['b1', 'b2', 'b3'].map((id) => s.bob.send(say(id))))
  expect(await recorded(s.alice)).toEqual(['b1'])
})

test('a message that is sent again, since its author lost the connection, is no second one; another text under its id is (XEP-0500 §6)', async () => {
  await using s = await story({ alice: 1, bob: 1 }, { now: clock().now })
  await hall([s.alice, s.bob], SLOW)
  expect(await outcome(s.bob, say('b1', withOriginId('o1', 'hello')))).toBe('said')
  s.bob.received()
  await s.bob.send(say('b1', withOriginId('o1', 'hello')))
  expect(s.bob.received().filter((text) => text.includes('type="error"'))).toEqual([])
  expect(await outcome(s.bob, say('b2', withOriginId('o1', 'more')))).toBe('policy-violation')
  expect(await recorded(s.alice)).toEqual(['hello'])
})

test('a room is as slow as it is now: when its owner lets go, nobody waits any longer (XEP-0500 §5.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 }, { now: clock().now })
  await hall([s.alice, s.bob], SLOW)
  expect(await outcome(s.bob, say('b1'))).toBe('said')
  expect(await outcome(s.bob, say('b2'))).toBe('policy-violation')
  await configure(s.alice, HALL, { slow_mode_duration: '0' })
  expect(await outcome(s.bob, say('b3'))).toBe('said')
})
