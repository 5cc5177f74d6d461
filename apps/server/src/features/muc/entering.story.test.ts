// XEP-0045 §7.1 to §7.3, §7.14, §10.1: what happens to people who enter and leave.
import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'
import {
  accept,
  change,
  conditionOf,
  configure,
  enter,
  HALL,
  hall,
  presences,
  refusalOf,
  roomOf,
} from '../../../test/rooms.ts'

const join = (nick: string, inside = '') =>
  `<presence to="${HALL}/${nick}"><x xmlns="http://jabber.org/protocol/muc">${inside}</x></presence>`

test('a new room says that it is new, and nobody else gets in before it is configured (XEP-0045 §10.1.1, §10.1.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const self = await enter(s.alice, HALL, 'Alice')
  expect(roomOf(self)).toMatchObject({ affiliation: 'owner', role: 'moderator', codes: ['110', '170', '201'] })
  expect(await refusalOf(s.bob, join('Bob'))).toBe('item-not-found')
  await accept(s.alice, HALL)
  expect(roomOf(await enter(s.bob, HALL, 'Bob'))).toMatchObject({ affiliation: 'none', role: 'participant' })
})

test('canceling the first configuration takes the room away again (XEP-0045 §10.1.3)', async () => {
  await using s = await story({ alice: 1 })
  await enter(s.alice, HALL, 'Alice')
  const cancel = '<query xmlns="http://jabber.org/protocol/muc#owner"><x xmlns="jabber:x:data" type="cancel"/></query>'
  await s.alice.ask('set', cancel, HALL)
  const gone = await s.alice.next(({ attrs }) => attrs['type'] === 'unavailable')
  expect(gone.getChild('x')?.getChild('destroy')).toBeDefined()
  expect(conditionOf(await s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', HALL))).toBe(
    'item-not-found',
  )
})

test('a room that nobody configured is gone when its maker leaves (XEP-0045 §10.1.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await enter(s.alice, HALL, 'Alice')
  await s.alice.send(`<presence to="${HALL}/Alice" type="unavailable"/>`)
  expect(roomOf(await enter(s.bob, HALL, 'Bob'))).toMatchObject({ affiliation: 'owner' })
})

test('people who enter see who is there, themselves last, then what was said, then the subject (XEP-0045 §7.2.2, §7.2.13, §7.2.15)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice])
  await s.alice.send(`<message type="groupchat" to="${HALL}" id="m1"><body>hello</body></message>`)
  await enter(s.bob, HALL, 'Bob')
  const received = s.bob.received()
  expect(received.map((text) => /from="([^"]*)"/.exec(text)?.[1])).toEqual([
    `${HALL}/Alice`,
    `${HALL}/Bob`,
    `${HALL}/Alice`,
    HALL,
  ])
  expect(received[1]).toContain('<status code="110"/>')
  expect(received[2]).toContain('<body>hello</body>')
  expect(received[2]).toContain(`<delay xmlns="urn:xmpp:delay" from="${HALL}"`)
  expect(received[3]).toContain('<subject/>')
  expect(presences(s.alice).at(-1)).toMatchObject({ from: `${HALL}/Bob`, role: 'participant', codes: [] })
})

test('an empty subject is sent, too, and it is the last of what entering brings (XEP-0045 §7.2.15)', async () => {
  await using s = await story({ alice: 1 })
  await enter(s.alice, HALL, 'Alice')
  expect(s.alice.received().at(-1)).toContain('type="groupchat" from="hall@rooms.im.test"><subject/></message>')
})

test('whoever enters without a nick learns that one is missing (XEP-0045 §7.2.1)', async () => {
  await using s = await story({ alice: 1 })
  expect(
    await refusalOf(s.alice, `<presence to="${HALL}"><x xmlns="http://jabber.org/protocol/muc"/></presence>`),
  ).toBe('jid-malformed')
})

test('a presence that does not ask to enter makes nobody enter (XEP-0410 §3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice])
  expect(await refusalOf(s.bob, `<presence to="${HALL}/Bob"/>`)).toBe('not-acceptable')
  expect(presences(s.alice)).toEqual([])
})

test('where everybody sees who is who, those who enter are told so (XEP-0045 §7.2.3)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob], { whois: 'anyone' })
  const self = await enter(s.carol, HALL, 'Carol')
  expect(roomOf(self).codes).toEqual(['100', '110', '170'])
  expect(presences(s.carol).map(({ jid }) => jid)).toEqual(['alice@im.test/1', 'bob@im.test/1', 'carol@im.test/1'])
})

test('only moderators see real addresses where the others must not (XEP-0045 §7.2.4)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob])
  const self = await enter(s.carol, HALL, 'Carol')
  expect(roomOf(self).codes).not.toContain('100')
  expect(presences(s.carol).map(({ jid }) => jid)).toEqual([undefined, undefined, 'carol@im.test/1'])
  expect(presences(s.bob).map(({ jid }) => jid)).toEqual([undefined])
  expect(presences(s.alice).map(({ jid }) => jid)).toEqual(['carol@im.test/1'])
})

