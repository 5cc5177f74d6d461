import { findPushDevice, listPushTargets, noteClient } from '@drawbridge/db'
import { claimFrom } from '@drawbridge/policy'
import { testDatabase } from '@drawbridge/testkit'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startPushReceiver } from '../../../test/push-receiver.ts'
import { story } from '../../../test/story.ts'
import type { Device, Story, StoryOptions } from '../../../test/story.ts'
import { clientOf } from '../../routing/push-targets.ts'
import { DEVICES_MAX } from './service.ts'

// XEP-0357: Push Notifications, with Web Push (RFC 8030, 8291, 8292) behind our own service.

const SERVICE = 'push.im.test'
const PUSH = 'xmlns="urn:xmpp:push:0"'
const OPTIONS =
  '<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE"><value>http://jabber.org/protocol/pubsub#publish-options</value></field>' +
  '<field var="secret"><value>s</value></field></x>'
const chat = (to: string, body: string, id = 'm') =>
  `<message to="${to}" type="chat" id="${id}"><body>${body}</body></message>`
const enable = (node: string, service = SERVICE, inside = '') =>
  `<enable ${PUSH} jid="${service}" node="${node}">${inside}</enable>`

/** Jobs are done, devices on this machine are allowed, and no device is told less often than it could be. */
const withPush = (push: Readonly<Record<string, unknown>> = {}): StoryOptions => ({
  doesJobs: true,
  settings: { push: { allowLoopback: true, intervalMs: 0, ...push } },
})

async function register(device: Device, payload: string): Promise<string> {
  const answer = await device.ask('set', payload, SERVICE)
  return answer.getChild('registered')?.attrs['node'] ?? ''
}

async function enabled(device: Device, payload: string): Promise<string> {
  const node = await register(device, payload)
  const answer = await device.ask('set', enable(node))
  if (answer.attrs['type'] !== 'result') throw new Error(`not enabled: ${answer.toString()}`)
  return node
}

const conditionOf = async (answer: Promise<{ toString(): string }>) =>
  /<([a-z-]+) xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/.exec((await answer).toString())?.[1]

describe('finding it', () => {
  test('an account says that it can push, and the service that it is one (XEP-0357 §4.1, §4.2)', async () => {
    await using s = await story({ alice: 1 })
    const info = '<query xmlns="http://jabber.org/protocol/disco#info"/>'
    expect((await s.alice.ask('get', info, 'alice@im.test')).toString()).toContain('var="urn:xmpp:push:0"')
    const service = await s.alice.ask('get', info, SERVICE)
    expect(service.toString()).toContain('<identity category="pubsub" type="push"')
    expect(service.toString()).toContain('var="urn:xmpp:push:0"')
    const items = await s.alice.ask('get', '<query xmlns="http://jabber.org/protocol/disco#items"/>', 'im.test')
    expect(items.toString()).toContain(`jid="${SERVICE}"`)
  })
})

