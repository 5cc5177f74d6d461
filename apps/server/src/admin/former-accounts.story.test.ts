import { listAudit, listClientExceptions, listClientRules, noteClient, noteSightings } from '@drawbridge/db'
import { NO_IDENTITY } from '@drawbridge/policy'
import { expect, test } from 'vitest'
import { addUnit, administratorOf } from '../../test/people.ts'
import { conditionOf } from '../../test/rooms.ts'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'
import { png, slotFor, uploads } from '../../test/uploads.ts'

// Names are given again. Whoever gets one is somebody else.

const PHONE = 'd4565fa7-4d72-4749-b3d3-740edbf87770'

async function people() {
  const s = await story({ alice: 1, bob: 1 })
  const admin = administratorOf(s.server)
  /** Her account is deleted, and somebody else gets the name. */
  const replaceAlice = async () => {
    await admin('deleteAccount', { name: 'alice' })
    return s.connect('alice')
  }
  return Object.assign(s, { admin, replaceAlice, operations: s.server.policy.operations })
}

async function isRefused(device: Device): Promise<boolean> {
  device.received()
  await device.send('<message to="bob@im.test" type="chat" id="m"><body>hello</body></message>')
  return device.received().some((text) => text.includes('type="error"'))
}

test('whoever gets the name of an account that is gone has none of its clients: known, revoked or in the inventory', async () => {
  await using s = await people()
  const { db, now } = s.server.ctx
  const list = async (device: Device) => (await device.ask('get', '<list xmlns="urn:xmpp:cam:0"/>')).toString()
  const seen = async () => (await db.execute(`select from client_sighting where family = 'phone'`)).rows.length
  const phoneOf = (accountId: string, proof: 'password' | 'token') =>
    noteClient(db, { accountId, userAgentId: PHONE, software: 'Phone', device: 'old phone', proof }, now())
  const { id } = s.alice.session.account
  const phone = await phoneOf(id, 'password')
  const sighting = { family: 'phone', version: '1.0', identity: NO_IDENTITY, address: null, seenAt: now() }
  await noteSightings(db, [{ ...sighting, accountId: id, clientKey: Buffer.alloc(32) }])
  expect(await list(s.alice)).toContain('old phone')
  expect(await seen()).toBe(1)

  const other = await s.replaceAlice()
  expect(await list(other)).not.toContain('old phone')
  expect(await seen()).toBe(0)
  const revoked = await other.ask('set', `<revoke xmlns="urn:xmpp:cam:0" id="${phone}"/>`)
  expect(conditionOf(revoked)).toBe('item-not-found')
  // The same phone is a client that nobody has seen: no token of before lets it in, and nothing was taken back from it.
  expect(await phoneOf(other.session.account.id, 'token')).toBeUndefined()
  const again = await phoneOf(other.session.account.id, 'password')
  expect(again).not.toBe(phone)
  // What was noted of the one before, and is written late, is nobody's.
  await noteSightings(db, [{ ...sighting, accountId: id, clientKey: Buffer.alloc(32) }])
  expect(await seen()).toBe(0)
})

test('an exception from the client rules ends with the account that it was made for', async () => {
  await using s = await people()
  const url = 'https://im.test/update'
  await s.operations.addClientRule('local:cli', { family: 'test', below: '2.0', action: 'block', preset: 'now', url })
  const exception = { family: 'test', reason: 'no update for this machine yet' }
  await s.operations.addClientException('local:cli', { ...exception, accounts: ['alice'] })
  await s.operations.addClientException('local:cli', { ...exception, accounts: ['alice', 'bob'] })
  await (await s.connect('alice', 'again')).available()

  await expect(s.replaceAlice()).rejects.toThrow('alice was not let in')
  // The other one is still for bob, and the one that would be for everybody now is gone.
  const left = await listClientExceptions(s.server.ctx.db, s.server.ctx.now())
  expect(left.map(({ conditions }) => conditions)).toEqual([{ family: 'test', accounts: ['bob'] }])
  await (await s.connect('bob', 'again')).available()
  const deletion = (await listAudit(s.server.ctx.db, 10)).find(({ action }) => action === 'delete-account')
  expect(deletion?.detail).toMatchObject({ exceptions: [expect.any(String), expect.any(String)], suspensions: [] })
})