test('a password is asked for, and the right one opens (XEP-0045 §7.2.5)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice], { passwordprotectedroom: '1', roomsecret: 'sesame' })
  expect(await refusalOf(s.bob, join('Bob'))).toBe('not-authorized')
  expect(await refusalOf(s.bob, join('Bob', '<password>wrong</password>'))).toBe('not-authorized')
  await enter(s.bob, HALL, 'Bob', '<password>sesame</password>')
})

test('a room for members lets members in and asks the others to register (XEP-0045 §7.2.6)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice], { membersonly: '1' })
  expect(await refusalOf(s.bob, join('Bob'))).toBe('registration-required')
  await change(s.alice, '<item affiliation="member" jid="bob@im.test"/>')
  expect(roomOf(await enter(s.bob, HALL, 'Bob'))).toMatchObject({ affiliation: 'member', role: 'participant' })
})

test('MU-08: whoever is banned gets in by no nick and by no device (XEP-0045 §7.2.7)', async () => {
  await using s = await story({ alice: 1, bob: 2 })
  await hall([s.alice])
  await change(s.alice, '<item affiliation="outcast" jid="bob@im.test"/>')
  expect(await refusalOf(s.bob, join('Bob'))).toBe('forbidden')
  expect(await refusalOf(s.bob, join('Somebody'))).toBe('forbidden')
  expect(await refusalOf(s.device('bob', 2), join('Bob'))).toBe('forbidden')
})

test('a full room says that it is full, but lets its admins in (XEP-0045 §7.2.9)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1, dave: 1 })
  await hall([s.alice, s.bob], { maxusers: '2' })
  expect(await refusalOf(s.carol, join('Carol'))).toBe('service-unavailable')
  await change(s.alice, '<item affiliation="admin" jid="dave@im.test"/>')
  await enter(s.dave, HALL, 'Dave')
})

test('two devices of one person share a nick; the second is told the same, and leaving with one is not leaving', async () => {
  await using s = await story({ alice: 1, bob: 2 })
  await hall([s.alice, s.bob])
  const phone = s.device('bob', 2)
  await enter(phone, HALL, 'Bob')
  await s.alice.send(`<message type="groupchat" to="${HALL}" id="m1"><body>both</body></message>`)
  for (const device of [s.bob, phone]) await device.next(({ attrs }) => attrs['id'] === 'm1')
  s.alice.received()
  await s.bob.send(`<presence to="${HALL}/Bob" type="unavailable"/>`)
  expect(presences(s.alice).map(({ type }) => type)).toEqual([undefined])
  await phone.send(`<presence to="${HALL}/Bob" type="unavailable"/>`)
  expect(presences(s.alice).map(({ type }) => type)).toEqual(['unavailable'])
})

test('whoever leaves is told so, and so is everybody else, with the last words (XEP-0045 §7.14)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await s.bob.send(`<presence to="${HALL}/Bob" type="unavailable"><status>lunch</status></presence>`)
  const own = await s.bob.next((e) => e.attrs['type'] === 'unavailable')
  expect(roomOf(own)).toMatchObject({ role: 'none', codes: ['110'] })
  const seen = await s.alice.next((e) => e.attrs['type'] === 'unavailable')
  expect(seen.getChildText('status')).toBe('lunch')
  expect(roomOf(seen).codes).toEqual([])
})

test('whoever goes offline leaves the rooms as well (XEP-0045 §7.14)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await s.bob.available()
  await s.bob.send('<presence type="unavailable"/>')
  expect(presences(s.alice)).toMatchObject([{ from: `${HALL}/Bob`, type: 'unavailable' }])
})

test('MU-09: a session that ends leaves no ghost: the others hear that its connection was lost (XEP-0045 §15.6.2, code 333)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  s.bob.disconnect()
  const gone = await s.alice.next(({ attrs }) => attrs['type'] === 'unavailable')
  expect(roomOf(gone)).toMatchObject({ role: 'none', codes: ['333'] })
  const back = await s.connect('bob', '1')
  expect(roomOf(await enter(back, HALL, 'Bob'))).toMatchObject({ role: 'participant' })
  expect(presences(back).map(({ from }) => from)).toEqual([`${HALL}/Alice`, `${HALL}/Bob`])
})

test('a client that lost its state enters again under its nick and gets everything anew (XEP-0045 §7.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await enter(s.bob, HALL, 'Bob')
  expect(presences(s.bob).map(({ from }) => from)).toEqual([`${HALL}/Alice`, `${HALL}/Bob`])
  expect(s.server.ctx.sessions.size).toBe(2)
})

test('a temporary room ends with its last occupant, a persistent one stays (XEP-0045 §4.2)', async () => {
  await using s = await story({ alice: 1 })
  await hall([s.alice], { persistentroom: '0' })
  await s.alice.send(`<presence to="${HALL}/Alice" type="unavailable"/>`)
  expect(roomOf(await enter(s.alice, HALL, 'Alice')).codes).toContain('201')
  await configure(s.alice, HALL, { persistentroom: '1' })
  await s.alice.send(`<presence to="${HALL}/Alice" type="unavailable"/>`)
  expect(roomOf(await enter(s.alice, HALL, 'Alice')).codes).not.toContain('201')
})

