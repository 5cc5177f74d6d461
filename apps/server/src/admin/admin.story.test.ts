import { ADMIN_ROUTES } from '@drawbridge/contract'
import type { AdminRoute } from '@drawbridge/contract'
import { putReport, updateAccount } from '@drawbridge/db'
import { claimFrom, identify } from '@drawbridge/policy'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { LiveSession } from '../policy/enforce.ts'
import { admin, signIn, STRONG, targetOf } from '../../test/admin.ts'
import { listenTo } from '../../test/event-stream.ts'
import type { Admin, Sent } from '../../test/admin.ts'

/** Shared by tests that only look or are refused; those that change much have their own. */
let shared: Admin
let token: string

beforeAll(async () => {
  shared = await admin()
  await shared.local('POST', '/api/v1/accounts', { json: { name: 'carol', isAdmin: true, password: 'correct horse' } })
  await shared.local('POST', '/api/v1/accounts', { json: { name: 'alice', password: 'battery staple' } })
  token = await signIn(shared, 'carol', 'correct horse')
})
afterAll(() => shared[Symbol.asyncDispose]())

const routes = Object.entries<AdminRoute>(ADMIN_ROUTES)

test('the first administrator is a break-glass account, the next one is not', async () => {
  await using a = await admin()
  const first = await a.local('POST', '/api/v1/accounts', { json: { name: 'Admin', isAdmin: true } })
  expect(first).toMatchObject({
    status: 201,
    body: {
      account: { name: 'admin', isAdmin: true, isBreakGlass: true, isDisabled: false },
      password: expect.stringMatching(/^\w{5}(-\w{5}){3}$/u),
    },
  })
  const second = await a.local('POST', '/api/v1/accounts', {
    json: { name: 'carol', isAdmin: true, password: 'correct horse' },
  })
  expect(second.body).toEqual({ account: expect.objectContaining({ isBreakGlass: false }) })
  await signIn(a, 'admin', String(first.body['password']))
})

test('accounts are listed by page, disabled, enabled, given passwords and deleted', async () => {
  await using a = await admin()
  for (const name of ['admin', 'alice', 'bob']) {
    await a.local('POST', '/api/v1/accounts', { json: { name, password: 'correct horse', isAdmin: name === 'admin' } })
  }
  const page = await a.local('GET', '/api/v1/accounts?limit=2')
  expect(page.body).toMatchObject({ accounts: [{ name: 'admin' }, { name: 'alice' }], next: 'alice' })
  expect((await a.local('GET', '/api/v1/accounts?limit=2&cursor=alice')).body).toEqual({
    accounts: [expect.objectContaining({ name: 'bob' })],
  })

  expect((await a.local('POST', '/api/v1/accounts/alice/disable')).body).toMatchObject({
    account: { isDisabled: true },
    closedSessions: 1,
  })
  expect(a.accounts.find('alice')?.isDisabled).toBe(true)
  expect((await a.local('POST', '/api/v1/accounts/Alice/enable')).body).toMatchObject({
    account: { name: 'alice', isDisabled: false },
  })
  expect(
    (await a.local('PUT', '/api/v1/accounts/alice/password', { json: { password: 'another one' } })).body,
  ).not.toHaveProperty('password')
  expect((await a.local('PUT', '/api/v1/accounts/alice/password', { json: {} })).body).toHaveProperty('password')
  expect((await a.local('DELETE', '/api/v1/accounts/alice')).body).toMatchObject({ name: 'alice' })
  expect(a.closed).toEqual([
    ['alice', 'account-disabled'],
    ['alice', 'password-changed'],
    ['alice', 'password-changed'],
    ['alice', 'account-deleted'],
  ])
  expect(a.deleted).toEqual(['alice'])
  expect(a.accounts.find('alice')).toBeUndefined()

  for (const [method, path, json] of [
    ['POST', '/api/v1/accounts/alice/disable', undefined],
    ['PUT', '/api/v1/accounts/alice/password', { password: 'correct horse' }],
    ['DELETE', '/api/v1/accounts/alice', undefined],
  ] as const) {
    expect(await a.local(method, path, { json })).toMatchObject({ status: 404, body: { code: 'no-such-account' } })
  }
  for (const [method, path] of [
    ['POST', '/api/v1/accounts/admin/disable'],
    ['DELETE', '/api/v1/accounts/admin'],
  ] as const) {
    expect(await a.local(method, path)).toMatchObject({ status: 409, body: { code: 'last-administrator' } })
  }
})

