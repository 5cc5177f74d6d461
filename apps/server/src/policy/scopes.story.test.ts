import { findSuspension } from '@drawbridge/db'
import type { Element } from '@drawbridge/xmpp'
import { expect, test, vi } from 'vitest'
import { startPushReceiver } from '../../test/push-receiver.ts'
import { admin, conditionOf as conditionIn, enter, HALL, hall, roomOf } from '../../test/rooms.ts'
import { story } from '../../test/story.ts'
import type { Device, Story } from '../../test/story.ts'
import { sanitize } from '../../test/uploads.ts'

const suspend = async (s: Story<never>, scope: string, mode: 'hold' | 'read-only' | 'reject', more = {}) => {
  const { operations } = s.server.policy
  const { suspension } = await operations.startSuspension('local:cli', {
    scopes: [scope],
    mode,
    reason: 'worm',
    ...more,
  })
  return () => operations.endSuspension('local:cli', suspension.id)
}
const rule = { family: 'test', below: '2.0', preset: 'now', url: 'https://im.test/update' } as const

// --- presence ---------------------------------------------------------------------------------------------------------------

/** bob sees alice, and she sees him; nobody is there yet. */
async function contacts(): Promise<Story<'alice' | 'bob'>> {
  const s = await story({ alice: 1, bob: 1 })
  for (const [from, to] of [
    [s.alice, s.bob],
    [s.bob, s.alice],
  ] as const) {
    const bare = (device: Device) => device.session.account.bareJid
    await from.send(`<presence type="subscribe" to="${bare(to)}"/>`)
    await to.send(`<presence type="subscribed" to="${bare(from)}"/>`)
  }
  for (const device of [s.alice, s.bob]) device.received()
  return s
}
const presenceIn = (device: Device) =>
  device
    .received()
    .filter((text) => text.startsWith('<presence'))
    .map((text) => /<status>(.*?)</u.exec(text)?.[1] ?? /type="(\w+)"/u.exec(text)?.[1] ?? 'available')
const status = (text: string) => `<presence><status>${text}</status></presence>`
/** Whatever was sent to the device before is there now. */
const caughtUp = (device: Device) => device.ask('get', '<ping xmlns="urn:xmpp:ping"/>')

test('presence that is suspended is shown to nobody, messages arrive all the same, and it is shown when that is over', async () => {
  await using s = await contacts()
  await s.bob.available(status('before'))
  const end = await suspend(s as never, 'presence', 'read-only')
  await s.bob.available(status('during'))
  await s.alice.available(status('new'))
  await caughtUp(s.bob)
  expect(presenceIn(s.bob)).not.toContain('new')
  // What could be seen before can be read on.
  expect(presenceIn(s.alice)).toEqual(['before'])
  await s.bob.send('<message to="alice@im.test" type="chat"><body>are you there?</body></message>')
  await s.alice.next((element) => element.getChildText('body') === 'are you there?')

  await end()
  await vi.waitFor(async () => {
    await caughtUp(s.bob)
    expect(presenceIn(s.bob)).toContain('new')
  })
  expect(presenceIn(s.alice)).toContain('during')
})

test('where presence is hidden, a newcomer sees nobody until that is over; and leaves without having been there', async () => {
  await using s = await contacts()
  await s.bob.available(status('before'))
  const end = await suspend(s as never, 'presence', 'reject')
  await s.alice.available(status('new'))
  await s.alice.send('<presence type="probe" to="bob@im.test"/>')
  await caughtUp(s.alice)
  expect(presenceIn(s.alice).filter((text) => text !== 'error')).toEqual([])
  const other = await s.connect('alice', '2')
  await other.available(status('short'))
  await other.send('<presence type="unavailable"/>')
  await caughtUp(s.bob)
  expect(presenceIn(s.bob)).not.toContain('unavailable')
  await end()
  await s.alice.next((element) => element.getChildText('status') === 'before')
  await s.bob.next((element) => element.getChildText('status') === 'new')
})

// --- words without messages -------------------------------------------------------------------------------------------------

