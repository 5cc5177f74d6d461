import { listAudit } from '@drawbridge/db'
import { expect, test, vi } from 'vitest'
import { administratorOf } from '../../test/people.ts'
import { story } from '../../test/story.ts'
import { startPolicy } from './start.ts'
import { offlineParts } from '../../test/offline.ts'

async function company() {
  const s = await story({ alice: 1, bob: 1 })
  const admin = administratorOf(s.server)
  await admin('createUnit', {}, { name: 'research', displayName: 'Research' })
  await admin('addUnitMembers', { name: 'research' }, { members: ['alice'] })
  // The administrator has an account, too, while it asks: so there are three.
  const policyOf = (name: string) => s.server.ctx.mediaPolicy(s.server.ctx.accounts.find(name))
  return Object.assign(s, { admin, policyOf })
}

test('what an administrator changes holds for the next question, and a unit may say otherwise', async () => {
  await using s = await company()
  expect(s.policyOf('alice')).toMatchObject({ e2ee: 'refuse', originals: 'discard' })
  const before = (await s.admin('getMediaPolicy', {})).policy

  const changed = await s.admin('setMediaPolicy', {}, { ...before, originals: 'seal' })
  expect(changed).toMatchObject({ changed: ['originals'], accounts: 3, effect: { disconnected: 0 } })
  const unit = await s.admin('setUnitMediaPolicy', { name: 'research' }, { e2ee: 'text-only' })
  expect(unit).toMatchObject({ changed: ['e2ee'], accounts: 1 })

  expect(s.policyOf('alice')).toMatchObject({ e2ee: 'text-only', originals: 'seal' })
  expect(s.policyOf('bob')).toMatchObject({ e2ee: 'refuse', originals: 'seal' })
  expect(s.server.ctx.mediaPolicy()).toMatchObject({ e2ee: 'refuse' })
  expect(await s.admin('getUnitMediaPolicy', { name: 'research' })).toMatchObject({
    policy: { e2ee: 'text-only' },
    merged: { e2ee: 'text-only', originals: 'seal' },
  })
  const [applied, set] = await listAudit(s.server.ctx.db, 2)
  expect([applied?.action, set?.action]).toEqual(['apply-policy', 'set-unit-media-policy'])
  expect(set).toMatchObject({ target: 'research', detail: { e2ee: { from: null, to: 'text-only' } } })
})

test('who joins a unit has its policy at once, and loses it on leaving', async () => {
  await using s = await company()
  await s.admin('setUnitMediaPolicy', { name: 'research' }, { avif: 'accept' })
  await s.admin('addUnitMembers', { name: 'research' }, { members: ['bob'] })
  expect(s.policyOf('bob').avif).toBe('accept')
  await s.admin('removeUnitMember', { name: 'research', account: 'bob' })
  expect(s.policyOf('bob').avif).toBe('refuse')
})

test('a change on another node is heard of here', async () => {
  await using s = await company()
  await using other = await startPolicy({
    db: s.server.ctx.db,
    url: s.databaseUrl,
    posture: 'discover',
    leaseTtlMs: 5_000,
    offline: offlineParts(),
    log: s.server.ctx.log,
    sessions: { list: () => [] },
    queue: { deliverReleased: () => undefined, isStillClean: async () => true },
  })
  await other.operations.setUnitMediaPolicy('local:cli', 'research', { maxFileBytes: 10 })
  await vi.waitFor(() => expect(s.policyOf('alice').maxFileBytes).toBe(10), { timeout: 5_000 })
  expect(s.policyOf('bob').maxFileBytes).toBeNull()
})

test('a dry run says who would be affected and changes nothing, and so does a change to what is already so', async () => {
  await using s = await company()
  const { policy } = await s.admin('getMediaPolicy', {})
  const wanted = { ...policy, e2ee: 'text-only' as const }
  const { epoch } = s.server.ctx.gate
  const answer = await s.admin('setMediaPolicy', {}, wanted, { dryRun: 'true' })
  expect(answer).toEqual({ policy: wanted, changed: ['e2ee'], accounts: 3 })
  expect(await s.admin('setMediaPolicy', {}, policy)).toEqual({ policy, changed: [], accounts: 0 })
  expect(s.policyOf('bob').e2ee).toBe('refuse')
  expect(s.server.ctx.gate.epoch).toBe(epoch)
})

test('what nobody could carry out is not set (images §6, row 24)', async () => {
  await using s = await company()
  const { policy } = await s.admin('getMediaPolicy', {})
  const missing = { code: 'key-scanner-missing' }
  await expect(s.admin('setMediaPolicy', {}, { ...policy, e2ee: 'scan-with-key' })).rejects.toMatchObject(missing)
  await expect(s.admin('setUnitMediaPolicy', { name: 'research' }, { e2ee: 'scan-with-key' })).rejects.toMatchObject(
    missing,
  )
})

test('a unit that is made anew under an old name does not inherit what the old one was allowed', async () => {
  await using s = await company()
  await s.admin('setUnitMediaPolicy', { name: 'research' }, { e2ee: 'client-sanitize' })
  await s.admin('deleteUnit', { name: 'research' })
  await s.admin('createUnit', {}, { name: 'research', displayName: 'Research' })
  await s.admin('addUnitMembers', { name: 'research' }, { members: ['alice'] })
  await vi.waitFor(() => expect(s.policyOf('alice').e2ee).toBe('refuse'), { timeout: 5_000 })
  await expect(s.admin('getUnitMediaPolicy', { name: 'nobody' })).rejects.toMatchObject({ code: 'no-such-unit' })
})
