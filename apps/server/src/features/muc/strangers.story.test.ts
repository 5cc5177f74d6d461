// XEP-0045 §6.4, §7.10; XEP-0410: what somebody gets by asking who is outside, or inside without voice.
import { expect, test } from 'vitest'
import { admin, change, conditionOf, configure, enter, HALL, hall, presences, refusalOf } from '../../../test/rooms.ts'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'

const PING = '<ping xmlns="urn:xmpp:ping"/>'
const remove = '<query xmlns="jabber:iq:register"><remove/></query>'
const register = (nick: string) =>
  '<query xmlns="jabber:iq:register"><x xmlns="jabber:x:data" type="submit">' +
  '<field var="FORM_TYPE"><value>http://jabber.org/protocol/muc#register</value></field>' +
  `<field var="muc#register_roomnick"><value>${nick}</value></field></x></query>`
const say = (device: Device) =>
  device.send(`<message type="groupchat" to="${HALL}" id="try"><body>May I?</body></message>`)

/** Everything a room can be asked, as one asks it. */
const QUESTIONS: readonly (readonly ['get' | 'set', string])[] = [
  ['get', '<query xmlns="http://jabber.org/protocol/disco#info"/>'],
  ['get', '<query xmlns="http://jabber.org/protocol/disco#info" node="x-roomuser-item"/>'],
  ['get', '<query xmlns="http://jabber.org/protocol/disco#items"/>'],
  ['get', '<query xmlns="http://jabber.org/protocol/muc#admin"><item affiliation="owner"/></query>'],
  ['set', '<query xmlns="http://jabber.org/protocol/muc#admin"><item nick="Alice" role="none"/></query>'],
  ['get', '<query xmlns="http://jabber.org/protocol/muc#owner"/>'],
  ['set', '<query xmlns="http://jabber.org/protocol/muc#owner"><destroy/></query>'],
  ['get', '<query xmlns="jabber:iq:register"/>'],
  ['set', register('Bob')],
  ['set', remove],
  ['get', '<vCard xmlns="vcard-temp"/>'],
  ['set', '<vCard xmlns="vcard-temp"/>'],
  ['get', PING],
  ['set', '<query xmlns="urn:xmpp:mam:2"/>'],
  ['get', '<query xmlns="urn:xmpp:mam:2"/>'],
  ['get', '<metadata xmlns="urn:xmpp:mam:2"/>'],
  [
    'set',
    '<moderate xmlns="urn:xmpp:message-moderate:1" id="m"><retract xmlns="urn:xmpp:message-retract:1"/></moderate>',
  ],
  ['set', '<command xmlns="http://jabber.org/protocol/commands" node="x"/>'],
  ['get', '<query xmlns="jabber:iq:version"/>'],
]

test('MU-03: a room that is not public answers a stranger as if it were not there, whatever is asked (XEP-0045 §6.4)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice], { publicroom: '0', membersonly: '1' })
  await change(s.alice, '<item jid="carol@im.test" affiliation="outcast"/>')
  for (const [type, payload] of QUESTIONS) {
    const there = await s.bob.ask(type, payload, HALL)
    const missing = await s.bob.ask(type, payload, 'nowhere@rooms.im.test')
    expect(there.getChild('error')?.toString(), payload).toBe(missing.getChild('error')?.toString())
    expect(conditionOf(await s.carol.ask(type, payload, HALL)), payload).toBe('forbidden')
    for (const target of [`${HALL}/Alice`, `${HALL}/Nobody`, `${HALL}/Bob`]) {
      const occupant = await s.bob.ask(type, payload, target)
      const nobody = await s.bob.ask(type, payload, 'nowhere@rooms.im.test/Alice')
      expect(occupant.getChild('error')?.toString(), payload).toBe(nobody.getChild('error')?.toString())
    }
  }
})

test('a client that believes to be in a room that is gone learns that it is not: not-acceptable (XEP-0410 §3.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await s.alice.ask('set', '<query xmlns="http://jabber.org/protocol/muc#owner"><destroy/></query>', HALL)
  const answer = await s.bob.ask('get', PING, `${HALL}/Bob`)
  expect(answer.getChild('error')?.attrs['type']).toBe('cancel')
  expect(conditionOf(answer)).toBe('not-acceptable')
})

test('MU-01: a visitor of a moderated room gets no voice by registering, inside or from outside (XEP-0045 §7.10)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob], { moderatedroom: '1' })
  expect(conditionOf(await s.bob.ask('get', '<query xmlns="jabber:iq:register"/>', HALL))).toBe('not-allowed')
  for (const device of [s.bob, s.carol]) {
    expect(conditionOf(await device.ask('set', register('Somebody'), HALL))).toBe('not-allowed')
  }
  expect(conditionOf(await s.bob.ask('set', remove, HALL))).toBe('registration-required')
  expect(await refusalOf(s.bob, `<message type="groupchat" to="${HALL}"><body>May I?</body></message>`)).toBe(
    'forbidden',
  )
  // Who was given voice may have the nick, too.
  await change(s.alice, '<item nick="Bob" role="participant"/>')
  expect((await s.bob.ask('set', register('Bob'), HALL)).attrs['type']).toBe('result')
  await say(s.bob)
  await s.alice.next(({ attrs }) => attrs['id'] === 'try')
})

test('MU-01: whose voice was taken gets it back neither by registering nor by giving it up (XEP-0045 §8.4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await s.bob.ask('set', register('Bob'), HALL)
  await change(s.alice, '<item nick="Bob" role="visitor"/>')
  await s.bob.ask('set', remove, HALL)
  expect(presences(s.bob).at(-1)).toMatchObject({ affiliation: 'none', role: 'visitor' })
  expect(conditionOf(await s.bob.ask('set', register('Bob'), HALL))).toBe('not-allowed')
  expect(await refusalOf(s.bob, `<message type="groupchat" to="${HALL}"><body>May I?</body></message>`)).toBe(
    'forbidden',
  )
})

test('a room says nothing to others while its owner configures it (XEP-0045 §10.1.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await enter(s.alice, HALL, 'Alice')
  expect(conditionOf(await s.bob.ask('get', '<vCard xmlns="vcard-temp"/>', HALL))).toBe('item-not-found')
  await configure(s.alice, HALL, {})
  expect((await s.bob.ask('get', '<vCard xmlns="vcard-temp"/>', HALL)).attrs['type']).toBe('result')
  expect(conditionOf(await admin(s.bob, HALL, 'get', '<item affiliation="owner"/>'))).toBe('forbidden')
})
