// XEP-0045 §7.2.13, §7.4, §7.5, §8.1: what people say in a room, and what is kept of it.
import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'
import { change, conditionOf, configure, enter, HALL, hall, refusalOf } from '../../../test/rooms.ts'

const say = (id: string, body = id, inside = '') =>
  `<message type="groupchat" to="${HALL}" id="${id}"><body>${body}</body>${inside}</message>`

const whisper = (nick: string, id: string, inside = '') =>
  `<message type="chat" to="${HALL}/${nick}" id="${id}"><body>${id}</body>${inside}</message>`

/** The bodies of the messages that a device got since the last look. */
const bodies = (device: Device) =>
  device.received().flatMap((text) => (text.startsWith('<message') ? (/<body>([^<]*)/.exec(text)?.[1] ?? []) : []))

/** The ids and bodies in an archive, oldest first. */
async function archived(device: Device, owner?: string): Promise<string[]> {
  device.received()
  await device.ask('set', '<query xmlns="urn:xmpp:mam:2"/>', owner)
  return device.received().filter((text) => text.includes('<result'))
}

test('what somebody says reaches everybody, its author too, under its own id and with one id of the room (XEP-0045 §7.4, XEP-0359 §3.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await s.bob.send(say('b1', 'hi all'))
  const [atAlice, atBob] = [s.alice, s.bob].map((device) => device.next(({ attrs }) => attrs['id'] === 'b1'))
  const stanzaId = (await atAlice!).getChild('stanza-id')?.attrs
  expect(stanzaId).toMatchObject({ by: HALL })
  expect((await atBob!).getChild('stanza-id')?.attrs).toEqual(stanzaId)
  expect((await atAlice!).attrs).toMatchObject({ from: `${HALL}/Bob`, to: s.alice.jid, type: 'groupchat' })
  const [result] = await archived(s.alice, HALL)
  expect(result).toContain(`<result xmlns="urn:xmpp:mam:2" id="${stanzaId?.['id']}"`)
})

test('messages keep the order in which the room took them, for everybody', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await Promise.all([
    ...['a1', 'a2', 'a3'].map((id) => s.alice.send(say(id))),
    ...['b1', 'b2', 'b3'].map((id) => s.bob.send(say(id))),
  ])
  const atAlice = bodies(s.alice)
  expect(atAlice.toSorted()).toEqual(['a1', 'a2', 'a3', 'b1', 'b2', 'b3'])
  expect(bodies(s.bob)).toEqual(atAlice)
  expect((await archived(s.bob, HALL)).map((text) => /<body>([^<]*)/.exec(text)?.[1])).toEqual(atAlice)
})

test('a message of another type to a room is no message to it (XEP-0045 §7.4)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob])
  expect(await refusalOf(s.bob, `<message type="chat" to="${HALL}"><body>x</body></message>`)).toBe('bad-request')
  // Whoever is not inside cannot say anything there.
  expect(await refusalOf(s.carol, say('c1'))).toBe('not-acceptable')
  expect(await refusalOf(s.carol, whisper('Bob', 'c2'))).toBe('not-acceptable')
  expect(await refusalOf(s.carol, `<message type="groupchat" to="none@rooms.im.test"><body>x</body></message>`)).toBe(
    'item-not-found',
  )
})

test('MU-10: visitors of a moderated room do not speak, whisper where that is off, or change the subject (XEP-0045 §7.4, §7.5, §8.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob], { moderatedroom: '1', allowpm: 'participants' })
  const subject = `<message type="groupchat" to="${HALL}"><subject>Mine</subject></message>`
  expect(await refusalOf(s.bob, say('b1'))).toBe('forbidden')
  expect(await refusalOf(s.bob, whisper('Alice', 'b2'))).toBe('forbidden')
  expect(await refusalOf(s.bob, subject)).toBe('forbidden')
  await change(s.alice, '<item role="participant" nick="Bob"/>')
  s.alice.received()
  await s.bob.send(say('b3'))
  await s.bob.send(whisper('Alice', 'b4'))
  expect(bodies(s.alice)).toEqual(['b3', 'b4'])
  expect(await refusalOf(s.bob, subject)).toBe('forbidden')
  await configure(s.alice, HALL, { changesubject: '1' })
  s.alice.received()
  await s.bob.send(subject)
  expect((await s.alice.next(({ name }) => name === 'message')).getChildText('subject')).toBe('Mine')
})

test('the subject is told to whoever enters later, by whom and since when (XEP-0045 §7.2.15, §8.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice])
  await s.alice.send(`<message type="groupchat" to="${HALL}"><subject>Fire &amp; ice</subject></message>`)
  await enter(s.bob, HALL, 'Bob')
  const last = s.bob.received().at(-1)
  expect(last).toContain('<subject>Fire &amp; ice</subject><delay xmlns="urn:xmpp:delay" from="hall@rooms.im.test"')
  expect(last).toContain(`from="${HALL}/Alice"`)
})