test('where only administrators make rooms, others are told so (XEP-0045 §10.1.1)', async () => {
  await using s = await story({ alice: 1 }, { settings: { limits: { roomCreation: 'admins' } } })
  expect(await refusalOf(s.alice, join('Alice'))).toBe('not-allowed')
})

test('a company whose rooms are for members gets such rooms', async () => {
  await using s = await story({ alice: 1, bob: 1 }, { settings: { limits: { roomProfile: 'members' } } })
  await hall([s.alice])
  expect(await refusalOf(s.bob, join('Bob'))).toBe('registration-required')
  expect(roomOf(await enter(s.alice, HALL, 'Alice')).codes).toContain('100')
})

test('MU-12: one account makes so many rooms and no more', async () => {
  await using s = await story({ alice: 1, bob: 1 }, { settings: { limits: { maxRoomsPerAccount: 2 } } })
  const room = (n: number) =>
    `<presence to="r${n}@rooms.im.test/A"><x xmlns="http://jabber.org/protocol/muc"/></presence>`
  await s.alice.send(room(1))
  await s.alice.send(room(2))
  expect(await refusalOf(s.alice, room(3))).toBe('resource-constraint')
  await enter(s.bob, 'r3@rooms.im.test', 'B')
})

test('who may not enter by the rules of this server is told why, and enters when they are lifted; who is inside stays', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice])
  await s.alice.send(`<message type="groupchat" to="${HALL}"><body>secret</body></message>`)
  const { operations } = s.server.policy
  const { suspension } = await operations.startSuspension('local:cli', {
    scopes: ['service'],
    mode: 'reject',
    reason: 'worm',
  })
  s.bob.received()
  // The room that exists, and one that would be made.
  for (const room of [HALL, 'yard@rooms.im.test']) {
    await s.bob.send(`<presence to="${room}/Bob"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
    const refused = await s.bob.next(({ attrs }) => attrs['type'] === 'error')
    expect(refused.attrs['from']).toBe(`${room}/Bob`)
    expect(refused.getChild('error')?.attrs['type']).toBe('wait')
    expect(conditionOf(refused)).toBe('policy-violation')
    expect(refused.toString()).toContain('suspended by the administrator')
    expect(s.bob.received().join('')).not.toContain('secret')
  }
  await operations.endSuspension('local:cli', suspension.id)
  expect(roomOf(await enter(s.bob, HALL, 'Bob')).codes).not.toContain('201')
  expect(presences(s.bob).map(({ from }) => from)).toContain(`${HALL}/Alice`)
})

test('MU-12: whoever enters rooms again and again is slowed down, others are not, and time makes it good', async () => {
  let now = new Date('2026-11-23T04:00:00Z')
  await using s = await story({ alice: 1, bob: 1 }, { now: () => now })
  await hall([s.alice])
  const leave = (nick: string) => `<presence to="${HALL}/${nick}" type="unavailable"/>`
  let entered = 0
  let refusal: string | undefined
  while (refusal === undefined && entered < 1_000) {
    s.bob.received()
    await s.bob.send(join('Bob'))
    const answer = await s.bob.next(({ attrs }) => attrs['from'] === `${HALL}/Bob`)
    if (answer.attrs['type'] === 'error') refusal = conditionOf(answer)
    else {
      entered++
      await s.bob.send(leave('Bob'))
    }
  }
  expect({ entered, refusal }).toEqual({ entered: 300, refusal: 'resource-constraint' })
  await s.alice.send(leave('Alice'))
  await enter(s.alice, HALL, 'Alice')
  now = new Date(now.getTime() + 1_000)
  await enter(s.bob, HALL, 'Bob')
})

test('MU-12 room-flood: a thousand enter one room at once, and 99 of 100 are in after three seconds of work', async () => {
  const [people, devicesEach] = [10, 100]
  await using s = await story({ alice: 1 }, { settings: { stream: { maxSessionsPerAccount: devicesEach } } })
  await hall([s.alice], { maxhistoryfetch: '0' })
  const devices: Device[] = []
  for (let n = 0; n < people * devicesEach; n++) devices.push(await s.connect(`p${n % people}`, `d${n}`))
  // The work of this process, both ends of each connection included: what else the machine does is not the room's.
  const startedAt = process.cpuUsage()
  const tookMs = await Promise.all(
    devices.map(async (device, n) => {
      await device.send(`<presence to="${HALL}/N${n}"><x xmlns="http://jabber.org/protocol/muc"/></presence>`)
      const self = `from="${HALL}/N${n}"`
      expect(device.received().some((text) => text.includes(self) && text.includes('code="110"'))).toBe(true)
      const { user, system } = process.cpuUsage(startedAt)
      return (user + system) / 1_000
    }),
  )
  expect(tookMs.toSorted((a, b) => a - b)[Math.floor(0.99 * tookMs.length)]).toBeLessThan(3_000)
})
