import { expect, test } from 'vitest'
import { story } from '../../../test/story.ts'

const roster = (content = '', ver?: string) =>
  `<query xmlns="jabber:iq:roster"${ver === undefined ? '' : ` ver="${ver}"`}>${content}</query>`

test('a user adds a contact, and every device that has the roster hears of it (RFC 6121 §2.3.2)', async () => {
  await using s = await story({ alice: 3 })
  await s.alice.ask('get', roster())
  await s.device('alice', 2).ask('get', roster())

  const answer = await s.alice.ask('set', roster('<item jid="bob@im.test" name="Bob"><group>Work</group></item>'))

  expect(answer.attrs['type']).toBe('result')
  const item = '<item jid="bob@im.test" name="Bob" subscription="none"><group>Work</group></item>'
  expect(s.alice.received().join()).toContain(`<query xmlns="jabber:iq:roster" ver="1">${item}</query>`)
  expect(s.device('alice', 2).received().join()).toContain(item)
  // "a client that has not requested the roster" is not interested (§2.1.6).
  expect(s.device('alice', 3).received()).toEqual([])
  expect((await s.device('alice', 3).ask('get', roster())).toString()).toContain(item)
})

test('a group of zero length is not acceptable, adding or updating (RFC 6121 §2.3.3, §2.4.3)', async () => {
  await using s = await story({ alice: 1 })
  const bad = roster('<item jid="bob@im.test"><group></group></item>')
  const good = roster('<item jid="bob@im.test"><group>Work</group></item>')

  expect((await s.alice.ask('set', bad)).toString()).toContain('<not-acceptable')
  expect((await s.alice.ask('set', good)).attrs['type']).toBe('result')
  expect((await s.alice.ask('set', bad)).toString()).toContain('<not-acceptable')
})

test.each([
  ['two items', '<item jid="bob@im.test"/><item jid="carol@im.test"/>', 'bad-request'],
  ['no address', '<item/>', 'bad-request'],
  ['a malformed address', '<item jid="@im.test"/>', 'jid-malformed'],
  ['the own address', '<item jid="alice@im.test"/>', 'not-allowed'],
  ['a resource', '<item jid="bob@im.test/1"/>', 'bad-request'],
  ['a group twice', '<item jid="bob@im.test"><group>a</group><group>a</group></item>', 'bad-request'],
  ['a very long name', `<item jid="bob@im.test" name="${'very long '.repeat(120)}"/>`, 'not-acceptable'],
  ['the removal of nobody', '<item jid="bob@im.test" subscription="remove"/>', 'item-not-found'],
])('a roster set with %s is refused', async (_what, item, condition) => {
  await using s = await story({ alice: 1 })
  expect((await s.alice.ask('set', roster(item))).toString()).toContain(`<${condition} `)
})

test('SP-05 nobody reads or changes the roster of somebody else (RFC 6121 §2.1.5)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.ask('get', roster())

  for (const to of ['bob@im.test', 'nobody@im.test']) {
    const answer = await s.alice.ask('set', roster('<item jid="mallory@im.test"/>'), to)
    expect(answer.toString()).toContain('<forbidden ')
  }

  expect(s.bob.received()).toEqual([])
  expect((await s.bob.ask('get', roster())).toString()).not.toContain('mallory')
})

test('a client that knows the current version gets nothing, an older one only what changed (RFC 6121 §2.6.3, XEP-0237 §2.4)', async () => {
  await using s = await story({ alice: 2 })
  const add = (name: string) => s.alice.ask('set', roster(`<item jid="${name}@im.test"/>`))
  await add('bob')
  await add('carol')
  await s.alice.ask('set', roster('<item jid="bob@im.test" subscription="remove"/>'))
  const second = s.device('alice', 2)

  // "the server MUST return a roster result containing no <query/>": an empty one.
  expect((await second.ask('get', roster('', '3'))).children).toEqual([])
  expect(second.received()).toEqual([])

  expect((await second.ask('get', roster('', '1'))).children).toEqual([])
  await second.next((element) => element.toString().includes('ver="3"'))
  const pushes = second.received().filter((text) => text.includes('jabber:iq:roster'))
  expect(pushes.map((text) => /<item.*\/>/.exec(text)?.[0])).toEqual([
    '<item jid="carol@im.test" subscription="none"/>',
    '<item jid="bob@im.test" subscription="remove"/>',
  ])

  const whole = await second.ask('get', roster('', ''))
  expect(whole.getChild('query')?.attrs['ver']).toBe('3')
  expect(whole.toString()).toContain('carol@im.test')
  expect((await second.ask('get', roster('', '99'))).toString()).toContain('carol@im.test')
})

