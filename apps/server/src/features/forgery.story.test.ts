import { describe, expect, test } from 'vitest'
import { conditionOf, HALL, hall } from '../../test/rooms.ts'
import { story } from '../../test/story.ts'

/** Sends a message with a body and this payload; returns what arrives. */
async function delivered(payload: string) {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  s.bob.received()
  await s.alice.send(`<message type="chat" to="bob@im.test"><body>text</body>${payload}</message>`)
  return s.bob.received().join('')
}

test('SP-04 ids in the name of an archive of ours are removed, those of others stay (XEP-0359 §3)', async () => {
  const forged = ['bob@im.test', 'im.test', 'carol@im.test', 'BOB@IM.TEST/x', 'not an address@@']
  const ids = forged.map((by) => `<stanza-id xmlns="urn:xmpp:sid:0" by="${by}" id="forged"/>`).join('')
  const text = await delivered(`${ids}<stanza-id xmlns="urn:xmpp:sid:0" by="room@elsewhere.test" id="theirs"/>`)

  expect(text).not.toContain('forged')
  expect(text).toContain('id="theirs"')
  expect(text.match(/by="bob@im\.test"/g)).toHaveLength(1)
})

test('SP-02 a carbon that a client made up is removed (CVE-2017-5589)', async () => {
  const inner =
    '<forwarded xmlns="urn:xmpp:forward:0"><message xmlns="jabber:client" from="carol@im.test"><body>lie</body></message></forwarded>'
  const text = await delivered(
    `<received xmlns="urn:xmpp:carbons:2">${inner}</received><sent xmlns="urn:xmpp:carbons:2">${inner}</sent>`,
  )
  expect(text).not.toContain('lie')
})

test('SP-03 an archive result that a client made up is removed', async () => {
  const text = await delivered('<result xmlns="urn:xmpp:mam:2" queryid="q" id="1"><x xmlns="lie"/></result>')
  expect(text).not.toContain('lie')
  expect(text).toContain('<body>text</body>')
})

describe('SP-08 a delay in our name is removed (XEP-0203 §4)', () => {
  const delay = (from?: string, xmlns = 'urn:xmpp:delay') =>
    `<${xmlns === 'urn:xmpp:delay' ? 'delay' : 'x'} xmlns="${xmlns}"${from === undefined ? '' : ` from="${from}"`} stamp="2002-09-10T23:08:25Z"/>`
  const forged = ['im.test', 'bob@im.test', 'hall@rooms.im.test', undefined, ''].flatMap((from) => [
    delay(from),
    delay(from, 'jabber:x:delay'),
  ])

  test('from a message, one in the name of the sender stays', async () => {
    const text = await delivered(forged.join('') + delay('alice@im.test/1'))
    expect(text.match(/stamp=/g)).toHaveLength(1)
    expect(text).toContain('from="alice@im.test/1" stamp="2002-09-10T23:08:25Z"')
  })

  test('from presence, to a contact and in a room', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await hall([s.alice, s.bob])
    await s.bob.send(`<presence to="alice@im.test/1">${forged.join('')}<status>direct</status></presence>`)
    await s.bob.send(`<presence to="${HALL}/Bob">${forged.join('')}<status>inside</status></presence>`)
    for (const status of ['direct', 'inside']) {
      const seen = await s.alice.next((element) => element.getChildText('status') === status)
      expect(seen.toString()).not.toContain('stamp=')
    }
  })

  test('from what is said in a room, where one of the sender’s own would say who that is, too (MU-05)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await hall([s.alice, s.bob])
    const stamps = forged.join('') + delay('bob@im.test/1') + delay(HALL)
    await s.bob.send(`<message type="groupchat" to="${HALL}" id="m1"><body>hi</body>${stamps}</message>`)
    const said = await s.alice.next(({ attrs }) => attrs['id'] === 'm1')
    expect(said.toString()).not.toContain('stamp=')
    expect(said.toString()).not.toContain('bob@im.test')
  })
})