test('a private message goes to one person, and says that it came through the room (XEP-0045 §7.5)', async () => {
  await using s = await story({ alice: 1, bob: 2, carol: 1 })
  await hall([s.alice, s.bob, s.carol])
  await enter(s.device('bob', 2), HALL, 'Bob')
  await s.alice.send(whisper('Bob', 'w1'))
  for (const device of [s.bob, s.device('bob', 2)]) {
    const got = await device.next(({ attrs }) => attrs['id'] === 'w1')
    expect(got.attrs).toMatchObject({ from: `${HALL}/Alice`, to: device.jid, type: 'chat' })
    expect(got.getChild('x', 'http://jabber.org/protocol/muc#user')).toBeDefined()
  }
  expect(bodies(s.carol)).toEqual([])
  expect(await refusalOf(s.alice, whisper('Nobody', 'w2'))).toBe('item-not-found')
  const wrong = whisper('Bob', 'w3').replace('type="chat"', 'type="groupchat"')
  expect(await refusalOf(s.alice, wrong)).toBe('bad-request')
})

test('a private message is in both archives, and in neither who is behind the other nick (XEP-0045 §7.5, MU-05)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob, s.carol])
  await s.bob.send(whisper('Carol', 'w1'))
  const [sent] = await archived(s.bob)
  expect(sent).toContain(`from="bob@im.test" to="${HALL}/Carol"`)
  expect(sent).not.toContain('carol@im.test')
  const [got] = await archived(s.carol)
  expect(got).toContain(`from="${HALL}/Bob" to="carol@im.test"`)
  expect(got).not.toContain('bob@im.test')
  expect(await archived(s.carol, HALL)).toEqual([])
})

test('how much of the past whoever enters gets is for the client to say (XEP-0045 §7.2.14)', async () => {
  let now = new Date('2026-11-23T04:00:00Z')
  await using s = await story({ alice: 1, bob: 1 }, { now: () => now })
  await hall([s.alice])
  for (const id of ['m1', 'm2', 'm3', 'm4']) {
    await s.alice.send(say(id))
    now = new Date(now.getTime() + 60_000)
  }
  const history = async (attributes: string) => {
    await enter(s.bob, HALL, 'Bob', `<history ${attributes}/>`)
    return bodies(s.bob)
  }
  expect(await history('')).toEqual(['m1', 'm2', 'm3', 'm4'])
  expect(await history('maxstanzas="2"')).toEqual(['m3', 'm4'])
  expect(await history('maxstanzas="0"')).toEqual([])
  expect(await history('maxchars="0"')).toEqual([])
  expect(await history('maxchars="400"')).toEqual(['m4'])
  expect(await history('seconds="130"')).toEqual(['m3', 'm4'])
  expect(await history('since="2026-11-23T04:01:00Z"')).toEqual(['m2', 'm3', 'm4'])
  expect(await history('since="nonsense" maxstanzas="-1"')).toEqual(['m1', 'm2', 'm3', 'm4'])
})

test('a room that is not logged tells nothing of its past, and its record is kept all the same (XEP-0045 §10.2, code 170)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice], { enablelogging: '0' })
  await s.alice.send(say('m1'))
  await enter(s.bob, HALL, 'Bob')
  expect(bodies(s.bob)).toEqual([])
  expect(conditionOf(await s.bob.ask('set', '<query xmlns="urn:xmpp:mam:2"/>', HALL))).toBe('service-unavailable')
  await configure(s.alice, HALL, { enablelogging: '1' })
  expect(await archived(s.bob, HALL)).toHaveLength(1)
})

test('MU-08: the archive is for those inside and for members; whoever was removed no longer reads it (XEP-0313 §5.1.2)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob])
  await s.alice.send(say('m1'))
  const query = (device: Device) => device.ask('set', '<query xmlns="urn:xmpp:mam:2"/>', HALL).then(conditionOf)
  expect(await query(s.bob)).toBeUndefined()
  expect(await query(s.carol)).toBe('forbidden')
  await change(s.alice, '<item affiliation="member" jid="carol@im.test"/>')
  expect(await query(s.carol)).toBeUndefined()
  await change(s.alice, '<item affiliation="outcast" jid="bob@im.test"/>')
  expect(await query(s.bob)).toBe('forbidden')
  expect(conditionOf(await s.bob.ask('get', '<metadata xmlns="urn:xmpp:mam:2"/>', HALL))).toBe('forbidden')
})