test('an import gives each row its own outcome, in order', async () => {
  await using a = await admin()
  const { body } = await a.local('POST', '/api/v1/accounts/import', {
    json: {
      accounts: [
        { name: 'alice', password: 'correct horse' },
        { name: 'Alice' },
        { name: 'a@b' },
        { name: 'bob', password: 'x' },
        { name: 'carol' },
      ],
    },
  })
  expect(body['results']).toEqual([
    { name: 'alice', outcome: 'created' },
    { name: 'Alice', outcome: 'exists' },
    {
      name: 'a@b',
      outcome: 'invalid',
      code: 'bad-account-name',
      reason: 'The name contains an @: leave off the domain.',
    },
    {
      name: 'bob',
      outcome: 'invalid',
      code: 'weak-password',
      reason: 'A password has at least 8 characters.',
    },
    { name: 'carol', outcome: 'created', password: expect.any(String) },
  ])
  const tooMany = Array.from({ length: 101 }, (_, index) => ({ name: `u${index}` }))
  expect((await a.local('POST', '/api/v1/accounts/import', { json: { accounts: tooMany } })).status).toBe(400)
})

test('the status names the sandbox of image decoders, and a weak one stays a warning', async () => {
  expect((await shared.local('GET', '/api/v1/status')).body).toMatchObject({
    state: 'ok',
    sandbox: { level: 'A', denied: STRONG.denied },
    checks: expect.arrayContaining([{ name: 'sanitizer', isOk: true }]) as unknown,
  })
  await using weak = await admin({ sandbox: { ...STRONG, level: 'D', isWeak: true, denied: [] } })
  const detail = 'level D: images are decoded without a sandbox'
  expect((await weak.local('GET', '/api/v1/status')).body).toMatchObject({
    state: 'degraded',
    sandbox: { level: 'D' },
    checks: expect.arrayContaining([{ name: 'sanitizer', isOk: false, detail }]) as unknown,
  })
})

