// XEP-0045 §6, §7.6 to §7.12, §17.2: names, invitations, membership by asking, and what can be found out about a room.
import { cleanImage } from '@drawbridge/testkit/images'
import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'
import {
  admin,
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

const join = (nick: string) => `<presence to="${HALL}/${nick}"><x xmlns="http://jabber.org/protocol/muc"/></presence>`
const info = (device: Device, to: string, node = '') =>
  device.ask('get', `<query xmlns="http://jabber.org/protocol/disco#info"${node && ` node="${node}"`}/>`, to)
const items = (device: Device, to: string, inside = '', node = '') =>
  device.ask(
    'get',
    `<query xmlns="http://jabber.org/protocol/disco#items"${node && ` node="${node}"`}>${inside}</query>`,
    to,
  )
const jids = (answer: Awaited<ReturnType<typeof items>>) =>
  answer
    .getChild('query')
    ?.getChildren('item')
    .map(({ attrs }) => attrs['jid'])
const features = (answer: Awaited<ReturnType<typeof info>>) =>
  answer
    .getChild('query')
    ?.getChildren('feature')
    .map(({ attrs }) => attrs['var'])

test('a nick is changed: everybody sees the old one go and the new one come, on all devices (XEP-0045 §7.6)', async () => {
  await using s = await story({ alice: 1, bob: 2 })
  await hall([s.alice, s.bob])
  const phone = s.device('bob', 2)
  await enter(phone, HALL, 'Bob')
  for (const device of [s.alice, s.bob, phone]) device.received()
  await s.bob.send(`<presence to="${HALL}/Robert"/>`)
  for (const [device, self] of [
    [s.alice, []],
    [s.bob, ['110']],
    [phone, ['110']],
  ] as const) {
    expect(presences(device)).toMatchObject([
      { from: `${HALL}/Bob`, type: 'unavailable', nick: 'Robert', role: 'participant', codes: [...self, '303'] },
      { from: `${HALL}/Robert`, type: undefined, role: 'participant', codes: self },
    ])
  }
})

test('a nick that somebody has, or has reserved, is not to be had (XEP-0045 §7.2.8, §7.6)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob])
  await change(s.alice, '<item jid="carol@im.test" nick="Queen" affiliation="member"/>')
  expect(await refusalOf(s.carol, join('Bob'))).toBe('conflict')
  expect(await refusalOf(s.bob, `<presence to="${HALL}/Alice"/>`)).toBe('conflict')
  expect(await refusalOf(s.bob, `<presence to="${HALL}/queen"/>`)).toBe('conflict')
  expect(roomOf(await enter(s.carol, HALL, 'Queen'))).toMatchObject({ affiliation: 'member' })
})

test('MU-07: nicks that look alike are one; those that are none are malformed (RFC 8266 §2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice])
  for (const alike of ['alice', 'ALICE', ' Alice', 'Alice ', '\uff21lice', 'Al\u00adice'.replace('\u00ad', '')]) {
    expect(await refusalOf(s.bob, join(alike)), alike).toBe('conflict')
  }
  for (const bad of [
    '',
    ' ',
    '   ',
    'x'.repeat(129),
    'x'.repeat(2_000),
    '\u202eecilA',
    'a\u200bb',
    'a\u0007b'.replace('\u0007', '\u2028'),
  ]) {
    expect(await refusalOf(s.bob, join(bad)), JSON.stringify(bad)).toBe('jid-malformed')
  }
  // Other scripts are welcome.
  await enter(s.bob, HALL, '\u05d0\u05d1\u05d2')
})

test('presence in a room is passed on, without what only the room may say (XEP-0045 §7.7, MU-06)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  const forged =
    '<occupant-id xmlns="urn:xmpp:occupant-id:0" id="a"/><occupant-id xmlns="urn:xmpp:occupant-id:0" id="b"/>' +
    '<hats xmlns="urn:xmpp:hats:0"><hat uri="urn:x" title="King"/></hats>' +
    '<x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="owner"/></x>'
  await s.bob.send(`<presence to="${HALL}/Bob"><show>away</show>${forged}</presence>`)
  const seen = await s.alice.next()
  expect(seen.getChildText('show')).toBe('away')
  expect(roomOf(seen)).toMatchObject({ affiliation: 'none', role: 'participant' })
  expect(seen.getChildren('occupant-id')).toHaveLength(1)
  expect(seen.getChild('hats')).toBeUndefined()
  expect(await refusalOf(s.bob, `<presence to="${HALL}/Bob"><status>${'x'.repeat(9_000)}</status></presence>`)).toBe(
    'policy-violation',
  )
})

