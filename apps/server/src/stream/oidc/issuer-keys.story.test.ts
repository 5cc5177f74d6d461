import { createLog } from '@drawbridge/runtime'
import { jwtVerify } from 'jose'
import { expect, test, vi } from 'vitest'
import { startIssuer } from '../../../test/streams/issuer.ts'
import type { TestIssuer } from '../../../test/streams/issuer.ts'
import { createIssuerKeys, IssuerAway } from './issuer-keys.ts'

const MINUTE_MS = 60_000
const config = { keysMaxAgeMs: 60 * MINUTE_MS, keysMaxStaleMs: 240 * MINUTE_MS }

/** The keys of this issuer, at a time that stands still until a test moves it. */
function keysOf(issuer: TestIssuer) {
  const clock = { ms: 0 }
  const complaints: string[] = []
  const log = createLog({ level: 'warn', write: (line) => void complaints.push(line) })
  const find = createIssuerKeys({
    config: { ...config, issuer: issuer.url },
    allowPlaintext: true,
    log,
    now: () => clock.ms,
  })
  return {
    clock,
    complaints,
    /** What becomes of a token: its account, or the name of the error. */
    async tried(token: string): Promise<string> {
      try {
        const { payload } = await jwtVerify(token, find)
        return String(payload['preferred_username'])
      } catch (error) {
        return error instanceof IssuerAway ? 'away' : String((error as { code?: string }).code)
      }
    },
  }
}

/** How often the keys were asked for. */
const rounds = ({ requests }: TestIssuer) => requests.filter((path) => path === '/keys').length

test('AU-22 keys are fetched once for many who come at once, and kept', async () => {
  await using issuer = await startIssuer()
  const { tried, clock } = keysOf(issuer)
  const token = await issuer.token()
  expect(new Set(await Promise.all(Array.from({ length: 20 }, () => tried(token))))).toEqual(new Set(['alice']))
  clock.ms = 59 * MINUTE_MS
  expect(await tried(token)).toBe('alice')
  expect(rounds(issuer)).toBe(1)
})

test('AU-22 a new key of the issuer is found at once, and one that it has withdrawn ends with the next look', async () => {
  await using issuer = await startIssuer()
  const { tried, clock } = keysOf(issuer)
  const old = await issuer.token()
  expect(await tried(old)).toBe('alice')
  await issuer.rotate()
  clock.ms = MINUTE_MS
  expect(await tried(await issuer.token())).toBe('alice')
  expect(rounds(issuer)).toBe(2)
  issuer.keySet = { keys: [issuer.jwk] }
  clock.ms = 2 * MINUTE_MS
  expect(await tried(await issuer.token({ header: { kid: 'unheard-of' } }))).toBe('ERR_JWKS_NO_MATCHING_KEY')
  expect(await tried(old)).toBe('ERR_JWKS_NO_MATCHING_KEY')
})

test('AU-22 tokens that name keys nobody has do not make us ask the issuer for each of them', async () => {
  await using issuer = await startIssuer()
  const { tried, clock } = keysOf(issuer)
  expect(await tried(await issuer.token())).toBe('alice')
  for (let n = 0; n < 50; n++) {
    clock.ms += 1_000
    expect(await tried(await issuer.token({ header: { kid: `kid-${n}` } }))).toBe('ERR_JWKS_NO_MATCHING_KEY')
  }
  expect(rounds(issuer)).toBeLessThanOrEqual(3)
})

test('while the issuer is away, keys count for a while; then nobody is let in, and the issuer is not asked each time', async () => {
  await using issuer = await startIssuer()
  const { tried, clock, complaints } = keysOf(issuer)
  const token = await issuer.token()
  expect(await tried(token)).toBe('alice')
  issuer.instead = { status: 503 }
  clock.ms = 239 * MINUTE_MS
  expect(await tried(token)).toBe('alice')
  // Nobody waited for that try to fetch them again.
  await vi.waitFor(() => expect(complaints).toHaveLength(1))
  clock.ms = 241 * MINUTE_MS
  expect(await tried(token)).toBe('away')
  const asked = issuer.requests.length
  for (let n = 0; n < 20; n++) expect(await tried(token)).toBe('away')
  expect(issuer.requests).toHaveLength(asked)
  expect(complaints.at(-1)).toContain('503')
  issuer.instead = undefined
  clock.ms += 6_000
  expect(await tried(token)).toBe('alice')
})

test.each<[what: string, spoil: (issuer: TestIssuer) => void, complaint: string]>([
  [
    'redirects',
    (issuer) => (issuer.instead = { status: 302, headers: { location: `${issuer.url}/keys` } }),
    'redirect',
  ],
  [
    'says that it is another one',
    (issuer) => (issuer.discovery['issuer'] = 'https://login.example.com'),
    'calls itself',
  ],
  [
    'keeps its keys in the clear',
    (issuer) => (issuer.discovery['jwks_uri'] = 'http://192.0.2.1/keys'),
    'no https address',
  ],
  ['keeps its keys in a file', (issuer) => (issuer.discovery['jwks_uri'] = 'file:///etc/passwd'), 'no https address'],
  ['names no place for keys', (issuer) => (issuer.discovery['jwks_uri'] = undefined), 'jwks_uri'],
  ['says too much', (issuer) => (issuer.instead = { status: 200, body: ' '.repeat(300_000) }), 'too much'],
  ['says something else', (issuer) => (issuer.instead = { status: 200, body: '<html/>' }), 'JSON'],
  ['has endless keys', (issuer) => (issuer.keySet = { keys: Array.from({ length: 101 }, () => issuer.jwk) }), 'keys'],
])('AU-22 an issuer that %s is none', async (_what, spoil, complaint) => {
  await using issuer = await startIssuer()
  const { tried, complaints } = keysOf(issuer)
  const token = await issuer.token()
  spoil(issuer)
  expect(await tried(token)).toBe('away')
  expect(complaints.join()).toContain(complaint)
})

test('AU-22 among its keys, shared secrets and keys to encrypt with check nothing', async () => {
  await using issuer = await startIssuer()
  const { tried } = keysOf(issuer)
  const secret = Buffer.alloc(32, 'x')
  issuer.keySet = {
    keys: [
      { kty: 'oct', k: secret.toString('base64url'), kid: 'shared', alg: 'HS256' },
      { ...issuer.jwk, use: 'enc' },
    ],
  }
  const forged = await issuer.token({ header: { alg: 'HS256', kid: 'shared' }, key: new Uint8Array(secret) })
  expect(await tried(forged)).toBe('ERR_JOSE_NOT_SUPPORTED')
  expect(await tried(await issuer.token())).toBe('ERR_JWKS_NO_MATCHING_KEY')
})
