// MU-05: in a semi-anonymous room nobody but its moderators learns who is behind a nick (XEP-0045 §4.2, §13.2).
import { expect, test } from 'vitest'
import { admin, change, configure, enter, HALL, hall } from '../../../test/rooms.ts'
import { story } from '../../../test/story.ts'
import type { Device } from '../../../test/story.ts'

const ROOM_QUERIES = [
  '<query xmlns="http://jabber.org/protocol/disco#info"/>',
  '<query xmlns="http://jabber.org/protocol/disco#items"/>',
  '<query xmlns="http://jabber.org/protocol/disco#items" node="http://jabber.org/protocol/commands"/>',
  '<query xmlns="http://jabber.org/protocol/disco#info" node="x-roomuser-item"/>',
  '<query xmlns="http://jabber.org/protocol/muc#owner"/>',
  '<query xmlns="jabber:iq:register"/>',
  '<vCard xmlns="vcard-temp"/>',
  '<metadata xmlns="urn:xmpp:mam:2"/>',
]
const NICK_QUERIES = [
  '<query xmlns="http://jabber.org/protocol/disco#info"/>',
  '<query xmlns="http://jabber.org/protocol/disco#items"/>',
  '<vCard xmlns="vcard-temp"/>',
  '<ping xmlns="urn:xmpp:ping"/>',
  '<query xmlns="jabber:iq:last"/>',
  '<query xmlns="jabber:iq:version"/>',
  '<time xmlns="urn:xmpp:time"/>',
  '<pubsub xmlns="http://jabber.org/protocol/pubsub"><items node="urn:xmpp:avatar:metadata"/></pubsub>',
]
const LISTS = [
  ...['owner', 'admin', 'member', 'outcast', 'none'].map((affiliation) => `<item affiliation="${affiliation}"/>`),
  ...['moderator', 'participant', 'visitor', 'none'].map((role) => `<item role="${role}"/>`),
]

const groupchat = (id: string, inside: string) =>
  `<message type="groupchat" to="${HALL}" id="${id}">${inside}</message>`
const whisper = (nick: string, id: string) =>
  `<message type="chat" to="${HALL}/${nick}" id="${id}"><body>${id}</body></message>`
const join = (nick: string) => `<presence to="${HALL}/${nick}"><x xmlns="http://jabber.org/protocol/muc"/></presence>`

/** Keeps everything that a device receives, whatever else of the test takes from it. */
function recordOf(device: Device): { take(): string[] } {
  const all: string[] = []
  const { received, ask } = device
  const recording: Pick<Device, 'received' | 'ask'> = {
    received() {
      const some = received()
      all.push(...some)
      return some
    },
    async ask(...request) {
      const answer = await ask(...request)
      all.push(answer.toString())
      return answer
    },
  }
  Object.assign(device, recording)
  return {
    take() {
      device.received()
      return all.splice(0)
    },
  }
}

/** An occupant answers the request that has reached it, as a client does: with its own address where it may stand. */
async function answer(device: Device, inside: string, type: 'result' | 'error' = 'result'): Promise<void> {
  const asked = await device.next(({ name, attrs }) => name === 'iq' && (attrs['from'] ?? '').startsWith(HALL))
  const { id, from } = asked.attrs
  device.received()
  await device.send(`<iq type="${type}" id="${id}" to="${from}" from="${device.jid}">${inside}</iq>`)
}

