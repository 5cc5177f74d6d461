import { ADMIN_ROUTES } from '@drawbridge/contract'
import type { AdminRoute, AdminRouteId } from '@drawbridge/contract'
import type { Proposal } from '@drawbridge/advisories'
import { buildSbom, CHROME_CVE } from '@drawbridge/advisories/test-records'
import { listAudit, noteSightings, openProposals, putApprovalRequest, uuidv7 } from '@drawbridge/db'
import { claimFrom, identify } from '@drawbridge/policy'
import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { admin, signIn, targetOf } from '../../test/admin.ts'
import type { Admin } from '../../test/admin.ts'
import type { LiveSession } from '../policy/enforce.ts'

const PASSWORD = 'correct horse'
const DAY_MS = 86_400_000
const routes = Object.entries<AdminRoute>(ADMIN_ROUTES)

let at = new Date('2026-11-23T09:00:00Z')
let a: Admin
let token: string

beforeAll(async () => {
  a = await admin({ now: () => at })
  for (const name of ['carol', 'dave']) {
    await a.local('POST', '/api/v1/accounts', { json: { name, isAdmin: true, password: PASSWORD } })
  }
  await a.local('POST', '/api/v1/accounts', { json: { name: 'alice', password: PASSWORD } })
  await a.local('POST', '/api/v1/units', { json: { name: 'sales', displayName: 'Sales' } })
  await a.local('POST', '/api/v1/units', { json: { name: 'lab', displayName: 'Lab' } })
  token = await signIn(a, 'carol', PASSWORD)
})
afterAll(() => a[Symbol.asyncDispose]())

const withKey = (key: string, json: unknown, path = '/api/v1/accounts', more: { token?: string } = {}) =>
  a.network('POST', path, { token, json, headers: { 'idempotency-key': key }, ...more })

test('a request that is sent again with its key is carried out once, and answered the same, password included', async () => {
  const first = await withKey('"k-1"', { name: 'bob' })
  const again = await withKey('k-1', { name: 'bob' })
  expect(first.status).toBe(201)
  expect(again).toMatchObject({ status: 201, body: first.body, headers: { 'idempotent-replayed': 'true' } })
  expect(first.headers['idempotent-replayed']).toBeUndefined()
  expect(first.body['password']).toMatch(/^\w{5}-/u)
  // It is not kept for whoever reads the database.
  const { rows } = await a.database.pool.query<{ sealed: Buffer }>('select sealed from admin_reply')
  expect(rows.some(({ sealed }) => sealed.includes(String(first.body['password'])))).toBe(false)
})

test('who gets an account of the same name later does not get the replies of the one before', async () => {
  const json = { name: 'eve', isAdmin: true, password: PASSWORD }
  const made = async () => {
    expect((await a.local('POST', '/api/v1/accounts', { json })).status).toBe(201)
    return withKey('k-eve', { name: 'made-by-eve' }, undefined, { token: await signIn(a, 'eve', PASSWORD) })
  }
  expect((await made()).status).toBe(201)
  expect((await a.local('DELETE', '/api/v1/accounts/eve')).status).toBeLessThan(300)
  expect(await made()).toMatchObject({ status: 409, body: { code: 'account-exists' } })
})

test('many at once with one key have one effect', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => withKey('k-2', { name: 'erin' })))
  const statuses = answers.map(({ status }) => status)
  expect(statuses.filter((status) => status === 201).length).toBeGreaterThan(0)
  for (const { status, body } of answers) {
    if (status !== 201) expect(body).toMatchObject({ code: 'idempotency-key-busy' })
  }
  const made = (await listAudit(a.database.db, 50)).filter(({ target }) => target === 'erin@im.test')
  expect(made).toHaveLength(1)
})

