import { ADMIN_ROUTES, GRANTED_PERMISSIONS, ROLE_TABLE, ROLES } from '@drawbridge/contract'
import type { AdminRoute, Role } from '@drawbridge/contract'
import { getPolicyEpoch, listAudit } from '@drawbridge/db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { admin, ROUTE_SAMPLES, signIn, targetOf } from '../../test/admin.ts'
import type { Admin, Answer } from '../../test/admin.ts'

// Generated from the table of routes, so that a new one is tested by being there (threats AD-03, AD-04, AD-05).

const PASSWORD = 'correct horse'
const OWN = { 'sec-fetch-site': 'same-origin' }
/** As far as the order of checks goes, every route is asked with a body that it would take or refuse later. */
const routes = Object.entries<AdminRoute>(ADMIN_ROUTES)
const guarded = routes.filter(([, { permission }]) => permission !== 'public')

let a: Admin
const tokens: Partial<Record<Role, string>> = {}
let cookie: string

beforeAll(async () => {
  a = await admin()
  const local = async (method: string, path: string, json: unknown) => {
    const { status, body } = await a.local(method, path, { json })
    expect(status, JSON.stringify(body)).toBeLessThan(300)
  }
  for (const name of ['root', 'olga', 'alice', ...ROLES]) {
    await local('POST', '/api/v1/accounts', { name, password: PASSWORD, isAdmin: name === 'root' })
  }
  for (const [name, members] of [
    ['sales', ['unit-administrator', 'alice']],
    ['labs', ['olga']],
  ] as const) {
    await local('POST', '/api/v1/units', { name, displayName: name })
    await local('PUT', `/api/v1/units/${name}/members`, { members })
  }
  for (const role of ROLES) {
    const administers = ROLE_TABLE[role].isBounded ? { administers: ['sales'] } : {}
    await local('PUT', `/api/v1/accounts/${role}/roles`, { roles: [role], ...administers })
    tokens[role] = await signIn(a, role, PASSWORD)
  }
  const { headers } = await a.network('POST', '/api/v1/session', {
    json: { name: 'root', password: PASSWORD, session: 'cookie' },
    headers: OWN,
  })
  cookie = String(headers['set-cookie']?.[0]).split(';')[0] ?? ''
})
afterAll(() => a[Symbol.asyncDispose]())

/** What must not have moved when everything was refused. */
async function traces() {
  const { db } = a.database
  return [await getPolicyEpoch(db), (await listAudit(db, 1)).map(({ seq }) => seq), a.closed.length, a.accounts.size]
}

const ask = (route: AdminRoute, target: string, sent: Parameters<Admin['network']>[2]): Promise<Answer> =>
  a.network(route.method, target, route.body ? { ...sent, json: {} } : sent)

test('every parameter of every path has a sample to ask with', () => {
  for (const [id, { params }] of routes) {
    for (const key of Object.keys(params.shape)) expect(Object.keys(ROUTE_SAMPLES), `${id} {${key}}`).toContain(key)
  }
})

test('every permission that a route asks for is given by a role beside the administrator, or to administrators alone', () => {
  const alone = GRANTED_PERMISSIONS.filter(
    (permission) =>
      !ROLES.some((role) => role !== 'administrator' && ROLE_TABLE[role].permissions.includes(permission)),
  )
  expect(alone).toEqual(['account.grant'])
  const asked = new Set(routes.map(([, { permission }]) => permission))
  for (const permission of GRANTED_PERMISSIONS) expect(asked, permission).toContain(permission)
})

test('AD-03 without a sign-in no route but the public ones answers, and nothing happens', async () => {
  const before = await traces()
  for (const [id, route] of guarded) {
    const wrong = { token: 'x'.repeat(43) }
    for (const sent of [{}, wrong, { token: `dbt_${'x'.repeat(43)}` }, { headers: OWN }]) {
      const { status, headers } = await ask(route, targetOf(id), sent)
      expect(status, id).toBe(401)
      expect(headers['www-authenticate'], id).toMatch(/^Bearer/u)
    }
  }
  expect(await traces()).toEqual(before)
})

test.each(ROLES.filter((role) => role !== 'administrator'))(
  'AD-03 what the role %s does not give is refused, whatever the rest of the request',
  async (role) => {
    const { permissions, isBounded } = ROLE_TABLE[role]
    const token = tokens[role] ?? ''
    const before = await traces()
    let refused = 0
    for (const [id, route] of guarded) {
      const { permission, about } = route
      if (permission === 'own-session' || permission === 'own-token') continue
      const isGiven = permissions.some((given) => given === permission)
      if (isGiven && !(isBounded && about === undefined)) continue
      const { status, body } = await ask(route, targetOf(id), { token })
      expect(status, id).toBe(403)
      expect(body['code'], id).toBe('forbidden')
      refused++
    }
    expect(refused).toBeGreaterThan(10)
    expect(await traces()).toEqual(before)
  },
)

