import { afterEach, beforeEach, expect, test } from 'vitest'
import { admin, signIn } from '../../test/admin.ts'
import type { Admin } from '../../test/admin.ts'

const PASSWORD = 'heavy-lifting-99'

let a: Admin
beforeEach(async () => {
  a = await admin()
})
afterEach(() => a[Symbol.asyncDispose]())

const person = async (name: string, ...roles: ('operator' | 'security-officer')[]) => {
  await a.local('POST', '/api/v1/accounts', { json: { name, password: PASSWORD } })
  a.accounts.put({ ...a.accounts.find(name)!, roles })
  await a.database.pool.query('update account set roles = $2 where localpart = $1', [name, roles])
  return roles.length === 0 ? '' : signIn(a, name, PASSWORD)
}
const unit = async (name: string, ...members: string[]) => {
  await a.local('POST', '/api/v1/units', { json: { name, displayName: name } })
  if (members.length > 0) await a.local('PUT', `/api/v1/units/${name}/members`, { json: { members } })
}
const hold = async (json: object) => {
  const body = { mode: 'hold', reason: 'worm', ...json }
  const { body: answer, status } = await a.local('POST', '/api/v1/suspensions', { json: body })
  expect(status, JSON.stringify(answer)).toBe(201)
  return (answer['suspension'] as { id: string }).id
}
const edits = (token: string) => ({
  join: (name: string, member: string) =>
    a.network('PUT', `/api/v1/units/${name}/members`, { token, json: { members: [member] } }),
  leave: (name: string, member: string) => a.network('DELETE', `/api/v1/units/${name}/members/${member}`, { token }),
  end: (name: string) => a.network('DELETE', `/api/v1/units/${name}`, { token }),
})
const refused = (advice: string) => ({
  status: 409,
  body: { code: 'unit-in-force', detail: expect.stringContaining(advice) as string },
})

test('control §4.6 an operator lifts no suspension by editing units, and is told what to do', async () => {
  await person('u1')
  await person('u2')
  const { join, leave, end } = edits(await person('oper', 'operator'))
  await unit('ops', 'u1')
  await unit('incident')
  const held = await hold({ scopes: ['group:ops'] })
  expect(await end('ops')).toMatchObject(refused(held))
  expect(await leave('ops', 'u1')).toMatchObject(refused('exempt people from it, or end it'))
  // More people under it, and edits that change nothing, are nobody's way out.
  expect((await join('ops', 'u2')).status).toBe(200)
  const spared = await hold({ scopes: ['service'], exemptions: { units: ['incident'] } })
  expect(await join('incident', 'u1')).toMatchObject(refused(spared))
  expect((await leave('incident', 'u1')).status).toBe(200)
  expect((await end('incident')).status).toBe(200)

  await a.local('POST', `/api/v1/suspensions/${held}/end`)
  expect((await leave('ops', 'u1')).status).toBe(200)
  expect((await end('ops')).status).toBe(200)
})

test('neither does an operator free a protected unit, nor people from a rule about their unit', async () => {
  await person('u1')
  await person('u2')
  const { join, leave, end } = edits(await person('oper', 'operator'))
  await unit('finance', 'u1')
  await unit('lab', 'u1')
  await unit('ships', 'u1')
  await a.policy.operations.minimumTier.set('finance', { actor: 'local:cli', value: 'E2' })
  expect(await end('finance')).toMatchObject(refused('known by E2'))
  expect(await leave('finance', 'u1')).toMatchObject(refused('known by E2'))
  const rule = { family: 'gajim', below: '2.0', units: ['lab'], action: 'block' }
  await a.local('POST', '/api/v1/client-rules', { json: rule })
  expect(await leave('lab', 'u1')).toMatchObject(refused('is about its members'))
  await a.local('POST', '/api/v1/client-exceptions', { json: { family: 'gajim', units: ['ships'], reason: 'at sea' } })
  expect(await join('ships', 'u2')).toMatchObject(refused('is for its members'))
  expect((await leave('ships', 'u1')).status).toBe(200)
})

test('an officer does by a unit what they may do by itself, and nobody more; who acts alone is on record', async () => {
  await person('u1')
  const carol = edits(await person('carol', 'operator', 'security-officer'))
  await person('dave', 'security-officer')
  await unit('ops', 'u1')
  await unit('floor')
  const small = await hold({ scopes: ['group:ops'] })
  expect((await carol.leave('ops', 'u1')).status).toBe(200)
  await carol.join('ops', 'u1')
  const cut = await hold({ scopes: ['group:ops'], mode: 'cut', exemptions: { units: ['floor'] } })
  expect(await carol.leave('ops', 'u1')).toMatchObject(refused(cut))
  expect(await carol.join('floor', 'u1')).toMatchObject(refused(cut))
  await a.database.pool.query(`update suspension set acted_alone = '{}', review_due_at = null`)
  expect((await a.local('DELETE', '/api/v1/units/ops/members/u1')).status).toBe(200)
  const { rows } = await a.database.pool.query('select id, acted_alone from suspension order by id')
  expect(rows).toEqual([
    { id: small, acted_alone: [] },
    { id: cut, acted_alone: ['local:cli'] },
  ])
})