const MAM = (to?: string) => ['set', '<query xmlns="urn:xmpp:mam:2"/>', to] as const
const publish = (node: string, item: string, id = 'current') =>
  `<pubsub xmlns="http://jabber.org/protocol/pubsub"><publish node="${node}"><item id="${id}">${item}</item></publish></pubsub>`
const PNG = Buffer.from('\x89PNG an avatar', 'latin1').toString('base64')
const AVATAR = publish('urn:xmpp:avatar:data', `<data xmlns="urn:xmpp:avatar:data">${PNG}</data>`)
const conditionOf = (answer: Element) => conditionIn(answer) ?? 'passed'

test('nobody goes on talking in a status, a nickname or what they publish, while everybody sees who is there', async () => {
  await using s = await contacts()
  await hall([s.alice, s.bob])
  await s.alice.available()
  const end = await suspend(s as never, 'service', 'read-only')
  await s.bob.available(`<presence><show>dnd</show><status>meet me</status></presence>`)
  await s.bob.send(`<presence to="${HALL}/Bob"><show>dnd</show><status>at the gate</status></presence>`)
  await s.bob.send(`<presence to="${HALL}/at-the-gate"/>`)
  expect(conditionOf(await s.bob.ask('set', publish('urn:xmpp:mood', '<mood>meet me</mood>')))).toBe('policy-violation')
  expect(conditionOf(await s.bob.ask('set', '<vCard xmlns="vcard-temp"><NOTE>meet me</NOTE></vCard>'))).toBe(
    'policy-violation',
  )
  // One's own affairs go on.
  const bookmark = publish('urn:xmpp:bookmarks:1', '<conference xmlns="urn:xmpp:bookmarks:1"/>', HALL)
  expect(conditionOf(await s.bob.ask('set', bookmark))).toBe('passed')
  await s.bob.send('<presence type="unavailable"><status>at the gate</status></presence>')
  await s.alice.next((element) => element.attrs['type'] === 'unavailable')
  const seen = s.alice.received().join('')
  expect(seen).toContain('<show>dnd</show>')
  expect(seen).not.toMatch(/meet me|at-the-gate|at the gate/u)
  await end()
})

const CAPS = 'xmlns="http://jabber.org/protocol/caps" hash="sha-1"'
const VER = 'ver="q07IKJEyjvHSyhy//CH0CxmKi8w="'

test('nobody talks in what clients write themselves: capabilities that nobody knew, pictures, priorities (XEP-0115 §4)', async () => {
  await using s = await contacts()
  await hall([s.alice, s.bob])
  const known = `<c ${CAPS} node="https://gajim.org" ${VER}/>`
  const known2 = `<c xmlns="urn:xmpp:caps"><hash xmlns="urn:xmpp:hashes:2" algo="sha-256">bm90IGEgd29yZA==</hash></c>`
  await s.alice.available(`<presence>${known}${known2}</presence>`)
  const end = await suspend(s as never, 'service', 'read-only')
  const photo = '<x xmlns="vcard-temp:x:update"><photo>8f2c7a9b1d3e5f60718293a4b5c6d7e8f9012345</photo></x>'
  const idle = '<idle xmlns="urn:xmpp:idle:1" since="2026-11-24T02:00:00Z"/>'
  const plain = `<show>away</show><priority>5</priority>${known}${known2}${photo}${idle}`
  await s.bob.available(`<presence>${plain}</presence>`)
  const passed = await s.alice.next((element) => element.getChildText('show') === 'away')
  for (const part of [known, known2, idle, '<priority>5</priority>']) expect(passed.toString()).toContain(part)

  const wordy = [
    `<c ${CAPS} node="https://gajim.org/meet-me" ${VER}/>`,
    `<c ${CAPS} node="https://gajim.org" ver="meet-me"/>`,
    `<c ${CAPS} node="https://gajim.org" ${VER} ext="meet-me"/>`,
    `<c ${CAPS} node="https://gajim.org" ${VER}>meet-me</c>`,
    `<c xmlns="urn:xmpp:caps"><hash xmlns="urn:xmpp:hashes:2" algo="sha-256">meet-me</hash></c>`,
    '<x xmlns="vcard-temp:x:update"><photo>meet-me</photo></x>',
    '<x xmlns="vcard-temp:x:update"><meet-me/></x>',
    '<x xmlns="http://jabber.org/protocol/muc"><password>meet-me</password></x>',
    '<idle xmlns="urn:xmpp:idle:1" since="meet-me"/>',
    '<idle xmlns="urn:xmpp:idle:1" since="2026-11-24T02:00:00Z">meet-me</idle>',
    '<priority>meet-me</priority>',
    '<show meet-me="at eight">xa</show>',
  ]
  for (const [n, words] of wordy.entries()) {
    await s.bob.send(`<presence><priority>${n}</priority>${words}</presence>`)
    await s.bob.send(`<presence to="${HALL}/Bob"><priority>${n}</priority>${words}</presence>`)
  }
  await s.bob.send('<presence><show>chat</show></presence>')
  await s.alice.next((element) => element.getChildText('show') === 'chat')
  const seen = s.alice.received().join('')
  expect(seen).toContain('<priority>11</priority>')
  expect(seen).not.toContain('meet-me')
  await end()
  // Then everybody may say again what their client is, and it is known.
  await s.bob.send(`<presence>${wordy[0]}</presence>`)
  await s.alice.next((element) => element.getChild('c')?.attrs['node'] === 'https://gajim.org/meet-me')
})