test('MU-05: no occupant but a moderator ever receives the address of another, whatever happens in the room', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1, dave: 2 })
  // A vCard says who somebody is.
  const card = '<vCard xmlns="vcard-temp"><FN>Bob</FN><JABBERID>bob@im.test</JABBERID></vCard>'
  await s.bob.ask('set', card)
  await hall([s.alice, s.bob, s.carol], { allowpm: 'anyone', changesubject: '1', persistentroom: '1' })
  const [alice, carol] = [recordOf(s.alice), recordOf(s.carol)]
  const everyone = ['alice', 'bob', 'dave'].map((name) => `${name}@im.test`)
  let count = 0
  const assertSilent = (step: string) => {
    const stanzas = carol.take()
    count += stanzas.length
    for (const stanza of stanzas) {
      for (const address of everyone) expect(stanza, step).not.toContain(address)
    }
  }

  // Presence: entering, on two devices, away, another nick, losing the connection, leaving.
  await enter(s.dave, HALL, 'Dave')
  await enter(s.device('dave', 2), HALL, 'Dave')
  assertSilent('others enter')
  await s.bob.send(`<presence to="${HALL}/Bob" from="${s.bob.jid}"><show>away</show><status>gone</status></presence>`)
  await s.bob.send(`<presence to="${HALL}/Robert"/>`)
  await s.bob.send(`<presence to="${HALL}/Bob"/>`)
  assertSilent('another nick')
  s.device('dave', 2).disconnect()
  await s.dave.send(`<presence to="${HALL}/Dave" type="unavailable"><status>bye</status></presence>`)
  await enter(s.dave, HALL, 'Dave')
  assertSilent('leaving')

  // Messages, with what clients put into them, and the subject.
  const forged =
    `<stanza-id xmlns="urn:xmpp:sid:0" by="bob@im.test" id="1"/>` +
    `<x xmlns="http://jabber.org/protocol/muc#user"><item jid="${s.bob.jid}"/></x>`
  await s.bob.send(groupchat('m1', `<body>hi</body>${forged}`))
  await s.alice.send(groupchat('m2', '<subject>News</subject>'))
  await s.bob.send(whisper('Carol', 'w1'))
  await s.carol.send(whisper('Bob', 'w2'))
  assertSilent('messages')

  // What waits for her, is read again, and is found in the archives of the room and her own.
  await s.carol.send(`<presence to="${HALL}/Carol" type="unavailable"/>`)
  await enter(s.carol, HALL, 'Carol')
  assertSilent('history')
  await s.carol.ask('set', '<query xmlns="urn:xmpp:mam:2" queryid="q1"/>', HALL)
  await s.carol.ask('set', '<query xmlns="urn:xmpp:mam:2" queryid="q2"/>')
  const before = count
  assertSilent('archives')
  expect(count - before).toBeGreaterThan(4)

  // Requests: to the room, by list, and to somebody inside, who answers or cannot.
  await change(s.alice, '<item jid="dave@im.test" affiliation="member"/>')
  for (const query of ROOM_QUERIES) await s.carol.ask('get', query, HALL)
  for (const list of LISTS) await admin(s.carol, HALL, 'get', list)
  assertSilent('requests to the room')
  for (const query of NICK_QUERIES) {
    const answered = s.carol.ask('get', query, `${HALL}/Bob`)
    if (!query.includes('vcard-temp')) {
      const error = `<error type="cancel" by="${s.bob.jid}"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>`
      await answer(s.bob, error, 'error')
    }
    await answered
    assertSilent(query)
  }
  const version = s.carol.ask('get', '<query xmlns="jabber:iq:version"/>', `${HALL}/Dave`)
  await answer(s.dave, '<query xmlns="jabber:iq:version"><name>x</name></query>')
  await version
  assertSilent('an answer')

  // Refusals.
  for (const stanza of [
    `<presence to="${HALL}/Bob"/>`,
    join('Bob'),
    whisper('Nobody', 'e1'),
    `<message to="${HALL}" type="chat" id="e2"><body>x</body></message>`,
    `<message to="${HALL}" id="e3"><x xmlns="http://jabber.org/protocol/muc#user"><invite to="no one"/></x></message>`,
  ]) {
    await s.carol.send(stanza)
  }
  await admin(s.carol, HALL, 'set', '<item nick="Bob" role="none"/>')
  await admin(s.carol, HALL, 'set', '<item jid="bob@im.test" affiliation="outcast"/>')
  assertSilent('refusals')

  // What moderators do, with reasons: voice, membership, a nick kept for somebody, a hat, kicking, banning, lifting it.
  await change(s.alice, '<item nick="Bob" role="visitor"><reason>quiet</reason></item>')
  await change(s.alice, '<item nick="Bob" role="participant"/>')
  await change(s.alice, '<item jid="bob@im.test" affiliation="member" nick="Bob"><reason>ours</reason></item>')
  await change(s.alice, '<item jid="bob@im.test" affiliation="admin"/>')
  await change(s.alice, '<item jid="bob@im.test" affiliation="none"/>')
  await change(s.alice, '<item nick="Dave" role="none"><reason>enough</reason></item>')
  await enter(s.dave, HALL, 'Dave')
  await change(s.alice, '<item jid="dave@im.test" affiliation="outcast"><reason>enough</reason></item>')
  await change(s.alice, '<item jid="dave@im.test" affiliation="member"/>')
  await enter(s.dave, HALL, 'Dave')
  assertSilent('moderation')
  await s.alice.ask('get', '<vCard xmlns="vcard-temp"/>', `${HALL}/Bob`)
  await configure(s.alice, HALL, { membersonly: '1' })
  assertSilent('configuration')

  // The moderator has seen them all the while: it is from the others that they are kept.
  const told = alice.take().join('')
  for (const address of [s.bob.jid, s.dave.jid]) expect(told).toContain(`jid="${address}"`)
  expect(told).toContain('<JABBERID>bob@im.test')
})
