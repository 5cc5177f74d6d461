import { listAudit } from '@drawbridge/db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { admin, signIn } from '../../../test/admin.ts'
import type { Admin } from '../../../test/admin.ts'
import { authenticator } from '../../../test/authenticator.ts'
import type { Whims } from '../../../test/authenticator.ts'

const PASSWORD = 'correct horse'
const MINUTE_MS = 60_000

let at = new Date('2026-11-23T09:00:00Z')
const later = (ms: number) => (at = new Date(at.getTime() + ms))
let a: Admin
beforeAll(async () => {
  a = await admin({ now: () => at })
  await a.local('POST', '/api/v1/accounts', { json: { name: 'root', isAdmin: true, password: PASSWORD } })
})
afterAll(() => a[Symbol.asyncDispose]())

const challengeOf = async (path: string, token?: string) => {
  const { status, body } = await a.network('POST', path, { token })
  expect(status, JSON.stringify(body)).toBe(201)
  expect(body['rpId']).toBe('im.test')
  return String(body['challenge'])
}
const toSignIn = () => challengeOf('/api/v1/session/challenge')

/** An administrator, signed in, with a passkey. */
async function person(name: string) {
  await a.local('POST', '/api/v1/accounts', { json: { name, isAdmin: true, password: PASSWORD } })
  const token = await signIn(a, name, PASSWORD)
  const device = authenticator()
  const added = await add(token, device)
  expect(added.status, JSON.stringify(added.body)).toBe(201)
  return { token, device, added: added.body }
}

async function add(token: string, device: ReturnType<typeof authenticator>, whims: Whims = {}) {
  const challenge = await challengeOf('/api/v1/session/passkeys/challenge', token)
  const json = { name: 'Laptop', ...device.create(challenge, whims) }
  return a.network('POST', '/api/v1/session/passkeys', { token, json })
}

const signInWith = (passkey: unknown) => a.network('POST', '/api/v1/session', { json: { passkey } })

test('a passkey signs in alone, as two factors, and its use is seen', async () => {
  const { device, token, added } = await person('alice')
  expect(added['recoveryCodes']).toHaveLength(10)
  const signedIn = await signInWith(device.get(await toSignIn()))
  expect(signedIn).toMatchObject({ status: 201, body: { account: { name: 'alice' }, mustEnroll: false } })
  const { body } = await a.network('GET', '/api/v1/session', { token: String(signedIn.body['token']) })
  expect(body).toMatchObject({
    hasSecondFactor: true,
    factors: { totp: false, recoveryCodes: 10, passkeys: [{ name: 'Laptop', usedAt: at.toISOString() }] },
  })
  // It was added in this session, so this one stays.
  expect((await a.network('GET', '/api/v1/session', { token })).status).toBe(200)
})

test('with a passkey, a password alone signs nobody in; a code on paper helps whoever has lost the key', async () => {
  const { added } = await person('bob')
  const byPassword = (more: object = {}) =>
    a.network('POST', '/api/v1/session', { json: { name: 'bob', password: PASSWORD, ...more } })
  expect(await byPassword()).toMatchObject({ status: 401, body: { code: 'second-factor-needed' } })
  const [paper] = added['recoveryCodes'] as string[]
  expect((await byPassword({ code: paper })).status).toBe(201)
  expect(await byPassword({ code: paper })).toMatchObject({ status: 401, body: { code: 'second-factor-failed' } })
})

test('a challenge is good once, for five minutes, and for what it was made', async () => {
  const { device, token } = await person('carol')
  const refused = { status: 401, body: { code: 'passkey-failed' } }
  const challenge = await toSignIn()
  const both = await Promise.all([signInWith(device.get(challenge)), signInWith(device.get(challenge))])
  expect(both.map(({ status }) => status).toSorted((x, y) => x - y)).toEqual([201, 401])
  const old = await toSignIn()
  later(5 * MINUTE_MS)
  expect(await signInWith(device.get(old))).toMatchObject(refused)
  const toAdd = await challengeOf('/api/v1/session/passkeys/challenge', token)
  expect(await signInWith(device.get(toAdd))).toMatchObject(refused)
  expect(await signInWith(device.get(Buffer.alloc(54).toString('base64url')))).toMatchObject(refused)
  const more = { name: 'Laptop', ...authenticator().create(await toSignIn()) }
  expect(await a.network('POST', '/api/v1/session/passkeys', { token, json: more })).toMatchObject(refused)
})

