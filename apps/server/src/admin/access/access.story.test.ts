import { findAccount, insertAdminSession, listAudit, updateAccount } from '@drawbridge/db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { admin, signIn } from '../../../test/admin.ts'
import type { Admin, Answer, Sent } from '../../../test/admin.ts'
import { totpCode, totpStep } from './totp.ts'

const PASSWORD = 'correct horse'
const COOKIE = '__Host-drawbridge-admin'
const OWN = { 'sec-fetch-site': 'same-origin' }

/** An instant that tests move. */
let at = new Date('2026-11-23T09:00:00Z')
const later = (ms: number) => (at = new Date(at.getTime() + ms))
const MINUTE_MS = 60_000

let a: Admin
beforeAll(async () => {
  a = await admin({ now: () => at })
  await a.local('POST', '/api/v1/accounts', { json: { name: 'root', isAdmin: true, password: PASSWORD } })
})
afterAll(() => a[Symbol.asyncDispose]())

/** An administrator of their own for each test. */
async function person(name: string): Promise<void> {
  await a.local('POST', '/api/v1/accounts', { json: { name, isAdmin: true, password: PASSWORD } })
}

const signInAs = (name: string, more: Readonly<Record<string, unknown>> = {}, sent: Sent = {}): Promise<Answer> =>
  a.network('POST', '/api/v1/session', { ...sent, json: { name, password: PASSWORD, ...more } })

async function cookieOf(name: string): Promise<string> {
  const { status, headers } = await signInAs(name, { session: 'cookie' }, { headers: OWN })
  expect(status).toBe(201)
  return String(headers['set-cookie']?.[0]).split(';')[0] ?? ''
}

/** Enrolls codes by time; returns what makes them, and the codes on paper. */
async function enroll(token: string) {
  const begun = await a.network('POST', '/api/v1/session/totp', { token })
  expect(begun.status).toBe(201)
  const secret = fromBase32(String(begun.body['secret']))
  const code = () => totpCode(secret, totpStep(at))
  const confirmed = await a.network('PUT', '/api/v1/session/totp', { token, json: { code: code() } })
  expect(confirmed.status).toBe(200)
  return { code, uri: String(begun.body['uri']), recoveryCodes: confirmed.body['recoveryCodes'] as string[] }
}

test('AD-06 the console gets a cookie that no script reads, that no other site sends, and that lasts a working day', async () => {
  await person('carol')
  const { body, headers } = await signInAs('carol', { session: 'cookie' }, { headers: OWN })
  expect(body).not.toHaveProperty('token')
  expect(headers['set-cookie']).toEqual([
    expect.stringMatching(
      /^__Host-drawbridge-admin=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=28800; HttpOnly; SameSite=Strict; Secure$/u,
    ),
  ])
  const cookie = await cookieOf('carol')
  const own = await a.network('GET', '/api/v1/session', { headers: { cookie, ...OWN } })
  expect(own.body).toMatchObject({ account: { name: 'carol', roles: ['administrator'] }, mustEnroll: false })
  expect(own.body['permissions']).toContain('account.grant')
  const out = await a.network('DELETE', '/api/v1/session', { headers: { cookie, ...OWN } })
  expect(out.headers['set-cookie']).toEqual([expect.stringMatching(/^__Host-drawbridge-admin=; Path=\/; Max-Age=0;/u)])
  expect((await a.network('GET', '/api/v1/session', { headers: { cookie, ...OWN } })).status).toBe(401)
})

test('AD-06 nobody gives a browser a session that they know: each sign-in makes another token', async () => {
  const planted = `${COOKIE}=${'x'.repeat(43)}`
  const { headers } = await signInAs('root', { session: 'cookie' }, { headers: { ...OWN, cookie: planted } })
  const fresh = String(headers['set-cookie']?.[0]).split(';')[0]
  expect(fresh).not.toBe(planted)
  expect((await a.network('GET', '/api/v1/session', { headers: { ...OWN, cookie: planted } })).status).toBe(401)
  const both = `${planted}; ${fresh}`
  expect((await a.network('GET', '/api/v1/session', { headers: { ...OWN, cookie: both } })).status).toBe(401)
})

