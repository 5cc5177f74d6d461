import { openDatabase } from '@drawbridge/db'
import { generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { oidcSettings, startIssuer } from './issuer.ts'
import type { TestIssuer, TokenTwist } from './issuer.ts'
import type { TcpLine } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import {
  bearer2,
  bind2,
  conditionIn,
  ENABLE_SM,
  jidIn,
  requestToken,
  scram2,
  tokenIn,
  tokenSignIn,
  userAgent,
} from './sasl2.ts'
import { errorOf, FEATURES, openTls, PING, PONG, scram } from './sign-in.ts'

// Threats AU-23: how what began with an access token ends.

const HT = 'HT-SHA-256-NONE'

let issuer: TestIssuer
let server: RunningServer
/** Where a sign-in is over with its token. */
let strict: RunningServer

beforeAll(async () => {
  issuer = await startIssuer()
  const oidc = oidcSettings(issuer)
  server = await runServer({ oidc, components: { port: 0, secrets: 'apps:a-secret-of-a-component' } })
  strict = await runServer({ oidc: { ...oidc, signInLifetimeMs: 0, clockSkewMs: 0 } })
  await Promise.all(
    ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'].map((name) => server.account(name)),
  )
  await Promise.all(['alice', 'bob', 'carol'].map((name) => strict.account(name)))
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await strict[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

const seconds = (from: number) => Math.floor(Date.now() / 1_000) + from
const tokenOf = (name: string, { claims }: TokenTwist = {}) =>
  issuer.token({ claims: { sub: `subject-of-${name}`, preferred_username: name, ...claims } })

interface SignedIn {
  readonly line: TcpLine
  readonly outcome: string
}

async function signedIn(at: RunningServer, token: string, inside: string): Promise<SignedIn> {
  const line = await openTls(at.c2sTlsPort)
  const outcome = await bearer2(line, token, inside)
  if (outcome.includes('<bound')) await line.until(FEATURES)
  return { line, outcome }
}

async function tried(at: RunningServer, token: string, inside = ''): Promise<string> {
  const { line, outcome } = await signedIn(at, token, inside)
  line.destroy()
  return outcome.includes('<success') ? 'success' : String(conditionIn(outcome))
}

/** One try with a FAST token: the condition of the failure, or the server's last word. */
async function triedFast(at: RunningServer, name: string, token: string | undefined, agent: string): Promise<string> {
  const line = await openTls(at.c2sTlsPort)
  const outcome = await tokenSignIn(line, { name, token: String(token), agent })
  line.destroy()
  return conditionIn(outcome) ?? outcome
}

async function query(at: RunningServer, sql: string): Promise<Record<string, unknown>[]> {
  await using database = openDatabase(at.databaseUrl)
  return (await database.pool.query<Record<string, unknown>>(sql)).rows
}

describe('AU-23 what an administrator ends', () => {
  test('AU-23 disabling an account ends its sessions, its FAST tokens, and every token from before', async () => {
    const token = await tokenOf('alice')
    const { line, outcome } = await signedIn(server, token, userAgent('a') + requestToken(HT) + bind2('Test'))
    const fast = tokenIn(outcome)
    await server.admin('POST', '/api/v1/accounts/alice/disable')
    expect(await errorOf(line)).toBe('not-authorized')
    // Another token would not help: whenever it is from.
    for (const shown of [token, await tokenOf('alice', { claims: { iat: seconds(2) } })]) {
      const refused = await signedIn(server, shown, '')
      expect(conditionIn(refused.outcome)).toBe('account-disabled')
      expect(refused.outcome).toMatch(/<text xml:lang="en">This account is disabled/)
      refused.line.destroy()
    }
    await server.admin('POST', '/api/v1/accounts/alice/enable')
    // Whoever has kept a copy of what was good before has nothing.
    expect(await tried(server, token)).toBe('not-authorized')
    expect(await triedFast(server, 'alice', fast, 'a')).toBe('credentials-expired')
    expect(await tried(server, await tokenOf('alice', { claims: { iat: seconds(2) } }))).toBe('success')
  })

  test('AU-23 another password ends sessions and tokens that came of the issuer as well', async () => {
    const token = await tokenOf('bob')
    const { line } = await signedIn(server, token, bind2('Test'))
    await server.admin('PUT', '/api/v1/accounts/bob/password', { password: 'quite-another-one' })
    expect(await errorOf(line)).toBe('reset')
    expect(await tried(server, token)).toBe('not-authorized')
  })

  test('AU-23 XEP-0494 §3.2: a client is listed as one with a grant; revoked, it needs another token', async () => {
    const token = await tokenOf('carol')
    const lost = await signedIn(server, token, userAgent('lost') + requestToken(HT) + bind2('Lost'))
    const mine = await signedIn(server, await tokenOf('carol'), userAgent('mine') + bind2('Mine'))
    mine.line.send(`<iq type='get' id='list'><list xmlns='urn:xmpp:cam:0'/></iq>`)
    const listed = await mine.line.until(/<iq [^>]*id="list".*?<\/iq>/s)
    const clients = listed.split('<client ').filter((text) => text.includes('<auth'))
    expect(clients).toHaveLength(2)
    for (const client of clients) expect(client).toMatch(/<auth><grant\/>/)
    const id = /connected="true" id="([^"]+)"(?:(?!<client ).)*<fast\/>/s.exec(listed)?.[1]
    mine.line.send(`<iq type='set' id='revoke'><revoke xmlns='urn:xmpp:cam:0' id='${id}'/></iq>`)
    await mine.line.until(/<iq [^>]*type="result"[^>]*id="revoke"|<iq [^>]*id="revoke"[^>]*type="result"/)
    expect(await errorOf(lost.line)).toBe('reset')
    expect(await tried(server, token, userAgent('lost'))).toBe('not-authorized')
    expect(await triedFast(server, 'carol', tokenIn(lost.outcome), 'lost')).toBe('credentials-expired')
    // The one that revoked it goes on.
    mine.line.send(PING)
    await mine.line.until(PONG)
    mine.line.destroy()
  })
})

describe('who an account is at the issuer', () => {
  const say = (name: string, subject: string | null) =>
    server.admin('PUT', `/api/v1/accounts/${name}/identities`, { issuer: issuer.url, subject })

  test('AU-22 an administrator signs in by token only after another one has said who that is at the issuer', async () => {
    await server.admin('POST', '/api/v1/accounts', { name: 'root', password: 'root-password', isAdmin: true })
    expect(await tried(server, await tokenOf('root'))).toBe('not-authorized')
    expect((await say('root', 'subject-of-root')).status).toBe(200)
    expect(await tried(server, await tokenOf('root'))).toBe('success')
    // The name does not count any more.
    expect(await tried(server, await tokenOf('root', { claims: { preferred_username: 'somebody' } }))).toBe('success')
  })

  test('AU-23 whoever is not that person any more is out, and the next one is in', async () => {
    const { line, outcome } = await signedIn(
      server,
      await tokenOf('erin'),
      userAgent('e') + requestToken(HT) + bind2('Test'),
    )
    const before = await server.admin('GET', '/api/v1/accounts/erin/identities')
    expect(before.body).toMatchObject({ identities: [{ issuer: issuer.url, subject: 'subject-of-erin' }] })
    expect((await say('erin', 'subject-of-her-successor')).status).toBe(200)
    expect(await errorOf(line)).toBe('reset')
    expect(await triedFast(server, 'erin', tokenIn(outcome), 'e')).toBe('credentials-expired')
    expect(await tried(server, await tokenOf('erin', { claims: { iat: seconds(2) } }))).toBe('not-authorized')
    const next = { sub: 'subject-of-her-successor', preferred_username: 'erin', iat: seconds(2) }
    expect(await tried(server, await issuer.token({ claims: next }))).toBe('success')
    // One person has one account.
    expect(await say('carol', 'subject-of-her-successor')).toMatchObject({
      status: 409,
      body: { code: 'identity-taken' },
    })
    const latest = await issuer.token({ claims: { ...next, iat: seconds(0) } })
    expect(await say('erin', null)).toMatchObject({ status: 200, body: { identities: [] } })
    // Nobody links herself anew by a token from before.
    expect(await tried(server, latest)).toBe('not-authorized')
    expect((await say('carol', 'subject-of-her-successor')).status).toBe(200)
    const actions = await query(
      server,
      `select action, detail->>'subject' as subject from audit where target = 'erin@im.test' and action like '%link-identity' order by seq`,
    )
    expect(actions).toEqual([
      { action: 'link-identity', subject: 'subject-of-erin' },
      { action: 'link-identity', subject: 'subject-of-her-successor' },
      { action: 'unlink-identity', subject: null },
    ])
  })
})

describe('AU-23 OpenID Connect Back-Channel Logout §2', () => {
  const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
  const logoutToken = (name: string, { claims, ...twist }: TokenTwist = {}) =>
    issuer.token({
      header: { typ: 'logout+jwt' },
      ...twist,
      claims: {
        sub: `subject-of-${name}`,
        scope: undefined,
        preferred_username: undefined,
        jti: 'once',
        events: { [EVENT]: {} },
        ...claims,
      },
    })
  const post = async (body: string | URLSearchParams, method = 'POST') => {
    const url = `http://127.0.0.1:${server.httpPort}/oidc/back-channel-logout`
    return (await fetch(url, { method, ...(method === 'POST' ? { body } : {}) })).status
  }
  const logOut = async (token: string) => post(new URLSearchParams({ logout_token: token }))

  test('AU-23 who is logged out at the issuer is out here, and comes back with a token from after that', async () => {
    const token = await tokenOf('frank')
    const { line, outcome } = await signedIn(
      server,
      token,
      userAgent('f') + requestToken(HT) + bind2('Test', ENABLE_SM),
    )
    const id = /<enabled[^>]* id="([^"]+)"/.exec(outcome)?.[1]
    const password = await openTls(server.c2sTlsPort)
    await scram2(password, 'frank', { inside: bind2('Password') })
    await password.until(FEATURES)
    const pushed = `<enable xmlns='urn:xmpp:push:0' jid='apps.im.test' node='f'/>`
    line.send(`<iq type='set' id='push'>${pushed}</iq>`)
    await line.until(/<iq [^>]*id="push"[^>]*type="result"|<iq [^>]*type="result"[^>]*id="push"/)
    const targets = () => query(server, 'select node from push_target')
    expect(await targets()).toEqual([{ node: 'f' }])
    expect(await logOut(await logoutToken('frank'))).toBe(200)
    expect(await errorOf(line)).toBe('reset')
    await vi.waitFor(async () => expect(await targets()).toEqual([]))
    expect(await tried(server, token)).toBe('not-authorized')
    expect(await triedFast(server, 'frank', tokenIn(outcome), 'f')).toBe('credentials-expired')
    // What was begun by password is none of the issuer's business.
    password.send(PING)
    await password.until(PONG)
    password.destroy()
    const next = await tokenOf('frank', { claims: { iat: seconds(2) } })
    const again = await signedIn(server, next, `<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`)
    expect(again.outcome).toMatch(/<success.*<failed /s)
    again.line.destroy()
    // Nobody here is as logged out as can be.
    expect(await logOut(await logoutToken('nobody'))).toBe(200)
  })

  test.each<[what: string, twist: () => TokenTwist | Promise<TokenTwist>]>([
    ['an access token', () => ({ header: { typ: 'at+jwt' } })],
    ['a token without the event', () => ({ claims: { events: undefined } })],
    ['a token of another event', () => ({ claims: { events: { 'urn:x': {} } } })],
    ['an ID token, which has a nonce', () => ({ claims: { nonce: 'x' } })],
    ['a token without subject', () => ({ claims: { sub: undefined, sid: 'a-session' } })],
    ['one for somebody else', () => ({ claims: { aud: 'https://files.example.com' } })],
    ['one of another issuer', () => ({ claims: { iss: 'https://login.example.com' } })],
    ['an old one', () => ({ claims: { exp: seconds(-100) } })],
    ['one by another key', async () => ({ key: (await generateKeyPair('ES256')).privateKey })],
  ])('AU-22 §2.6: %s logs nobody out', async (_what, twist) => {
    const { line } = await signedIn(server, await tokenOf('grace', { claims: { iat: seconds(2) } }), bind2('Test'))
    expect(await logOut(await logoutToken('grace', await twist()))).toBe(400)
    line.send(PING)
    await line.until(PONG)
    line.destroy()
  })

  test('§2.5: what is no such request is none', async () => {
    expect(await post('')).toBe(400)
    expect(
      await post(
        new URLSearchParams([
          ['logout_token', 'a'],
          ['logout_token', 'b'],
        ]),
      ),
    ).toBe(400)
    expect(await post('x'.repeat(20_000))).toBe(400)
    expect(await post('', 'GET')).toBe(405)
  })
})