test('two people agree to see each other, and do (RFC 6121 §3.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  for (const device of [s.alice, s.bob]) {
    await device.ask('get', roster())
    await device.available()
    device.received()
  }

  await s.alice.send('<presence type="subscribe" to="bob@im.test/1" id="s1"><status>It is me</status></presence>')
  // §3.1.2: "the server MUST stamp the outbound stanza with the bare JID", of both.
  expect(s.bob.received()).toEqual([
    '<presence type="subscribe" to="bob@im.test" id="s1" from="alice@im.test"><status>It is me</status></presence>',
  ])
  expect(s.alice.received().join()).toContain('<item jid="bob@im.test" subscription="none" ask="subscribe"/>')

  await s.bob.send('<presence type="subscribed" to="alice@im.test"/>')
  const alice = s.alice.received()
  // §3.1.6: the answer, then the push, then who is there.
  expect(alice).toEqual([
    '<presence type="subscribed" to="alice@im.test" from="bob@im.test"/>',
    expect.stringContaining('<item jid="bob@im.test" subscription="to"/>'),
    '<presence to="alice@im.test" from="bob@im.test/1"/>',
  ])
  expect(s.bob.received().join()).toContain('<item jid="alice@im.test" subscription="from"/>')

  await s.bob.send('<presence type="subscribe" to="alice@im.test"/>')
  await s.alice.send('<presence type="subscribed" to="bob@im.test"/>')
  expect(s.bob.received().join()).toContain('<item jid="alice@im.test" subscription="both"/>')
  s.alice.received()
  await s.bob.send('<presence><show>away</show></presence>')
  expect(s.alice.received()).toEqual(['<presence to="alice@im.test" from="bob@im.test/1"><show>away</show></presence>'])
})

test('a request waits until its addressee signs in, at every sign-in until it is answered (RFC 6121 §3.1.3)', async () => {
  await using s = await story({ alice: 1 })
  await s.addAccount('bob')
  await s.alice.send('<presence type="subscribe" to="bob@im.test"><status>Hi</status></presence>')

  const request = '<presence type="subscribe" to="bob@im.test" from="alice@im.test"><status>Hi</status></presence>'
  for (const resource of ['1', '2']) {
    const bob = await s.connect('bob', resource)
    await bob.available()
    expect(bob.received()).toContain(request)
    if (resource === '2') await bob.send('<presence type="unsubscribed" to="alice@im.test"/>')
    bob.disconnect()
  }
  const bob = await s.connect('bob', '3')
  await bob.available()
  expect(bob.received().join()).not.toContain('type="subscribe"')
})

test('a contact approved beforehand is not asked about (RFC 6121 §3.4)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  for (const device of [s.alice, s.bob]) {
    await device.ask('get', roster())
    await device.available()
    device.received()
  }
  await s.bob.send('<presence type="subscribed" to="alice@im.test"/>')
  expect(s.alice.received()).toEqual([])
  expect(s.bob.received().join()).toContain('<item jid="alice@im.test" subscription="none" approved="true"/>')

  await s.alice.send('<presence type="subscribe" to="bob@im.test"/>')

  const alice = s.alice.received().join()
  expect(alice).toContain('<presence type="subscribed" from="bob@im.test" to="alice@im.test"/>')
  expect(alice).toContain('<item jid="bob@im.test" subscription="to"/>')
  expect(alice).toContain('<presence to="alice@im.test" from="bob@im.test/1"/>')
  expect(s.bob.received().join()).not.toContain('type="subscribe"')
})

test('SP-17 an answer to a question that was never asked changes nothing', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.ask('get', roster())
  await s.bob.available()
  s.bob.received()

  await s.alice.send('<presence type="subscribed" to="bob@im.test"/>')
  await s.alice.send('<presence type="unsubscribed" to="bob@im.test"/>')

  expect(s.bob.received()).toEqual([])
  expect((await s.bob.ask('get', roster())).toString()).not.toContain('alice')
})

/** alice and bob see each other; both have the roster and are available. */
async function friends(people: { alice: number; bob: number } = { alice: 1, bob: 1 }) {
  const s = await story(people)
  for (const [person, count] of Object.entries(people)) {
    for (let n = 1; n <= count; n++) await s.device(person as 'alice', n).ask('get', roster())
  }
  for (const [a, b] of [
    [s.alice, 'bob'],
    [s.bob, 'alice'],
  ] as const) {
    const other = b === 'bob' ? s.bob : s.alice
    await a.send(`<presence type="subscribe" to="${b}@im.test"/>`)
    await other.send(`<presence type="subscribed" to="${a.session.account.bareJid}"/>`)
  }
  for (const [person, count] of Object.entries(people)) {
    for (let n = 1; n <= count; n++) await s.device(person as 'alice', n).available()
  }
  for (const [person, count] of Object.entries(people)) {
    for (let n = 1; n <= count; n++) s.device(person as 'alice', n).received()
  }
  return s
}

test('removing a contact ends what there was in both directions (RFC 6121 §2.5.2)', async () => {
  await using s = await friends()

  await s.alice.ask('set', roster('<item jid="bob@im.test" subscription="remove"/>'))

  const bob = s.bob.received().join('\n')
  expect(bob).toContain('<presence type="unsubscribe" from="alice@im.test" to="bob@im.test"/>')
  expect(bob).toContain('<presence type="unsubscribed" from="alice@im.test" to="bob@im.test"/>')
  expect(bob).toContain('<presence to="bob@im.test" type="unavailable" from="alice@im.test/1"/>')
  expect(bob).toContain('<item jid="alice@im.test" subscription="none"/>')
  const alice = s.alice.received().join('\n')
  expect(alice).toContain('<item jid="bob@im.test" subscription="remove"/>')
  expect(alice).toContain('<presence to="alice@im.test" type="unavailable" from="bob@im.test/1"/>')
  await s.bob.send('<presence><status>secret</status></presence>')
  expect(s.alice.received()).toEqual([])
})

