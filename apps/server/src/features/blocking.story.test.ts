import { expect, test } from 'vitest'
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
