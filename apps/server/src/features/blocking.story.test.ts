import { listReports } from '@drawbridge/db'
import { describe, expect, test } from 'vitest'
import { HALL, hall } from '../../test/rooms.ts'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'

const command = (name: string, ...jids: string[]) =>
  `<${name} xmlns="urn:xmpp:blocking">${jids.map((jid) => `<item jid="${jid}"/>`).join('')}</${name}>`
const BLOCKED = '<blocked xmlns="urn:xmpp:blocking:errors"/>'
const MARKER = '<iq type="get" id="marker" to="im.test"><ping xmlns="urn:xmpp:ping"/></iq>'

/** alice and bob see each other. */
async function friends() {
  const s = await story({ alice: 2, bob: 1 })
  for (const [a, b] of [
    [s.alice, s.bob],
    [s.bob, s.alice],
  ] as const) {
    await a.send(`<presence type="subscribe" to="${b.session.account.bareJid}"/>`)
    await b.send(`<presence type="subscribed" to="${a.session.account.bareJid}"/>`)
  }
  await s.alice.available()
  await s.bob.available()
  s.alice.received()
  s.bob.received()
  return s
}

/** What a device has received, once a marker sent afterwards has come back. */
async function everything(device: Device): Promise<string[]> {
  await device.send(MARKER)
  return device.received().filter((text) => !text.includes('id="marker"'))
}

test('a user reads, fills and empties the block list, and asking devices are told (XEP-0191 §3.2 to §3.5)', async () => {
  await using s = await story({ alice: 3 })
  expect((await s.alice.ask('get', command('blocklist'))).toString()).toContain(
    '<blocklist xmlns="urn:xmpp:blocking"/>',
  )
  await s.device('alice', 2).ask('get', command('blocklist'))

  await s.alice.ask('set', command('block', 'bob@im.test', 'spam.test'))
  expect(s.device('alice', 2).received().join()).toContain(command('block', 'bob@im.test', 'spam.test'))
  expect(s.device('alice', 3).received()).toEqual([])
  expect((await s.alice.ask('get', command('blocklist'))).toString()).toContain(
    command('blocklist', 'bob@im.test', 'spam.test'),
  )

  await s.alice.ask('set', command('unblock', 'bob@im.test'))
  expect((await s.alice.ask('get', command('blocklist'))).toString()).toContain(command('blocklist', 'spam.test'))
  await s.alice.ask('set', '<unblock xmlns="urn:xmpp:blocking"/>')
  expect((await s.alice.ask('get', command('blocklist'))).toString()).toContain(
    '<blocklist xmlns="urn:xmpp:blocking"/>',
  )
  expect((await s.alice.ask('set', '<block xmlns="urn:xmpp:blocking"/>')).toString()).toContain('<bad-request ')
  expect((await s.alice.ask('set', command('block', '@im.test'))).toString()).toContain('<jid-malformed ')
})

test.each([
  ['bare', 'bob@im.test'],
  ['full', 'bob@im.test/1'],
])('SP-13 nothing from a contact blocked by %s address arrives (XEP-0191 §3.3)', async (_form, entry) => {
  await using s = await friends()
  await s.alice.ask('set', command('block', entry))
  s.alice.received()
  s.bob.received()

  await s.bob.send('<message to="alice@im.test" type="chat" id="m"><body>Hello?</body></message>')
  await s.bob.send('<presence><show>away</show></presence>')
  await s.bob.send('<presence type="subscribe" to="alice@im.test"/>')
  await s.bob.send('<presence to="alice@im.test/1"/>')
  await s.bob.send('<iq type="get" id="v" to="alice@im.test/1"><query xmlns="jabber:iq:version"/></iq>')
  await s.bob.send('<iq type="get" id="c" to="alice@im.test"><vCard xmlns="vcard-temp"/></iq>')

  expect(await everything(s.alice)).toEqual([])
  const bob = s.bob.received()
  // "for message stanzas, the server SHOULD return an error, which SHOULD be <service-unavailable/>".
  for (const id of ['m', 'v', 'c']) {
    expect(bob.find((text) => text.includes(`id="${id}"`))).toContain('<service-unavailable ')
  }
  // "for presence stanzas, the server MUST NOT respond".
  expect(bob.filter((text) => text.startsWith('<presence') && text.includes('error'))).toEqual([])
  const archive = await s.alice.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  expect(archive.attrs['type']).toBe('result')
  expect(s.alice.received().join()).not.toContain('Hello?')
})