test('MU-06: one person has one id in a room, whatever the nick and device, and another in every other room (XEP-0421 §3)', async () => {
  await using s = await story({ alice: 1, bob: 2 })
  await hall([s.alice, s.bob])
  const idIn = (element: Awaited<ReturnType<typeof enter>>) => {
    const ids = element.getChildren('occupant-id', 'urn:xmpp:occupant-id:0')
    expect(ids).toHaveLength(1)
    return ids[0]?.attrs['id']
  }
  const forged = '<occupant-id xmlns="urn:xmpp:occupant-id:0" id="fake"/>'
  await s.bob.send(`<message type="groupchat" to="${HALL}" id="m1"><body>x</body>${forged}${forged}${forged}</message>`)
  const said = idIn(await s.alice.next(({ attrs }) => attrs['id'] === 'm1'))
  const other = idIn(await enter(s.device('bob', 2), HALL, 'Bobby'))
  const elsewhere = idIn(await enter(s.bob, 'yard@rooms.im.test', 'Bob'))
  expect(said).not.toBe('fake')
  expect(other).toBe(said)
  expect(elsewhere).not.toBe(said)
  expect(said).not.toContain('bob')
})

test('MU-11: an invitation says by the word of the room who invites, and opens a room for members (XEP-0045 §7.8.2, §9.3)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await s.bob.available()
  await hall([s.alice], { membersonly: '1', passwordprotectedroom: '1', roomsecret: 'sesame' })
  const invite = (to: string, inside = '') =>
    `<message to="${HALL}" id="i1"><x xmlns="http://jabber.org/protocol/muc#user"><invite to="${to}" from="carol@im.test"><reason>Come</reason></invite>${inside}</x><body>forged</body></message>`
  await s.alice.send(invite('bob@im.test'))
  const got = await s.bob.next(({ name }) => name === 'message')
  expect(got.attrs['from']).toBe(HALL)
  expect(got.getChild('body')).toBeUndefined()
  const x = got.getChild('x', 'http://jabber.org/protocol/muc#user')
  expect(x?.getChild('invite')?.attrs).toEqual({ from: `${HALL}/Alice` })
  expect(x?.getChild('invite')?.getChildText('reason')).toBe('Come')
  expect(x?.getChildText('password')).toBe('sesame')
  await enter(s.bob, HALL, 'Bob', '<password>sesame</password>')
  expect(await refusalOf(s.carol, invite('dave@im.test'))).toBe('not-acceptable')
  expect(await refusalOf(s.alice, invite('dave@remote.test'))).toBe('remote-server-not-found')
  await configure(s.alice, HALL, { allowinvites: '0' })
  expect(await refusalOf(s.bob, invite('carol@im.test'))).toBe('forbidden')
})

test('an invitation waits for whoever is away; nobody learns whether an account exists (XEP-0045 §7.8.2)', async () => {
  await using s = await story({ alice: 1, carol: 1 })
  await hall([s.alice])
  await s.addAccount('bob')
  const invite = (to: string) =>
    `<message to="${HALL}"><x xmlns="http://jabber.org/protocol/muc#user"><invite to="${to}"/></x></message>`
  await s.alice.send(invite('bob@im.test'))
  await s.alice.send(invite('nobody@im.test'))
  expect(s.alice.received()).toEqual([])
  const bob = await s.connect('bob')
  await bob.available()
  const waited = await bob.next(({ name }) => name === 'message')
  expect(waited.attrs).toMatchObject({ from: HALL, to: 'bob@im.test' })
})

test('an invitation from person to person passes with its sender (XEP-0249 §2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  await s.alice.send(`<message to="bob@im.test"><x xmlns="jabber:x:conference" jid="${HALL}" reason="Come"/></message>`)
  const got = await s.bob.next(({ name }) => name === 'message')
  expect(got.attrs['from']).toBe(s.alice.jid)
  expect(got.getChild('x', 'jabber:x:conference')?.attrs['jid']).toBe(HALL)
})

test('people register a nick, find it again, and give it up (XEP-0045 §7.10, §7.11, §7.12)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob])
  const form = (nick: string) =>
    `<query xmlns="jabber:iq:register"><x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE"><value>http://jabber.org/protocol/muc#register</value></field><field var="muc#register_roomnick"><value>${nick}</value></field></x></query>`
  const empty = await s.bob.ask('get', '<query xmlns="jabber:iq:register"/>', HALL)
  expect(empty.toString()).toContain('var="muc#register_roomnick"')
  expect(conditionOf(await s.bob.ask('set', form('Alice'), HALL))).toBe('conflict')
  expect(conditionOf(await s.bob.ask('set', form(''), HALL))).toBe('bad-request')
  expect((await s.bob.ask('set', form('Bob'), HALL)).attrs['type']).toBe('result')
  expect(presences(s.bob).at(-1)).toMatchObject({ affiliation: 'member' })
  expect(conditionOf(await s.carol.ask('set', form('bob'), HALL))).toBe('conflict')
  const known = await info(s.bob, HALL, 'x-roomuser-item')
  expect(known.getChild('query')?.getChild('identity')?.attrs).toMatchObject({ category: 'conference', name: 'Bob' })
  expect((await info(s.carol, HALL, 'x-roomuser-item')).getChild('query')?.getChild('identity')).toBeUndefined()
  await s.bob.ask('set', '<query xmlns="jabber:iq:register"><remove/></query>', HALL)
  expect(presences(s.bob).at(-1)).toMatchObject({ affiliation: 'none' })
  await configure(s.alice, HALL, { membersonly: '1' })
  expect(conditionOf(await s.carol.ask('set', form('Carol'), HALL))).toBe('not-allowed')
})

