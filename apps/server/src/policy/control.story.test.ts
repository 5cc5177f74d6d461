import { expect, test } from 'vitest'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'
import { claimFrom } from '@drawbridge/policy'
import { startPolicy } from './start.ts'
import type { BuiltServer } from '../server.ts'
import type { PolicyService } from './start.ts'
import { offlineParts } from '../../test/offline.ts'

// Devices of a story call themselves `test` 1.0.
const rule = { family: 'test', below: '2.0', preset: 'now', url: 'https://im.test/update' } as const

/** The operations of another process on the same database: what an administrator does reaches the server by itself. */
async function elsewhere({ ctx }: BuiltServer, url: string): Promise<PolicyService> {
  return startPolicy({
    db: ctx.db,
    url,
    posture: 'discover',
    leaseTtlMs: 5_000,
    offline: offlineParts(),
    log: ctx.log,
    sessions: { list: () => [] },
    queue: { deliverReleased: () => undefined, isStillClean: async () => true },
  })
}

function bodies(device: Device): string[] {
  return device.received().flatMap((text) => /<body>(.*?)<\/body>/u.exec(text)?.[1] ?? [])
}

test('a client that is silent about its version is known by its capabilities, and a later change counts too', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const caps = (version: string) =>
    `<presence><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="http://slixmpp.com/ver/${version}" ver="eA=="/></presence>`
  const slixmpp = { ...rule, family: 'slixmpp', below: '1.9' } as const
  await s.server.policy.operations.addClientRule('local:cli', { ...slixmpp, action: 'block' })
  await s.bob.send(caps('1.9.1'))
  expect(s.bob.session.isEnded).toBe(false)
  await s.alice.send(caps('1.8.3'))
  expect(await s.alice.closed()).toMatch(/<client-blocked [^>]*min="1\.9"/u)

  // An open stream may go on chatting under a block; a rule that disconnects ends it as soon as it shows what it is.
  await s.bob.send(caps('1.8.2'))
  expect(s.bob.session.isEnded).toBe(false)
  await s.server.policy.operations.addClientRule('local:cli', { ...slixmpp, action: 'disconnect' })
  expect(await s.bob.closed()).toContain('client-blocked')
})

test('a rule disconnects a live session with words and a link, and keeps it out', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const startedAt = performance.now()
  const { effect } = await s.server.policy.operations.addClientRule('local:cli', { ...rule, action: 'disconnect' })
  const goodbye = await s.alice.closed()
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  expect(effect).toMatchObject({ disconnected: 2 })
  expect(goodbye).toContain('<policy-violation xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>')
  expect(goodbye).toMatch(/<client-blocked [^>]*xmlns="urn:drawbridge:client:1"/u)
  expect(goodbye).toContain('https://im.test/update')
  expect(goodbye).not.toContain('not-authorized')
  await expect(s.connect('alice', '2')).rejects.toThrow(/policy-violation/u)
})

test('a blocked session goes on chatting and may not share files', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  await s.server.policy.operations.addClientRule('local:cli', { ...rule, action: 'block' })
  await s.alice.send('<message to="bob@im.test" type="chat"><body>still here</body></message>')
  await s.bob.next((element) => element.getChildText('body') === 'still here')
  const slot = '<request xmlns="urn:xmpp:http:upload:0" filename="a.txt" size="3" content-type="text/plain"/>'
  const answer = await s.alice.ask('get', slot, 'im.test')
  expect(answer.attrs['type']).toBe('error')
  expect(answer.getChild('error')?.toString()).toContain('<policy-violation')
})

test('a held service archives and keeps messages, then delivers them in order with their time', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  await s.bob.available()
  const { operations } = s.server.policy
  const { suspension } = await operations.startSuspension('local:cli', {
    scopes: ['service'],
    mode: 'hold',
    reason: 'worm',
  })
  const sent = Array.from({ length: 200 }, (_, index) => `m${index}`)
  await Promise.all(
    sent.map((body) =>
      s.alice.send(`<message to="bob@im.test" type="chat" id="${body}"><body>${body}</body></message>`),
    ),
  )
  // Presence still passes: when bob has it, he would have had the messages, too.
  await s.bob.ask('get', '<ping xmlns="urn:xmpp:ping"/>')
  expect(bodies(s.bob).filter((body) => body.startsWith('m'))).toEqual([])
  expect(s.alice.received().join('')).not.toContain('type="error"')

  const { released } = await operations.endSuspension('local:cli', suspension.id)
  await s.alice.send('<message to="bob@im.test" type="chat"><body>mlast</body></message>')
  await s.bob.next((element) => element.getChildText('body') === 'mlast')
  const received = s.bob.received()
  expect(released).toBe(200)
  expect(received.flatMap((text) => /<body>(m\w+)<\/body>/u.exec(text)?.[1] ?? [])).toEqual([...sent, 'mlast'])
  expect(received.find((text) => text.includes('<body>m0</body>'))).toContain('<delay ')
})