test('SP-13 a user cannot talk to somebody blocked without noticing (XEP-0191 §3.3)', async () => {
  await using s = await friends()
  await s.alice.ask('set', command('block', 'im.test'))
  s.bob.received()

  await s.alice.send('<message to="bob@im.test" type="chat" id="m"><body>Hi</body></message>')
  await s.alice.send('<iq type="get" id="v" to="bob@im.test/1"><query xmlns="jabber:iq:version"/></iq>')
  await s.alice.send('<presence to="bob@im.test" id="p"/>')

  const alice = s.alice.received()
  for (const id of ['m', 'v', 'p']) {
    const answer = alice.find((text) => text.includes(`id="${id}"`))
    expect(answer).toContain('<not-acceptable ')
    expect(answer).toContain(BLOCKED)
  }
  expect(await everything(s.bob)).toEqual([])
})

test('whoever is blocked sees the user leave, and come back when unblocked (XEP-0191 §3.3, §3.4)', async () => {
  await using s = await friends()

  await s.alice.ask('set', command('block', 'bob@im.test'))
  expect(s.bob.received()).toEqual(['<presence to="bob@im.test" type="unavailable" from="alice@im.test/1"/>'])
  await s.alice.send('<presence><show>dnd</show></presence>')
  await s.bob.send('<presence><show>away</show></presence>')
  expect((await everything(s.bob)).join()).not.toContain('alice')
  s.alice.received()

  await s.alice.ask('set', command('unblock', 'bob@im.test'))
  expect(s.bob.received()).toEqual(['<presence to="bob@im.test" from="alice@im.test/1"><show>dnd</show></presence>'])
  expect(s.alice.received()).toEqual(['<presence to="alice@im.test" from="bob@im.test/1"><show>away</show></presence>'])
})

test('nobody blocks the own devices', async () => {
  await using s = await story({ alice: 1 })
  expect((await s.alice.ask('set', command('block', 'alice@im.test'))).toString()).toContain('<not-allowed ')
})

test('SP-13 nothing from a blocked domain arrives (XEP-0191 §3.3)', async () => {
  await using s = await friends()
  await s.alice.ask('set', command('block', 'im.test'))
  s.alice.received()
  s.bob.received()
  await s.bob.send('<message to="alice@im.test" type="chat" id="m"><body>Hello?</body></message>')
  await s.bob.send('<presence to="alice@im.test/1"/>')
  await s.bob.send('<iq type="get" id="v" to="alice@im.test/1"><query xmlns="jabber:iq:version"/></iq>')
  expect(await everything(s.alice)).toEqual([])
  expect(s.bob.received().filter((text) => text.includes('<service-unavailable '))).toHaveLength(2)
})

test('SP-13 no device gets a copy of what is blocked (XEP-0191 §3.3, XEP-0280 §7)', async () => {
  await using s = await story({ alice: 2, bob: 2 })
  for (const device of [s.device('alice', 2), s.device('bob', 2)]) {
    await device.ask('set', '<enable xmlns="urn:xmpp:carbons:2"/>')
    await device.available()
    device.received()
  }
  await s.alice.ask('set', command('block', 'bob@im.test'))
  await s.bob.send('<message to="alice@im.test/1" type="chat"><body>Hello?</body></message>')
  expect(await everything(s.alice)).toEqual([])
  expect(await everything(s.device('alice', 2))).toEqual([])
  // It went nowhere, so there is nothing that was sent.
  expect((await everything(s.device('bob', 2))).join('')).not.toContain('Hello?')
})

test('SP-13 a private message from a blocked nick reaches neither device nor archive (XEP-0191 §3.3, XEP-0045 §7.5)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await s.alice.ask('set', command('block', `${HALL}/Bob`))
  s.alice.received()
  s.bob.received()
  await s.bob.send(`<message to="${HALL}/Alice" type="chat" id="pm"><body>psst</body></message>`)
  expect((await everything(s.alice)).join('')).not.toContain('psst')
  expect(s.bob.received().join('')).toContain('<service-unavailable ')
  await s.alice.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  expect(s.alice.received().join('')).not.toContain('psst')
  await s.alice.send(`<message to="${HALL}/Bob" type="chat" id="back"><body>hi</body></message>`)
  expect(s.alice.received().join('')).toContain('<not-acceptable ')
})

test('SP-13 a room carries no invitation from whoever is blocked, and does not tell (XEP-0191 §3.3, XEP-0045 §7.8.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.bob], { membersonly: '0' })
  await s.alice.available()
  await s.alice.ask('set', command('block', 'bob@im.test'))
  s.alice.received()
  s.bob.received()
  const reason = '<invite to="alice@im.test"><reason>You cannot block me</reason></invite>'
  await s.bob.send(`<message to="${HALL}"><x xmlns="http://jabber.org/protocol/muc#user">${reason}</x></message>`)
  expect(await everything(s.alice)).toEqual([])
  expect((await everything(s.bob)).join('')).not.toContain('error')
  await s.alice.ask('set', '<query xmlns="urn:xmpp:mam:2"/>')
  expect(s.alice.received().join('')).not.toContain('You cannot block me')
})