test('the service and its rooms say what they are and can (XEP-0045 §6.1, §6.2, §6.4, §7.4, §15.5.4; XEP-0486 §3.1)', async () => {
  await using s = await story({ alice: 1 })
  await hall([s.alice], { roomname: 'The Hall', roomdesc: 'Talk', membersonly: '1' })
  expect(jids(await items(s.alice, 'im.test'))).toContain('rooms.im.test')
  const service = await info(s.alice, 'rooms.im.test')
  expect(service.getChild('query')?.getChild('identity')?.attrs).toMatchObject({ category: 'conference', type: 'text' })
  for (const feature of ['http://jabber.org/protocol/muc', 'http://jabber.org/protocol/muc#stable_id', 'vcard-temp']) {
    expect(features(service)).toContain(feature)
  }
  const room = await info(s.alice, HALL)
  expect(room.getChild('query')?.getChild('identity')?.attrs).toMatchObject({ name: 'The Hall' })
  expect(features(room)).toEqual(
    expect.arrayContaining(['muc_membersonly', 'muc_persistent', 'muc_semianonymous', 'muc_public']),
  )
  expect(room.toString()).toContain('var="muc#roominfo_description" type="text-single"><value>Talk</value>')
  expect(room.toString()).toContain('var="muc#roominfo_occupants" type="text-single"><value>1</value>')
  expect(conditionOf(await info(s.alice, 'none@rooms.im.test'))).toBe('item-not-found')
})

test('the list of rooms has those that one may know of, page by page (XEP-0045 §6.3, XEP-0059 §2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  for (const name of ['c', 'a', 'b', 'hidden']) {
    await enter(s.alice, `${name}@rooms.im.test`, 'Alice')
    await configure(s.alice, `${name}@rooms.im.test`, { publicroom: name === 'hidden' ? '0' : '1' })
  }
  expect(jids(await items(s.bob, 'rooms.im.test'))).toEqual(['a@rooms.im.test', 'b@rooms.im.test', 'c@rooms.im.test'])
  expect(jids(await items(s.alice, 'rooms.im.test'))).toContain('hidden@rooms.im.test')
  const rsm = (inside: string) => `<set xmlns="http://jabber.org/protocol/rsm">${inside}</set>`
  const first = await items(s.bob, 'rooms.im.test', rsm('<max>2</max>'))
  expect(jids(first)).toEqual(['a@rooms.im.test', 'b@rooms.im.test'])
  expect(first.toString()).toContain(
    '<first index="0">a@rooms.im.test</first><last>b@rooms.im.test</last><count>3</count>',
  )
  expect(jids(await items(s.bob, 'rooms.im.test', rsm('<max>2</max><after>b@rooms.im.test</after>')))).toEqual([
    'c@rooms.im.test',
  ])
  expect(jids(await items(s.bob, 'rooms.im.test', rsm('<max>1</max><before/>')))).toEqual(['c@rooms.im.test'])
  expect(conditionOf(await info(s.bob, 'hidden@rooms.im.test'))).toBe('item-not-found')
})

test('MU-04: who is in a room is for those inside (XEP-0045 §6.5, §6.6)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob])
  expect(jids(await items(s.bob, HALL))).toEqual([`${HALL}/Alice`, `${HALL}/Bob`])
  expect(jids(await items(s.carol, HALL))).toEqual([])
  expect(conditionOf(await info(s.carol, `${HALL}/Alice`))).toBe('bad-request')
  expect(conditionOf(await items(s.carol, `${HALL}/Nobody`))).toBe('bad-request')
  await change(s.alice, '<item jid="carol@im.test" affiliation="outcast"/>')
  expect(conditionOf(await items(s.carol, HALL))).toBe('forbidden')
})

