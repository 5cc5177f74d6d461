import { listAudit, listClientExceptions, noteClient, noteSightings } from '@drawbridge/db'
import { NO_IDENTITY } from '@drawbridge/policy'
import { expect, test } from 'vitest'
import { addUnit, administratorOf } from '../../test/people.ts'
import { conditionOf } from '../../test/rooms.ts'
import { story } from '../../test/story.ts'
import type { Device } from '../../test/story.ts'

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