test('SP-13 where a room shows addresses, a blocked occupant neither whispers nor asks (XEP-0191 §3.3)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob], { whois: 'anyone' })
  await s.alice.ask('set', command('block', 'bob@im.test'))
  s.alice.received()
  s.bob.received()
  await s.bob.send(`<message to="${HALL}/Alice" type="chat" id="pm"><body>psst</body></message>`)
  await s.bob.send(`<iq type="get" id="v" to="${HALL}/Alice"><query xmlns="jabber:iq:version"/></iq>`)
  expect((await everything(s.alice)).join('')).not.toMatch(/psst|jabber:iq:version/)
  expect(s.bob.received().filter((text) => text.includes('<service-unavailable '))).toHaveLength(2)
  await s.alice.send(`<message to="${HALL}/Bob" type="chat" id="back"><body>hi</body></message>`)
  expect(s.alice.received().join('')).toContain(BLOCKED)
})

test.each([
  ['unsubscribes', async (bob: Device) => bob.send('<presence type="unsubscribe" to="alice@im.test"/>'), 'to'],
  [
    'removes the contact',
    async (bob: Device) =>
      bob.ask('set', '<query xmlns="jabber:iq:roster"><item jid="alice@im.test" subscription="remove"/></query>'),
    'none',
  ],
])(
  'SP-13 whoever is blocked and %s sees the user no more, unblocked or not (RFC 6121 §3.3.3)',
  async (_how, end, left) => {
    await using s = await friends()
    await s.alice.ask('get', '<query xmlns="jabber:iq:roster"/>')
    await s.alice.ask('set', command('block', 'bob@im.test'))
    s.alice.received()
    await end(s.bob)
    const alice = await everything(s.alice)
    expect(alice.filter((text) => text.startsWith('<presence'))).toEqual([])
    expect(alice.at(-1)).toContain(`<item jid="bob@im.test" subscription="${left}"/>`)
    await s.alice.ask('set', command('unblock', 'bob@im.test'))
    s.bob.received()
    await s.alice.send('<presence><status>secret</status></presence>')
    expect((await everything(s.bob)).join('')).not.toContain('secret')
  },
)

describe('blocking and telling the administrators why', () => {
  const report = (reason: string, inside = '') =>
    `<report xmlns="urn:xmpp:reporting:1" reason="${reason}">${inside}</report>`
  const blockAnd = (jid: string, inside: string) =>
    `<block xmlns="urn:xmpp:blocking"><item jid="${jid}">${inside}</item></block>`

  test('whoever is reported is blocked, and the administrators see why and by which messages (XEP-0377 §6)', async () => {
    await using s = await friends()
    await s.bob.send('<message to="alice@im.test" type="chat"><body>Buy!</body></message>')
    const id = /<stanza-id[^>]* id="([^"]+)"/.exec(s.alice.received().join(''))?.[1]
    const ids = `<stanza-id xmlns="urn:xmpp:sid:0" by="alice@im.test" id="${id}"/><stanza-id xmlns="urn:xmpp:sid:0" id="x"/>`
    const text = '<text xml:lang="en">Never came trouble to my house like this.</text>'
    await s.alice.ask('set', blockAnd('bob@im.test', report('urn:xmpp:reporting:spam', ids + text)))

    expect((await s.alice.ask('get', command('blocklist'))).toString()).toContain('jid="bob@im.test"')
    expect(await listReports(s.server.ctx.db, 10)).toMatchObject([
      {
        reporter: 'alice',
        reported: 'bob@im.test',
        reason: 'urn:xmpp:reporting:spam',
        text: 'Never came trouble to my house like this.',
        messageIds: [id],
      },
    ])
  })

  test('a report without a reason is refused, and nobody is blocked (XEP-0377 §4: "MUST include a reason")', async () => {
    await using s = await story({ alice: 1 })
    const bare = blockAnd('bob@im.test', '<report xmlns="urn:xmpp:reporting:1"/>')
    expect((await s.alice.ask('set', bare)).toString()).toContain('<bad-request ')
    expect((await s.alice.ask('get', command('blocklist'))).toString()).not.toContain('bob')
    expect(await listReports(s.server.ctx.db, 10)).toEqual([])
  })

  test('other devices hear of the block, and not of the report', async () => {
    await using s = await story({ alice: 2 })
    const other = s.device('alice', 2)
    await other.ask('get', command('blocklist'))
    other.received()
    await s.alice.ask('set', blockAnd('bob@im.test', report('urn:xmpp:reporting:abuse')))
    expect(other.received().join('')).toContain(command('block', 'bob@im.test'))
  })

  test('the server says that it takes reports (XEP-0377 §3)', async () => {
    await using s = await story({ alice: 1 })
    const info = await s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/disco#info"/>', 'im.test')
    expect(info.toString()).toContain('<feature var="urn:xmpp:reporting:1"/>')
  })
})