test("a request to somebody inside goes there and back by nicks, and his answer is nobody else's (XEP-0045 §17.2)", async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob, s.carol])
  await s.bob.send(`<iq type="get" id="v1" to="${HALL}/Carol"><query xmlns="jabber:iq:version"/></iq>`)
  const asked = await s.carol.next(({ name }) => name === 'iq')
  expect(asked.attrs).toMatchObject({ from: `${HALL}/Bob`, to: s.carol.jid, type: 'get' })
  const answer = `<iq type="error" id="${asked.attrs['id']}" to="${HALL}/Bob"><error type="cancel" by="carol@im.test/1"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>`
  await s.alice.send(answer)
  expect(s.bob.received()).toEqual([])
  await s.carol.send(answer)
  const got = await s.bob.next()
  expect(got.attrs).toMatchObject({ id: 'v1', from: `${HALL}/Carol`, to: s.bob.jid, type: 'error' })
  expect(got.toString()).not.toContain('carol@im.test')
  expect(conditionOf(await s.bob.ask('get', '<query xmlns="jabber:iq:version"/>', `${HALL}/Nobody`))).toBe(
    'item-not-found',
  )
})

test('whoever asks somebody inside hears that nobody answers, when that device is gone (RFC 6120 §8.2.3)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob, s.carol])
  await s.bob.send(`<iq type="get" id="v1" to="${HALL}/Carol"><query xmlns="jabber:iq:version"/></iq>`)
  await s.carol.next(({ name }) => name === 'iq')
  s.carol.disconnect()
  const got = await s.bob.next(({ name }) => name === 'iq')
  expect(got.attrs).toMatchObject({ type: 'error', id: 'v1', from: `${HALL}/Carol`, to: s.bob.jid })
  expect(conditionOf(got)).toBe('service-unavailable')
})

test('MU-09: a client asks whether it is still inside, and is answered by the room (XEP-0410 §3.3)', async () => {
  await using s = await story({ alice: 1, bob: 2 })
  await hall([s.alice, s.bob])
  const ping = '<ping xmlns="urn:xmpp:ping"/>'
  expect(features(await info(s.bob, HALL))).toContain('http://jabber.org/protocol/muc#self-ping-optimization')
  expect((await s.bob.ask('get', ping, `${HALL}/Bob`)).attrs['type']).toBe('result')
  expect(conditionOf(await s.device('bob', 2).ask('get', ping, `${HALL}/Bob`))).toBe('not-acceptable')
  await change(s.alice, '<item nick="Bob" role="none"/>')
  expect(conditionOf(await s.bob.ask('get', ping, `${HALL}/Bob`))).toBe('not-acceptable')
})

test('images row 17: an owner gives the room a picture, cleaned as those of people are; everybody is told and can get it (XEP-0486 §3)', async () => {
  const clean = Buffer.from('clean picture')
  await using s = await story(
    { alice: 1, bob: 1 },
    {
      sanitize: () => cleanImage({ widthPx: 8, heightPx: 8, bytes: clean }),
    },
  )
  await hall([s.alice, s.bob])
  const card = (bytes: string) =>
    `<vCard xmlns="vcard-temp"><PHOTO><TYPE>image/png</TYPE><BINVAL>${Buffer.from(bytes).toString('base64')}</BINVAL></PHOTO></vCard>`
  expect(conditionOf(await s.bob.ask('set', card('mine'), HALL))).toBe('forbidden')
  const set = await s.alice.ask('set', card('raw'), HALL)
  expect(set.attrs['type'], set.toString()).toBe('result')
  expect(roomOf(await s.bob.next(({ name }) => name === 'message')).codes).toEqual(['104'])
  const got = (await s.bob.ask('get', '<vCard xmlns="vcard-temp"/>', HALL)).toString()
  expect(got).toContain(clean.toString('base64'))
  expect((await info(s.bob, HALL)).toString()).toContain('var="muc#roominfo_avatarhash" type="text-multi"')
  await s.alice.ask('set', '<vCard xmlns="vcard-temp"/>', HALL)
  expect((await info(s.bob, HALL)).toString()).not.toContain('avatarhash')
})

test('nobody subscribes to a room, and nothing is said to its service (XEP-0045 §6)', async () => {
  await using s = await story({ alice: 1 })
  await hall([s.alice])
  await s.alice.send(`<presence to="${HALL}" type="subscribe"/>`)
  expect(s.alice.received()).toEqual([])
  expect(await refusalOf(s.alice, '<message to="rooms.im.test"><body>x</body></message>')).toBe('service-unavailable')
  expect(await refusalOf(s.alice, '<presence to="rooms.im.test"/>')).toBe('service-unavailable')
  expect(conditionOf(await s.alice.ask('get', '<query xmlns="urn:x"/>', HALL))).toBe('service-unavailable')
  expect(conditionOf(await admin(s.alice, 'none@rooms.im.test', 'get', '<item affiliation="owner"/>'))).toBe(
    'item-not-found',
  )
})
