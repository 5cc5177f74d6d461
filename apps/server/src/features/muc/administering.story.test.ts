// XEP-0045 §8 to §10: what moderators, admins and owners do.
import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'
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
import { muc } from './index.ts'
import { loadRooms } from './rooms.ts'

const join = (nick: string) => `<presence to="${HALL}/${nick}"><x xmlns="http://jabber.org/protocol/muc"/></presence>`

/** The JIDs, or nicks, in a list. */
const listed = (answer: Awaited<ReturnType<typeof admin>>) =>
  answer
    .getChild('query')
    ?.getChildren('item')
    .map(({ attrs }) => attrs['jid'] ?? attrs['nick'])

test('a moderator kicks somebody: he is told why, the others who did it (XEP-0045 §8.2)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob, s.carol])
  await change(s.alice, '<item nick="Bob" role="none"><reason>Enough</reason></item>')
  expect(presences(s.bob)).toMatchObject([
    { type: 'unavailable', role: 'none', affiliation: 'none', reason: 'Enough', codes: ['110', '307'] },
  ])
  expect(presences(s.carol)).toMatchObject([
    { from: `${HALL}/Bob`, type: 'unavailable', codes: ['307'], jid: undefined },
  ])
  await enter(s.bob, HALL, 'Bob')
})

test('who may not, is told so; whom nobody may touch, is not touched (XEP-0045 §8.2, §8.4, §9.1, §9.7)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1, dave: 1 })
  await hall([s.alice, s.bob, s.carol])
  await change(s.alice, '<item nick="Bob" role="moderator"/>')
  const refused = async (device: typeof s.bob, item: string) => conditionOf(await admin(device, HALL, 'set', item))
  expect(await refused(s.carol, '<item nick="Bob" role="none"/>')).toBe('forbidden')
  expect(await refused(s.carol, '<item nick="Nobody" role="none"/>')).toBe('forbidden')
  expect(await refused(s.dave, '<item jid="carol@im.test" affiliation="outcast"/>')).toBe('forbidden')
  expect(await refused(s.bob, '<item nick="Alice" role="none"/>')).toBe('not-allowed')
  expect(await refused(s.bob, '<item nick="Alice" role="visitor"/>')).toBe('forbidden')
  expect(await refused(s.bob, '<item nick="Carol" role="moderator"/>')).toBe('forbidden')
  expect(await refused(s.bob, '<item jid="carol@im.test" affiliation="outcast"/>')).toBe('forbidden')
  expect(await refused(s.bob, '<item nick="Nobody" role="none"/>')).toBe('item-not-found')
  expect(await refused(s.alice, '<item jid="alice@im.test" affiliation="outcast"/>')).toBe('conflict')
  expect(await refused(s.alice, '<item nick="Bob" role="none" affiliation="member"/>')).toBe('bad-request')
  expect(await refused(s.alice, '<item nick="Bob" role="king"/>')).toBe('bad-request')
  expect(await refused(s.alice, '<item jid="b@@c" affiliation="member"/>')).toBe('jid-malformed')
  expect(await refused(s.alice, '')).toBe('bad-request')
})

test('somebody named twice in one request is made nothing (XEP-0045 §9.3)', async () => {
  await using s = await story({ alice: 1 })
  await hall([s.alice])
  const twice = '<item affiliation="member" jid="bob@im.test"/><item affiliation="admin" jid="bob@im.test/phone"/>'
  expect(conditionOf(await admin(s.alice, HALL, 'set', twice))).toBe('bad-request')
  expect((await admin(s.alice, HALL, 'get', '<item affiliation="member"/>')).toString()).not.toContain('bob')
})

test('voice is given and taken (XEP-0045 §8.3, §8.4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob], { moderatedroom: '1' })
  await change(s.alice, '<item nick="Bob" role="participant"><reason>Welcome</reason></item>')
  expect(presences(s.bob)).toMatchObject([{ role: 'participant', reason: 'Welcome', codes: ['110'] }])
  expect(listed(await admin(s.alice, HALL, 'get', '<item role="participant"/>'))).toEqual(['bob@im.test/1'])
  await change(s.alice, '<item nick="Bob" role="visitor"/>')
  expect(presences(s.bob)).toMatchObject([{ role: 'visitor' }])
})