test('rules and suspensions are added, listed and removed, and the status tells', async () => {
  await using a = await admin()
  a.sessions.push({
    id: 's1',
    jid: 'alice@im.test/1',
    state: 'waiting',
    account: { localpart: 'alice', isAdmin: false, isBreakGlass: false },
    client: identify([claimFrom({ source: 'version-reply', name: 'Gajim', version: '1.9' })]),
    entrance: 'tcp',
    signedInAt: new Date(0),
    closeWith: () => void a.sessions.pop(),
    withhold: () => undefined,
    notify: () => undefined,
  })
  expect((await a.local('GET', '/api/v1/sessions')).body).toEqual({
    sessions: [
      {
        id: 's1',
        account: 'alice',
        node: expect.any(String),
        units: [],
        jid: 'alice@im.test/1',
        state: 'waiting',
        client: { family: 'gajim', version: '1.9', tier: 'E1', source: 'version-reply', isSuspect: false },
        transport: 'tcp',
        since: '1970-01-01T00:00:00.000Z',
      },
    ],
  })
  expect((await a.local('GET', '/api/v1/status')).body).toMatchObject({ sessions: 0 })
  const rule = { family: 'gajim', below: '2.0', action: 'disconnect', preset: 'now', url: 'https://im.test/' }
  const added = await a.local('POST', '/api/v1/client-rules', { json: rule })
  expect(added).toMatchObject({
    status: 201,
    body: { rule: { ...rule, stage: 'disconnect', createdBy: 'local:cli' }, effect: { disconnected: 1 } },
  })
  const { id } = added.body['rule'] as { id: string }
  expect((await a.local('GET', '/api/v1/client-rules')).body).toMatchObject({ rules: [{ id }] })
  expect((await a.local('DELETE', `/api/v1/client-rules/${id}`)).status).toBe(200)
  expect(await a.local('DELETE', `/api/v1/client-rules/${id}`)).toMatchObject({
    status: 404,
    body: { code: 'no-such-rule' },
  })

  const suspension = { scopes: ['service'], mode: 'hold', reason: 'worm', until: '2100-01-01T00:00:00+01:00' }
  const started = await a.local('POST', '/api/v1/suspensions', { json: suspension })
  expect(started.body).toMatchObject({
    suspension: { scopes: ['service'], mode: 'hold', until: '2099-12-31T23:00:00.000Z' },
  })
  const ended = (started.body['suspension'] as { id: string }).id
  expect((await a.local('GET', '/api/v1/status')).body).toMatchObject({
    state: 'suspended',
    policy: { epoch: 3, isStale: false, clientRules: 0, lastEffectMs: expect.any(Number) },
    suspensions: [{ id: ended }],
    held: { count: 0 },
  })
  expect((await a.local('POST', `/api/v1/suspensions/${ended}/end`)).body).toMatchObject({
    released: 0,
    suspension: { endedBy: 'local:cli' },
  })
  expect(await a.local('POST', `/api/v1/suspensions/${ended}/end`)).toMatchObject({
    status: 409,
    body: { code: 'suspension-ended' },
  })
  expect((await a.local('GET', '/api/v1/suspensions')).body).toMatchObject({ suspensions: [{ id: ended }] })
  expect((await a.local('GET', '/api/v1/status')).body).toMatchObject({ state: 'ok' })
})

