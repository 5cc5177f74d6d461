import { openDatabase } from '@drawbridge/db'
import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { oidcSettings, startIssuer } from './issuer.ts'
import type { TestIssuer, TokenTwist } from './issuer.ts'
import { dialTls } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import {
  ANSWER2,
  authenticate,
  bearer,
  bearer2,
  bind2,
  conditionIn,
  decoded,
  ENABLE_SM,
  jidIn,
  plain2,
  response2,
  scram2,
} from './sasl2.ts'
import {
  auth,
  bindRequest,
  errorOf,
  FEATURES,
  header,
  open,
  openTls,
  OUTCOME,
  PING,
  PONG,
  response,
  textOf,
} from './sign-in.ts'

// RFC 7628 and XEP-0493, and threats AU-03, AU-22 and AU-23 of access tokens.

let issuer: TestIssuer
let server: RunningServer

beforeAll(async () => {
  issuer = await startIssuer()
  server = await runServer({ oidc: oidcSettings(issuer) })
  await Promise.all(['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace'].map((name) => server.account(name)))
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

const overTls = () => openTls(server.c2sTlsPort)

/** A token of somebody whose subject is as plain as the name. */
const tokenOf = (name: string, { claims, ...twist }: TokenTwist = {}) =>
  issuer.token({ ...twist, claims: { sub: `subject-of-${name}`, preferred_username: name, ...claims } })

/** One try with a token on a connection of its own: the condition of the failure, or `success`. */
async function tried(token: string, inside = '', gs2?: string): Promise<string> {
  const line = await overTls()
  const outcome = await bearer2(line, token, inside, gs2)
  line.destroy()
  return outcome.includes('<success') ? 'success' : String(conditionIn(outcome))
}

/** What the server says of a token that it does not take (RFC 7628 §3.2.2). */
async function objection(token: string): Promise<unknown> {
  const line = await overTls()
  line.send(authenticate('OAUTHBEARER', token === '' ? 'n,,\x01auth=\x01\x01' : bearer(token)))
  const said: unknown = JSON.parse(decoded(await line.until(ANSWER2), 'challenge'))
  line.send(response2('\x01'))
  expect(conditionIn(await line.until(ANSWER2))).toBe('not-authorized')
  line.destroy()
  return said
}

const discovery = () => `${issuer.url}/.well-known/openid-configuration`

describe('RFC 7628 §3 OAUTHBEARER', () => {
  test('RFC 7628 §3.1, XEP-0493 §2.3: over SASL2 a token signs in and binds in one round trip', async () => {
    const line = await overTls()
    const outcome = await bearer2(line, await tokenOf('alice'), bind2('Test', ENABLE_SM))
    expect(jidIn(outcome)).toMatch(/^alice@im.test\/Test\//)
    expect(outcome).toMatch(/<bound .*<enabled /)
    await line.until(FEATURES)
    line.send(PING)
    await line.until(PONG)
    line.destroy()
  })

  test('RFC 7628 §3.1: over classic SASL it signs in as well', async () => {
    const line = await overTls()
    line.send(auth('OAUTHBEARER', bearer(await tokenOf('alice'))))
    expect(await line.until(OUTCOME)).toBe('<success xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>')
    await open(line)
    line.send(bindRequest('classic'))
    await line.until(/alice@im.test\/classic/)
    line.destroy()
  })

  test('RFC 7628 §3.2.2: a token that is refused is answered with where to get one, and then the exchange fails', async () => {
    const said = { status: 'invalid_token', scope: 'xmpp:client:normal', 'openid-configuration': discovery() }
    expect(await objection('no-token-at-all')).toEqual(said)
    const line = await overTls()
    line.send(auth('OAUTHBEARER', bearer('no-token-at-all')))
    expect(JSON.parse(textOf(await line.until(OUTCOME)))).toEqual(said)
    line.send(response('\x01'))
    // Whoever reads it is told what to do.
    expect(await line.until(OUTCOME)).toMatch(/<failure [^>]*><not-authorized\/><text xml:lang="en">[^<]*sign in again/)
    // It was no guess, and the stream goes on.
    line.send(auth('OAUTHBEARER', bearer(await tokenOf('alice'))))
    expect(await line.until(OUTCOME)).toContain('<success')
    line.destroy()
  })

  test('XEP-0493 §2.3.1: who has no token yet asks with an empty one, and is told where to get one', async () => {
    expect(await objection('')).toMatchObject({ 'openid-configuration': discovery() })
    const document: unknown = await (await fetch(discovery())).json()
    expect(document).toMatchObject({ issuer: issuer.url })
  })

  test('RFC 7628 §3.2.3: whatever a client says to the objection, the exchange has failed', async () => {
    for (const last of ['\x01', '', bearer(await tokenOf('alice'))]) {
      const line = await overTls()
      line.send(authenticate('OAUTHBEARER', bearer('nothing')))
      await line.until(ANSWER2)
      line.send(response2(last))
      expect(conditionIn(await line.until(ANSWER2))).toBe('not-authorized')
      line.destroy()
    }
  })

  test('RFC 7628 §3.1: a client that is asked for its first message sends it then', async () => {
    const line = await overTls()
    line.send(authenticate('OAUTHBEARER', undefined))
    expect(await line.until(ANSWER2)).toBe('<challenge xmlns="urn:xmpp:sasl:2"/>')
    line.send(response2(bearer(await tokenOf('alice'))))
    expect(jidIn(await line.until(ANSWER2))).toBe('alice@im.test')
    line.destroy()
  })

  test.each([
    ['without a header', 'auth=Bearer TOKEN\x01\x01'],
    ['with channel binding, which it has none of', 'p=tls-exporter,,\x01auth=Bearer TOKEN\x01\x01'],
    ['with `y`', 'y,,\x01auth=Bearer TOKEN\x01\x01'],
    ['without its end', 'n,,\x01auth=Bearer TOKEN\x01'],
    ['with something behind its end', 'n,,\x01auth=Bearer TOKEN\x01\x01x\x01\x01'],
    ['without `auth`', 'n,,\x01host=im.test\x01\x01'],
    ['with `auth` twice', 'n,,\x01auth=Bearer TOKEN\x01auth=Bearer TOKEN\x01\x01'],
    ['with another scheme', 'n,,\x01auth=Basic TOKEN\x01\x01'],
    ['with a space in the token', 'n,,\x01auth=Bearer TOKEN TOKEN\x01\x01'],
    ['with a name that is none', 'n,a=al=ice,\x01auth=Bearer TOKEN\x01\x01'],
  ])('RFC 7628 §3.1: a first message %s is malformed', async (_what, message) => {
    const line = await overTls()
    line.send(authenticate('OAUTHBEARER', message.replaceAll('TOKEN', await tokenOf('alice'))))
    expect(conditionIn(await line.until(ANSWER2))).toBe('malformed-request')
    line.destroy()
  })

  test('RFC 7628 §3.1: host and port, and keys that nobody knows, do no harm', async () => {
    const line = await overTls()
    const token = await tokenOf('alice')
    line.send(
      authenticate(
        'OAUTHBEARER',
        `n,a=alice@im.test,\x01host=im.test\x01port=5222\x01auth=bearer ${token}\x01x=\x01\x01`,
      ),
    )
    expect(jidIn(await line.until(ANSWER2))).toBe('alice@im.test')
    line.destroy()
  })

  test('AU-13 XEP-0474 §6.1: OAUTHBEARER stands behind SCRAM, and who takes it off the list is found out', async () => {
    const line = await dialTls(server.c2sTlsPort)
    const features = await open(line)
    const mechanisms = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'OAUTHBEARER', 'PLAIN']
    expect(features).toContain(mechanisms.map((name) => `<mechanism>${name}</mechanism>`).join(''))
    const bindings = ['tls-exporter', 'tls-server-end-point']
    expect(await scram2(line, 'alice', { offered: [mechanisms, bindings] })).toContain('<success')
    line.destroy()
    const without = await overTls()
    const stripped = mechanisms.filter((name) => name !== 'OAUTHBEARER')
    await expect(scram2(without, 'alice', { offered: [stripped, bindings] })).rejects.toThrow('the offer')
    without.destroy()
  })
})

describe('AU-03 oauth-authzid', () => {
  test.each([
    ['somebody else', 'bob@im.test', 'invalid-authzid'],
    ['somebody elsewhere', 'alice@other.test', 'invalid-authzid'],
    ['one of the own devices', 'alice@im.test/phone', 'invalid-authzid'],
    ['oneself', 'alice@im.test', 'success'],
  ])('AU-03 with the own token, acting for %s', async (_what, authzid, outcome) => {
    expect(await tried(await tokenOf('alice'), '', `n,a=${authzid},`)).toBe(outcome)
  })

  test('AU-03 XEP-0388 §3.4: whom the stream was opened for is whom one may act for', async () => {
    const line = await dialTls(server.c2sTlsPort)
    line.send(header('tcp').replace(" to='", " from='bob@im.test' to='"))
    await line.until(FEATURES)
    expect(conditionIn(await bearer2(line, await tokenOf('alice'), '', 'n,a=alice@im.test,'))).toBe('invalid-authzid')
    line.destroy()
  })
})

describe('AU-22 oauth', () => {
  const seconds = (from: number) => Math.floor(Date.now() / 1_000) + from
  const asBytes = (text: string) => new TextEncoder().encode(text)

  test.each<[what: string, twist: () => TokenTwist | Promise<TokenTwist>]>([
    ['expired', () => ({ claims: { exp: seconds(-61) } })],
    ['without an end', () => ({ claims: { exp: undefined } })],
    ['not valid yet', () => ({ claims: { nbf: seconds(120) } })],
    ['issued in the future', () => ({ claims: { iat: seconds(120) } })],
    ['without a beginning', () => ({ claims: { iat: undefined } })],
    ['made out to another service', () => ({ claims: { aud: 'https://files.example.com' } })],
    ['made out to nobody', () => ({ claims: { aud: undefined } })],
    ['of another issuer', () => ({ claims: { iss: 'https://login.example.com' } })],
    ['of the issuer with another spelling', () => ({ claims: { iss: `${issuer.url}/` } })],
    ['of an issuer that is an object', () => ({ claims: { iss: { [issuer.url]: true } } })],
    [
      'signed with the public key as a secret (HS256)',
      () => ({
        header: { alg: 'HS256' },
        key: asBytes(JSON.stringify(issuer.jwk)),
      }),
    ],
    ['signed by somebody else', async () => ({ key: (await generateKeyPair('ES256')).privateKey })],
    [
      'signed with an algorithm that is not allowed',
      async () => ({
        header: { alg: 'ES384' },
        key: (await generateKeyPair('ES384')).privateKey,
      }),
    ],
    ['whose kid is a path', () => ({ header: { kid: '../../../../dev/null' } })],
    ['whose kid is an address', () => ({ header: { kid: 'https://evil.example.com/keys' } })],
    ['whose kid is a statement', () => ({ header: { kid: "' union select 1 --" } })],
    ['whose kid the issuer has never had', () => ({ header: { kid: 'key-0' } })],
    [
      'that brings its own key (jwk)',
      async () => {
        const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
        return { header: { kid: 'mine', jwk: await exportJWK(publicKey) }, key: privateKey }
      },
    ],
    [
      'that says where its keys are (jku, x5u)',
      async () => ({
        header: { kid: 'mine', jku: `${issuer.url}/evil-keys`, x5u: `${issuer.url}/evil-keys` },
        key: (await generateKeyPair('ES256')).privateKey,
      }),
    ],
    ['that wants something understood (crit)', () => ({ header: { crit: ['urn:example:new'], 'urn:example:new': 1 } })],
    ['that is a logout token', () => ({ header: { typ: 'logout+jwt' } })],
    ['that is an ID token', () => ({ claims: { typ: 'ID' } })],
    ['that is a refresh token', () => ({ claims: { typ: 'Refresh' } })],
    ['that only the holder of a key may use', () => ({ claims: { cnf: { jkt: 'a-thumbprint' } } })],
    ['without subject', () => ({ claims: { sub: undefined } })],
    ['whose subject is a number', () => ({ claims: { sub: 42 } })],
    ['whose subject is endless', () => ({ claims: { sub: 'x'.repeat(256) } })],
    ['that names no account', () => ({ claims: { preferred_username: undefined } })],
    ['that names several accounts', () => ({ claims: { preferred_username: ['alice', 'bob'] } })],
  ])('AU-22 a token %s is no token', async (_what, twist) => {
    const token = await issuer.token(await twist())
    expect(await objection(token)).toMatchObject({ status: 'invalid_token' })
    expect(issuer.requests).not.toContain('/evil-keys')
  })

  test('AU-22 a token without a signature (alg none) is no token', async () => {
    const [, payload] = (await tokenOf('alice')).split('.')
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
    for (const alg of ['none', 'None', 'NONE', ''])
      expect(await objection(`${encode({ alg, typ: 'at+jwt' })}.${payload}.`)).toMatchObject({
        status: 'invalid_token',
      })
  })

  test('AU-22 a token in which anything was changed is no token', async () => {
    const token = await tokenOf('alice')
    const [head = '', payload = '', signature = ''] = token.split('.')
    const flipped = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object
    const bobs = Buffer.from(JSON.stringify({ ...claims, sub: 'subject-of-bob' })).toString('base64url')
    for (const changed of [
      [head, bobs, signature],
      [head, payload, flipped(signature)],
      [head, payload, ''],
      [head, payload],
      [head, payload, signature, signature, signature],
    ])
      expect(await objection(changed.join('.'))).toMatchObject({ status: 'invalid_token' })
    expect(await tried(token)).toBe('success')
  })

  test('AU-22 the clocks may be apart by a minute (threats §3.7, CL-08)', async () => {
    expect(await tried(await tokenOf('alice', { claims: { exp: seconds(-30) } }))).toBe('success')
    expect(await tried(await tokenOf('alice', { claims: { nbf: seconds(30), iat: seconds(30) } }))).toBe('success')
  })

  test('AU-22 RFC 6750 §3.1: a token without the scope is told which one it lacks', async () => {
    const wanted = { status: 'insufficient_scope', scope: 'xmpp:client:normal' }
    for (const scope of ['openid', 'xmpp:client:normalised', undefined, 7])
      expect(await objection(await tokenOf('alice', { claims: { scope } }))).toMatchObject(wanted)
    const list = { scope: undefined, scp: ['openid', 'xmpp:client:normal'] }
    expect(await tried(await tokenOf('alice', { claims: list }))).toBe('success')
  })

  test('AU-22 an oversized token ends the stream before anybody looks at it', async () => {
    const line = await overTls()
    line.send(authenticate('OAUTHBEARER', bearer(await tokenOf('alice', { claims: { groups: 'x'.repeat(20_000) } }))))
    expect(await errorOf(line)).toBe('policy-violation')
  })

  test('AU-22 foreign sub: a name alone opens nobody’s account, once it is known whose it is', async () => {
    expect(await tried(await tokenOf('bob'))).toBe('success')
    // Somebody was given the name of bob at the issuer, or gave it to himself.
    const other = await issuer.token({ claims: { sub: 'subject-of-mallory', preferred_username: 'bob' } })
    const line = await overTls()
    const outcome = await bearer2(line, other)
    expect(conditionIn(outcome)).toBe('not-authorized')
    expect(outcome).toMatch(/<text xml:lang="en">[^<]*belongs to somebody else/)
    line.destroy()
    // Whoever is called otherwise at the issuer now still has his account, and no other one.
    const renamed = await issuer.token({ claims: { sub: 'subject-of-bob', preferred_username: 'carol' } })
    const bobs = await overTls()
    expect(jidIn(await bearer2(bobs, renamed))).toBe('bob@im.test')
    bobs.destroy()
  })

  test('AU-22 the subject of another issuer is somebody else', async () => {
    await using database = openDatabase(server.databaseUrl)
    const linked = await database.pool.query(
      `select issuer, subject from account_identity where subject = 'subject-of-bob'`,
    )
    expect(linked.rows).toEqual([{ issuer: issuer.url, subject: 'subject-of-bob' }])
  })

  test.each([
    ['nobody-here', 'no account'],
    ['alice@other.test', 'no account'],
    ['alice@im.test/phone', 'no account'],
    ['\u0000', 'no account'],
  ])('AU-22 a token for %j opens no account, and says so', async (name, sentence) => {
    const line = await overTls()
    const outcome = await bearer2(
      line,
      await issuer.token({ claims: { sub: 'subject-of-nobody', preferred_username: name } }),
    )
    expect(conditionIn(outcome)).toBe('not-authorized')
    expect(outcome).toContain(sentence)
    line.destroy()
  })

  test('the sentence is in the language of the stream', async () => {
    const line = await dialTls(server.c2sTlsPort)
    line.send(header('tcp').replace(" to='", " xml:lang='de' to='"))
    await line.until(FEATURES)
    const outcome = await bearer2(line, await issuer.token({ claims: { sub: 'x', preferred_username: 'nobody-here' } }))
    expect(outcome).toMatch(/<text xml:lang="de">[^<]*kein Konto/)
    line.destroy()
  })

  test('AU-22 nobody becomes an administrator by a name at the issuer', async () => {
    await server.admin('POST', '/api/v1/accounts', { name: 'root', password: 'root-password', isAdmin: true })
    expect(await tried(await tokenOf('root'))).toBe('not-authorized')
  })

  test('AU-22, AU-15 a token is no guess: wrong passwords from an address do not keep tokens out', async () => {
    await using other = await runServer({ oidc: oidcSettings(issuer), stream: { freeSignInFailures: 1 } })
    await other.account('alice')
    for (let n = 0; n < 12; n++) {
      const line = await openTls(other.c2sTlsPort)
      line.send(plain2('alice', 'wrong-password'))
      await line.until(ANSWER2)
      line.destroy()
    }
    const slowed = await openTls(other.c2sTlsPort)
    expect(conditionIn(await scram2(slowed, 'alice'))).toBe('temporary-auth-failure')
    slowed.destroy()
    const line = await openTls(other.c2sTlsPort)
    expect(await bearer2(line, await tokenOf('alice'))).toContain('<success')
    line.destroy()
  })
})

test('control §7.2 OAUTHBEARER: a client that is too old is refused in the failure itself, whatever its token says', async () => {
  await using other = await runServer({ oidc: oidcSettings(issuer) })
  await other.account('alice')
  const rule = {
    family: 'drawbridge-web',
    below: '2.0.0',
    action: 'block',
    preset: 'now',
    url: 'https://im.test/update',
  }
  expect((await other.admin('POST', '/api/v1/client-rules', rule)).status).toBe(201)
  const own = (version: string) =>
    `<client xmlns='urn:drawbridge:client:1' name='drawbridge-web' version='${version}'/>${bind2('Web')}`
  const line = await openTls(other.c2sTlsPort)
  const outcome = await bearer2(line, await tokenOf('alice'), own('1.0.0'))
  expect(conditionIn(outcome)).toBe('aborted')
  expect(outcome).toContain('<client-blocked xmlns="urn:drawbridge:client:1"')
  // Who has no token learns nothing of rules.
  expect(await bearer2(line, 'no-token', own('1.0.0'))).not.toContain('client-blocked')
  expect(await bearer2(line, await tokenOf('alice'), own('2.0.0'))).toContain('<bound')
  line.destroy()
})

test('RFC 7628 §5: without TLS, or without an issuer, nobody is asked for a token', async () => {
  // Offered without asking the issuer anything.
  const oidc = { issuer: 'https://login.example.com/realms/staff', audiences: ['xmpp:im.test'] }
  await using other = await runServer({ allowPlaintext: false, oidc })
  const clear = await other.tcp()
  expect(await open(clear)).not.toContain('OAUTHBEARER')
  clear.send(authenticate('OAUTHBEARER', bearer('x')))
  expect(conditionIn(await clear.until(ANSWER2))).toBe('encryption-required')
  const web = await other.webSocket()
  expect(await open(web)).not.toContain('OAUTHBEARER')
  web.send(authenticate('OAUTHBEARER', bearer('x')))
  expect(conditionIn(await web.until(ANSWER2))).toBe('invalid-mechanism')
  const tls = await dialTls(other.c2sTlsPort)
  expect(await open(tls)).toContain('<mechanism>OAUTHBEARER</mechanism>')
  for (const line of [clear, web, tls]) line.destroy()
})

test('nothing of ours has failed', () => {
  expect(server.complaints).toEqual([])
})
