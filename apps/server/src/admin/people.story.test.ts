import { listAudit } from '@drawbridge/db'
import { expect, test } from 'vitest'
import { administratorOf } from '../../test/people.ts'
import { story } from '../../test/story.ts'

async function people() {
  const s = await story({ alice: 1, bob: 1, carol: 1 })
  const audited = async () => (await listAudit(s.server.ctx.db, 50)).map(({ action, target }) => `${action} ${target}`)
  return Object.assign(s, { admin: administratorOf(s.server), audited })
}

test('units are made, changed and deleted, each with its row in the audit log', async () => {
  await using s = await people()
  const { unit } = await s.admin('createUnit', {}, { name: 'sales', displayName: 'Sales' })
  expect(unit).toEqual({ name: 'sales', displayName: 'Sales', roster: 'members', directory: 'everybody', members: 0 })
  const changed = await s.admin('changeUnit', { name: 'sales' }, { displayName: 'Verkauf', directory: 'members' })
  expect(changed.unit).toMatchObject({ displayName: 'Verkauf', directory: 'members', roster: 'members' })
  const added = await s.admin('addUnitMembers', { name: 'sales' }, { members: ['alice', 'Bob', 'bob'] })
  expect(added).toMatchObject({ added: 2, unit: { members: 2 } })
  expect((await s.admin('addUnitMembers', { name: 'sales' }, { members: ['bob'] })).added).toBe(0)
  expect((await s.admin('removeUnitMember', { name: 'sales', account: 'alice' })).unit.members).toBe(1)
  expect(await s.admin('deleteUnit', { name: 'sales' })).toEqual({ name: 'sales' })
  expect(await s.audited()).toEqual([
    'delete-unit sales',
    'remove-unit-member sales',
    'add-unit-members sales',
    'change-unit sales',
    'create-unit sales',
  ])
})

test('what is not there is named, and nothing changes', async () => {
  await using s = await people()
  await s.admin('createUnit', {}, { name: 'sales', displayName: 'Sales' })
  const refused = (code: string) => expect.objectContaining({ code })
  await expect(s.admin('createUnit', {}, { name: 'sales', displayName: 'Again' })).rejects.toEqual(
    refused('unit-exists'),
  )
  await expect(s.admin('deleteUnit', { name: 'ops' })).rejects.toEqual(refused('no-such-unit'))
  await expect(s.admin('changeUnit', { name: 'ops' }, { displayName: 'x' })).rejects.toEqual(refused('no-such-unit'))
  await expect(s.admin('changeUnit', { name: 'sales' }, {})).rejects.toEqual(refused('bad-request'))
  await expect(s.admin('addUnitMembers', { name: 'sales' }, { members: ['alice', 'dave'] })).rejects.toEqual(
    refused('no-such-account'),
  )
  await expect(s.admin('addUnitMembers', { name: 'ops' }, { members: ['alice'] })).rejects.toEqual(
    refused('no-such-unit'),
  )
  expect((await s.admin('listUnitMembers', { name: 'sales' })).members).toEqual([])
})

test('long lists come in pages', async () => {
  await using s = await people()
  for (const name of ['a', 'b', 'c']) await s.admin('createUnit', {}, { name, displayName: name })
  await s.admin('addUnitMembers', { name: 'a' }, { members: ['alice', 'bob', 'carol'] })
  const page = await s.admin('listUnits', {})
  expect(page.units.map(({ name, members }) => [name, members])).toEqual([
    ['a', 3],
    ['b', 0],
    ['c', 0],
  ])
  expect((await s.admin('listUnitMembers', { name: 'a' })).members).toEqual(['alice', 'bob', 'carol'])
})

test('the company names people, takes a name back, and lets no name hide behind signs that nobody sees', async () => {
  await using s = await people()
  const named = await s.admin('setDisplayName', { name: 'alice' }, { displayName: 'Alice Liddell' })
  expect(named.account).toMatchObject({ name: 'alice', displayName: 'Alice Liddell' })
  expect(s.server.ctx.accounts.find('alice')?.displayName).toBe('Alice Liddell')
  expect(
    (await s.admin('setDisplayName', { name: 'alice' }, { displayName: null })).account.displayName,
  ).toBeUndefined()
  await expect(s.admin('setDisplayName', { name: 'alice' }, { displayName: 'Eve\u202e' })).rejects.toMatchObject({
    code: 'bad-request',
  })
})

test('invitations are listed without their tokens, and revoked', async () => {
  await using s = await people()
  const { invitation, url, uri } = await s.admin(
    'createInvitation',
    {},
    { inviter: 'alice', maxUses: 3, lifetimeS: 3600 },
  )
  expect(invitation).toMatchObject({ inviter: 'alice', maxUses: 3, uses: 0, makesAccount: true })
  const token = url.split('/').at(-1) ?? ''
  expect(uri).toContain(token)
  const listed = await s.admin('listInvitations', {})
  expect(listed.invitations).toEqual([invitation])
  expect(JSON.stringify(listed)).not.toContain(token)
  expect(JSON.stringify(await listAudit(s.server.ctx.db, 10))).not.toContain(token)
  const revoked = await s.admin('revokeInvitation', { id: invitation.id })
  expect(revoked.invitation.revokedAt).toBeDefined()
  expect(await s.server.ctx.invitations.find(token)).toBeUndefined()
  await expect(s.admin('revokeInvitation', { id: 'x' })).rejects.toMatchObject({ code: 'no-such-invitation' })
  await expect(s.admin('createInvitation', {}, { name: 'alice' })).rejects.toMatchObject({ code: 'account-exists' })
})