test('a rule that blocks is simulated, saved and confirmed; nobody locks himself out', async () => {
  let at = Date.parse('2026-11-23T03:00:00Z')
  await using a = await admin({ now: () => new Date(at) })
  for (const name of ['carol', 'dave']) {
    await a.local('POST', '/api/v1/accounts', { json: { name, isAdmin: true, password: 'correct horse' } })
  }
  await a.local('POST', '/api/v1/accounts', { json: { name: 'alice', password: 'correct horse' } })
  const session = (name: string, version: string): LiveSession => ({
    id: `${name}-${version}`,
    jid: `${name}@im.test/1`,
    state: 'connected',
    account: { localpart: name, isAdmin: name !== 'alice', isBreakGlass: false },
    client: identify([claimFrom({ source: 'version-reply', name: 'Gajim', version })]),
    entrance: 'tcp',
    signedInAt: new Date(at),
    closeWith: () => undefined,
    withhold: () => undefined,
    notify: () => undefined,
  })
  a.sessions.push(session('alice', '1.8'), session('carol', '1.9'), session('dave', '2.1'))
  const token = await signIn(a, 'carol', 'correct horse')
  const send = (path: string, json?: object) => a.network('POST', path, { token, ...(json ? { json } : {}) })
  const rule = { family: 'gajim', below: '2.0', action: 'block', preset: 'now', formats: ['webp'] }

  expect(await send('/api/v1/client-rules', rule)).toMatchObject({ status: 409, body: { code: 'not-simulated' } })
  const everybody = await send('/api/v1/client-rules/simulation', rule)
  expect(everybody.body).toMatchObject({
    sessions: 2,
    people: 2,
    stranded: 2,
    administrators: ['carol'],
    isSelfLockOut: true,
    versions: [
      { family: 'gajim', version: '1.8', people: 1, sessions: 1 },
      { family: 'gajim', version: '1.9', people: 1, sessions: 1 },
    ],
  })
  const suicidal = { ...rule, simulation: everybody.body['token'] }
  expect(await send('/api/v1/client-rules', suicidal)).toMatchObject({ status: 409, body: { code: 'self-lock-out' } })

  const narrow = { ...rule, below: '1.9' }
  const { body: simulated } = await send('/api/v1/client-rules/simulation', narrow)
  expect(simulated).toMatchObject({ people: 1, administrators: [], isSelfLockOut: false })
  const other = { ...narrow, below: '1.8.5', simulation: simulated['token'] }
  expect((await send('/api/v1/client-rules', other)).body, 'of another rule').toMatchObject({ code: 'not-simulated' })
  const added = await send('/api/v1/client-rules', { ...narrow, simulation: simulated['token'] })
  expect(added).toMatchObject({
    status: 201,
    body: { rule: { stage: 'block', confirmBy: '2026-11-23T03:10:00.000Z' } },
  })
  const { id } = added.body['rule'] as { id: string }

  a.sessions.splice(1, 1, { ...session('carol', '1.9'), signedInAt: new Date(at - 1) })
  const confirm = () => send(`/api/v1/client-rules/${id}/confirmation`)
  expect(await confirm(), 'the session was there before').toMatchObject({
    status: 409,
    body: { code: 'not-confirmed' },
  })
  at += 600_000
  expect((await a.network('GET', '/api/v1/client-rules', { token })).body).toMatchObject({
    rules: [{ id, stage: 'degrade' }],
  })
  a.sessions.push(session('carol', '1.9'))
  expect((await confirm()).body).toMatchObject({ rule: { stage: 'block', confirmedBy: 'carol@im.test' } })

  const shadowed = { family: 'gajim', below: '2.5', action: 'warn' }
  expect(await send('/api/v1/client-rules', shadowed)).toMatchObject({ status: 409, body: { code: 'rule-shadowed' } })
  expect((await send('/api/v1/client-rules', { ...shadowed, isShadowAccepted: true })).status).toBe(201)

  const held = await a.network('PUT', `/api/v1/client-rules/${id}/ceiling`, {
    token,
    json: { stage: 'warn', reason: 'the update page is down' },
  })
  expect(held.body).toMatchObject({ rule: { stage: 'warn', ceiling: { reason: 'the update page is down' } } })
  const released = await a.network('DELETE', `/api/v1/client-rules/${id}/ceiling`, { token })
  expect(released.body).toMatchObject({ rule: { stage: 'block' } })

  const spared = await send('/api/v1/client-exceptions', { family: '*', accounts: ['alice'], reason: 'on a ship' })
  expect(spared).toMatchObject({ status: 201, body: { exception: { until: '2026-12-07T03:10:00.000Z' } } })
  expect((await send('/api/v1/client-rules/simulation', narrow)).body).toMatchObject({ people: 0 })
})

test('control §7.12 while the service is cut, an administrator signs in and ends it', async () => {
  await using a = await admin()
  await a.local('POST', '/api/v1/accounts', { json: { name: 'admin', isAdmin: true, password: 'correct horse' } })
  await a.local('POST', '/api/v1/accounts', { json: { name: 'carol', isAdmin: true, password: 'correct horse' } })
  const started = await a.local('POST', '/api/v1/suspensions', {
    json: { scopes: ['service'], mode: 'cut', reason: 'worm' },
  })
  const { id } = started.body['suspension'] as { id: string }
  const bearer = await signIn(a, 'carol', 'correct horse')
  expect((await a.network('POST', `/api/v1/suspensions/${id}/end`, { token: bearer })).status).toBe(200)
  const { body } = await a.network('GET', '/api/v1/audit?limit=2', { token: bearer })
  expect(body).toMatchObject({
    entries: [{ action: 'apply-policy' }, { action: 'end-suspension', actor: 'carol@im.test', target: id }],
  })
})