test('a room made at the address of another one shows nothing of what was said there', async () => {
  let now = new Date('2026-11-23T04:00:00Z')
  await using s = await story({ alice: 1, bob: 1 }, { now: () => now })
  await hall([s.alice])
  await s.alice.send(say('secret'))
  await s.alice.ask('set', '<query xmlns="http://jabber.org/protocol/muc#owner"><destroy/></query>', HALL)
  now = new Date(now.getTime() + 1_000)
  await hall([s.bob])
  expect(await archived(s.bob, HALL)).toEqual([])
  await enter(s.bob, HALL, 'Bob', '<history since="2020-01-01T00:00:00Z"/>')
  expect(bodies(s.bob)).toEqual([])
})

test('a moderator takes a message back: everybody is told by the room, and a tombstone is left (XEP-0425 §4, §5)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await s.bob.send(say('b1', 'rubbish'))
  const id = (await s.bob.next(({ attrs }) => attrs['id'] === 'b1')).getChild('stanza-id')?.attrs['id'] ?? ''
  const moderate = `<moderate xmlns="urn:xmpp:message-moderate:1" id="${id}"><retract xmlns="urn:xmpp:message-retract:1"/><reason>Spam</reason></moderate>`
  expect(conditionOf(await s.bob.ask('set', moderate, HALL))).toBe('forbidden')
  expect(conditionOf(await s.alice.ask('set', moderate.replace(id, 'nothing'), HALL))).toBe('item-not-found')
  expect((await s.alice.ask('set', moderate, HALL)).attrs['type']).toBe('result')
  const told = await s.bob.next((element) => element.getChild('retract') !== undefined)
  expect(told.attrs['from']).toBe(HALL)
  expect(told.getChild('retract')?.attrs['id']).toBe(id)
  expect(told.getChild('retract')?.getChild('moderated')?.attrs['by']).toBe(`${HALL}/Alice`)
  const [first] = await archived(s.bob, HALL)
  expect(first).not.toContain('rubbish')
  expect(first).toContain('<retracted')
  expect(first).toContain('<reason>Spam</reason>')
})

test('a client of before takes a message back in its own way, and understands what the room says of it (XEP-0425 0.2 §4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await s.bob.send(say('b1', 'rubbish'))
  const id = (await s.bob.next(({ attrs }) => attrs['id'] === 'b1')).getChild('stanza-id')?.attrs['id'] ?? ''
  const moderate = `<apply-to xmlns="urn:xmpp:fasten:0" id="${id}"><moderate xmlns="urn:xmpp:message-moderate:0"><retract xmlns="urn:xmpp:message-retract:0"/><reason>Spam</reason></moderate></apply-to>`
  expect(conditionOf(await s.bob.ask('set', moderate, HALL))).toBe('forbidden')
  expect(conditionOf(await s.alice.ask('set', `<apply-to xmlns="urn:xmpp:fasten:0" id="${id}"/>`, HALL))).toBe(
    'bad-request',
  )
  expect((await s.alice.ask('set', moderate, HALL)).attrs['type']).toBe('result')
  const told = await s.bob.next((element) => element.getChild('apply-to') !== undefined)
  expect(told.getChild('apply-to')?.attrs['id']).toBe(id)
  const moderated = told.getChild('apply-to')?.getChild('moderated', 'urn:xmpp:message-moderate:0')
  expect(moderated?.attrs['by']).toBe(`${HALL}/Alice`)
  expect(moderated?.getChild('retract', 'urn:xmpp:message-retract:0')).toBeDefined()
  expect(moderated?.getChildText('reason')).toBe('Spam')
  expect((await archived(s.bob, HALL))[0]).not.toContain('rubbish')
})

test('what one device says in private in a room, those see that are there under the same nick (XEP-0280 §6.1)', async () => {
  await using s = await story({ alice: 2, bob: 3 })
  await hall([s.alice, s.bob])
  const [pc, phone, elsewhere] = [1, 2, 3].map((n) => s.device('bob', n)) as [Device, Device, Device]
  await enter(phone, HALL, 'Bob')
  await enter(s.device('alice', 2), HALL, 'Alice')
  for (const device of [pc, phone, elsewhere, s.device('alice', 2)]) {
    await device.ask('set', '<enable xmlns="urn:xmpp:carbons:2"/>')
    device.received()
  }
  const whisper = (id: string, inside = '') =>
    pc.send(`<message type="chat" id="${id}" to="${HALL}/Alice"><body>psst</body>${inside}</message>`)
  await whisper('w1')
  const carbon = await phone.next(({ name }) => name === 'message')
  expect(carbon.attrs).toMatchObject({ from: 'bob@im.test', to: phone.jid, type: 'chat' })
  const copied = carbon.getChild('sent', 'urn:xmpp:carbons:2')?.getChild('forwarded')?.getChild('message')
  expect(copied?.attrs).toMatchObject({ from: pc.jid, to: `${HALL}/Alice`, id: 'w1' })
  expect(copied?.getChildText('body')).toBe('psst')
  // The other devices of whom it is for have the message itself, and no copy.
  expect(s.device('alice', 2).received().join()).not.toContain('urn:xmpp:carbons:2')
  expect([...pc.received(), ...elsewhere.received()].join()).not.toContain('psst')
  phone.received()
  await whisper('w2', '<private xmlns="urn:xmpp:carbons:2"/>')
  await whisper('w3', '<no-copy xmlns="urn:xmpp:hints"/>')
  expect(phone.received()).toEqual([])
})