test('XEP-0493 §3: a client with a token cannot make its access outlast it, by a password or otherwise', async () => {
  const { line } = await signedIn(server, await tokenOf('heidi'), bind2('Test'))
  const set = (id: string, inside: string) =>
    `<iq type='set' id='${id}'><query xmlns='jabber:iq:register'>${inside}</query></iq>`
  line.send(set('password', '<username>heidi</username><password>a-longer-one</password>'))
  expect(await line.until(/<iq [^>]*id="password".*?<\/iq>/s)).toMatch(/<not-allowed .*company account/s)
  line.send(set('remove', '<remove/>'))
  expect(await line.until(/<iq [^>]*id="remove".*?<\/iq>/s)).toContain('<not-allowed')
  line.destroy()
})

describe.concurrent('AU-23 what ends by itself (RFC 7628 §5)', () => {
  test('AU-23 RFC 6120 §4.9.3.16: with its token a sign-in ends, and with another one the session goes on', async () => {
    const brief = await tokenOf('alice', { claims: { exp: seconds(2) } })
    const { line, outcome } = await signedIn(strict, brief, bind2('Test', ENABLE_SM))
    const id = /<enabled[^>]* id="([^"]+)"/.exec(outcome)?.[1]
    line.send('<presence/>')
    const rest = await line.closed()
    expect(rest).toMatch(/<stream:error[^>]*><reset [^>]*\/><text [^>]*>[^<]*Please sign in again/)
    const resume = `<resume xmlns='urn:xmpp:sm:3' previd='${id}' h='0'/>`
    expect(await tried(strict, brief, resume)).toBe('not-authorized')
    const back = await openTls(strict.c2sTlsPort)
    const resumed = await bearer2(back, await tokenOf('alice'), resume)
    expect(resumed).toContain('<resumed')
    expect(jidIn(resumed)).toBe(jidIn(outcome))
    back.send(PING)
    await back.until(PONG)
    back.destroy()
  })

  test('AU-23 a session that cannot be resumed is over with its token, in classic SASL, too', async () => {
    const { line } = await signedIn(strict, await tokenOf('bob', { claims: { exp: seconds(2) } }), bind2('Test'))
    expect(await errorOf(line)).toBe('reset')
  })

  test('AU-23 a token of ours never outlives the sign-in that it came of, however often it is replaced', async () => {
    const inside = userAgent('c') + requestToken(HT)
    const { line, outcome } = await signedIn(server, await tokenOf('dave'), inside)
    line.destroy()
    const [row] = await query(
      server,
      'select expires_at, grant_ends_at from fast_token where grant_ends_at is not null',
    )
    expect(row?.['expires_at']).toEqual(row?.['grant_ends_at'])
    const hours = (Number(row?.['grant_ends_at']) - Date.now()) / 3_600_000
    expect(hours).toBeGreaterThan(11.9)
    expect(hours).toBeLessThan(12.1)
    // It is due to be replaced, and the next one ends when this one would have.
    await query(
      server,
      `update fast_token set issued_at = issued_at - interval '25 hours' where grant_ends_at is not null`,
    )
    const next = tokenIn(await triedFast(server, 'dave', tokenIn(outcome), 'c'))
    expect(next).toBeDefined()
    const ends = await query(server, 'select distinct expires_at from fast_token where grant_ends_at is not null')
    expect(ends).toEqual([{ expires_at: row?.['grant_ends_at'] }])
    await query(server, `update fast_token set expires_at = now() where grant_ends_at is not null`)
    expect(await triedFast(server, 'dave', next, 'c')).toBe('credentials-expired')
  })

  test('AU-23 a session by such a token ends with the sign-in as well', async () => {
    const inside = userAgent('d') + requestToken(HT)
    const { line, outcome } = await signedIn(strict, await tokenOf('carol', { claims: { exp: seconds(3) } }), inside)
    line.destroy()
    const again = await openTls(strict.c2sTlsPort)
    const fast = { name: 'carol', token: String(tokenIn(outcome)), agent: 'd', inside: bind2('Test') }
    expect(await tokenSignIn(again, fast)).toContain('<bound')
    expect(await errorOf(again)).toBe('reset')
  })

  test('a sign-in by password does not end by itself', async () => {
    const line = await openTls(strict.c2sTlsPort)
    expect(await scram(line, 'alice')).toContain('<success')
    const [row] = await query(strict, 'select count(*)::int as n from fast_token where grant_ends_at is null')
    expect(row).toEqual({ n: 0 })
    line.destroy()
  })
})

