import { mediaPolicy } from '@drawbridge/policy'
import { getPolicyEpoch, listAudit } from '@drawbridge/db'
import { expect, test } from 'vitest'
import { admin, signIn } from '../../test/admin.ts'
import type { Admin } from '../../test/admin.ts'

const read = async ({ local }: Admin) =>
  (await local('GET', '/api/v1/policy')).body['document'] as Record<string, unknown>
const apply = ({ local }: Admin, document: unknown, query = '', more: object = {}) =>
  local('PUT', `/api/v1/policy${query}`, { json: { document, ...more } })
const epoch = ({ database }: Admin) => getPolicyEpoch(database.db)
const salesUnit = ({ local }: Admin) =>
  local('POST', '/api/v1/units', { json: { name: 'sales', displayName: 'Sales' } })

const FULL = {
  version: 1,
  clientPosture: 'enforce',
  clientRules: [
    {
      family: 'gajim',
      below: '2.0',
      action: 'block',
      preset: 'urgent',
      priority: 5,
      deadline: '2027-01-01T00:00:00.000Z',
    },
    { family: 'dino', below: '0.4', action: 'degrade', preset: 'routine', priority: 100, formats: ['webp'] },
    { family: 'psi', below: '1.5', action: 'warn', preset: 'routine', priority: 100, os: ['linux'] },
  ],
  minimumTiers: { sales: 'E3' },
  mediaPolicy: mediaPolicy.parse({ maxFileBytes: 1_000_000 }),
  unitMediaPolicies: { sales: { maxFileBytes: 5_000 } },
  playbooks: { worm: { steps: [{ scopes: ['files', 'images'], mode: 'hold' }], reason: 'A worm', endAfterMin: 60 } },
  advisories: { isDegradeArmed: true, products: { clients: {}, components: {} } },
}

test('what one server exports, applied to an empty one, is what that one exports', async () => {
  await using one = await admin()
  await salesUnit(one)
  expect((await apply(one, FULL)).status).toBe(200)
  const exported = await read(one)
  expect(exported).toEqual(FULL)

  await using other = await admin()
  await salesUnit(other)
  expect((await apply(other, exported)).status).toBe(200)
  expect(JSON.stringify(await read(other))).toBe(JSON.stringify(exported))
  expect((await apply(other, exported)).body).toEqual({ steps: [] })
})

test('a document is applied in one epoch, each step is on record, and a dry run does neither', async () => {
  await using a = await admin()
  await salesUnit(a)
  const before = await epoch(a)
  const tried = await apply(a, FULL, '?dryRun=true')
  expect(tried.body['steps']).toHaveLength(9)
  expect(await epoch(a)).toBe(before)
  const done = await apply(a, FULL)
  expect(done.body['steps']).toEqual(tried.body['steps'])
  expect(done.body['effect']).toMatchObject({ epoch: before + 1 })
  expect(await epoch(a)).toBe(before + 1)
  const actions = (await listAudit(a.database.db, 50)).map(({ action }) => action)
  expect(actions.filter((action) => action === 'add-client-rule')).toHaveLength(3)
  expect(actions).toEqual(
    expect.arrayContaining(['apply-policy-document', 'set-client-posture', 'put-playbook', 'set-advisory-settings']),
  )
})

test('what cannot be applied as a whole is not applied at all', async () => {
  await using a = await admin()
  await salesUnit(a)
  await apply(a, { version: 1, clientRules: [{ family: 'swift', action: 'warn' }] })
  const before = await read(a)
  const unknown = { ...FULL, unitMediaPolicies: { nowhere: { maxFileBytes: 1 } } }
  expect(await apply(a, unknown)).toMatchObject({ status: 404, body: { code: 'no-such-unit' } })
  const shadowed = [{ family: 'gajim', action: 'allow', priority: 1 }, ...FULL.clientRules]
  const hidden = await apply(a, { ...FULL, clientRules: shadowed })
  expect(hidden).toMatchObject({ status: 409, body: { code: 'rule-shadowed' } })
  expect(await read(a)).toEqual(before)
  expect((await apply(a, { ...FULL, clientRules: shadowed }, '', { isShadowAccepted: true })).status).toBe(200)
})

test('over the network, rules that block are tried out before they are applied, and nobody locks themselves out', async () => {
  await using a = await admin()
  await a.local('POST', '/api/v1/accounts', { json: { name: 'carol', isAdmin: true, password: 'correct horse' } })
  const token = await signIn(a, 'carol', 'correct horse')
  const document = { version: 1, clientRules: FULL.clientRules }
  const send = (query: string, more: object = {}) =>
    a.network('PUT', `/api/v1/policy${query}`, { token, json: { document, ...more } })
  expect(await send('')).toMatchObject({ body: { code: 'not-simulated' } })
  const { simulation } = (await send('?dryRun=true')).body
  expect((await send('', { simulation })).status).toBe(200)
  const rules = (await a.local('GET', '/api/v1/client-rules')).body['rules']
  expect(rules).toMatchObject([{ confirmBy: expect.any(String) }, {}, {}])
})

test('whoever applies a document to what has changed since is told to look again', async () => {
  await using a = await admin()
  const seen = String((await a.local('GET', '/api/v1/policy')).headers.etag)
  await a.local('PUT', '/api/v1/client-posture', { json: { posture: 'enforce' } })
  const headers = { 'if-match': seen }
  const answer = await a.local('PUT', '/api/v1/policy', { json: { document: { version: 1 } }, headers })
  expect(answer.status).toBe(412)
})

test('a playbook in a document that names what is not there is refused as when it is put alone, and left alone when it stays', async () => {
  await using a = await admin()
  await salesUnit(a)
  const playbook = (scope: string) => ({ steps: [{ scopes: [scope], mode: 'hold' }], reason: 'A worm' })
  const document = (scope: string) => ({ version: 1, playbooks: { worm: playbook(scope) } })
  for (const scope of ['group:sale', 'room:hall@rooms.im.test', 'format:wepb']) {
    const alone = await a.local('PUT', '/api/v1/playbooks/worm', { json: playbook(scope) })
    expect(alone.status, scope).toBe(404)
    expect((await apply(a, document(scope))).body, scope).toEqual(alone.body)
  }
  expect((await apply(a, document('group:sale'))).body).toMatchObject({ code: 'no-such-unit', near: 'sales' })
  const warned = await apply(a, document('client:gajmi'))
  expect(warned.body['warnings']).toMatchObject([{ about: 'client', name: 'gajmi' }])

  await apply(a, document('group:sales'))
  await a.local('DELETE', '/api/v1/units/sales')
  const later = await apply(a, { ...document('group:sales'), clientPosture: 'enforce' })
  expect(later.body['steps']).toMatchObject([{ section: 'clientPosture' }])
})