test('a key is for one request of one person, for a day', async () => {
  await withKey('k-3', { name: 'frank' })
  expect(await withKey('k-3', { name: 'grace' })).toMatchObject({
    status: 422,
    body: { code: 'idempotency-key-reused' },
  })
  expect((await withKey('k-3', {}, '/api/v1/image-renewal')).status).toBe(422)
  const dave = await signIn(a, 'dave', PASSWORD)
  expect((await withKey('k-3', { name: 'grace' }, '/api/v1/accounts', { token: dave })).status).toBe(201)
  for (const bad of ['', '"', 'a b', 'x'.repeat(129), '"a"b"']) {
    expect((await withKey(bad, { name: 'heidi' })).status, bad).toBe(400)
  }
  at = new Date(at.getTime() + DAY_MS + 1)
  token = await signIn(a, 'carol', PASSWORD)
  expect(await withKey('k-3', { name: 'frank' })).toMatchObject({ status: 409, body: { code: 'account-exists' } })
})

test('whoever comes after somebody of the same name is not told what that one was told', async () => {
  const make = () => a.local('POST', '/api/v1/accounts', { json: { name: 'judy', isAdmin: true, password: PASSWORD } })
  await make()
  const first = await signIn(a, 'judy', PASSWORD)
  const told = await withKey('k-6', { name: 'ken' }, '/api/v1/accounts', { token: first })
  expect(told.body['password']).toBeDefined()
  await a.local('DELETE', '/api/v1/accounts/judy')
  await make()
  const second = await signIn(a, 'judy', PASSWORD)
  const again = await withKey('k-6', { name: 'ken' }, '/api/v1/accounts', { token: second })
  expect(again).toMatchObject({ status: 409, body: { code: 'account-exists' } })
})

test('what no database can store is refused before it is asked to', async () => {
  const nul = { family: 'gajim', reason: 'a\0b' }
  expect((await a.network('POST', '/api/v1/client-exceptions', { token, json: nul })).status).toBe(400)
  const half = { family: 'gajim', reason: 'x', units: ['\ud800'] }
  expect((await a.network('POST', '/api/v1/client-exceptions', { token, json: half })).status).toBe(400)
  for (const target of [
    'clients/uses?family=%00',
    'audit?actor=a%00',
    'traffic/hours?subject=%00',
    'traffic?from=0000-01-01T00:00:00Z',
    'audit?until=99999-01-01T00:00:00Z',
    'evidence?cursor=x',
    'clients/uses?cursor=x',
    'clients/history?cursor=WyJ4Il0',
    'clients/uses?address=elsewhere',
  ]) {
    expect((await a.network('GET', `/api/v1/${target}`, { token })).status, target).toBe(400)
  }
})

test('a list can be had as a table, and both say where the next page is (RFC 8288)', async () => {
  const asCsv = { token, headers: { accept: 'text/csv' } }
  const { headers, text } = await a.network('GET', '/api/v1/accounts?limit=2', asCsv)
  expect(headers['content-type']).toBe('text/csv; charset=utf-8')
  expect(text.split('\r\n')[0]).toContain('name,displayName,isAdmin')
  expect(text.split('\r\n')).toHaveLength(4)
  const [, next = ''] = /^<(.+)>; rel="next"$/u.exec(String(headers.link)) ?? []
  const second = await a.network('GET', next, { token })
  expect(second.body['accounts']).toHaveLength(2)
  expect(next).toContain('limit=2')
  // What is no list is no table, whoever asks.
  const account = await a.network('GET', '/api/v1/accounts/carol', asCsv)
  expect(account.headers['content-type']).toBe('application/json; charset=utf-8')
})

test('what was refused may be sent again with its key', async () => {
  expect((await withKey('k-4', { name: 'ivan', password: 'short' })).status).toBe(400)
  expect((await withKey('k-4', { name: 'ivan', password: 'short' })).headers['idempotent-replayed']).toBeUndefined()
  expect((await withKey('k-5', { name: 'carol' })).status).toBe(409)
  expect((await withKey('k-5', { name: 'carol' })).status).toBe(409)
})

/** Nothing that is kept is edited by these: they end what is going on, or seal an agreement. */
const NO_EDITS: readonly string[] = ['endSessions', 'requestEvidence', 'approveEvidence', 'simulateUnitMinimumTier']