test('AD-03 an account that is no administrator gets no token, and one that no longer is loses its own', async () => {
  expect(
    await shared.network('POST', '/api/v1/session', { json: { name: 'alice', password: 'battery staple' } }),
  ).toMatchObject({
    status: 403,
    body: { code: 'forbidden' },
  })
  await using a = await admin()
  for (const name of ['admin', 'carol'])
    await a.local('POST', '/api/v1/accounts', { json: { name, isAdmin: true, password: 'correct horse' } })
  const bearer = await signIn(a, 'carol', 'correct horse')
  expect((await a.network('GET', '/api/v1/status', { token: bearer })).status).toBe(200)
  await updateAccount(a.database.db, 'carol', { isAdmin: false })
  for (const [id, route] of routes.filter(([, { permission }]) => permission !== 'public')) {
    expect((await a.network(route.method, targetOf(id), { token: bearer })).status, id).toBe(403)
  }
  await updateAccount(a.database.db, 'carol', { isAdmin: true })
  await a.local('PUT', '/api/v1/accounts/carol/password', { json: { password: 'correct horse 2' } })
  expect((await a.network('GET', '/api/v1/status', { token: bearer })).status).toBe(401)
})

test('a token ends with its sign-out, and a wrong one is like none', async () => {
  const bearer = await signIn(shared, 'carol', 'correct horse')
  expect((await shared.network('DELETE', '/api/v1/session', { token: bearer })).status).toBe(204)
  for (const bad of [bearer, 'x', '', randomBytes(32).toString('base64url'), `${bearer} `]) {
    expect((await shared.network('GET', '/api/v1/status', { token: bad })).status).toBe(401)
  }
  const inQuery = await shared.network('GET', `/api/v1/status?token=${token}`)
  expect(inQuery.status).toBe(401)
  expect((await shared.network('GET', '/api/v1/status', { headers: { cookie: `token=${token}` } })).status).toBe(401)
})

test('AD-15 an unknown name and a wrong password get the same answer, and guessing is slowed down', async () => {
  await using a = await admin()
  await a.local('POST', '/api/v1/accounts', { json: { name: 'carol', isAdmin: true, password: 'correct horse' } })
  const attempt = (name: string) => a.network('POST', '/api/v1/session', { json: { name, password: 'wrong password' } })
  const known = await attempt('carol')
  const unknown = await attempt('nobody')
  expect(known).toMatchObject({ status: 401, body: { code: 'sign-in-failed' } })
  expect(unknown.body).toEqual(known.body)
  for (let count = 1; count < 5; count++) await attempt('carol')
  const slowed = await a.network('POST', '/api/v1/session', { json: { name: 'carol', password: 'correct horse' } })
  expect(slowed).toMatchObject({ status: 429, body: { code: 'rate-limited' } })
  expect(Number(slowed.headers['retry-after'])).toBeGreaterThan(0)
})

test('AD-01 a path that only resembles a route is no route', async () => {
  for (const path of [
    '/api/v1/setup/../accounts', '/api/v1/./accounts', '/api/v1/%2e%2e/v1/accounts', '/api/v1/accounts/', '/api/v1//accounts',
    '/api/v1/accounts;x=1', '/api/v1/Accounts', '/api/v1/accounts%2fimport', '/api/v1/accounts%00', '/api/v1/%61ccounts',
    '/api/v1/%u0061ccounts', '/api/v1/accounts\\', '/api/v2/accounts', '/api/', '/api/v1', '/api/v1/constructor', '/api/v1/__proto__',
  ]) {
    const { status, body } = await shared.network('GET', path, { token })
    expect(status, path).toBe(404)
    expect(body, path).toMatchObject({ code: 'item-not-found' })
  } // prettier-ignore
  for (const path of ['//api/v1/accounts', '/API/v1/accounts', '/x/api/v1/accounts', '/apix']) {
    expect((await shared.network('GET', path, { token })).body, path).toEqual({ handled: false })
  }
  for (const name of ['..%2f..%2fplugins', '%2e%2e', '.%2e', 'a%2fb', 'a%5cb', '%00', '%ff', 'a%0ab', 'a%20b']) {
    const { status } = await shared.network('POST', `/api/v1/accounts/${name}/disable`, { token })
    expect(status, name).toBe(404)
  }
  expect(shared.closed).toEqual([])
})