test('people take back their own messages only, and nobody can pretend to be the room (XEP-0424 §6, XEP-0425 §6)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await s.alice.send(say('a1', 'mine'))
  const id = (await s.bob.next(({ attrs }) => attrs['id'] === 'a1')).getChild('stanza-id')?.attrs['id'] ?? ''
  const retract = (inside: string) =>
    `<message type="groupchat" to="${HALL}" id="r1"><retract xmlns="urn:xmpp:message-retract:1" id="${id}">${inside}</retract></message>`
  const forged = `<moderated xmlns="urn:xmpp:message-moderate:1" by="${HALL}/Alice"/>`
  expect(await refusalOf(s.bob, retract(''))).toBe('forbidden')
  expect(await refusalOf(s.bob, retract(forged))).toBe('forbidden')
  await s.alice.send(retract(''))
  expect((await archived(s.bob, HALL))[0]).not.toContain('mine')
})

test.each([
  [
    'corrects',
    (_id: string, own: string) => `<body>forged</body><replace xmlns="urn:xmpp:message-correct:0" id="${own}"/>`,
  ],
  [
    'corrects, asking that it be forgotten,',
    (_id: string, own: string) =>
      `<body>forged</body><replace xmlns="urn:xmpp:message-correct:0" id="${own}"/><no-store xmlns="urn:xmpp:hints"/>`,
  ],
  ['retracts', (id: string) => `<retract xmlns="urn:xmpp:message-retract:1" id="${id}"/>`],
  [
    'retracts, asking that it be forgotten,',
    (id: string) => `<retract xmlns="urn:xmpp:message-retract:1" id="${id}"/><no-store xmlns="urn:xmpp:hints"/>`,
  ],
  [
    'retracts, as clients of old do,',
    (_id: string, own: string) =>
      `<apply-to xmlns="urn:xmpp:fasten:0" id="${own}"><retract xmlns="urn:xmpp:message-retract:0"/></apply-to>`,
  ],
])(
  "SP-09 modify-foreign: in a room nobody %s somebody else's message, nor whoever has that nick afterwards (XEP-0308 §5, XEP-0424 §5)",
  async (_what, payload) => {
    await using s = await story({ alice: 1, bob: 1, carol: 1 })
    await hall([s.alice, s.bob, s.carol])
    await s.alice.send(say('a1', 'mine', '<origin-id xmlns="urn:xmpp:sid:0" id="a1"/>'))
    const id = (await s.bob.next(({ attrs }) => attrs['id'] === 'a1')).getChild('stanza-id')?.attrs['id'] ?? ''
    const change = `<message type="groupchat" to="${HALL}" id="c1">${payload(id, 'a1')}</message>`
    expect(await refusalOf(s.bob, change)).toBe('forbidden')
    await s.alice.send(`<presence to="${HALL}/Alice" type="unavailable"/>`)
    await s.bob.send(`<presence to="${HALL}/Alice"/>`)
    expect(await refusalOf(s.bob, change)).toBe('forbidden')
    // A moderator takes it back in another way, and only a moderator (XEP-0425 §4).
    const moderate = `<moderate xmlns="urn:xmpp:message-moderate:1" id="${id}"><retract xmlns="urn:xmpp:message-retract:1"/></moderate>`
    expect(conditionOf(await s.bob.ask('set', moderate, HALL))).toBe('forbidden')
    await s.bob.send(say('b1', 'marker'))
    expect(bodies(s.carol)).toEqual(['mine', 'marker'])
    expect((await archived(s.carol, HALL)).map((text) => /<body>([^<]*)/.exec(text)?.[1])).toEqual(['mine', 'marker'])
    // Its author can: by the same words, from inside.
    await enter(s.alice, HALL, 'Alicia')
    await s.alice.send(change)
    expect(s.alice.received().join('')).not.toContain('<forbidden ')
  },
)
