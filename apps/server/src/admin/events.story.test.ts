import { EVENT_TOPICS } from '@drawbridge/contract'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { admin, signIn } from '../../test/admin.ts'
import type { Admin } from '../../test/admin.ts'
import { listenTo } from '../../test/event-stream.ts'

const PASSWORD = 'correct horse'
const OWN = { 'sec-fetch-site': 'same-origin' }

let a: Admin
let at: Date
beforeEach(async () => {
  at = new Date('2026-11-23T04:00:00Z')
  a = await admin({ now: () => at, settings: { eventBeatMs: '100ms' } })
  await local('POST', '/api/v1/accounts', { name: 'root', password: PASSWORD, isAdmin: true })
})
afterEach(() => a[Symbol.asyncDispose]())

const local = async (method: string, path: string, json?: unknown) => {
  const { status, body } = await a.local(method, path, json === undefined ? {} : { json })
  expect(status, JSON.stringify(body)).toBeLessThan(300)
  return body
}
/** A person with these roles, signed in. */
const person = async (name: string, ...roles: string[]) => {
  await local('POST', '/api/v1/accounts', { name, password: PASSWORD })
  await local('PUT', `/api/v1/accounts/${name}/roles`, { roles })
  return signIn(a, name, PASSWORD)
}
const suspend = async () => {
  const { suspension, effect } = await local('POST', '/api/v1/suspensions', {
    scopes: ['images'],
    mode: 'read-only',
    reason: 'a secret reason',
  })
  return { id: (suspension as { id: string }).id, epoch: (effect as { epoch: number }).epoch }
}

test('whoever listens hears what has changed, with its epoch, and nothing of what it says', async () => {
  using root = await listenTo(a.port, { token: await signIn(a, 'root', PASSWORD) })
  expect([root.status, root.type]).toEqual([200, 'text/event-stream; charset=utf-8'])
  expect(await root.next('status')).toEqual({ topics: Object.keys(EVENT_TOPICS), epoch: 0 })

  const { id, epoch } = await suspend()
  const event = await root.next('suspensions')
  expect(event.epoch).toBe(epoch)
  expect(event.topics).toEqual(expect.arrayContaining(['policy', 'suspensions', 'approvals', 'audit']))
  expect(event.topics).not.toContain('accounts')
  await local('PUT', '/api/v1/playbooks/worm', { steps: [{ scopes: ['files'], mode: 'hold' }], reason: 'x' })
  expect((await root.next('playbooks')).topics).not.toContain('policy')
  await local('POST', '/api/v1/accounts', { name: 'alice' })
  await root.next('accounts')
  for (const content of ['a secret reason', id, 'worm', 'alice', 'images']) expect(root.text()).not.toContain(content)
})

test('figures that nobody tells of are looked at, and silence is broken so that the connection stays', async () => {
  using root = await listenTo(a.port, { token: await signIn(a, 'root', PASSWORD) })
  await root.next('status')
  await root.line(':')
  // Somebody has come; it is on no record.
  a.sessions.push({ state: 'connected' } as (typeof a.sessions)[number])
  expect(await root.next('status')).toEqual({ topics: ['status'] })
  a.sessions.pop()
})

test('a change that another node makes is heard here', async () => {
  await using beside = await admin({ beside: a })
  using root = await listenTo(a.port, { token: await signIn(a, 'root', PASSWORD) })
  await root.next('status')
  const { body } = await beside.local('POST', '/api/v1/client-rules', { json: { family: 'gajim', action: 'observe' } })
  const { epoch } = body['effect'] as { epoch: number }
  expect((await root.next('rules')).epoch).toBe(epoch)
})