test('another method on a route is refused and names those that work', async () => {
  for (const [method, path, allow] of [
    ['DELETE', '/api/v1/accounts', 'GET, POST'],
    ['PUT', '/api/v1/session', 'POST, GET, DELETE'],
    ['GET', '/api/v1/accounts/import', 'POST'],
    ['GET', '/api/v1/accounts/alice/disable', 'POST'],
    ['HEAD', '/api/v1/status', 'GET'],
    ['OPTIONS', '/api/v1/accounts', 'GET, POST'],
    ['TRACE', '/api/v1/status', 'GET'],
  ] as const) {
    const { status, headers } = await shared.network(method, path, { token })
    expect(status, `${method} ${path}`).toBe(405)
    expect(headers.allow, `${method} ${path}`).toBe(allow)
  }
})

test('AD-07 keys that nobody declared are refused, prototype keys above all', async () => {
  const before = (await shared.local('GET', '/api/v1/accounts')).body
  for (const raw of [
    '{"name":"dave","role":"admin"}', '{"name":"dave","tenantId":1}', '{"name":"dave","isBreakGlass":true}', '{"name":"dave","isDisabled":false}',
    '{"name":"dave","__proto__":{"isAdmin":true}}', '{"__proto__":{"name":"dave"}}', '{"name":"dave","constructor":{"prototype":{}}}',
    '{"name":"dave","isAdmin":{"__proto__":1}}',
  ]) {
    const { status, body } = await shared.network('POST', '/api/v1/accounts', { token, raw })
    expect(status, raw).toBe(400)
    expect(body, raw).toMatchObject({ type: '/problems/bad-request', detail: expect.any(String) })
    expect(body, raw).not.toHaveProperty('fault')
  } // prettier-ignore
  for (const search of ['x=1', 'limit=1&limit=2', '__proto__=1', 'limit=0', 'limit=501', 'limit=x', 'limit[]=1']) {
    expect((await shared.network('GET', `/api/v1/accounts?${search}`, { token })).status, search).toBe(400)
  }
  expect((await shared.network('GET', '/api/v1/status?x=1', { token })).status).toBe(400)
  expect((await shared.local('GET', '/api/v1/accounts')).body).toEqual(before)
  expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined()
})

test('AD-08 an object or an array where a text belongs is refused before anything is asked', async () => {
  for (const json of [
    { name: ['carol'], password: 'x' },
    { name: { $ne: '' }, password: { $ne: '' } },
    { name: 'carol', password: ['correct horse'] },
    { name: 'carol', password: 12345678 },
    { name: 'carol', password: null },
    { name: 'carol' },
    [],
    'carol',
    null,
    1,
  ]) {
    expect((await shared.network('POST', '/api/v1/session', { json })).status, JSON.stringify(json)).toBe(400)
  }
})

test('a body that is no JSON object of the right size and type is refused', async () => {
  const send = (sent: Sent) => shared.network('POST', '/api/v1/session', sent)
  expect((await send({ raw: '{"name":' })).status).toBe(400)
  expect((await send({ raw: '' })).status).toBe(400)
  expect((await send({ raw: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]) })).status).toBe(400)
  expect((await send({ raw: '['.repeat(16_000) })).status).toBe(400)
  expect((await send({ raw: `${'['.repeat(8_000)}${']'.repeat(8_000)}` })).status).toBe(400)
  expect((await send({ raw: ' '.repeat(20_000) })).status).toBe(413)
  expect(
    (await send({ raw: ' '.repeat(20_000), headers: { 'transfer-encoding': 'chunked', 'content-length': '' } })).status,
  ).not.toBe(201)
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=utf-16',
  ]) {
    expect((await send({ raw: '{}', headers: { 'content-type': type } })).status, type).toBe(415)
  }
  expect((await shared.network('POST', '/api/v1/accounts/alice/disable', { token, json: {} })).status).toBe(400)
})