describe('enabling', () => {
  test('a device that was registered can be enabled, again and with publish options, and disabled (XEP-0357 §5, §6)', async () => {
    await using s = await story({ alice: 1 }, withPush())
    await using receiver = await startPushReceiver()
    const node = await enabled(s.alice, receiver.register)
    // The same device again is the same node: "the server SHOULD use the last received request".
    expect(await register(s.alice, receiver.register)).toBe(node)
    expect((await s.alice.ask('set', enable(node, SERVICE, OPTIONS))).attrs['type']).toBe('result')
    expect(s.server.ctx.pushTargets.of('alice@im.test')).toHaveLength(1)
    await s.alice.ask('set', `<disable ${PUSH} jid="${SERVICE}" node="another"/>`)
    expect(s.server.ctx.pushTargets.size).toBe(1)
    await s.alice.ask('set', `<disable ${PUSH} jid="${SERVICE}"/>`)
    expect(s.server.ctx.pushTargets.size).toBe(0)
  })

  test('what cannot be used is refused, each with its error', async () => {
    await using s = await story({ alice: 1, bob: 1 }, withPush())
    await using receiver = await startPushReceiver()
    const bobs = await register(s.bob, receiver.register)
    const refused = (payload: string) => conditionOf(s.alice.ask('set', payload))
    expect(await refused(`<enable ${PUSH} node="n"/>`)).toBe('bad-request')
    expect(await refused(enable('n', 'push.remote.test'))).toBe('feature-not-implemented')
    // A node of somebody else, and one that nobody has: one answer.
    expect(await refused(enable(bobs))).toBe('item-not-found')
    expect(await refused(enable('nobodys'))).toBe('item-not-found')
    expect(await refused(`<enable ${PUSH} jid="${SERVICE}"/>`)).toBe('item-not-found')
    expect(await refused(enable('n', SERVICE, '<x xmlns="jabber:x:data" type="submit"/>'))).toBe('bad-request')
    expect(await conditionOf(s.alice.ask('set', enable(bobs), 'bob@im.test'))).toBe('service-unavailable')
  })

  test('the server sends only where its operator allows: no address inside, no other scheme, port or name', async () => {
    await using s = await story({ alice: 1 })
    await using receiver = await startPushReceiver()
    const at = (endpoint: string) =>
      conditionOf(s.alice.ask('set', receiver.register.replace(receiver.endpoint, endpoint), SERVICE))
    for (const endpoint of [
      receiver.endpoint,
      'https://127.0.0.1/x',
      'https://169.254.169.254/latest',
      'https://[::1]/x',
      'http://fcm.googleapis.com/x',
      'https://fcm.googleapis.com:8443/x',
      'https://fcm.googleapis.com@10.0.0.1/x',
      'https://user:secret@fcm.googleapis.com/x',
      'https://fcm.googleapis.com.evil.test/x',
      'https://evilfcm.googleapis.com/x',
      'https://push.services.mozilla.com.evil.test/x',
      'file:///etc/passwd',
      `https://fcm.googleapis.com/${'x'.repeat(3_000)}`,
    ]) {
      expect(await at(endpoint), endpoint).toBe('not-acceptable')
    }
    expect(await at('https://fcm.googleapis.com/fcm/send/abc')).toBeUndefined()
    expect(await at('https://updates.push.services.mozilla.com/wpush/v2/abc')).toBeUndefined()
  })

  test('an account has so many devices; one more takes the place of the oldest', async () => {
    await using s = await story({ alice: 1 }, withPush())
    await using receiver = await startPushReceiver()
    const first = await enabled(s.alice, receiver.register)
    for (let n = 0; n < DEVICES_MAX; n++)
      await register(s.alice, receiver.register.replace(receiver.endpoint, `${receiver.endpoint}/${n}`))
    expect(s.server.ctx.pushTargets.size).toBe(0)
    expect(await conditionOf(s.alice.ask('set', enable(first)))).toBe('item-not-found')
  })

  test('only the server publishes, and the service takes nothing else (XEP-0357 §3.2)', async () => {
    await using s = await story({ alice: 1 }, withPush())
    const publish = '<pubsub xmlns="http://jabber.org/protocol/pubsub"><publish node="n"/></pubsub>'
    expect(await conditionOf(s.alice.ask('set', publish, SERVICE))).toBe('forbidden')
    expect(await conditionOf(s.alice.ask('get', '<query xmlns="jabber:iq:version"/>', SERVICE))).toBe(
      'service-unavailable',
    )
    await s.alice.send(`<message to="${SERVICE}" id="x"><body>hello</body></message>`)
    expect(s.alice.received().join('')).toContain('service-unavailable')
    expect(await conditionOf(s.alice.ask('set', '<unregister xmlns="urn:drawbridge:push:1" node="n"/>', SERVICE))).toBe(
      'item-not-found',
    )
  })
})