test('whatever changes one thing takes If-Match, by a route that reads it with parameters that the path has', () => {
  const writes = routes.filter(
    ([, { method, params, permission }]) =>
      permission !== 'own-session' &&
      (method === 'PUT' || method === 'DELETE' || (method === 'POST' && Object.keys(params.shape).length > 0)),
  )
  expect(writes.length).toBeGreaterThan(35)
  for (const [id, { edits, params }] of writes) {
    if (NO_EDITS.includes(id)) continue
    const reader: AdminRoute | undefined = Object.fromEntries(routes)[edits ?? '']
    expect(reader?.method, id).toBe('GET')
    expect(Object.keys(params.shape), id).toEqual(expect.arrayContaining(Object.keys(reader?.params.shape ?? {})))
  }
})

/** Lists that cannot grow: of what is fixed, of a handful, or parts of one document. */
const NO_PAGES: readonly string[] = [
  'getSession',
  'getIdentities',
  'listStandingMessages',
  'listBreakGlass',
  'getPolicyEpoch',
  'openEvents',
  'explainSuspensions',
  'getIncidentRecord',
  'getStatus',
  'exportAudit',
]

test('every list comes in pages', () => {
  const lists = routes.filter(
    ([, { method, response }]) =>
      method === 'GET' &&
      response instanceof z.ZodObject &&
      Object.values(response.shape).some(
        (field) => field instanceof z.ZodReadonly && field.unwrap() instanceof z.ZodArray,
      ),
  )
  expect(lists.length).toBeGreaterThan(25)
  const without = lists.filter(([, { query, response }]) => {
    const answered = response instanceof z.ZodObject && 'next' in response.shape
    return !(answered && 'cursor' in query.shape && 'limit' in query.shape)
  })
  expect(without.map(([id]) => id).toSorted()).toEqual(NO_PAGES.toSorted())
})

test('a list that is read page by page is the whole list, in its order', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await a.local('POST', '/api/v1/client-rules', { json: { family: `chat-${name}`, action: 'observe' } })
    await a.local('POST', '/api/v1/client-exceptions', { json: { family: `chat-${name}`, reason: 'x' } })
    const json = { scopes: [`client:chat-${name}`], mode: 'announce', reason: 'x' }
    const made = await a.local('POST', '/api/v1/suspensions', { json })
    const { id } = made.body['suspension'] as { id: string }
    if (name < 'd') await a.local('POST', `/api/v1/suspensions/${id}/end`)
    await a.local('PUT', `/api/v1/playbooks/p-${name}`, {
      json: { steps: [{ scopes: ['files'], mode: 'hold' }], reason: 'x' },
    })
  }
  for (const [path, key] of [
    ['client-rules', 'rules'],
    ['client-exceptions', 'exceptions'],
    ['suspensions', 'suspensions'],
    ['playbooks', 'playbooks'],
  ] as const) {
    const { body } = await a.local('GET', `/api/v1/${path}`)
    const whole = body[key] as unknown[]
    expect(whole.length, path).toBeGreaterThan(4)
    const seen: unknown[] = []
    for (let next: unknown = ''; next !== undefined;) {
      const page = (await a.local('GET', `/api/v1/${path}?limit=2${next === '' ? '' : `&cursor=${String(next)}`}`)).body
      expect((page[key] as unknown[]).length, path).toBeLessThan(3)
      seen.push(...(page[key] as unknown[]))
      next = page['next']
    }
    expect(seen, path).toEqual(whole)
    expect((await a.local('GET', `/api/v1/${path}?cursor=nonsense`)).status, path).toBe(400)
  }
})