test('AD-05 a cookie is good for requests of our own pages only', async () => {
  const cookie = await cookieOf('root')
  const origins: [Record<string, string>, number][] = [
    [{}, 403],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'none' }, 403],
    [{ 'sec-fetch-site': 'cross-site', origin: 'http://im.test', host: 'im.test' }, 403],
    [{ origin: 'https://evil.test', host: 'im.test' }, 403],
    [{ origin: 'https://im.test:8443', host: 'im.test' }, 403],
    [{ origin: 'null', host: 'im.test' }, 403],
    [{ 'sec-fetch-site': 'same-origin' }, 200],
    [{ origin: 'https://im.test', host: 'im.test' }, 200],
  ]
  for (const [headers, status] of origins) {
    const answer = await a.network('GET', '/api/v1/session', { headers: { cookie, ...headers } })
    expect(answer.status, JSON.stringify(headers)).toBe(status)
  }
  // Nor does somebody else's page sign a browser in.
  const planted = await signInAs('root', { session: 'cookie' }, { headers: { 'sec-fetch-site': 'cross-site' } })
  expect(planted).toMatchObject({ status: 403, body: { code: 'foreign-origin' } })
  expect(planted.headers['set-cookie']).toBeUndefined()
  // What is no cookie is no bearer token either, and the other way round.
  const token = cookie.slice(COOKIE.length + 1)
  expect((await a.network('GET', '/api/v1/session', { token })).status).toBe(401)
})

test('AD-06 a session ends when nobody uses it for half an hour, and after a working day in any case', async () => {
  await person('dave')
  const idle = await signIn(a, 'dave', PASSWORD)
  const busy = await signIn(a, 'dave', PASSWORD)
  const statusOf = async (token: string) => (await a.network('GET', '/api/v1/session', { token })).status
  later(29 * MINUTE_MS)
  expect(await statusOf(busy)).toBe(200)
  later(2 * MINUTE_MS)
  expect(await statusOf(idle)).toBe(401)
  for (let minutes = 31; minutes < 8 * 60; minutes += 20) {
    expect(await statusOf(busy)).toBe(200)
    later(20 * MINUTE_MS)
  }
  expect(await statusOf(busy)).toBe(401)
})

test('AD-06 a session is known to every process on the database, a later one included, and ends on all at once', async () => {
  await person('quinn')
  const token = await signIn(a, 'quinn', PASSWORD)
  const { code } = await enroll(token)
  const shown = code()
  await using b = await admin({ now: () => at, beside: a })
  expect((await b.network('GET', '/api/v1/session', { token })).body).toMatchObject({ account: { name: 'quinn' } })
  // Nor is a code good once per process.
  later(30_000)
  expect(code()).not.toBe(shown)
  const both = await Promise.all(
    [a, b].map(({ network }) =>
      network('POST', '/api/v1/session', { json: { name: 'quinn', password: PASSWORD, code: code() } }),
    ),
  )
  expect(both.map(({ status }) => status).toSorted((x, y) => x - y)).toEqual([201, 401])
  await b.network('DELETE', '/api/v1/session', { token })
  expect((await a.network('GET', '/api/v1/session', { token })).status).toBe(401)
})

test('AD-06 an account has ten sessions at most: one more ends the oldest', async () => {
  await person('erin')
  const { id } = (await findAccount(a.database.db, 'erin'))!
  const first = await signIn(a, 'erin', PASSWORD)
  for (let count = 0; count < 10; count++) {
    later(1_000)
    const row = { tokenHash: Buffer.from(`${count}`), accountId: id, isCookie: false, hasSecondFactor: false }
    const lasting = { address: '', userAgent: '', createdAt: at, expiresAt: new Date(at.getTime() + MINUTE_MS) }
    await insertAdminSession(a.database.db, { ...row, ...lasting }, new Date(0))
  }
  expect((await a.network('GET', '/api/v1/session', { token: first })).status).toBe(401)
})