test('a visitor asks for voice, a moderator is asked and grants it (XEP-0045 §7.13, §8.6)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob], { moderatedroom: '1' })
  const form = (fields: string) =>
    `<message to="${HALL}"><x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE"><value>http://jabber.org/protocol/muc#request</value></field>${fields}</x></message>`
  await s.bob.send(form('<field var="muc#role"><value>participant</value></field>'))
  const question = await s.alice.next(({ name }) => name === 'message')
  expect(question.attrs['from']).toBe(HALL)
  expect(question.toString()).toContain('<field var="muc#roomnick" type="text-single" label="Nick"><value>Bob</value>')
  const grant = form(
    '<field var="muc#roomnick"><value>Bob</value></field><field var="muc#request_allow"><value>true</value></field>',
  )
  expect(await refusalOf(s.bob, grant)).toBe('forbidden')
  await s.alice.send(grant)
  expect(presences(s.bob)).toMatchObject([{ role: 'participant', codes: ['110'] }])
})

test('a ban puts out all devices, with the reason, and is in the list (XEP-0045 §9.1, §9.2)', async () => {
  await using s = await story({ alice: 1, bob: 2 })
  await hall([s.alice, s.bob])
  const phone = s.device('bob', 2)
  await enter(phone, HALL, 'Bobby')
  s.bob.received()
  phone.received()
  await change(s.alice, '<item jid="bob@im.test/1" affiliation="outcast"><reason>Treason</reason></item>')
  for (const device of [s.bob, phone]) {
    const own = presences(device).find(({ codes }) => codes.includes('110'))
    expect(own).toMatchObject({ affiliation: 'outcast', role: 'none', reason: 'Treason', codes: ['110', '301'] })
  }
  const list = await admin(s.alice, HALL, 'get', '<item affiliation="outcast"/>')
  expect(list.getChild('query')?.getChild('item')?.toString()).toContain('jid="bob@im.test"><reason>Treason</reason>')
  await change(s.alice, '<item jid="bob@im.test" affiliation="none"/>')
  await enter(s.bob, HALL, 'Bob')
})

test('a whole domain is banned, but for those who are named (XEP-0045 §9.1)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob, s.carol])
  await change(s.alice, '<item jid="bob@im.test" affiliation="member"/>')
  await change(s.alice, '<item jid="im.test" affiliation="outcast"/>')
  expect(await refusalOf(s.carol, join('Carol'))).toBe('forbidden')
  await enter(s.bob, HALL, 'Bob')
})

test('membership is given and taken; without it nobody stays in a room for members (XEP-0045 §9.3, §9.4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice], { membersonly: '1' })
  await change(s.alice, '<item jid="bob@im.test" affiliation="member"/>')
  // §9.3: whoever sees real addresses hears of it although bob is not there.
  const told = await s.alice.next(({ name }) => name === 'message')
  expect(roomOf(told)).toMatchObject({ jid: 'bob@im.test', affiliation: 'member', codes: ['101'] })
  await enter(s.bob, HALL, 'Bob')
  await change(s.alice, '<item jid="bob@im.test" affiliation="none"/>')
  const own = presences(s.bob).at(-1)
  expect(own).toMatchObject({ type: 'unavailable', affiliation: 'none', role: 'none', codes: ['110', '321'] })
})

test('a room that becomes one for members puts out the others, and says so to everybody (XEP-0045 §10.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await configure(s.alice, HALL, { membersonly: '1' })
  expect(presences(s.bob)).toMatchObject([{ type: 'unavailable', codes: ['110', '322'] }])
  const stay = s.alice.received().join('')
  expect(stay).toContain('<status code="322"/>')
  expect(stay).toContain('<status code="104"/>')
})

test('MU-03: outsiders read no list, and those inside only what is theirs to know (XEP-0045 §9.2, §9.5, §10.5, §10.8)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1, dave: 1 })
  await hall([s.alice, s.bob])
  await change(s.alice, '<item jid="carol@im.test" affiliation="admin"/>')
  const read = async (device: typeof s.bob, item: string) => {
    const answer = await admin(device, HALL, 'get', item)
    return conditionOf(answer) ?? listed(answer)
  }
  for (const affiliation of ['owner', 'admin', 'member', 'outcast']) {
    expect(await read(s.dave, `<item affiliation="${affiliation}"/>`)).toBe('forbidden')
    expect(await read(s.bob, `<item affiliation="${affiliation}"/>`)).toBe('forbidden')
  }
  expect(await read(s.dave, '<item role="moderator"/>')).toBe('forbidden')
  expect(await read(s.carol, '<item affiliation="owner"/>')).toBe('forbidden')
  expect(await read(s.carol, '<item affiliation="member"/>')).toEqual([])
  expect(await read(s.alice, '<item affiliation="admin"/>')).toEqual(['carol@im.test'])
  await configure(s.alice, HALL, { whois: 'anyone', membersonly: '1' })
  await change(s.alice, '<item jid="bob@im.test" affiliation="member"/>')
  expect(await read(s.bob, '<item affiliation="member"/>')).toEqual(['bob@im.test'])
  expect(await read(s.bob, '<item affiliation="owner"/>')).toEqual(['alice@im.test'])
  expect(await read(s.bob, '<item affiliation="outcast"/>')).toBe('forbidden')
  expect(await read(s.dave, '<item affiliation="member"/>')).toBe('forbidden')
})