test('what comes in between two pages moves nothing: whatever was there is in one of them, and in no other', async () => {
  /** Makes one that comes early in the list or late, as its name goes. */
  const make: Readonly<Record<string, (name: string) => readonly [string, string, object]>> = {
    'client-rules': (name) => ['POST', 'client-rules', { family: `row-${name}`, action: 'observe' }],
    'client-exceptions': (name) => ['POST', 'client-exceptions', { family: `row-${name}`, reason: 'x' }],
    suspensions: (name) => ['POST', 'suspensions', { scopes: [`client:row-${name}`], mode: 'announce', reason: 'x' }],
    'policy/epochs': (name) => ['POST', 'client-rules', { family: `epoch-${name}`, action: 'observe' }],
    playbooks: (name) => ['PUT', `playbooks/${name}`, { steps: [{ scopes: ['files'], mode: 'hold' }], reason: 'x' }],
    recalls: (name) => ['POST', 'recalls', { hashes: [name.padEnd(64, '0')], reason: 'x' }],
    accounts: (name) => ['POST', 'accounts', { name: `row-${name}` }],
    units: (name) => ['POST', 'units', { name: `row-${name}`, displayName: name }],
    audit: (name) => ['POST', 'accounts', { name: `audit-${name}` }],
  }
  for (const [path, request] of Object.entries(make)) {
    const add = async (name: string) => {
      const [method, target, json] = request(name)
      const { status, body } = await a.local(method, `/api/v1/${target}`, { json })
      expect(status, `${path} ${JSON.stringify(body)}`).toBeLessThan(300)
    }
    const page = async (query: string) => (await a.local('GET', `/api/v1/${path}?${query}`)).body
    const rowsOf = (body: Record<string, unknown>) =>
      (Object.values(body).find((value) => Array.isArray(value)) as readonly object[]).map((row) => identityOf(row))
    for (const name of ['b1', 'd1', 'e1']) await add(name)
    const before = rowsOf(await page('limit=500'))
    const seen: string[] = []
    for (let next: unknown = ''; next !== undefined;) {
      const body = await page(`limit=2${next === '' ? '' : `&cursor=${encodeURIComponent(String(next))}`}`)
      seen.push(...rowsOf(body))
      next = body['next']
      // Where the list would begin, in its middle and at its end.
      if (seen.length === 2) for (const name of ['a2', 'c2', 'f2']) await add(name)
    }
    expect(new Set(seen).size, path).toBe(seen.length)
    expect(seen, path).toEqual(expect.arrayContaining(before))
  }
})

/** What a row is known by. */
function identityOf(row: object): string {
  const { id, name, epoch, position } = row as Record<string, unknown>
  return String(id ?? name ?? epoch ?? position)
}

test('whoever edits what somebody else has changed meanwhile is told to look again (RFC 9110 §13.1.1)', async () => {
  const read = async () => String((await a.network('GET', '/api/v1/units/sales', { token })).headers.etag)
  const write = (displayName: string, ifMatch: string) =>
    a.network('PUT', '/api/v1/units/sales', { token, json: { displayName }, headers: { 'if-match': ifMatch } })
  const seen = await read()
  expect(seen).toMatch(/^"[\w-]{27}"$/u)
  expect((await write('Vertrieb', seen)).status).toBe(200)
  expect(await write('Verkauf', seen)).toMatchObject({ status: 412, body: { code: 'changed-meanwhile' } })
  expect(await read()).not.toBe(seen)
  expect((await write('Verkauf', `"other", ${await read()}`)).status).toBe(200)
  expect((await write('Sales', '*')).status).toBe(200)

  const tag = await read()
  const both = await Promise.all([write('One', tag), write('Two', tag)])
  expect(both.map(({ status }) => status).toSorted((x, y) => x - y)).toEqual([200, 412])
  expect((await write('x', `W/${await read()}`)).status).toBe(412)
  const gone = await a.network('DELETE', '/api/v1/units/nowhere', { token, headers: { 'if-match': seen } })
  expect(gone.status).toBe(404)
})