test.each(['hold', 'read-only', 'reject'] as const)(
  'nobody says in an error what cannot be said in a message: %s (RFC 6120 §8.3)',
  async (mode) => {
    await using s = await contacts()
    for (const device of [s.alice, s.bob]) await device.available()
    await suspend(s as never, 'service', mode)
    s.bob.received()
    const { jid } = s.bob
    await s.alice.send(`<message type="error" to="${jid}"><body>at the gate</body></message>`)
    await s.alice.send(`<presence type="error" to="${jid}"><status>at the gate</status></presence>`)
    for (const type of ['result', 'error']) {
      await s.alice.send(`<iq type="${type}" id="x" to="${jid}"><x xmlns="urn:test">at the gate</x></iq>`)
    }
    await caughtUp(s.bob)
    expect(s.bob.received().join('')).not.toContain('at the gate')
  },
)

test.each(['hold', 'read-only'] as const)(
  'whoever enters a room during a %s does so under a name that says who it is (XEP-0045 §7.2.3, status 210)',
  async (mode) => {
    await using s = await story({ alice: 1, bob: 1 })
    await hall([s.alice])
    await suspend(s as never, 'rooms', mode)
    const join = '<x xmlns="http://jabber.org/protocol/muc"/>'
    await s.bob.send(`<presence to="${HALL}/at the gate">${join}</presence>`)
    const self = await s.bob.next((element) => roomOf(element).codes.includes('110'))
    expect([self.attrs['from'], roomOf(self).codes.includes('210')]).toEqual([`${HALL}/bob`, true])
    expect(s.alice.received().join('')).not.toContain('at the gate')
    await s.bob.send(`<presence type="unavailable" to="${HALL}/bob"/>`)
    await enter(s.bob, HALL, 'Bob')
  },
)

test('out of a room that is held whoever attacks it can be put, without a word (XEP-0045 §8.2, §9.1)', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await hall([s.alice, s.bob])
  await suspend(s as never, 'rooms', 'hold')
  const out = (inside = '') =>
    admin(s.alice, HALL, 'set', `<item jid="bob@im.test" affiliation="outcast">${inside}</item>`)
  expect(conditionOf(await out('<reason>at the gate</reason>'))).toBe('policy-violation')
  expect(conditionOf(await out())).toBe('passed')
  await s.bob.next((element) => roomOf(element).codes.includes('301'))
  const promote = '<item jid="bob@im.test" affiliation="member"/>'
  expect(conditionOf(await admin(s.alice, HALL, 'set', promote))).toBe('policy-violation')
})