describe('SP-05 what only a server says to a client does not come from another client (RFC 6121 §2.1.6)', () => {
  const pushes = {
    roster: '<query xmlns="jabber:iq:roster"><item jid="evil@im.test" subscription="both"/></query>',
    'block list': '<block xmlns="urn:xmpp:blocking"><item jid="carol@im.test"/></block>',
    'privacy list': '<query xmlns="jabber:iq:privacy"><list name="evil"/></query>',
    'private storage': '<query xmlns="jabber:iq:private"><x xmlns="storage:bookmarks"/></query>',
    archive: '<query xmlns="urn:xmpp:mam:2"/>',
    'push service': '<enable xmlns="urn:xmpp:push:0" jid="push.evil.test"/>',
    carbons: '<disable xmlns="urn:xmpp:carbons:2"/>',
    'call relays': '<services xmlns="urn:xmpp:extdisco:2"><service host="evil.test" type="turn"/></services>',
  }

  test('neither at a device, nor at an occupant, whether there or not (CVE-2015-8688)', async () => {
    await using s = await story({ alice: 2, bob: 1 })
    await hall([s.alice, s.bob])
    // Bob may ask this device anything else.
    await s.alice.send('<presence to="bob@im.test/1"/>')
    s.alice.received()
    const targets = ['alice@im.test/1', 'alice@im.test/nobody', `${HALL}/Alice`, 'nowhere@rooms.im.test/Alice']
    for (const [what, push] of Object.entries(pushes)) {
      for (const to of targets) {
        expect(conditionOf(await s.bob.ask('set', push, to)), `${what} ${to}`).toBe('forbidden')
      }
      expect(conditionOf(await s.bob.ask('get', push, 'alice@im.test/1')), what).toBe('forbidden')
      // Nor from one device of a person to another: a client believes its account, not each of its devices.
      expect(conditionOf(await s.device('alice', 2).ask('set', push, 'alice@im.test/1')), what).toBe('forbidden')
    }
    expect(s.alice.received()).toEqual([])
  })

  test('anything else still reaches the device (RFC 6121 §8.5.3.1)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await s.alice.available('<presence/>')
    await s.alice.send('<presence to="bob@im.test/1"/>')
    s.alice.received()
    await s.bob.send('<iq type="get" id="v" to="alice@im.test/1"><query xmlns="jabber:iq:version"/></iq>')
    expect(s.alice.received().join()).toContain('jabber:iq:version')
  })
})

describe('MU-11 what only a room says is not said by a person', () => {
  const claims =
    '<x xmlns="http://jabber.org/protocol/muc#user"><invite from="admin@im.test"/><status code="110"/></x>' +
    '<occupant-id xmlns="urn:xmpp:occupant-id:0" id="claimed"/>' +
    '<hats xmlns="urn:xmpp:hats:0"><hat uri="urn:x" title="King"/></hats>' +
    '<moderated xmlns="urn:xmpp:message-moderate:1" by="hall@rooms.im.test/Alice"/>' +
    '<retract xmlns="urn:xmpp:message-retract:1" id="m0"><moderated xmlns="urn:xmpp:message-moderate:1"/></retract>' +
    '<apply-to xmlns="urn:xmpp:fasten:0" id="m0"><moderated xmlns="urn:xmpp:message-moderate:0"/></apply-to>'
  const claimed = /muc#user|occupant-id|urn:xmpp:hats|message-moderate/

  test('in a message: invitations in others’ names, who is who, that something was moderated (XEP-0045 §7.8.2)', async () => {
    const text = await delivered(claims)
    expect(text).toContain('<body>text</body>')
    expect(text).not.toMatch(claimed)
  })

  test('in presence, to one and to all (XEP-0421 §5, XEP-0317)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    for (const device of [s.alice, s.bob]) await device.available()
    await s.alice.send('<presence type="subscribe" to="bob@im.test"/>')
    await s.bob.send('<presence type="subscribed" to="alice@im.test"/>')
    s.alice.received()
    await s.bob.send(`<presence to="alice@im.test">${claims}<status>direct</status></presence>`)
    await s.bob.send(`<presence>${claims}<status>all</status></presence>`)
    for (const status of ['direct', 'all']) {
      const seen = await s.alice.next((element) => element.getChildText('status') === status)
      expect(seen.toString()).not.toMatch(claimed)
    }
  })

  test('yet what a person says to a room still arrives there: an invitation (XEP-0045 §7.8.2)', async () => {
    await using s = await story({ alice: 1, bob: 1 })
    await hall([s.alice])
    await s.bob.available()
    const invite = '<x xmlns="http://jabber.org/protocol/muc#user"><invite to="bob@im.test"/></x>'
    await s.alice.send(`<message to="${HALL}" id="i1">${invite}</message>`)
    const invitation = await s.bob.next(({ attrs }) => attrs['from'] === HALL)
    expect(invitation.getChild('x', 'http://jabber.org/protocol/muc#user')?.getChild('invite')).toBeDefined()
  })
})
