import { expect, test } from 'vitest'
import { run } from '../../test/run.ts'
import { accountIdentity } from './account-identity.ts'
import { accountRole } from './account-role.ts'
import { accountName } from './account.ts'
import { invitationAdd, invitationRevoke } from './invitation.ts'
import { tokenCreate } from './token.ts'
import { unitAdd, unitJoin, unitList, unitSet } from './unit.ts'

const SALES = { name: 'sales', displayName: 'Sales', roster: 'members', directory: 'everybody', members: 2 }

test('a unit is added with its settings', async () => {
  const args = ['sales', '--display-name', 'Sales', '--roster', 'everybody']
  expect(await run(unitAdd, args, { createUnit: { unit: SALES } })).toEqual({
    asked: [{ route: 'createUnit', body: { name: 'sales', displayName: 'Sales', roster: 'everybody' } }],
    printed: 'sales  "Sales"  2 members  roster: members  directory: everybody',
  })
})

test('what is wrong is told before the server is asked', async () => {
  await expect(run(unitAdd, ['sales'])).rejects.toThrow('--display-name')
  await expect(run(unitAdd, ['Sales & Co', '--display-name', 'x'])).rejects.toThrow('name')
  await expect(run(unitSet, ['sales', '--roster', 'some'])).rejects.toThrow('roster')
  await expect(run(unitSet, ['sales'])).rejects.toThrow('nothing to change')
  await expect(run(unitJoin, ['sales'])).rejects.toThrow('ACCOUNT')
  await expect(run(invitationAdd, ['--uses', 'many'])).rejects.toThrow('maxUses')
  await expect(run(invitationAdd, ['--name', 'bob', '--uses', '2'])).rejects.toThrow('one name is for one account')
})

test('many accounts join in as many requests as it takes', async () => {
  const names = Array.from({ length: 501 }, (_, n) => `user${n}`)
  const { asked, printed } = await run(unitJoin, ['sales', ...names], { addUnitMembers: { unit: SALES, added: 250 } })
  expect(asked).toHaveLength(2)
  expect(printed).toBe('sales: 500 added')
})

test('all pages of a list are one list', async () => {
  const pages = [{ units: [SALES], next: 'sales' }, { units: [{ ...SALES, name: 'tech' }] }]
  const answers = {
    get listUnits() {
      return pages.shift()
    },
  }
  const { printed } = await run(unitList, [], answers)
  expect(printed).toEqual([expect.stringMatching(/^sales /), expect.stringMatching(/^tech /)])
})

test('an invitation is printed with its link', async () => {
  const invitation = {
    id: '0190',
    inviter: 'alice',
    makesAccount: true,
    uses: 0,
    maxUses: 1,
    expiresAt: '2026-11-30T04:00:00.000Z',
  }
  const answers = { createInvitation: { invitation, url: 'https://im.test/invite/1', uri: 'xmpp:x' } }
  const { asked, printed } = await run(invitationAdd, ['--inviter', 'alice', '--until', '1d'], answers)
  expect(asked).toEqual([{ route: 'createInvitation', body: { inviter: 'alice', lifetimeS: 86_400 } }])
  expect(printed).toEqual([
    '0190  for a new account by alice, used 0 of 1, until 2026-11-30T04:00:00.000Z',
    'https://im.test/invite/1',
    'xmpp:x',
  ])
  const revoked = { revokeInvitation: { invitation: { ...invitation, revokedAt: '2026-11-23T04:00:00.000Z' } } }
  expect((await run(invitationRevoke, ['0190'], revoked)).printed).toContain('revoked 2026')
})

test('a name is given and taken away', async () => {
  const answers = { setDisplayName: { account: { name: 'bob', displayName: 'Bob B.', isAdmin: false, roles: [] } } }
  const given = await run(accountName, ['bob', 'Bob', 'B.'], answers)
  expect(given.asked).toEqual([{ route: 'setDisplayName', params: { name: 'bob' }, body: { displayName: 'Bob B.' } }])
  expect(given.printed).toBe('bob  "Bob B."')
  expect((await run(accountName, ['bob'], answers)).asked).toMatchObject([{ body: { displayName: null } }])
})

test('roles are replaced, with the units of a unit administrator; none has to be said', async () => {
  const account = { name: 'bob', isAdmin: false, roles: ['auditor', 'unit-administrator'], administers: ['sales'] }
  const args = ['bob', 'auditor', 'unit-administrator', '--unit', 'sales']
  expect(await run(accountRole, args, { setRoles: { account } })).toEqual({
    asked: [
      {
        route: 'setRoles',
        params: { name: 'bob' },
        body: { roles: ['auditor', 'unit-administrator'], administers: ['sales'] },
      },
    ],
    printed: 'bob  auditor  unit-administrator of sales',
  })
  const none = { setRoles: { account: { ...account, roles: [], administers: [] } } }
  expect((await run(accountRole, ['bob', '--none'], none)).asked).toMatchObject([{ body: { roles: [] } }])
  await expect(run(accountRole, ['bob'])).rejects.toThrow('--none')
  await expect(run(accountRole, ['bob', 'king'])).rejects.toThrow('help-desk')
})

test('an account is somebody at an issuer, or nobody; which of them has to be said', async () => {
  const issuer = 'https://login.example.com'
  const identities = [{ issuer, subject: 'a-4711', linkedAt: '2026-11-23T04:00:00.000Z' }]
  const answers = { setIdentity: { name: 'alice', identities }, getIdentities: { name: 'alice', identities: [] } }
  const linked = await run(accountIdentity, ['alice', '--issuer', issuer, '--subject', 'a-4711'], answers)
  expect(linked.asked).toEqual([
    { route: 'setIdentity', params: { name: 'alice' }, body: { issuer, subject: 'a-4711' } },
  ])
  expect(linked.printed).toEqual(['a-4711  at https://login.example.com, since 2026-11-23T04:00:00.000Z'])
  const none = await run(accountIdentity, ['alice', '--issuer', issuer, '--none'], answers)
  expect(none.asked).toMatchObject([{ body: { issuer, subject: null } }])
  expect((await run(accountIdentity, ['alice'], answers)).printed).toBe('alice is nobody at any issuer')
  await expect(run(accountIdentity, ['alice', '--issuer', issuer])).rejects.toThrow('--none')
  await expect(run(accountIdentity, ['alice', '--subject', 'x'])).rejects.toThrow('--issuer')
})

test('a token is made for an account, and its secret is printed', async () => {
  const token = { id: 't1', name: 'nightly', account: 'bob', scopes: ['audit.read'], expiresAt: '2027-01-01T00:00:00Z' }
  const args = ['nightly', '--account', 'bob', '--scope', 'audit.read,status.read', '--days', '7']
  expect(await run(tokenCreate, args, { createToken: { token, secret: 'dbt_x' } })).toEqual({
    asked: [
      {
        route: 'createToken',
        body: { name: 'nightly', account: 'bob', scopes: ['audit.read', 'status.read'], days: 7 },
      },
    ],
    printed: ['t1  "nightly"  bob  audit.read  until 2027-01-01T00:00:00Z, never used', 'dbt_x'],
  })
  await expect(run(tokenCreate, ['nightly', '--account', 'bob'])).rejects.toThrow('--scope')
  await expect(run(tokenCreate, ['x', '--account', 'bob', '--scope', 'everything'])).rejects.toThrow('audit.read')
})