/** What each policy write is asked with: without a row here, a new route fails. */
const WRITES: Readonly<Record<string, (made: Made) => Asked>> = {
  setMediaPolicy: ({ policy }) => ({ body: { ...policy, maxFileBytes: 1_000 } }),
  setUnitMediaPolicy: () => ({ params: { name: 'sales' }, body: { maxFileBytes: 1_000 } }),
  importDeviceKeys: ({ publicKey }) => ({
    body: {
      mdm: 'a test',
      isComplete: true,
      keys: [{ account: 'alice', device: 'laptop 2', publicKey, notAfter: '2100-01-01T00:00:00Z' }],
    },
  }),
  revokeDeviceKey: ({ thumbprint }) => ({ params: { thumbprint } }),
  setUnitMinimumTier: () => ({ params: { name: 'sales' }, body: { minimumTier: 'E3' } }),
  confirmUnitMinimumTier: () => ({ params: { name: 'lab' } }),
  setClientPosture: () => ({ body: { posture: 'enforce' } }),
  confirmClientPosture: () => ({}),
  applyPolicy: () => ({ body: { document: { version: 1, clientPosture: 'enforce', clientRules: [] } } }),
  addClientRule: () => ({ body: { family: 'gajim', below: '2.0', action: 'disconnect', preset: 'now' } }),
  confirmClientRule: ({ rule }) => ({ params: { id: rule } }),
  holdClientRule: ({ rule }) => ({ params: { id: rule }, body: { stage: 'notify', reason: 'too many' } }),
  releaseClientRule: ({ rule }) => ({ params: { id: rule } }),
  guardClientRule: ({ rule }) => ({ params: { id: rule }, body: { isGuarded: true, reason: 'x' } }),
  removeClientRule: ({ rule }) => ({ params: { id: rule } }),
  addClientException: () => ({ body: { family: 'gajim', reason: 'a test' } }),
  removeClientException: ({ exception }) => ({ params: { id: exception } }),
  startRecall: () => ({ body: { senders: ['alice'], reason: 'a test' } }),
  endRecall: ({ recall }) => ({ params: { id: recall } }),
  startSuspension: () => ({ body: { scopes: ['service'], mode: 'cut', reason: 'a test' } }),
  extendSuspension: ({ suspension }) => ({ params: { id: suspension }, body: { until: '2100-01-01T00:00:00Z' } }),
  exemptSuspension: ({ suspension }) => ({ params: { id: suspension }, body: { accounts: ['alice'] } }),
  reviewSuspension: ({ suspension }) => ({ params: { id: suspension }, body: { note: 'looked at' } }),
  endSuspension: ({ suspension }) => ({ params: { id: suspension } }),
  releaseHeldMessages: ({ ended }) => ({ params: { id: ended }, body: { messages: 'all' } }),
  discardHeldMessages: ({ ended }) => ({ params: { id: ended }, body: { messages: 'all' } }),
  approveRequest: ({ request }) => ({ params: { id: request } }),
  refuseRequest: ({ request }) => ({ params: { id: request } }),
  startPlaybook: () => ({ params: { name: 'sales' }, body: {} }),
  putPlaybook: () => ({
    params: { name: 'sales' },
    body: { steps: [{ scopes: ['files'], mode: 'reject' }], reason: 'another' },
  }),
  deletePlaybook: () => ({ params: { name: 'sales' } }),
  decideProposal: () => ({ body: { decision: 'dismiss', reason: 'a test' } }),
  importAdvisories: () => ({ body: { name: 'a test', text: JSON.stringify(CHROME_CVE) } }),
  setAdvisorySettings: () => ({ body: { isDegradeArmed: false, products: { clients: {}, components: {} } } }),
  registerClientBuild: () => ({
    body: { family: 'acme-chat', version: '9.9', sbom: buildSbom('acme-chat', '9.9', '1.3.2') },
  }),
  setBreakGlass: () => ({ params: { name: 'carol' }, body: { isBreakGlass: false } }),
  createOfflineToken: () => ({ body: { scope: 'cut', expiresAt: '2100-01-01T00:00:00Z' } }),
  useOfflineToken: ({ offlineToken }) => ({ body: { token: offlineToken } }),
  startImageRenewal: () => ({ body: {} }),
  stopImageRenewal: () => ({}),
}
interface Asked {
  readonly params?: Readonly<Record<string, string>>
  readonly body?: Readonly<Record<string, unknown>>
}
/** Something to decide about. */
const PROPOSAL: Proposal = {
  flaw: 'CVE-2023-4863',
  family: 'acme-chat',
  advisories: ['CVE-2023-4863'],
  title: 'A test',
  isExploited: true,
  confidence: 'exact',
  range: { below: '2.0' },
  versions: ['1.0'],
  formats: ['webp'],
  suggestion: { action: 'disconnect', preset: 'urgent' },
  isDegradeArmable: true,
}