test('MU-02: the last owner stays one, whichever way it is tried (XEP-0045 §10.2, §10.4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  expect(conditionOf(await admin(s.alice, HALL, 'set', '<item jid="alice@im.test" affiliation="admin"/>'))).toBe(
    'conflict',
  )
  expect(conditionOf(await configure(s.alice, HALL, { roomowners: [] }))).toBe('conflict')
  expect(
    conditionOf(await configure(s.alice, HALL, { roomowners: ['alice@im.test'], roomadmins: ['alice@im.test'] })),
  ).toBe(undefined)
  await configure(s.alice, HALL, { roomowners: ['alice@im.test', 'bob@im.test'] })
  expect(presences(s.bob).at(-1)).toMatchObject({ affiliation: 'owner', role: 'moderator' })
  await change(s.alice, '<item jid="alice@im.test" affiliation="none"/>')
  expect(conditionOf(await configure(s.alice, HALL, {}))).toBe('forbidden')
})

test('admins and moderators come and go (XEP-0045 §9.6, §9.7, §10.6, §10.7)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob, s.carol])
  await change(s.alice, '<item nick="Bob" affiliation="admin"/>')
  // A new moderator of a semi-anonymous room is shown who everybody is.
  expect(presences(s.bob).map(({ from, jid }) => [from, jid])).toEqual([
    [`${HALL}/Bob`, s.bob.jid],
    [`${HALL}/Alice`, s.alice.jid],
    [`${HALL}/Carol`, s.carol.jid],
  ])
  await change(s.bob, '<item nick="Carol" role="moderator"/>')
  expect(presences(s.carol).at(0)).toMatchObject({ from: `${HALL}/Bob`, affiliation: 'admin', role: 'moderator' })
  await change(s.bob, '<item nick="Carol" role="participant"/>')
  await change(s.alice, '<item jid="bob@im.test" affiliation="member"/>')
  expect(presences(s.bob).at(-1)).toMatchObject({ affiliation: 'member', role: 'participant' })
})

test('the owner gets the form and changes what it says; others do not (XEP-0045 §10.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  const ask = '<query xmlns="http://jabber.org/protocol/muc#owner"/>'
  expect(conditionOf(await s.bob.ask('get', ask, HALL))).toBe('forbidden')
  expect(conditionOf(await configure(s.bob, HALL, { roomname: 'Mine' }))).toBe('forbidden')
  await configure(s.alice, HALL, { roomname: 'The Hall', roomdesc: 'Talk', whois: 'anyone', enablelogging: '0' })
  const told = await s.bob.next(({ name }) => name === 'message')
  expect(roomOf(told).codes).toEqual(['104', '171', '172'])
  // Everybody is shown who everybody is, now that this is so.
  expect(presences(s.bob)).toMatchObject([{ from: `${HALL}/Alice`, jid: s.alice.jid }])
  await configure(s.alice, HALL, { whois: 'moderators' })
  expect(roomOf(await s.bob.next(({ name }) => name === 'message')).codes).toEqual(['173'])
  const form = (await s.alice.ask('get', ask, HALL)).toString()
  expect(form).toContain('<field var="muc#roomconfig_roomname" type="text-single" label="Name"><value>The Hall</value>')
  expect(form).toContain('<value>alice@im.test</value>')
})