describe('threats §3.7 the keys of the issuer', () => {
  test('AU-22 another key of the issuer is found as soon as a token is signed with it', async () => {
    await using own = await startIssuer()
    await using other = await runServer({ oidc: oidcSettings(own) })
    await other.account('alice')
    expect(await tried(other, await own.token())).toBe('success')
    // With the issuer away, keys that are known go on.
    own.instead = { status: 503 }
    expect(await tried(other, await own.token())).toBe('success')
    expect(own.requests).toEqual(['/.well-known/openid-configuration', '/keys'])
  })

  test('AU-22 an issuer that cannot be asked is nobody’s fault: try again, and nobody is let in meanwhile', async () => {
    await using own = await startIssuer()
    own.instead = { status: 503 }
    await using other = await runServer({ oidc: oidcSettings(own) })
    await other.account('alice')
    const { line, outcome } = await signedIn(other, await own.token(), '')
    expect(conditionIn(outcome)).toBe('temporary-auth-failure')
    expect(outcome).toMatch(/<text xml:lang="en">[^<]*does not answer/)
    line.destroy()
    expect(other.complaints.join('\n')).toContain('the keys of the issuer cannot be had')
  })
})

test('control §4.2 a cut keeps tokens out as it does passwords; break-glass accounts pass, by token, too', async () => {
  await using other = await runServer({ oidc: oidcSettings(issuer), policy: { breakGlassNetworks: '127.0.0.0/8' } })
  await other.admin('POST', '/api/v1/accounts', { name: 'root', password: 'root-password', isAdmin: true })
  await other.account('alice')
  const identity = { issuer: issuer.url, subject: 'subject-of-root' }
  await other.admin('PUT', '/api/v1/accounts/root/identities', identity)
  const before = await signedIn(other, await tokenOf('alice'), bind2('Test'))
  const { status } = await other.admin('POST', '/api/v1/suspensions', {
    scopes: ['service'],
    mode: 'cut',
    reason: 'worm',
  })
  expect(status).toBe(201)
  expect(await errorOf(before.line)).toBe('system-shutdown')
  const alice = await openTls(other.c2sTlsPort)
  await bearer2(alice, await tokenOf('alice'), bind2('Test'))
  expect(await errorOf(alice)).toBe('system-shutdown')
  const root = await signedIn(other, await tokenOf('root'), bind2('Test'))
  root.line.send(PING)
  await root.line.until(PONG)
  root.line.destroy()
})