test('AD-18 every answer, refusals included, forbids caching, framing and sniffing', async () => {
  for (const path of ['/api/v1/status', '/api/v1/nothing', '/api/v1/openapi.json']) {
    const { headers } = await shared.network('GET', path)
    expect(headers, path).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'strict-transport-security': 'max-age=31536000',
    })
    expect(headers['access-control-allow-origin']).toBeUndefined()
    expect(headers['set-cookie']).toBeUndefined()
  }
})

test('AD-13 each change of an account is on record with actor and target, without any password, in an intact chain', async () => {
  await using a = await admin()
  await a.local('POST', '/api/v1/accounts', { json: { name: 'carol', isAdmin: true, password: 'correct horse' } })
  const bearer = await signIn(a, 'carol', 'correct horse')
  const by = { token: bearer }
  await a.network('POST', '/api/v1/accounts', { ...by, json: { name: 'alice', password: 'battery staple' } })
  await a.network('POST', '/api/v1/accounts/alice/disable', by)
  await a.network('POST', '/api/v1/accounts/alice/enable', by)
  await a.network('PUT', '/api/v1/accounts/alice/password', { ...by, json: { password: 'battery staple 2' } })
  await a.network('DELETE', '/api/v1/accounts/alice', by)

  const { body } = await a.network('GET', '/api/v1/audit', by)
  const entries = (
    body['entries'] as { position: number; actor: string; action: string; target: string }[]
  ).toReversed()
  expect(entries.map(({ position, actor, action, target }) => [position, actor, action, target])).toEqual([
    [1, 'local:cli', 'create-account', 'carol@im.test'],
    [2, 'carol@im.test', 'sign-in', ''],
    [3, 'carol@im.test', 'create-account', 'alice@im.test'],
    [4, 'carol@im.test', 'disable-account', 'alice@im.test'],
    [5, 'carol@im.test', 'enable-account', 'alice@im.test'],
    [6, 'carol@im.test', 'set-password', 'alice@im.test'],
    [7, 'carol@im.test', 'delete-account', 'alice@im.test'],
  ])
  expect(JSON.stringify(body)).not.toMatch(/staple|horse/u)
  expect((await a.network('GET', '/api/v1/audit?limit=3&cursor=4', by)).body).toMatchObject({
    entries: [{ position: 3 }, { position: 2 }, { position: 1 }],
  })
  expect((await a.network('GET', '/api/v1/audit?cursor=0', by)).status).toBe(400)
  expect((await a.network('GET', '/api/v1/audit/verify', by)).body).toEqual({
    isIntact: true,
    checked: 7,
    checkpoints: 0,
  })

  await a.database.pool.query('alter table audit disable trigger user')
  await a.database.pool.query(`update audit set actor = 'bob@im.test' where seq = 4`)
  expect((await a.network('GET', '/api/v1/audit/verify', by)).body).toMatchObject({ isIntact: false, brokenAt: 4 })
})