/** One of everything that a policy write may be about. */
async function makeAll() {
  const { db, pool } = a.database
  const made = async (path: string, json: unknown, key: string) =>
    ((await a.local('POST', path, { json })).body[key] as { id: string }).id
  const rule = await made('/api/v1/client-rules', { family: 'dino', below: '0.1', action: 'block' }, 'rule')
  const exception = await made('/api/v1/client-exceptions', { family: 'dino', reason: 'x' }, 'exception')
  const recall = await made('/api/v1/recalls', { senders: ['dave'], reason: 'x' }, 'recall')
  await a.policy.operations.clientPosture.set('service', { actor: 'dave@im.test', value: 'enforce' })
  await a.policy.operations.minimumTier.set('lab', { actor: 'dave@im.test', value: 'E3' })
  const held = { scopes: ['files'], mode: 'hold', reason: 'x' }
  const suspension = await made('/api/v1/suspensions', held, 'suspension')
  const ended = await made('/api/v1/suspensions', held, 'suspension')
  await a.local('POST', `/api/v1/suspensions/${ended}/end?release=review`)
  await pool.query('update suspension set review_due_at = now() where id = $1', [suspension])
  const request = uuidv7()
  await putApprovalRequest(db, {
    id: request,
    action: 'end-suspension',
    target: suspension,
    payload: { release: 'in-order' },
    requestedBy: 'dave@im.test',
    requestedAt: at,
    expiresAt: new Date(at.getTime() + DAY_MS),
  })
  await a.local('PUT', '/api/v1/playbooks/sales', {
    json: { steps: [{ scopes: ['images'], mode: 'hold' }], reason: 'x' },
  })
  const sbom = buildSbom('acme-chat', '4.1.0', '1.3.1')
  await a.local('POST', '/api/v1/client-builds', { json: { family: 'acme-chat', version: '4.1.0', sbom } })
  const identity = identify([claimFrom({ source: 'client-element', name: 'acme-chat', version: '4.1.0' })])
  const seen = { clientKey: Buffer.alloc(32), family: 'acme-chat', version: '4.1.0', identity, address: null }
  await noteSightings(db, [{ ...seen, accountId: a.accounts.find('alice')?.id ?? '', seenAt: at }])
  const settings = { isDegradeArmed: true, products: { clients: {}, components: {} } }
  await a.local('PUT', '/api/v1/advisories/settings', { json: settings })
  const { flaw, family } = PROPOSAL
  await openProposals(db, [{ flaw, family, document: PROPOSAL, foundAt: at }])
  await pool.query("update account set is_break_glass = true where localpart in ('carol', 'dave')")
  const token = await a.local('POST', '/api/v1/offline-tokens', {
    json: { scope: 'cut', expiresAt: '2100-01-01T00:00:00Z' },
  })
  const [first, second] = [1, 2].map(() => generateKeyPairSync('ed25519').publicKey)
  const pem = (key: KeyObject | undefined) => key?.export({ type: 'spki', format: 'pem' }).toString()
  const key = { account: 'alice', device: 'laptop', publicKey: pem(first), notAfter: '2100-01-01T00:00:00Z' }
  await a.local('POST', '/api/v1/device-keys', { json: { mdm: 'a test', keys: [key] } })
  const { keys } = (await a.local('GET', '/api/v1/device-keys')).body as { keys: readonly { thumbprint: string }[] }
  const policy = (await a.local('GET', '/api/v1/media-policy')).body['policy'] as Readonly<Record<string, unknown>>
  return {
    rule,
    exception,
    recall,
    suspension,
    ended,
    request,
    policy,
    offlineToken: String(token.body['token']),
    publicKey: pem(second),
    thumbprint: keys[0]?.thumbprint ?? '',
  }
}
type Made = Awaited<ReturnType<typeof makeAll>>