describe('DRAWBRIDGE_OIDC_PROVISION', () => {
  test('an account is made for whoever has a token and none, without a password and without rights', async () => {
    await using other = await runServer({ oidc: { ...oidcSettings(issuer), isProvisioning: true } })
    const token = await issuer.token({ claims: { sub: 'subject-of-zoe', preferred_username: 'Zoe@im.test' } })
    const line = await openTls(other.c2sTlsPort)
    expect(jidIn(await bearer2(line, token))).toBe('zoe@im.test')
    line.destroy()
    const { body } = await other.admin('GET', '/api/v1/accounts/zoe')
    expect(body).toMatchObject({ account: { name: 'zoe', isAdmin: false, isDisabled: false } })
    expect(await query(other, 'select count(*)::int as n from credential')).toEqual([{ n: 0 }])
    const audited = await query(
      other,
      `select action, actor from audit where action like '%-account' or action like 'link-%' order by seq`,
    )
    expect(audited).toEqual([
      { action: 'create-account', actor: 'zoe@im.test' },
      { action: 'link-identity', actor: 'zoe@im.test' },
    ])
    expect(await tried(other, await issuer.token({ claims: { sub: 'y', preferred_username: 'a b' } }))).toBe(
      'not-authorized',
    )
  })

  test('none is made while a suspension keeps new people out', async () => {
    await using other = await runServer({ oidc: { ...oidcSettings(issuer), isProvisioning: true } })
    const suspension = { scopes: ['registration'], mode: 'hold', reason: 'maintenance' }
    const { status } = await other.admin('POST', '/api/v1/suspensions', suspension)
    expect(status).toBe(201)
    const token = await issuer.token({ claims: { sub: 'subject-of-zoe', preferred_username: 'zoe' } })
    expect(await tried(other, token)).toBe('not-authorized')
    expect((await other.admin('GET', '/api/v1/accounts/zoe')).status).toBe(404)
  })
})