test('refused sign-ins are on record, once per account and minute, and made-up names together', async () => {
  const clock = { now: new Date('2026-11-23T10:00:00Z') }
  await using a = await admin({ now: () => clock.now })
  await a.local('POST', '/api/v1/accounts', { json: { name: 'carol', isAdmin: true, password: 'correct horse' } })
  await a.local('POST', '/api/v1/accounts', { json: { name: 'alice', password: 'battery staple' } })
  const attempt = (name: string, password: string) =>
    a.network('POST', '/api/v1/session', { json: { name, password } }).then(({ status }) => status)
  const recorded = async () => {
    const { rows } = await a.database.pool.query<{ target: string; detail: unknown }>(
      `select target, detail from audit where action = 'refuse-admin-sign-in' order by target, seq`,
    )
    return rows
  }
  expect(await attempt('carol', 'wrong horse')).toBe(401)
  expect(await attempt('carol', 'wrong horse')).toBe(401)
  expect(await attempt('mallory1', 'wrong horse')).toBe(401)
  expect(await attempt('mallory2', 'wrong horse')).toBe(401)
  expect(await attempt('alice', 'battery staple')).toBe(403)
  const detail = { remoteAddress: '127.0.0.1' }
  await vi.waitFor(async () =>
    expect(await recorded()).toEqual([
      { target: '', detail },
      { target: 'alice@im.test', detail },
      { target: 'carol@im.test', detail },
    ]),
  )
  clock.now = new Date('2026-11-23T10:01:00Z')
  expect(await attempt('carol', 'wrong horse')).toBe(401)
  await vi.waitFor(async () => expect((await recorded())[3]).toEqual({ target: 'carol@im.test', detail }))
  expect((await a.local('GET', '/api/v1/audit/verify')).body).toMatchObject({ isIntact: true })
})

test('every answer fits the schema that the OpenAPI document publishes', async () => {
  for (const [id, route] of routes) {
    if (route.method !== 'GET') continue
    if (route.isStream) {
      using events = await listenTo(shared.port, { token })
      expect(route.response.safeParse(await events.next('status')).error, id).toBeUndefined()
      continue
    }
    const { status, body } = await shared.network('GET', targetOf(id), { token })
    // What is asked for by an id that nobody has is not there; the stories of units ask for one that is. Alice is.
    if (Object.keys(route.params.shape).length > 0 && route.about !== 'account') {
      expect(status, id).toBe(404)
      continue
    }
    expect(status, id).toBe(200)
    expect(route.response.safeParse(body).error, id).toBeUndefined()
  }
  expect((await shared.network('GET', '/api/v1/openapi.json')).body).toMatchObject({
    openapi: '3.1.1',
    info: { version: '1.2.3' },
  })
})

test('a fault of ours says only under which id it was logged', async () => {
  await using a = await admin()
  await a.database.pool.query('alter table audit rename to audit_gone')
  const { status, body } = await a.local('POST', '/api/v1/accounts', {
    json: { name: 'alice', password: 'battery staple' },
  })
  expect(status).toBe(500)
  expect(Object.keys(body).toSorted()).toEqual(['code', 'instance', 'status', 'title', 'type'])
  expect(a.accounts.find('alice')).toBeUndefined()
})

test('administrators read what users report about those they block, page by page (XEP-0377 §6)', async () => {
  await using a = await admin()
  await a.local('POST', '/api/v1/accounts', { json: { name: 'alice', password: 'battery staple' } })
  const { rows } = await a.database.pool.query<{ id: string }>("select id from account where localpart = 'alice'")
  const reporter = { id: rows[0]!.id, archive: 'alice@im.test' }
  const at = new Date('2026-11-23T04:00:00Z')
  for (const reported of ['a@spam.test', 'b@spam.test']) {
    const report = { reported, reason: 'urn:xmpp:reporting:spam', text: 'Buy!', messageIds: [] }
    await putReport(a.database.db, reporter, report, at)
  }
  const first = (await a.local('GET', '/api/v1/reports?limit=1')).body
  expect(first['reports']).toMatchObject([
    { reporter: 'alice@im.test', reported: 'b@spam.test', text: 'Buy!', at: at.toISOString(), messageIds: [] },
  ])
  const second = (await a.local('GET', `/api/v1/reports?limit=1&cursor=${String(first['next'])}`)).body
  expect(second).toMatchObject({ reports: [{ reported: 'a@spam.test' }] })
  expect(second['next']).toBeUndefined()
  expect((await a.local('GET', '/api/v1/reports?cursor=x')).status).toBe(400)
})