test('what was said can be read on while nothing new is said, in rooms, too; and is hidden where the scope is', async () => {
  await using s = await story({ alice: 1 })
  await hall([s.alice])
  const read = async (...[type, payload, to]: readonly ['set', string, string?]) =>
    conditionOf(await s.alice.ask(type, payload, to))
  for (const [scope, mode, own, room] of [
    ['service', 'read-only', 'passed', 'passed'],
    ['rooms', 'hold', 'passed', 'passed'],
    ['rooms', 'reject', 'passed', 'policy-violation'],
    ['messages', 'read-only', 'passed', 'passed'],
    ['messages', 'reject', 'policy-violation', 'policy-violation'],
  ] as const) {
    const end = await suspend(s as never, scope, mode)
    expect([scope, mode, await read(...MAM()), await read(...MAM(HALL))]).toEqual([...[scope, mode, own, room]])
    await end()
  }
})

test('an avatar is an image, wherever it is published', async () => {
  await using s = await story({ alice: 1 }, { sanitize })
  const end = await suspend(s as never, 'images', 'read-only')
  expect(conditionOf(await s.alice.ask('set', AVATAR))).toBe('policy-violation')
  const photo = `<vCard xmlns="vcard-temp"><PHOTO><TYPE>image/png</TYPE><BINVAL>${PNG}</BINVAL></PHOTO></vCard>`
  expect(conditionOf(await s.alice.ask('set', photo))).toBe('policy-violation')
  expect(conditionOf(await s.alice.ask('set', '<vCard xmlns="vcard-temp"><FN>Alice</FN></vCard>'))).toBe('passed')
  await end()
})

// --- units ------------------------------------------------------------------------------------------------------------------

test('a unit is suspended for those outside, too: what is said to its members is held like what they say', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  s.server.ctx.units.put({
    ...{ id: 'finance', name: 'finance', displayName: 'Finance', roster: 'nobody', directory: 'everybody' },
    members: new Set(['carol@im.test']),
  })
  for (const device of [s.alice, s.bob, s.carol]) await device.available()
  const hold = await suspend(s as never, 'group:finance', 'hold')
  await s.bob.send('<message to="carol@im.test" type="chat"><body>to carol</body></message>')
  await s.bob.send('<message to="alice@im.test" type="chat"><body>to alice</body></message>')
  await s.alice.next((element) => element.getChildText('body') === 'to alice')
  await caughtUp(s.carol)
  expect(s.carol.received().join('')).not.toContain('to carol')
  await hold()
  await s.carol.next((element) => element.getChildText('body') === 'to carol')

  const refused = await suspend(s as never, 'group:finance', 'reject')
  await s.bob.send('<message to="carol@im.test" type="chat" id="m2"><body>again</body></message>')
  expect(conditionOf(await s.bob.next(({ attrs }) => attrs['id'] === 'm2'))).toBe('policy-violation')
  await refused()
  // Whom it leaves alone is written to as ever.
  await suspend(s as never, 'group:finance', 'reject', { exemptions: { accounts: ['carol'] } })
  await s.bob.send('<message to="carol@im.test" type="chat"><body>at last</body></message>')
  await s.carol.next((element) => element.getChildText('body') === 'at last')
})

// --- push ------------------------------------------------------------------------------------------------------------------

const PUSH = { doesJobs: true, settings: { push: { allowLoopback: true, intervalMs: 0, content: 'message' } } } as const
const chat = (body: string) => `<message to="alice@im.test" type="chat"><body>${body}</body></message>`

async function enablePush(device: Device, register: string): Promise<void> {
  const node = (await device.ask('set', register, 'push.im.test')).getChild('registered')?.attrs['node']
  await device.ask('set', `<enable xmlns="urn:xmpp:push:0" jid="push.im.test" node="${node}"/>`)
}