/** Every row of every table, as hashes. */
async function everyRow(): Promise<string[]> {
  const { rows } = await a.database.pool.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_name <> 'policy_node'",
  )
  const hashes = rows.map(async ({ name }) => {
    const { rows: found } = await a.database.pool.query<{ hash: string }>(
      `select md5(coalesce(string_agg(t::text, '' order by t::text), '')) as hash from "${name}" t`,
    )
    return `${name} ${found[0]?.hash}`
  })
  return Promise.all(hashes)
}

test('a dry run of every policy write says what would happen, and leaves no trace', async () => {
  const closed: string[] = []
  const client = identify([claimFrom({ source: 'user-agent', name: 'Gajim', version: '1.7' })])
  const session: LiveSession = {
    id: 's1',
    jid: 'alice@im.test/1',
    state: 'connected',
    account: { localpart: 'alice', isAdmin: false, isBreakGlass: false },
    client,
    entrance: 'tcp',
    signedInAt: at,
    closeWith: (code) => void closed.push(code),
    notify: () => void closed.push('notified'),
    withhold: () => undefined,
  }
  const made = await makeAll()
  a.sessions.splice(0, Infinity, session)
  const answers: Record<string, Record<string, unknown>> = {}
  const tryOut = async (ids: readonly string[]) => {
    const before = await everyRow()
    for (const id of ids) {
      const route: AdminRoute = ADMIN_ROUTES[id as AdminRouteId]
      const { params = {}, body: json } = WRITES[id]!(made)
      const answer = await a.local(
        route.method,
        `${targetOf(id, params)}?dryRun=true`,
        json === undefined ? {} : { json },
      )
      expect(answer.status, `${id} ${JSON.stringify(answer.body)}`).toBe(route.status === 204 ? 204 : 200)
      if (route.status !== 204) expect(() => route.response.parse(answer.body), id).not.toThrow()
      answers[id] = answer.body
    }
    expect(await everyRow()).toEqual(before)
  }
  const writes = routes.filter(([, { isPolicyWrite }]) => isPolicyWrite).map(([id]) => id)
  expect(Object.keys(WRITES).toSorted()).toEqual(writes.toSorted())
  await tryOut(writes.filter((id) => id !== 'stopImageRenewal'))
  await a.local('POST', '/api/v1/image-renewal', { json: {} })
  await tryOut(['stopImageRenewal'])

  expect(closed).toEqual([])
  expect(answers['addClientRule']).toMatchObject({ effect: { disconnected: 1, notified: 0 } })
  expect(answers['startSuspension']).toMatchObject({ effect: { notified: 0, disconnected: 1 } })
  expect(answers['useOfflineToken']).toMatchObject({ effect: { notified: 0, disconnected: 1 } })
  expect(answers['createOfflineToken']).not.toHaveProperty('token')
  expect(answers['importAdvisories']).toMatchObject({ proposals: 0, files: [{ advisories: 1 }] })
  // What was tried out only can still be used.
  expect((await a.local('POST', '/api/v1/offline-tokens/use', { json: { token: made.offlineToken } })).status).toBe(200)
  expect(closed).toContain('suspended')
})

test('nobody dries what is no policy write', async () => {
  expect((await a.network('POST', '/api/v1/accounts?dryRun=true', { token, json: { name: 'x' } })).status).toBe(400)
  expect((await a.network('GET', '/api/v1/recalls?dryRun=maybe', { token })).status).toBe(400)
  expect(a.accounts.find('x')).toBeUndefined()
})