test('codes of an authenticator are enrolled, asked for, and good once each (RFC 6238 §5.2)', async () => {
  await person('frank')
  const other = await signIn(a, 'frank', PASSWORD)
  const token = await signIn(a, 'frank', PASSWORD)
  const { code, uri, recoveryCodes } = await enroll(token)
  expect(uri).toMatch(/^otpauth:\/\/totp\/im\.test:frank%40im\.test\?secret=[A-Z2-7]{32}&issuer=im\.test$/u)
  expect(new Set(recoveryCodes).size).toBe(10)
  expect((await a.network('GET', '/api/v1/session', { token: other })).status).toBe(401)
  expect((await a.network('GET', '/api/v1/session', { token })).body).toMatchObject({
    hasSecondFactor: true,
    factors: { totp: true, recoveryCodes: 10 },
  })

  expect(await signInAs('frank')).toMatchObject({ status: 401, body: { code: 'second-factor-needed' } })
  // The one that was enrolled with was used.
  expect(await signInAs('frank', { code: code() })).toMatchObject({ body: { code: 'second-factor-failed' } })
  later(30_000)
  const [one, two] = await Promise.all([signInAs('frank', { code: code() }), signInAs('frank', { code: code() })])
  expect([one.status, two.status].toSorted((x, y) => x - y)).toEqual([201, 401])

  const [paper = ''] = recoveryCodes
  expect((await signInAs('frank', { code: paper.toUpperCase().replace('-', ' ') })).status).toBe(201)
  expect((await signInAs('frank', { code: paper })).body).toMatchObject({ code: 'second-factor-failed' })
  expect((await a.network('POST', '/api/v1/session/totp', { token })).body).toMatchObject({
    code: 'second-factor-enrolled',
  })
})

test('codes cannot be guessed: wrong ones are slowed down like wrong passwords', async () => {
  await person('grace')
  const { code } = await enroll(await signIn(a, 'grace', PASSWORD))
  later(30_000)
  const right = code()
  const wrong = right === '000000' ? '000001' : '000000'
  for (let count = 0; count < 5; count++) {
    // A right password in between forgives nothing.
    await signInAs('grace')
    expect((await signInAs('grace', { code: wrong })).status).toBe(401)
  }
  expect(await signInAs('grace', { code: right })).toMatchObject({ status: 429 })
})

test('a second factor that is lost is reset by an administrator, and sessions end', async () => {
  await person('heidi')
  const token = await signIn(a, 'heidi', PASSWORD)
  await enroll(token)
  expect((await a.local('DELETE', '/api/v1/accounts/heidi/second-factor')).status).toBe(200)
  expect((await a.network('GET', '/api/v1/session', { token })).status).toBe(401)
  expect((await signInAs('heidi')).status).toBe(201)
  const [row] = await listAudit(a.database.db, 2).then((rows) =>
    rows.filter(({ action }) => action.startsWith('reset')),
  )
  expect(row).toMatchObject({ actor: 'local:cli', action: 'reset-second-factor', target: 'heidi@im.test' })
})

test('whoever signed in long ago shows once more who they are before a guarded change', async () => {
  await person('ivan')
  const token = await signIn(a, 'ivan', PASSWORD)
  later(16 * MINUTE_MS)
  const change = () =>
    a.network('PUT', '/api/v1/accounts/ivan/roles', { token, json: { roles: ['administrator', 'auditor'] } })
  expect(await change()).toMatchObject({ status: 403, body: { code: 'fresh-sign-in-needed' } })
  const wrong = await a.network('POST', '/api/v1/session/proof', { token, json: { password: 'a wrong one' } })
  expect(wrong).toMatchObject({ status: 401, body: { code: 'sign-in-failed' } })
  expect((await a.network('POST', '/api/v1/session/proof', { token, json: { password: PASSWORD } })).status).toBe(204)
  expect(await change()).toMatchObject({ status: 200, body: { account: { roles: ['administrator', 'auditor'] } } })
})