test('whoever unsubscribes a contact is seen to leave (RFC 6121 §3.2)', async () => {
  await using s = await friends()

  await s.alice.send('<presence type="unsubscribed" to="bob@im.test"/>')

  expect(s.bob.received().slice(0, 2)).toEqual([
    '<presence to="bob@im.test" type="unavailable" from="alice@im.test/1"/>',
    '<presence type="unsubscribed" to="bob@im.test" from="alice@im.test"/>',
  ])
  expect(s.alice.received().join()).toContain('<item jid="bob@im.test" subscription="to"/>')
})

test('a newcomer sees who is there, and is seen (RFC 6121 §4.2)', async () => {
  await using s = await friends({ alice: 2, bob: 1 })

  const third = await s.connect('alice', '3')
  await third.available('<presence><priority>5</priority></presence>')

  expect(third.received().toSorted()).toEqual([
    '<presence to="alice@im.test" from="alice@im.test/3"><priority>5</priority></presence>',
    '<presence to="alice@im.test/3" from="alice@im.test/1"/>',
    '<presence to="alice@im.test/3" from="alice@im.test/2"/>',
    '<presence to="alice@im.test/3" from="bob@im.test/1"/>',
  ])
  expect(s.bob.received()).toEqual([
    '<presence to="bob@im.test" from="alice@im.test/3"><priority>5</priority></presence>',
  ])
  expect(third.session.priority).toBe(5)
})

test.each(['-129', '128', 'high', '1.5'])('a priority of %s is refused (RFC 6121 §4.7.2.3)', async (priority) => {
  await using s = await story({ alice: 1 })
  await s.alice.available(`<presence id="p"><priority>${priority}</priority></presence>`)
  expect(s.alice.received().join()).toContain('<bad-request ')
  expect(s.alice.session.presence).toBeUndefined()
})

test('a session that ends without a word is announced as unavailable (RFC 6121 §4.5.2)', async () => {
  await using s = await friends({ alice: 2, bob: 1 })

  s.alice.disconnect()

  const gone = (element: { attrs: Record<string, string> }) => element.attrs['type'] === 'unavailable'
  expect((await s.bob.next(gone)).attrs['from']).toBe('alice@im.test/1')
  expect((await s.device('alice', 2).next(gone)).attrs['from']).toBe('alice@im.test/1')
})

test('directed presence reaches its addressee, who also hears the end (RFC 6121 §4.6.3)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await s.bob.available()
  await s.carol.available()
  s.bob.received()
  s.carol.received()

  await s.alice.send('<presence to="bob@im.test/1"><show>chat</show></presence>')
  await s.alice.available()
  expect(s.bob.received()).toEqual(['<presence to="bob@im.test/1" from="alice@im.test/1"><show>chat</show></presence>'])

  await s.alice.send('<presence type="unavailable"/>')
  expect(s.bob.received()).toEqual(['<presence to="bob@im.test/1" type="unavailable" from="alice@im.test/1"/>'])
  expect(s.carol.received()).toEqual([])
})

test('SP-12 a probe by a stranger is answered like one for nobody: not at all (RFC 6121 §4.3.2)', async () => {
  await using s = await friends()
  const mallory = await s.connect('mallory')
  await mallory.available()
  mallory.received()

  await mallory.send('<presence type="probe" to="alice@im.test"/>')
  await mallory.send('<presence type="probe" to="nobody@im.test"/>')
  expect(mallory.received()).toEqual([])

  await s.bob.send('<presence type="probe" to="alice@im.test"/>')
  expect(s.bob.received()).toEqual(['<presence to="bob@im.test/1" from="alice@im.test/1"/>'])
})

test('a contact on another server is refused while this one does not federate', async () => {
  await using s = await story({ alice: 1 })
  await s.alice.send('<presence type="subscribe" to="bob@remote.test" id="s"/>')
  expect(s.alice.received().join()).toContain('<remote-server-not-found ')
  expect((await s.alice.ask('get', roster())).toString()).not.toContain('remote.test')
})

test('an account that is deleted is seen to leave, and has left the rosters of others (RFC 6121 §4.5.2)', async () => {
  await using s = await friends()
  await s.bob.ask('get', roster())
  s.bob.received()

  await s.server.ctx.removeAccount(s.alice.session.account)

  await s.bob.next((element) => element.toString().includes('jabber:iq:roster'))
  const seen = s.bob.received()
  const types = seen.filter((text) => text.startsWith('<presence ')).map((text) => / type="(\w+)"/.exec(text)?.[1])
  expect(types).toEqual(['unavailable', 'unsubscribe', 'unsubscribed'])
  expect(seen.at(-1)).toContain('<item jid="alice@im.test" subscription="none"/>')
})