test('while push is suspended nothing leaves, whatever is said; afterwards a device hears of what it has missed', async () => {
  await using s = await story({ alice: 1, bob: 1 }, PUSH)
  await using receiver = await startPushReceiver()
  await enablePush(s.alice, receiver.register)
  s.alice.disconnect()
  const end = await suspend(s as never, 'push', 'hold')
  await s.bob.send(chat('one'))
  const [target] = s.server.ctx.pushTargets.of('alice@im.test')
  await vi.waitFor(() => expect(target?.owed).toBeDefined(), 5_000)
  await s.bob.send(chat('two'))
  await vi.waitFor(() => expect([target?.unread, target?.pending]).toEqual([2, undefined]), 5_000)
  expect(receiver.received).toEqual([])
  await end()
  expect(JSON.parse((await receiver.nth(1)).text)).toMatchObject({ 'message-count': 2 })
})

test('a client whose images are withheld hears a number and no words (control §3.2)', async () => {
  await using s = await story({ alice: 1, bob: 1 }, PUSH)
  await using receiver = await startPushReceiver()
  await enablePush(s.alice, receiver.register)
  s.alice.disconnect()
  await s.server.policy.operations.addClientRule('local:cli', { ...rule, action: 'degrade', formats: ['webp'] })
  await s.bob.send(chat('secret words'))
  expect(JSON.parse((await receiver.nth(1)).text)).toEqual({ account: 'alice@im.test', 'message-count': 1 })
})

test('a client that is locked out hears once that it needs an update, without a word of content (control §3.4)', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 }, PUSH)
  await using receiver = await startPushReceiver()
  await using others = await startPushReceiver()
  await enablePush(s.alice, receiver.register)
  await enablePush(s.carol, others.register)
  for (const device of [s.alice, s.carol]) device.disconnect()
  const blocked = { ...rule, accounts: ['alice'], action: 'block' } as const
  const { operations } = s.server.policy
  await operations.addClientRule('local:cli', blocked)
  await s.bob.send(chat('secret words'))
  expect(JSON.parse((await receiver.nth(1)).text)).toEqual({ 'update-needed': true })
  await s.bob.send(chat('more of them'))
  const [target] = s.server.ctx.pushTargets.of('alice@im.test')
  await vi.waitFor(() => expect([target?.unread, target?.pending]).toEqual([2, undefined]), 5_000)
  expect(receiver.received).toHaveLength(1)
  // Whom the rule is not about hears what there is.
  await s.bob.send(chat('hello').replace('alice', 'carol'))
  expect(JSON.parse((await others.nth(1)).text)).toMatchObject({ 'last-message-body': 'hello' })
})

// --- whom it reaches ---------------------------------------------------------------------------------------------------------

test('a room reaches its members, and whoever is in it', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  await hall([s.alice, s.bob])
  const { guarded } = s.server.policy
  const reached = async (room: string) =>
    (await guarded.impactOf([{ scopes: [`room:${room}`], mode: 'reject' }])).accounts
  expect(await reached(HALL)).toBe(2)
  await s.alice.send(`<presence type="unavailable" to="${HALL}/Alice"/>`)
  await s.bob.send(`<presence type="unavailable" to="${HALL}/Bob"/>`)
  await caughtUp(s.bob)
  // Who owns it is reached, inside or not.
  expect(await reached(HALL)).toBe(1)
  expect(await reached('nowhere@rooms.im.test')).toBe(0)
})

// --- exemptions -------------------------------------------------------------------------------------------------------------

test('control §4.9 what exemptions are used for is counted where they help, and nowhere else', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const exemptions = { accounts: ['alice'] }
  const { suspension } = await s.server.policy.operations.startSuspension('local:cli', {
    ...{ scopes: ['service'], mode: 'read-only', reason: 'worm', exemptions },
  })
  await s.alice.send('<message to="bob@im.test" type="chat"><body>one</body></message>')
  await s.alice.send('<message to="bob@im.test" type="chat"><body>two</body></message>')
  await s.alice.ask('get', '<ping xmlns="urn:xmpp:ping"/>')
  await s.bob.send('<message to="alice@im.test" type="chat"><body>no</body></message>')
  const uses = async () => (await findSuspension(s.server.ctx.db, suspension.id))?.exemptionUses
  await vi.waitFor(async () => expect(await uses()).toEqual({ alice: 2 }), 5_000)
})