test('where a second factor is required, whoever has none may enroll one, and nothing else', async () => {
  await using b = await admin({ settings: { secondFactor: 'required' }, now: () => at })
  await b.local('POST', '/api/v1/accounts', { json: { name: 'admin', isAdmin: true, password: PASSWORD } })
  const signedIn = await b.network('POST', '/api/v1/session', { json: { name: 'admin', password: PASSWORD } })
  expect(signedIn.body).toMatchObject({ mustEnroll: true })
  const token = String(signedIn.body['token'])
  expect(await b.network('GET', '/api/v1/status', { token })).toMatchObject({
    status: 403,
    body: { code: 'second-factor-missing' },
  })
  const { body } = await b.network('POST', '/api/v1/session/totp', { token })
  const code = totpCode(fromBase32(String(body['secret'])), totpStep(at))
  expect((await b.network('PUT', '/api/v1/session/totp', { token, json: { code } })).status).toBe(200)
  expect((await b.network('GET', '/api/v1/status', { token })).status).toBe(200)
  expect((await b.network('DELETE', '/api/v1/session/totp', { token })).body).toMatchObject({
    code: 'second-factor-required',
  })
})

test('roles are given and taken by administrators only, and at once', async () => {
  await a.local('POST', '/api/v1/accounts', { json: { name: 'judy', password: PASSWORD } })
  const roles = (json: unknown) => a.local('PUT', '/api/v1/accounts/judy/roles', { json })
  expect((await roles({ roles: ['help-desk'] })).body).toMatchObject({
    account: { isAdmin: false, roles: ['help-desk'], administers: [] },
  })
  const token = await signIn(a, 'judy', PASSWORD)
  const grant = await a.network('PUT', '/api/v1/accounts/judy/roles', { token, json: { roles: ['administrator'] } })
  expect(grant.body).toMatchObject({ code: 'forbidden' })
  const made = await a.network('POST', '/api/v1/accounts', { token, json: { name: 'mallory', isAdmin: true } })
  expect(made.status).toBe(403)
  expect((await roles({ roles: ['unit-administrator'] })).status).toBe(400)
  expect((await roles({ roles: ['unit-administrator'], administers: ['nowhere'] })).status).toBe(404)
  expect((await roles({ roles: [] })).status).toBe(200)
  expect((await a.network('GET', '/api/v1/status', { token })).status).toBe(401)
  expect((await signInAs('judy')).body).toMatchObject({ code: 'forbidden' })
})

test('nobody changes the account of somebody with more rights, or a help desk had every password', async () => {
  await a.local('POST', '/api/v1/accounts', { json: { name: 'kim', password: PASSWORD } })
  await a.local('POST', '/api/v1/accounts', { json: { name: 'leo', password: PASSWORD } })
  await a.local('PUT', '/api/v1/accounts/kim/roles', { json: { roles: ['help-desk'] } })
  const token = await signIn(a, 'kim', PASSWORD)
  const setPassword = async (name: string) =>
    (await a.network('PUT', `/api/v1/accounts/${name}/password`, { token, json: {} })).status
  expect(await setPassword('leo')).toBe(200)
  expect(await setPassword('root')).toBe(403)
  await updateAccount(a.database.db, 'leo', { roles: ['auditor'] }).then((row) => row && a.accounts.put(row))
  expect(await setPassword('leo')).toBe(403)
})