describe('being told', () => {
  let s: Story<never>
  let count = 0
  beforeAll(async () => {
    s = await story({}, withPush())
  })
  const receivers = new AsyncDisposableStack()
  afterAll(async () => {
    await receivers.disposeAsync()
    await s[Symbol.asyncDispose]()
  })

  /** Two people of their own for each test; what is sent `to` the first is for a client that is registered here. */
  async function people() {
    const name = `alice${++count}`
    const receiver = receivers.use(await startPushReceiver())
    const alice = await s.connect(name)
    return { alice, bob: await s.connect(`bob${count}`), receiver, name, to: `${name}@im.test` }
  }

  test('somebody who is away hears of a message: encrypted, signed, and without who or what (XEP-0357 §7, §9)', async () => {
    const { alice, bob, receiver, to } = await people()
    await enabled(alice, receiver.register)
    const service = await alice.ask('get', '<service xmlns="urn:drawbridge:push:1"/>', SERVICE)
    const publicKey = service.getChild('service')?.getChildText('public-key') ?? ''
    alice.disconnect()
    await bob.send(chat(to, 'the offer is accepted'))
    const push = await receiver.nth(1)
    expect(JSON.parse(push.text)).toEqual({ account: to, 'message-count': 1 })
    expect(push.headers).toMatchObject({ 'content-encoding': 'aes128gcm', urgency: 'high', topic: 'messages' })
    expect(Number(push.headers['ttl'])).toBeGreaterThan(0)
    const claims = receiver.claimsOf(push, publicKey)
    expect(claims).toMatchObject({ aud: new URL(receiver.endpoint).origin, sub: 'mailto:postmaster@im.test' })
    expect(Number(claims['exp']) - Date.now() / 1_000).toBeLessThan(86_400)
  })

  test('the operator may let out who wrote, and what', async () => {
    await using s = await story({ alice: 1, bob: 1 }, withPush({ content: 'message' }))
    await using receiver = await startPushReceiver()
    await enabled(s.alice, receiver.register)
    s.alice.disconnect()
    await s.bob.send(chat('alice@im.test', 'lunch?'))
    expect(JSON.parse((await receiver.nth(1)).text)).toEqual({
      account: 'alice@im.test',
      'message-count': 1,
      'last-message-sender': 'bob@im.test',
      'last-message-body': 'lunch?',
    })
    await s.bob.send(chat('alice@im.test', 'x'.repeat(20_000), 'long'))
    expect((await receiver.nth(2)).length).toBeLessThanOrEqual(4_096)
  })

  test('who is there and looks at it is not told; who is there and does not look is (XEP-0352)', async () => {
    const { alice, bob, receiver, to } = await people()
    await enabled(alice, receiver.register)
    await alice.available()
    await bob.send(chat(to, 'seen'))
    alice.session.setActive(false)
    await bob.send(chat(to, 'not seen', 'm2'))
    expect(JSON.parse((await receiver.nth(1)).text)).toMatchObject({ 'message-count': 1 })
    expect(receiver.received).toHaveLength(1)
  })

  test('receipts, markers, chat states, headlines and one’s own messages wake up nobody; a call does', async () => {
    const { alice, bob, receiver, name, to } = await people()
    await enabled(alice, receiver.register)
    alice.disconnect()
    const other = await s.connect(name, '2')
    await bob.send(`<message to="${to}" id="1"><received xmlns="urn:xmpp:receipts" id="x"/></message>`)
    await bob.send(`<message to="${to}" id="2"><displayed xmlns="urn:xmpp:chat-markers:0" id="x"/></message>`)
    await bob.send(`<message to="${to}" id="3"><composing xmlns="http://jabber.org/protocol/chatstates"/></message>`)
    await bob.send(`<message to="${to}" type="headline" id="4"><body>news</body></message>`)
    await bob.send(
      `<message to="${to}" id="5"><reactions xmlns="urn:xmpp:reactions:0" id="x"><reaction>+</reaction></reactions></message>`,
    )
    await other.send(`<message to="${to}" type="chat" id="6"><body>a note to myself</body></message>`)
    await other.send(`<message to="${bob.jid}" type="chat" id="7"><body>sent</body></message>`)
    await bob.send(
      `<message to="${to}" id="8"><propose xmlns="urn:xmpp:jingle-message:0" id="call"/><store xmlns="urn:xmpp:hints"/></message>`,
    )
    expect(JSON.parse((await receiver.nth(1)).text)).toMatchObject({ 'message-count': 1 })
    expect(receiver.received).toHaveLength(1)
  })

  test('many messages at once are few pushes, and none is forgotten', async () => {
    await using s = await story({ alice: 1, bob: 1 }, withPush({ intervalMs: 300 }))
    await using receiver = await startPushReceiver()
    await enabled(s.alice, receiver.register)
    s.alice.disconnect()
    for (let n = 0; n < 20; n++) await s.bob.send(chat('alice@im.test', `${n}`, `m${n}`))
    let told = 0
    for (let n = 1; told < 20; n++) told = JSON.parse((await receiver.nth(n)).text)['message-count'] as number
    expect(told).toBe(20)
    expect(receiver.received.length).toBeLessThan(6)
  })

  test('a device that its push service does not know any more is disabled (XEP-0357 §7.1)', async () => {
    const { alice, bob, receiver, to } = await people()
    await enabled(alice, receiver.register)
    alice.disconnect()
    receiver.answer(410)
    await bob.send(chat(to, 'hello'))
    await receiver.nth(1)
    await expect.poll(() => s.server.ctx.pushTargets.of(to)).toEqual([])
  })

  test('an error that may pass is tried again, and the device stays enabled (XEP-0357 §7.1)', async () => {
    const { alice, bob, receiver, to } = await people()
    await enabled(alice, receiver.register)
    alice.disconnect()
    receiver.answer(503)
    await bob.send(chat(to, 'hello'))
    await receiver.nth(1)
    await expect.poll(() => s.server.ctx.pushTargets.of(to)[0]?.failures).toBe(1)
    receiver.answer(201)
    await bob.send(chat(to, 'again', 'm2'))
    expect(JSON.parse((await receiver.nth(2)).text)).toMatchObject({ 'message-count': 2 })
    await expect.poll(() => s.server.ctx.pushTargets.of(to)[0]?.failures).toBe(0)
  })

  test('what is not enabled any more is not told of (XEP-0357 §6)', async () => {
    const { alice, bob, receiver, to } = await people()
    await using second = await startPushReceiver()
    const node = await enabled(alice, receiver.register)
    await enabled(alice, second.register)
    await alice.ask('set', `<disable ${PUSH} jid="${SERVICE}" node="${node}"/>`)
    alice.disconnect()
    await bob.send(chat(to, 'hello'))
    await second.nth(1)
    expect(receiver.received).toHaveLength(0)
  })

  test('AU-23 a client that is signed out from another hears of nothing any more (XEP-0494 §3.2)', async () => {
    const { alice, bob, receiver, name, to } = await people()
    await using second = await startPushReceiver()
    const { db } = s.server.ctx
    const seen = { userAgentId: name, software: undefined, device: undefined, proof: 'password' as const }
    const clientId = await noteClient(db, { ...seen, accountId: alice.session.account.id }, new Date())
    alice.session.clientId = clientId
    const node = await enabled(alice, receiver.register)
    const other = await s.connect(name, '2')
    await enabled(other, second.register)
    alice.disconnect()
    await other.ask('set', `<revoke xmlns="urn:xmpp:cam:0" id="${clientId}"/>`)
    other.disconnect()
    await bob.send(chat(to, 'hello'))
    await second.nth(1)
    expect(receiver.received).toHaveLength(0)
    await expect.poll(() => findPushDevice(db, alice.session.account.id, node)).toBeUndefined()
    expect(s.server.ctx.pushTargets.of(to)).toHaveLength(1)
  })
})