test('AD-12 an API token is refused whatever is not among its scopes', async () => {
  const made = await a.network('POST', '/api/v1/tokens', {
    token: tokens.administrator,
    json: { name: 'one', scopes: ['status.read'] },
  })
  const token = String(made.body['secret'])
  const before = await traces()
  for (const [id, route] of guarded) {
    if (route.permission === 'status.read') continue
    expect((await ask(route, targetOf(id), { token })).status, id).toBe(403)
  }
  expect(await traces()).toEqual(before)
})

test('AD-05 no route takes a cookie from a page that is not ours', async () => {
  const before = await traces()
  for (const [id, route] of guarded) {
    for (const origin of [
      {},
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'https://evil.test', host: 'im.test' },
    ]) {
      const { status, body } = await ask(route, targetOf(id), { headers: { cookie, ...origin } })
      expect(status, id).toBe(403)
      expect(body['code'], id).toBe('foreign-origin')
    }
  }
  expect(await traces()).toEqual(before)
  expect((await a.network('GET', '/api/v1/status', { headers: { cookie, ...OWN } })).status).toBe(200)
})

test('AD-05 a page cannot send by a form what a route would take', async () => {
  for (const [id, route] of guarded.filter(([, { body }]) => body)) {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const sent = { token: tokens.administrator, raw: '{}', headers: { 'content-type': type } }
      const { status } = await a.network(route.method, targetOf(id), sent)
      // A guarded route may want its proof first; none reads the body.
      expect([404, 415], `${id} ${type}`).toContain(status)
    }
  }
})

test('AD-04 for a unit administrator, accounts and units of others are as if there were none', async () => {
  const token = tokens['unit-administrator'] ?? ''
  const asked = guarded.filter(([, { permission, about }]) =>
    ROLE_TABLE['unit-administrator'].permissions.some((given) => given === permission && about !== undefined),
  )
  expect(asked.length).toBeGreaterThan(5)
  const before = await traces()
  for (const [id, route] of asked) {
    if (route.about === 'list') {
      const { status, body } = await ask(route, targetOf(id), { token })
      expect(status, id).toBe(200)
      expect(JSON.stringify(body), id).not.toMatch(/olga|labs|root/u)
      continue
    }
    const [others, nobodys] = route.about === 'unit' ? ['labs', 'nowhere'] : ['olga', 'nobody']
    const answers = await Promise.all([others, nobodys].map((name) => ask(route, targetOf(id, { name }), { token })))
    expect(answers[0]?.status, id).toBe(404)
    expect(answers[1]?.body, id).toEqual(answers[0]?.body)
  }
  expect(await traces()).toEqual(before)
})

test('a page after what is no place in a list is refused, and breaks nothing', async () => {
  for (const [id, route] of guarded) {
    if (!('cursor' in route.query.shape)) continue
    for (const cursor of ['x', '0', '%F0%9F%A6%91', 'a%20b%20c', '%00', '9'.repeat(256)]) {
      const { status } = await ask(route, `${targetOf(id)}?cursor=${cursor}`, { token: tokens.administrator })
      expect([200, 400, 404], `${id} ${cursor}`).toContain(status)
    }
  }
})

test('what no text of Unicode is, is refused wherever it stands', async () => {
  const bodies = ['{"reason":"a\\u0000b"}', '{"a":[{"b":"\\ud800"}]}', '{"\\u0000":1}']
  for (const [id, route] of guarded) {
    if (!route.body) continue
    for (const raw of bodies) {
      const headers = { 'content-type': 'application/json' }
      const answer = await ask(route, targetOf(id), { token: tokens.administrator, raw, headers })
      if (answer.status === 404) continue
      expect(answer, `${id} ${raw}`).toMatchObject({ status: 400, body: { code: 'bad-request' } })
    }
  }
})

test('AD-04 an id that is none names nothing, and breaks nothing', async () => {
  const junk = [
    '..',
    '%2e%2e',
    "x' or 1=1--",
    '0',
    '-1',
    '0197a000-0000-7000-8000-00000000000z',
    'a'.repeat(300),
    '🦑',
    '%00',
  ]
  for (const [id, route] of guarded) {
    if (Object.keys(route.params.shape).length === 0) continue
    for (const sample of junk) {
      const path = route.path.replaceAll(/\{\w+\}/gu, encodeURI(sample).replaceAll('%25', '%'))
      const { status } = await ask(route, path, { token: tokens.administrator })
      expect([400, 404, 403], `${id} ${path}`).toContain(status)
    }
  }
})