test('a unit administrator sees and changes people of the own units; everybody else is as if there were nobody', async () => {
  for (const name of ['mia', 'noah', 'olga', 'pat']) {
    await a.local('POST', '/api/v1/accounts', { json: { name, password: PASSWORD } })
  }
  for (const [name, members] of [
    ['sales', ['mia', 'noah', 'root']],
    ['labs', ['olga']],
  ] as const) {
    await a.local('POST', '/api/v1/units', { json: { name, displayName: name } })
    await a.local('PUT', `/api/v1/units/${name}/members`, { json: { members } })
  }
  await a.local('PUT', '/api/v1/accounts/mia/roles', {
    json: { roles: ['unit-administrator'], administers: ['sales'] },
  })
  const token = await signIn(a, 'mia', PASSWORD)
  const names = async (path: string, key: string) =>
    ((await a.network('GET', path, { token })).body[key] as { name: string }[]).map(({ name }) => name)
  expect(await names('/api/v1/accounts', 'accounts')).toEqual(['mia', 'noah', 'root'])
  expect(await names('/api/v1/units', 'units')).toEqual(['sales'])
  expect((await a.network('POST', '/api/v1/accounts/noah/end-sessions', { token })).status).toBe(200)
  const answers = await Promise.all(
    ['olga', 'pat', 'nobody'].map((name) => a.network('POST', `/api/v1/accounts/${name}/disable`, { token })),
  )
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 404])
  expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1)
  for (const unit of ['labs', 'nowhere']) {
    expect(await a.network('GET', `/api/v1/units/${unit}/members`, { token })).toMatchObject({
      status: 404,
      body: { code: 'no-such-unit' },
    })
  }
  // In the unit, and out of reach all the same.
  expect((await a.network('PUT', '/api/v1/accounts/root/password', { token, json: {} })).status).toBe(403)
  expect((await a.network('GET', '/api/v1/status', { token })).status).toBe(403)

  await a.local('DELETE', '/api/v1/units/sales')
  await a.local('POST', '/api/v1/units', { json: { name: 'sales', displayName: 'Other' } })
  expect((await a.network('GET', '/api/v1/accounts', { token })).status).toBe(403)
})

function fromBase32(text: string): Buffer {
  const bits = [...text].map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  )
  return Buffer.from((bits.join('').match(/.{8}/gu) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

test('control §4.3 break-glass accounts have a second factor, are five at most, and one at least', async () => {
  const put = (name: string, isBreakGlass: boolean) =>
    b.local('PUT', `/api/v1/accounts/${name}/break-glass`, { json: { isBreakGlass } })
  await using b = await admin({ now: () => at })
  const names = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6']
  for (const name of names)
    await b.local('POST', '/api/v1/accounts', { json: { name, isAdmin: true, password: PASSWORD } })
  // The first administrator is the first one.
  expect((await b.local('GET', '/api/v1/break-glass')).body).toMatchObject({
    accounts: [{ name: 'a1', hasSecondFactor: false }],
  })
  expect((await put('a1', false)).body).toMatchObject({ code: 'last-break-glass' })
  expect((await put('a2', true)).body).toMatchObject({ code: 'break-glass-factor' })
  for (const name of names.slice(1)) {
    const { body } = await b.network('POST', '/api/v1/session', { json: { name, password: PASSWORD } })
    const token = String(body['token'])
    const begun = await b.network('POST', '/api/v1/session/totp', { token })
    const code = totpCode(fromBase32(String(begun.body['secret'])), totpStep(at))
    expect((await b.network('PUT', '/api/v1/session/totp', { token, json: { code } })).status).toBe(200)
  }
  for (const name of names.slice(1, 5)) expect((await put(name, true)).status).toBe(200)
  expect((await put('a6', true)).body).toMatchObject({ code: 'break-glass-limit' })
  expect((await put('a2', false)).body).toMatchObject({ account: { isBreakGlass: false } })
  expect((await put('a6', true)).status).toBe(200)
  const { body } = await b.local('GET', '/api/v1/audit?limit=1')
  expect(body).toMatchObject({ entries: [{ action: 'grant-break-glass', target: 'a6@im.test' }] })
})