describe('whose client rules are about', () => {
  /** Alice's client has proved an enrolled key; below that, clients of hers are locked out. */
  async function managed() {
    const s = await story({ alice: 1, bob: 1 }, withPush())
    const receiver = await startPushReceiver()
    const { operations } = s.server.policy
    const { id: accountId } = s.alice.session.account
    const until = new Date(Date.now() + 86_400_000)
    const key = { thumbprint: 'of-the-laptop', accountId, label: 'laptop', notAfter: until }
    await operations.importDeviceKeys('local:cli', { mdm: 'mdm', keys: [key], isComplete: false })
    const claim = claimFrom({ source: 'device-key', name: 'test', version: '1.0' })
    const prove = (device: Device) => device.session.prove([{ claim, until, deviceKey: key.thumbprint }])
    const block = () =>
      operations.addClientRule('local:cli', {
        ...{ family: '*', accounts: ['alice'], belowTier: 'E4', action: 'block', preset: 'now' },
      })
    const target = () => s.server.ctx.pushTargets.of('alice@im.test')[0]
    const nth = async (n: number): Promise<unknown> => JSON.parse((await receiver.nth(n)).text)
    return {
      ...{ s, alice: s.alice, bob: s.bob, receiver, operations, key, prove, block, target, nth },
      async [Symbol.asyncDispose]() {
        await receiver[Symbol.asyncDispose]()
        await s[Symbol.asyncDispose]()
      },
    }
  }

  test('a device is judged by what its installation is, and not by what it was as it registered', async () => {
    await using m = await managed()
    await enabled(m.alice, m.receiver.register)
    expect(m.target()?.client).toMatchObject({ tier: 'E1' })
    m.prove(m.alice)
    expect(m.target()).toMatchObject({ client: { tier: 'E4' }, deviceKey: 'of-the-laptop' })
    await m.block()
    m.alice.disconnect()
    await m.bob.send(chat('alice@im.test', 'one', 'm1'))
    expect(await m.nth(1)).toMatchObject({ account: 'alice@im.test' })
    // Nobody is there to be asked again: what it had proved counts no more.
    await m.operations.revokeDeviceKey('local:cli', m.key.thumbprint)
    await m.bob.send(chat('alice@im.test', 'two', 'm2'))
    expect(await m.nth(2)).toEqual({ 'update-needed': true })
  })

  test('an installation that comes back as less, and is turned away, hears of nothing either', async () => {
    await using m = await managed()
    m.prove(m.alice)
    await enabled(m.alice, m.receiver.register)
    await m.block()
    m.alice.disconnect()
    await expect(m.s.connect('alice')).rejects.toThrow('alice was not let in')
    expect(m.target()).toMatchObject({ client: { tier: 'E1' }, deviceKey: undefined })
    await m.bob.send(chat('alice@im.test', 'one', 'm1'))
    expect(await m.nth(1)).toEqual({ 'update-needed': true })
  })

  test('it is so after a restart, too', async () => {
    await using database = await testDatabase()
    await using receiver = await startPushReceiver()
    {
      await using s = await story({ alice: 1 }, { ...withPush(), database })
      const claim = claimFrom({ source: 'device-key', name: 'test', version: '1.0' })
      await enabled(s.alice, receiver.register)
      s.alice.session.prove([{ claim, until: new Date(Date.now() + 86_400_000), deviceKey: 'of-the-laptop' }])
      await vi.waitFor(async () =>
        expect(await listPushTargets(s.server.ctx.db)).toMatchObject([{ deviceKey: 'of-the-laptop' }]),
      )
    }
    await using s = await story({ bob: 1 }, { ...withPush(), database })
    const [target] = s.server.ctx.pushTargets.of('alice@im.test')
    expect(target).toMatchObject({ client: { tier: 'E4' }, deviceKey: 'of-the-laptop' })
    // Nobody here knows the key.
    expect(clientOf(target!, s.server.ctx)).toMatchObject({ tier: 'E1', family: 'test', version: '1.0' })
  })
})