test('AD-14 whoever reads what people wrote or sent is on record before they see it', async () => {
  const recorded = routes.filter(([, { isOnRecord }]) => isOnRecord)
  expect(recorded.map(([id]) => id)).toEqual(expect.arrayContaining(['listReports', 'listEvidence']))
  for (const [id] of recorded) {
    await a.network('GET', `${targetOf(id)}?limit=3`, { token })
    const [row] = await listAudit(a.database.db, 1)
    expect(row, id).toMatchObject({ actor: 'carol@im.test', detail: { limit: 3 } })
    expect(row?.action, id).toMatch(/^(list|get|read)-/u)
  }
})

test('live sessions come in pages', async () => {
  const base = {
    entrance: 'tcp',
    state: 'connected',
    signedInAt: at,
    closeWith() {},
    notify() {},
    withhold() {},
  } as const
  const account = { localpart: 'alice', isAdmin: false, isBreakGlass: false }
  const client = identify([])
  a.sessions.length = 0
  for (const id of ['c', 'a', 'b']) a.sessions.push({ ...base, id, jid: `alice@im.test/${id}`, account, client })
  const page = async (query: string) => (await a.network('GET', `/api/v1/sessions${query}`, { token })).body
  expect(await page('?limit=2')).toMatchObject({ sessions: [{ id: 'a' }, { id: 'b' }], next: 'b' })
  expect(await page('?limit=2&cursor=b')).toEqual({ sessions: [expect.objectContaining({ id: 'c' })] })
  a.sessions.length = 0
})

test('rooms are found by address and name, hidden ones, too', async () => {
  a.rooms.set('hall@rooms.im.test', ['alice', 'bob'])
  a.rooms.set('attic@rooms.im.test', [])
  const found = async (query: string) =>
    ((await a.network('GET', `/api/v1/rooms?${query}`, { token })).body['rooms'] as readonly { address: string }[]).map(
      ({ address }) => address,
    )
  expect(await found('')).toEqual(['attic@rooms.im.test', 'hall@rooms.im.test'])
  expect(await found('text=HALL')).toEqual(['hall@rooms.im.test'])
  expect(await found('limit=1')).toEqual(['attic@rooms.im.test'])
  a.rooms.clear()
})

test('accounts and units are searched by a part of their names, in whatever case; what is typed is no pattern', async () => {
  await a.local('POST', '/api/v1/units', { json: { name: 'labs', displayName: 'Research 100%' } })
  await a.local('PUT', '/api/v1/accounts/alice/display-name', { json: { displayName: 'Älice Ärmel' } })
  const found = async (list: 'units' | 'accounts', text: string) => {
    const { body } = await a.network('GET', `/api/v1/${list}?text=${encodeURIComponent(text)}`, { token })
    return (body[list] as readonly { name: string }[]).map(({ name }) => name)
  }
  expect(await found('units', 'RESEARCH')).toEqual(['labs'])
  expect(await found('units', '0%')).toEqual(['labs'])
  expect(await found('units', 'r%h')).toEqual([])
  expect(await found('accounts', 'lic')).toEqual(['alice'])
  expect(await found('accounts', 'ÄRMEL')).toEqual(['alice'])
  expect(await found('accounts', '_')).toEqual([])
})

test('whoever asks too often is told to wait: who is not signed in by address, everybody else by name', async () => {
  await using b = await admin({ settings: { requestsPerSecond: 1 }, now: () => at })
  for (const name of ['carol', 'dave']) {
    await b.local('POST', '/api/v1/accounts', { json: { name, isAdmin: true, password: PASSWORD } })
  }
  const carol = await signIn(b, 'carol', PASSWORD)
  const dave = await signIn(b, 'dave', PASSWORD)
  const statuses = async (of: string | undefined) =>
    (await Promise.all(Array.from({ length: 12 }, () => b.network('GET', '/api/v1/status', { token: of })))).map(
      ({ status }) => status,
    )
  expect(await statuses(carol)).toContain(429)
  expect((await b.network('GET', '/api/v1/status', { token: dave })).status).toBe(200)
  const refused = await statuses(undefined)
  expect(refused).toContain(401)
  expect(refused).toContain(429)
  expect((await b.local('GET', '/api/v1/status')).status).toBe(200)
})