test('a read-only service refuses messages in a way that clients try again, and answers questions', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  const { operations } = s.server.policy
  const { suspension } = await operations.startSuspension('local:cli', {
    scopes: ['service'],
    mode: 'read-only',
    reason: 'worm',
  })
  await s.alice.send('<message to="bob@im.test" type="chat" id="m1"><body>hi</body></message>')
  const refusal = await s.alice.next((element) => element.attrs['type'] === 'error')
  expect(refusal.getChild('error')?.attrs['type']).toBe('wait')
  expect(refusal.getChild('error')?.toString()).toContain('<policy-violation')
  const roster = await s.alice.ask('get', '<query xmlns="jabber:iq:roster"/>')
  expect(roster.attrs['type']).toBe('result')
  await operations.endSuspension('local:cli', suspension.id)
  await s.bob.available()
  await s.alice.send('<message to="bob@im.test" type="chat"><body>again</body></message>')
  await s.bob.next((element) => element.getChildText('body') === 'again')
})

test('a suspension of federation is told to nobody, since there is none; one of images is', async () => {
  await using s = await story({ alice: 1 })
  const { operations } = s.server.policy
  const federation = { scopes: ['federation'], mode: 'cut', reason: 'worm' } as const
  const { suspension, effect } = await operations.startSuspension('local:cli', federation)
  expect(effect).toMatchObject({ notified: 0 })
  const late = await s.connect('alice', '2')
  await operations.endSuspension('local:cli', suspension.id)
  await operations.startSuspension('local:cli', federation)
  await operations.startSuspension('local:cli', { scopes: ['images'], mode: 'reject', reason: 'worm' })
  for (const device of [s.alice, late]) {
    await device.next((element) => element.getChild('body') !== undefined)
    const texts = device.received()
    expect(texts.filter((text) => text.includes('<body>'))).toEqual([expect.stringContaining('Sharing images')])
    expect(texts.join('')).not.toContain('federation')
  }
})

test('a cut closes every session within a second, spares the break-glass account, and ends', async () => {
  await using s = await story({ alice: 2, bob: 1 })
  await s.addAccount('admin')
  const account = s.server.ctx.accounts.find('admin')
  if (account) s.server.ctx.accounts.put({ ...account, isAdmin: true, isBreakGlass: true })
  const admin = await s.connect('admin')
  const { operations } = s.server.policy

  const startedAt = performance.now()
  const { suspension, effect } = await operations.startSuspension('local:cli', {
    scopes: ['service'],
    mode: 'cut',
    reason: 'worm',
  })
  const goodbyes = await Promise.all([s.device('alice', 1).closed(), s.device('alice', 2).closed(), s.bob.closed()])
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  expect(effect).toMatchObject({ disconnected: 3 })
  for (const goodbye of goodbyes) {
    expect(goodbye).toContain('<system-shutdown xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>')
    expect(goodbye).toContain('worm')
  }
  await expect(s.connect('alice', '3')).rejects.toThrow(/system-shutdown/u)
  const ping = await admin.ask('get', '<ping xmlns="urn:xmpp:ping"/>', 'im.test')
  expect(ping.attrs['type']).toBe('result')

  await operations.endSuspension('admin@im.test', suspension.id)
  await s.connect('alice', '3')
})

test('a change made by another process acts on live sessions within a second', async () => {
  await using s = await story({ alice: 1 })
  await using other = await elsewhere(s.server, s.databaseUrl)
  const startedAt = performance.now()
  await other.operations.addClientRule('local:cli', { ...rule, action: 'disconnect' })
  await s.alice.closed()
  expect(performance.now() - startedAt).toBeLessThan(1_000)
})

test('when files are recalled, our own client is told to ask anew for what it keeps, and others are not', async () => {
  await using s = await story({ alice: 1, bob: 1 })
  s.alice.session.learn(claimFrom({ source: 'client-element', name: 'drawbridge-web', version: '9.0' }))
  const { operations } = s.server.policy
  const { recall } = await operations.startRecall('carol@im.test', { senders: ['bob'], reason: 'drill' })
  await operations.endRecall('carol@im.test', recall.id)
  const purges = (device: Device) =>
    device.received().filter((text) => text.includes('<purge xmlns="urn:drawbridge:media:1"/>'))
  expect(purges(s.alice)).toHaveLength(2)
  expect(purges(s.bob)).toEqual([])
})