test('what another page was shown, what an unknown key signed, and what a copy of a key signed sign nobody in', async () => {
  const { device } = await person('dave')
  const attempt = async (passkey: unknown) => (await signInWith(passkey)).status
  expect(await attempt(device.get(await toSignIn(), { origin: 'https://evil.test' }))).toBe(401)
  expect(await attempt(device.get(await toSignIn(), { rpId: 'evil.test' }))).toBe(401)
  expect(await attempt(authenticator().get(await toSignIn()))).toBe(401)
  expect(await attempt({ ...authenticator().get(await toSignIn()), id: device.id })).toBe(401)
  expect(await attempt(device.get(await toSignIn(), { signCount: 5 }))).toBe(201)
  expect(await attempt(device.get(await toSignIn(), { signCount: 5 }))).toBe(401)
  expect(await attempt(device.get(await toSignIn(), { signCount: 0 }))).toBe(401)
  const rows = await listAudit(a.database.db, 20)
  expect(rows).toContainEqual(expect.objectContaining({ action: 'refuse-admin-sign-in' }))
})

test('a passkey shows once more who somebody is, before a guarded change', async () => {
  const { device, token } = await person('erin')
  later(16 * MINUTE_MS)
  const begin = () => a.network('POST', '/api/v1/session/passkeys/challenge', { token })
  expect(await begin()).toMatchObject({ status: 403, body: { code: 'fresh-sign-in-needed' } })
  const other = await person('mallory')
  const prove = async (shown: ReturnType<typeof authenticator>) =>
    a.network('POST', '/api/v1/session/proof', { token, json: { passkey: shown.get(await toSignIn()) } })
  expect(await prove(other.device)).toMatchObject({ status: 401, body: { code: 'passkey-failed' } })
  expect((await prove(device)).status).toBe(204)
  expect((await begin()).status).toBe(201)
})

test('somebody has ten passkeys at most, each once, and nobody takes those of others away', async () => {
  const { token, device, added } = await person('frank')
  expect((await add(token, device)).body).toMatchObject({ code: 'passkey-known' })
  for (let count = 1; count < 10; count++) expect((await add(token, authenticator())).status).toBe(201)
  expect((await add(token, authenticator())).body).toMatchObject({ code: 'passkey-limit' })
  const { id } = added['passkey'] as { id: string }
  const grace = await person('grace')
  const remove = (by: string) => a.network('DELETE', `/api/v1/session/passkeys/${id}`, { token: by })
  expect((await remove(grace.token)).status).toBe(404)
  expect((await remove(token)).status).toBe(204)
  expect((await signInWith(device.get(await toSignIn()))).status).toBe(401)
})

test('codes on paper go with the last factor, and a disabled account has no passkey', async () => {
  const { token, device, added } = await person('heidi')
  const { id } = added['passkey'] as { id: string }
  expect((await a.local('POST', '/api/v1/accounts/heidi/disable')).status).toBe(200)
  expect((await signInWith(device.get(await toSignIn()))).status).toBe(401)
  expect((await a.local('POST', '/api/v1/accounts/heidi/enable')).status).toBe(200)
  const back = await signInWith(device.get(await toSignIn()))
  expect(back.status).toBe(201)
  const own = String(back.body['token'])
  expect((await a.network('DELETE', `/api/v1/session/passkeys/${id}`, { token: own })).status).toBe(204)
  const { body } = await a.network('GET', '/api/v1/session', { token: own })
  expect(body['factors']).toEqual({ totp: false, recoveryCodes: 0, passkeys: [] })
  expect((await a.network('GET', '/api/v1/session', { token })).status).toBe(401)
})

test('where a second factor is required, a passkey is one, and the last one stays', async () => {
  await using b = await admin({ settings: { secondFactor: 'required' }, now: () => at })
  await b.local('POST', '/api/v1/accounts', { json: { name: 'admin', isAdmin: true, password: PASSWORD } })
  const token = await signIn(b, 'admin', PASSWORD)
  const { body } = await b.network('POST', '/api/v1/session/passkeys/challenge', { token })
  const json = { name: 'Key', ...authenticator('EdDSA').create(String(body['challenge'])) }
  const added = await b.network('POST', '/api/v1/session/passkeys', { token, json })
  expect((await b.network('GET', '/api/v1/status', { token })).status).toBe(200)
  const { id } = added.body['passkey'] as { id: string }
  const removed = await b.network('DELETE', `/api/v1/session/passkeys/${id}`, { token })
  expect(removed.body).toMatchObject({ code: 'second-factor-required' })
  expect((await b.local('DELETE', '/api/v1/accounts/admin/second-factor')).status).toBe(200)
  expect((await b.network('GET', '/api/v1/session', { token })).status).toBe(401)
})