test('what could not be heard for a while may be anything', async () => {
  using root = await listenTo(a.port, { token: await signIn(a, 'root', PASSWORD) })
  await root.next('status')
  await a.database.pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where query like 'listen%' and datname = current_database()`,
  )
  const everything = Object.keys(EVENT_TOPICS).toSorted()
  expect((await root.next('advisories')).topics.toSorted()).toEqual(everything)
})

test('AD-03 nobody hears of what they may not read', async () => {
  const helper = await person('helper', 'help-desk')
  const made = await a.network('POST', '/api/v1/tokens', {
    token: await signIn(a, 'root', PASSWORD),
    json: { name: 'wall', scopes: ['status.read'] },
  })
  using desk = await listenTo(a.port, { token: helper })
  using wall = await listenTo(a.port, { token: String(made.body['secret']) })
  expect((await desk.next('status')).topics).not.toContain('audit')
  expect((await wall.next('status')).topics).toEqual(['status'])
  await suspend()
  expect((await desk.next('suspensions')).topics).not.toContain('audit')
  expect((await wall.next('status')).topics).toEqual(['status'])
  expect(wall.text()).not.toMatch(/suspensions|policy"|accounts/u)
})

test('AD-12 a stream ends with the sign-in, the token or the account that it was opened with', async () => {
  const first = await signIn(a, 'root', PASSWORD)
  const made = await a.network('POST', '/api/v1/tokens', { token: first, json: { name: 't', scopes: ['status.read'] } })
  const { id } = made.body['token'] as { id: string }
  using byToken = await listenTo(a.port, { token: String(made.body['secret']) })
  using bySession = await listenTo(a.port, { token: first })
  using disabled = await listenTo(a.port, { token: await person('dora', 'security-officer') })
  for (const stream of [byToken, bySession, disabled]) await stream.next('status')

  await a.network('DELETE', `/api/v1/tokens/${id}`, { token: first })
  expect(await byToken.ended).toEqual({ code: 'not-authorized' })
  await a.network('DELETE', '/api/v1/session', { token: first })
  expect(await bySession.ended).toEqual({ code: 'not-authorized' })
  await local('POST', '/api/v1/accounts/dora/disable')
  expect(await disabled.ended).toMatchObject({
    code: expect.stringMatching(/^(?:not-authorized|forbidden)$/u) as string,
  })
})

test('AD-12 with another role one hears of other things from then on, or of nothing', async () => {
  // Their sign-ins end with a change of roles; their tokens go on, as far as the new role goes.
  const made = await a.network('POST', '/api/v1/tokens', {
    token: await person('eve', 'auditor'),
    json: { name: 't', scopes: ['status.read', 'account.read', 'audit.read'] },
  })
  using eve = await listenTo(a.port, { token: String(made.body['secret']) })
  expect((await eve.next('status')).topics).toContain('audit')
  await local('PUT', '/api/v1/accounts/eve/roles', { roles: ['help-desk'] })
  // Not even that the role has changed is told by the rights of before.
  expect((await eve.next('accounts')).topics).not.toContain('audit')
  await local('PUT', '/api/v1/accounts/eve/roles', { roles: [] })
  expect(await eve.ended).toEqual({ code: 'forbidden' })
})

test('to listen is no use of a session: it ends as if nobody were there', async () => {
  const token = await signIn(a, 'root', PASSWORD)
  using root = await listenTo(a.port, { token })
  await root.next('status')
  at = new Date(at.getTime() + 20 * 60_000)
  await root.line(':')
  at = new Date(at.getTime() + 11 * 60_000)
  expect(await root.ended).toEqual({ code: 'not-authorized' })
})

test('so many streams one person may have, and then the next when one has gone', async () => {
  const token = await signIn(a, 'root', PASSWORD)
  const { headers } = await a.network('POST', '/api/v1/session', {
    json: { name: 'root', password: PASSWORD, session: 'cookie' },
    headers: OWN,
  })
  const cookie = String(headers['set-cookie']?.[0]).split(';')[0] ?? ''
  using one = await listenTo(a.port, { headers: { cookie, ...OWN } })
  using two = await listenTo(a.port, { token })
  using three = await listenTo(a.port, { token })
  const four = await listenTo(a.port, { token })
  for (const stream of [one, two, three, four]) await stream.next('status')
  const { status, body } = await a.network('GET', '/api/v1/events', { token })
  expect({ status, code: body['code'] }).toEqual({ status: 429, code: 'too-many-streams' })
  four[Symbol.dispose]()
  // The server hears of it when its socket closes.
  for (;;) {
    using again = await listenTo(a.port, { token })
    if (again.status === 200) break
  }
})