test('values that mean nothing are refused, fields of other services are left alone (XEP-0045 §10.2)', async () => {
  await using s = await story({ alice: 1 })
  await hall([s.alice])
  for (const [field, value] of [
    ['whois', 'everybody'],
    ['allowpm', 'x'],
    ['maxusers', '-1'],
    ['maxusers', '0'],
    ['lang', 'not a lang!!'],
    ['getmemberlist', 'king'],
    ['passwordprotectedroom', '1'],
    ['roomname', 'x'.repeat(300)],
  ] as const) {
    expect(conditionOf(await configure(s.alice, HALL, { [field]: value })), field).toBe('not-acceptable')
  }
  expect(conditionOf(await configure(s.alice, HALL, { publicroom: 'maybe' }))).toBe('bad-request')
  expect(conditionOf(await configure(s.alice, HALL, { roomowners: ['@'] }))).toBe('jid-malformed')
  expect(conditionOf(await configure(s.alice, HALL, { 'muc#roomconfig_x_captcha': 'yes' }))).toBeUndefined()
})

test('a room that is destroyed says where to go, and why (XEP-0045 §10.9)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  const destroy =
    '<query xmlns="http://jabber.org/protocol/muc#owner"><destroy jid="yard@rooms.im.test"><reason>Rain</reason></destroy></query>'
  expect(conditionOf(await s.bob.ask('set', destroy, HALL))).toBe('forbidden')
  expect((await s.alice.ask('set', destroy, HALL)).attrs['type']).toBe('result')
  const gone = await s.bob.next(({ attrs }) => attrs['type'] === 'unavailable')
  expect(roomOf(gone)).toMatchObject({ affiliation: 'none', role: 'none' })
  expect(gone.toString()).toContain('<destroy jid="yard@rooms.im.test"><reason>Rain</reason></destroy>')
  expect(roomOf(await enter(s.bob, HALL, 'Bob')).codes).toContain('201')
})

test('rooms, their settings, people and subjects outlive the server', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob], { roomname: 'The Hall', membersonly: '0' })
  const subject = (text: string, hint = '') =>
    s.alice.send(`<message type="groupchat" to="${HALL}"><subject>${text}</subject>${hint}</message>`)
  await subject('Coffee')
  await subject('Tea', '<no-store xmlns="urn:xmpp:hints"/>')
  await change(s.alice, '<item jid="bob@im.test" affiliation="admin"/>')
  await loadRooms(s.server.ctx)
  expect(roomOf(await enter(s.bob, HALL, 'Bob'))).toMatchObject({ affiliation: 'admin' })
  const told = s.bob.received().at(-1)
  expect(told).toContain('<subject>Tea</subject><delay')
  expect(told).toContain(`from="${HALL}/Alice"`)
  const info = await s.bob.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', HALL)
  expect(info.toString()).toContain('name="The Hall"')
})

test('an account that is deleted leaves nothing behind in rooms for whoever gets its name', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await change(s.alice, '<item jid="bob@im.test" affiliation="admin"/>')
  s.alice.received()
  s.server.ctx.emit('account.deleted', { localpart: 'bob' })
  await s.alice.next(({ attrs }) => attrs['from'] === `${HALL}/Bob` && attrs['type'] === undefined)
  expect(listed(await admin(s.alice, HALL, 'get', '<item affiliation="admin"/>'))).toEqual([])
})

test.each([
  [
    'its admins',
    '<item jid="bob@im.test" affiliation="admin"/><item jid="carol@im.test" affiliation="member"/>',
    ['bob'],
  ],
  ['else its first member', '<item jid="carol@im.test" affiliation="member"/>', ['carol']],
  ['else the administrators of the server', '', ['dave']],
])('MU-02 a room whose last owner is deleted goes to %s (XEP-0045 §10.4)', async (_whom, lists, heirs) => {
  await using s = await story({ alice: 1, bob: 1, carol: 1, dave: 1 })
  const { accounts } = s.server.ctx
  accounts.put({ ...accounts.find('dave')!, isAdmin: true })
  await hall([s.alice])
  if (lists) await change(s.alice, lists)
  await muc.on?.['account.deleted']?.({ localpart: 'alice' }, s.server.ctx)
  const [heir] = heirs
  const device = { bob: s.bob, carol: s.carol, dave: s.dave }[heir as 'bob']
  await enter(device, HALL, 'Heir')
  expect(listed(await admin(device, HALL, 'get', '<item affiliation="owner"/>'))).toEqual(
    heirs.map((name) => `${name}@im.test`),
  )
  await loadRooms(s.server.ctx)
  expect(roomOf(await enter(device, HALL, 'Heir')).affiliation).toBe('owner')
})