test('whom a suspension leaves alone is not whoever gets the name, of the account or of its unit', async () => {
  await using s = await people()
  await addUnit(s.server, 'rescue', ['bob'])
  const exemptions = { accounts: ['alice'], units: ['rescue'], bots: ['alice@im.test'] }
  await s.operations.startSuspension('local:cli', {
    ...{ scopes: ['messages'], mode: 'read-only', reason: 'worm', exemptions },
  })
  expect(await isRefused(s.alice)).toBe(false)
  expect(await isRefused(s.bob)).toBe(false)
  expect(await isRefused(await s.replaceAlice())).toBe(true)

  await s.admin('deleteUnit', { name: 'rescue' })
  await addUnit(s.server, 'rescue', ['bob'])
  expect(await isRefused(s.bob)).toBe(true)
})

test('a rule for clients ends with the account that it named, and one that names others too goes on for them', async () => {
  await using s = await people()
  const rule = { family: 'test', below: '2.0', action: 'block', preset: 'now' } as const
  const alone = await s.operations.addClientRule('local:cli', { ...rule, accounts: ['alice'] })
  const both = await s.operations.addClientRule('local:cli', { ...rule, below: '1.5', accounts: ['alice', 'bob'] })
  await expect(s.connect('alice', 'again')).rejects.toThrow('alice was not let in')

  await (await s.replaceAlice()).available()
  expect(await listClientRules(s.server.ctx.db)).toMatchObject([{ id: both.rule.id, rule: { accounts: ['bob'] } }])
  await expect(s.connect('bob', 'again')).rejects.toThrow('bob was not let in')
  // What was taken away is on record as it was, under the rule and under the account.
  const entries = await listAudit(s.server.ctx.db, 10)
  const ids = [alone.rule.id, both.rule.id]
  expect(entries.find(({ action }) => action === 'delete-account')?.detail).toMatchObject({
    rules: expect.arrayContaining(ids),
  })
  const because = 'alice is deleted'
  const before = expect.objectContaining({ family: 'test', action: 'block' })
  expect(entries).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ action: 'remove-client-rule', target: ids[0], detail: { because, before } }),
      expect.objectContaining({ action: 'change-client-rule', target: ids[1], detail: { because, before } }),
    ]),
  )
})

test('a rule for a unit ends with the unit: whoever is in one of that name later is in another one', async () => {
  await using s = await people()
  await addUnit(s.server, 'lab', ['bob'])
  const rule = { family: 'test', below: '2.0', action: 'block', preset: 'now', units: ['lab'] } as const
  await s.operations.addClientRule('local:cli', rule)
  await expect(s.connect('bob', 'again')).rejects.toThrow('bob was not let in')
  await s.admin('deleteUnit', { name: 'lab' })
  await addUnit(s.server, 'lab', ['bob'])
  await (await s.connect('bob', 'again')).available()
  expect(await listClientRules(s.server.ctx.db)).toEqual([])
})

test('what is recalled of somebody stays so when the account is deleted, and is not about whoever gets the name', async () => {
  await using u = await uploads({})
  const { ctx, policy } = u.server
  const admin = administratorOf(u.server)
  const bob = await u.connect('bob')
  await bob.available()
  /** Sends an image to bob, and says how to look at it as he does. */
  const share = async (device: Device, text: string) => {
    const slot = await slotFor(device, 'a.png', png(text))
    expect((await u.fetch('PUT', slot.url, png(text), slot.headers)).status).toBe(201)
    await device.send(
      `<message to="bob@im.test" type="chat"><body>${slot.getUrl}</body><x xmlns="jabber:x:oob"><url>${slot.getUrl}</url></x></message>`,
    )
    const [key = 'none'] = /[\w-]{43}/u.exec(slot.getUrl) ?? []
    const message = await bob.next((element) => element.getChildText('body')?.includes(key) === true)
    return async () => (await u.fetch('GET', message.getChildText('body') ?? '')).status
  }
  const before = await share(u.alice, 'before')
  const { recall } = await policy.operations.startRecall('local:cli', {
    senders: ['alice'],
    reason: 'worm',
    sentUntil: new Date(ctx.now().getTime() + 3_600_000).toISOString(),
  })
  expect(await before()).toBe(410)
  await admin('deleteAccount', { name: 'alice' })
  expect(await before()).toBe(410)
  const alice = await u.connect('alice')
  const after = await share(alice, 'after')
  expect([await before(), await after()]).toEqual([410, 200])
  const [shown] = (await admin('listRecalls', {})).recalls
  expect(shown).toMatchObject({ id: recall.id, senders: ['alice'], gone: [{ sender: 'alice' }] })
})
