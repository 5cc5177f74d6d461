import { listAudit, updateAccount } from '@drawbridge/db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { admin, signIn } from '../../../test/admin.ts'
import type { Admin } from '../../../test/admin.ts'

const PASSWORD = 'correct horse'
const DAY_MS = 86_400_000

let at = new Date('2026-11-23T09:00:00Z')
let a: Admin
let carol: string
let alice: string

beforeAll(async () => {
  a = await admin({ now: () => at })
  await a.local('POST', '/api/v1/accounts', { json: { name: 'carol', isAdmin: true, password: PASSWORD } })
  await a.local('POST', '/api/v1/accounts', { json: { name: 'alice', password: PASSWORD } })
  await a.local('PUT', '/api/v1/accounts/alice/roles', { json: { roles: ['auditor'] } })
  carol = await signIn(a, 'carol', PASSWORD)
  alice = await signIn(a, 'alice', PASSWORD)
})
afterAll(() => a[Symbol.asyncDispose]())

async function create(token: string, json: Readonly<Record<string, unknown>>) {
  const { status, body } = await a.network('POST', '/api/v1/tokens', { token, json: { name: 'report', ...json } })
  expect(status, JSON.stringify(body)).toBe(201)
  return { id: (body['token'] as { id: string }).id, secret: String(body['secret']) }
}
const statusOf = async (path: string, token: string) => (await a.network('GET', path, { token })).status

test('AD-12 a token does what its scopes say, is shown once, and its use is noted', async () => {
  const { id, secret } = await create(carol, { scopes: ['status.read', 'audit.read'] })
  expect(secret).toMatch(/^dbt_[A-Za-z0-9_-]{43}$/u)
  expect(await statusOf('/api/v1/status', secret)).toBe(200)
  expect(await statusOf('/api/v1/accounts', secret)).toBe(403)
  // A token that leaks must not become another token, or a sign-in.
  expect(await statusOf('/api/v1/session', secret)).toBe(403)
  const more = await a.network('POST', '/api/v1/tokens', {
    token: secret,
    json: { name: 'more', scopes: ['status.read'] },
  })
  expect(more.status).toBe(403)
  const listed = await a.network('GET', '/api/v1/tokens', { token: carol })
  expect(listed.body['tokens']).toContainEqual(
    expect.objectContaining({ id, account: 'carol', usedAt: at.toISOString(), usedFrom: '127.0.0.1' }),
  )
  expect(JSON.stringify(listed.body)).not.toContain(secret.slice(4))
  const rows = await listAudit(a.database.db, 10)
  expect(rows).toContainEqual(expect.objectContaining({ action: 'create-token', actor: 'carol@im.test', target: id }))
  expect(JSON.stringify(rows)).not.toContain(secret.slice(4))
})

test('AD-12 a token ends when it is revoked, when it expires, and with the rights of its owner', async () => {
  const revoked = await create(carol, { scopes: ['status.read'] })
  const short = await create(carol, { scopes: ['status.read'], days: 1 })
  const auditor = await create(alice, { scopes: ['audit.read'] })
  expect((await a.network('DELETE', `/api/v1/tokens/${revoked.id}`, { token: carol })).status).toBe(200)
  expect(await statusOf('/api/v1/status', revoked.secret)).toBe(401)
  expect(await statusOf('/api/v1/audit', auditor.secret)).toBe(200)
  await updateAccount(a.database.db, 'alice', { roles: ['help-desk'] })
  expect(await statusOf('/api/v1/audit', auditor.secret)).toBe(403)
  await updateAccount(a.database.db, 'alice', { isDisabled: true })
  expect(await statusOf('/api/v1/audit', auditor.secret)).toBe(403)
  await updateAccount(a.database.db, 'alice', { roles: ['auditor'], isDisabled: false })
  const before = at
  at = new Date(at.getTime() + DAY_MS)
  expect(await statusOf('/api/v1/status', short.secret)).toBe(401)
  at = before
})

test('AD-12 nobody makes a token that may do more than they may', async () => {
  const json = { name: 'x', scopes: ['audit.read', 'policy.write'] }
  const { status, body } = await a.network('POST', '/api/v1/tokens', { token: alice, json })
  expect({ status, body }).toMatchObject({ status: 403, body: { code: 'token-scope-refused', detail: 'policy.write' } })
  expect((await a.local('POST', '/api/v1/tokens', { json: { ...json, account: 'alice' } })).status).toBe(403)
  expect((await a.local('POST', '/api/v1/tokens', { json })).status).toBe(400)
  const forOther = { ...json, scopes: ['audit.read'], account: 'carol' }
  expect((await a.network('POST', '/api/v1/tokens', { token: alice, json: forOther })).status).toBe(400)
})

test('AD-04 the tokens of others are as if there were none, except for whoever gives roles', async () => {
  const { id } = await create(carol, { scopes: ['status.read'] })
  const own = await create(alice, { scopes: ['status.read'] })
  const listed = await a.network('GET', '/api/v1/tokens', { token: alice })
  expect(JSON.stringify(listed.body)).not.toContain(id)
  const other = await a.network('DELETE', `/api/v1/tokens/${id}`, { token: alice })
  const nobodys = await a.network('DELETE', `/api/v1/tokens/0197a000-0000-7000-8000-000000000000`, { token: alice })
  expect(other).toMatchObject({ status: 404, body: nobodys.body })
  expect((await a.network('DELETE', `/api/v1/tokens/${own.id}`, { token: carol })).status).toBe(200)
})

test('an account has fifty tokens at most', async () => {
  const bodies = Array.from({ length: 50 }, () =>
    a.network('POST', '/api/v1/tokens', {
      token: alice,
      json: { name: 'x', scopes: ['status.read'] },
    }),
  )
  const statuses = (await Promise.all(bodies)).map(({ status }) => status)
  expect(statuses).toContain(409)
  const { body } = await a.network('GET', '/api/v1/tokens?limit=500', { token: alice })
  const good = (body['tokens'] as { revokedAt?: string }[]).filter(({ revokedAt }) => revokedAt === undefined)
  expect(good).toHaveLength(50)
})
