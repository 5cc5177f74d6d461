import { createLocalJWKSet, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { beforeAll, expect, test } from 'vitest'
import { TokenRefused, verifyAccessToken } from './access-token.ts'
import type { TokenChecks, TokenFault } from './access-token.ts'
import { oidcConfig } from './oidc.config.ts'

const ISSUER = 'https://login.example.com/realms/staff'
const NOW = new Date('2026-03-01T12:00:00Z')

type Keys = Awaited<ReturnType<typeof generateKeyPair>>
let keys: Keys
let small: TokenChecks['keys']

beforeAll(async () => {
  keys = await generateKeyPair('RS256', { extractable: true })
  small = createLocalJWKSet({ keys: [{ ...(await exportJWK(keys.publicKey)), alg: 'RS256' }] })
})

function checks(settings: Readonly<Record<string, unknown>> = {}): TokenChecks {
  const config = oidcConfig.parse({ issuer: ISSUER, audiences: ['xmpp:example.com'], ...settings })
  return { config: { ...config, issuer: ISSUER }, keys: small, now: () => NOW }
}

async function token(claims: Readonly<Record<string, unknown>> = {}, header: object = {}): Promise<string> {
  const at = NOW.getTime() / 1_000
  const scope = 'xmpp:client:normal'
  const good = {
    iss: ISSUER,
    aud: 'xmpp:example.com',
    sub: 's',
    preferred_username: 'alice',
    scope,
    iat: at,
    exp: at + 60,
  }
  return new SignJWT({ ...good, ...claims }).setProtectedHeader({ alg: 'RS256', ...header }).sign(keys.privateKey)
}

async function faultOf(text: string, settings?: Readonly<Record<string, unknown>>): Promise<TokenFault | undefined> {
  try {
    await verifyAccessToken(text, checks(settings))
    return undefined
  } catch (error) {
    if (error instanceof TokenRefused) return error.fault
    throw error
  }
}

test('what a good token says is its subject, the name of the account, and from when until when', async () => {
  expect(await verifyAccessToken(await token(), checks())).toEqual({
    subject: 's',
    name: 'alice',
    issuedAt: NOW,
    expiresAt: new Date('2026-03-01T12:01:00Z'),
  })
})

test.each<[claims: object, header: object, fault: TokenFault | undefined]>([
  [{ aud: ['https://files.example.com', 'xmpp:example.com'] }, {}, undefined],
  [{ aud: ['https://files.example.com'] }, {}, 'audience'],
  [{ iss: 'https://login.example.com/realms/guests' }, {}, 'issuer'],
  [{ exp: NOW.getTime() / 1_000 - 61 }, {}, 'expired'],
  [{ exp: 'tomorrow' }, {}, 'claim'],
  [{ iat: NOW.getTime() / 1_000 + 61 }, {}, 'not-yet'],
  [{ nbf: NOW.getTime() / 1_000 + 61 }, {}, 'not-yet'],
  [{ scope: 'openid' }, {}, 'scope'],
  [{}, { typ: 'dpop+jwt' }, 'type'],
  [{}, { typ: 'JWT' }, undefined],
  [{ typ: 'Bearer' }, {}, undefined],
  [{ typ: 'ID' }, {}, 'type'],
  [{ cnf: {} }, {}, 'bound'],
  [{ sub: 's\0' }, {}, 'claim'],
  [{ preferred_username: '' }, {}, 'claim'],
  [{ exp: 1e300, iat: 1 }, {}, 'claim'],
])('AU-22 with claims %j and header %j a token is refused for: %s', async (claims, header, fault) => {
  expect(await faultOf(await token({ ...claims }, header))).toBe(fault)
})

test('AU-22 only the clients that are named may have asked for a token, however their issuer writes that', async () => {
  const settings = { clients: ['app', 'web'] }
  expect(await faultOf(await token({ azp: 'app' }), settings)).toBeUndefined()
  expect(await faultOf(await token({ client_id: 'web' }), settings)).toBeUndefined()
  expect(await faultOf(await token({ appid: 'web' }), settings)).toBeUndefined()
  expect(await faultOf(await token({ azp: 'other', client_id: 'app' }), settings)).toBe('client')
  expect(await faultOf(await token({ azp: ['app'] }), settings)).toBe('client')
  expect(await faultOf(await token(), settings)).toBe('client')
})

test('AU-22 an algorithm that is not among those that count is refused, and so is what is no token at all', async () => {
  expect(await faultOf(await token(), { algorithms: ['ES256'] })).toBe('algorithm')
  expect(await faultOf('a.b.c')).toBe('malformed')
  expect(await faultOf('x'.repeat(40_000))).toBe('malformed')
})

test('AU-22 a token without kid is checked with the only key there is, and with none where there are several', async () => {
  const other = await generateKeyPair('RS256', { extractable: true })
  const jwks = await Promise.all(
    [keys, other].map(async ({ publicKey }) => ({ ...(await exportJWK(publicKey)), alg: 'RS256' })),
  )
  await expect(
    verifyAccessToken(await token(), { ...checks(), keys: createLocalJWKSet({ keys: jwks }) }),
  ).rejects.toThrow(expect.objectContaining({ fault: 'key' }))
})

test.each<[what: string, settings: object]>([
  ['without an audience', { audiences: '' }],
  ['with a shared secret', { algorithms: 'HS256' }],
  ['without signatures', { algorithms: 'RS256,none' }],
  ['by e-mail, which proves nothing', { accountClaim: 'email' }],
  ['with a question in its address', { issuer: `${ISSUER}?a=b` }],
  ['with a password in its address', { issuer: 'https://a:b@login.example.com' }],
  ['in another scheme', { issuer: 'ftp://login.example.com' }],
])('settings of an issuer %s are refused', (_what, settings) => {
  expect(oidcConfig.safeParse({ issuer: ISSUER, audiences: 'a', ...settings }).success).toBe(false)
})
