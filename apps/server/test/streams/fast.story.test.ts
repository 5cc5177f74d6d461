import { openDatabase } from '@drawbridge/db'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endPointOf, exporterOf } from './line.ts'
import type { Line, TcpLine } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import {
  ANSWER2,
  bind2,
  conditionIn,
  ENABLE_SM,
  jidIn,
  plain2,
  requestToken,
  scram2,
  tokenIn,
  tokenSignIn,
  userAgent,
} from './sasl2.ts'
import type { TokenSignIn } from './sasl2.ts'
import { errorOf, FEATURES, openTls, PING, PONG } from './sign-in.ts'

// XEP-0484 and XEP-0494, and threats AU-18 and AU-23 of both.

let server: RunningServer

beforeAll(async () => {
  server = await runServer({ allowPlaintext: false, stream: { freeSignInFailures: 3 } })
  await Promise.all(['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace'].map((name) => server.account(name)))
})

afterAll(() => server[Symbol.asyncDispose]())

const overTls = () => openTls(server.c2sTlsPort)

const HT = 'HT-SHA-256-NONE'

/** Signs in by password and asks for a token. */
async function tokenFor(name: string, agent: string, mechanism = HT, password = `${name}-password`): Promise<string> {
  const line = await overTls()
  const outcome = await scram2(line, name, { password, inside: userAgent(agent) + requestToken(mechanism) })
  line.destroy()
  const token = tokenIn(outcome)
  if (token === undefined) throw new Error(`no token for ${name}: ${outcome}`)
  return token
}

/** One try with a token on a connection of its own: the condition of the failure, or `success`. */
async function tried(options: TokenSignIn, bindingOf?: (line: TcpLine) => Buffer): Promise<string> {
  const line = await overTls()
  const binding = bindingOf?.(line)
  const outcome = await tokenSignIn(line, { ...options, ...(binding ? { binding } : {}) })
  line.destroy()
  return outcome.includes('<success') ? 'success' : String(conditionIn(outcome))
}

/** Does something to the tables, as time would. */
async function query(sql: string): Promise<void> {
  await using database = openDatabase(server.databaseUrl)
  await database.pool.query(sql)
}

describe('XEP-0484 §3 FAST', () => {
  test('XEP-0484 §3.2, §3.4: a token signs in, binds and proves the server, in one round trip', async () => {
    const token = await tokenFor('alice', 'a1')
    const line = await overTls()
    const inside = bind2('Test', ENABLE_SM)
    const outcome = await tokenSignIn(line, { name: 'alice', token, agent: 'a1', inside })
    expect(jidIn(outcome)).toMatch(/^alice@im.test\/Test\//)
    expect(outcome).toMatch(/<bound .*<enabled /)
    expect(outcome).not.toContain('<token')
    await line.until(FEATURES)
    line.send(PING)
    await line.until(PONG)
    line.destroy()
  })

  test('XEP-0484 §3.3: a token says until when it is good, and nobody can guess it (AU-19)', async () => {
    const line = await overTls()
    const outcome = await scram2(line, 'alice', { inside: userAgent('a2') + requestToken(HT) })
    const expiry = /<token [^>]*expiry="([^"]+)"/.exec(outcome)?.[1] ?? ''
    const days = (Date.parse(expiry) - Date.now()) / 86_400_000
    expect(days).toBeGreaterThan(14)
    expect(days).toBeLessThan(30)
    expect(Buffer.from(tokenIn(outcome) ?? '', 'base64url')).toHaveLength(32)
    line.destroy()
  })

  test.each([
    ['HT-SHA-256-EXPR', exporterOf],
    ['HT-SHA-256-ENDP', endPointOf],
  ] as const)(
    'AU-18 a token for %s works with the binding of its connection, and not otherwise',
    async (mechanism, of) => {
      const token = await tokenFor('alice', mechanism, mechanism)
      const mine = { name: 'alice', token, agent: mechanism }
      expect(await tried({ ...mine, mechanism }, () => Buffer.alloc(32))).toBe('credentials-expired')
      // XEP-0484 §3.4: "MUST bind tokens to the mechanism", or nobody would be protected by the binding.
      expect(await tried({ ...mine, mechanism: HT })).toBe('credentials-expired')
      expect(await tried({ ...mine, mechanism }, of)).toBe('success')
    },
  )

  test('AU-18 a token is good for one account and one client', async () => {
    const token = await tokenFor('alice', 'a3')
    await tokenFor('alice', 'a4')
    for (const wrong of [
      { name: 'alice', token, agent: 'a4' },
      { name: 'alice', token, agent: 'never-seen' },
      { name: 'bob', token, agent: 'a3' },
      { name: 'nobody', token, agent: 'a3' },
      { name: 'alice', token: `${token}x`, agent: 'a3' },
    ])
      expect(await tried(wrong)).toBe('credentials-expired')
    expect(await tried({ name: 'alice', token, agent: 'a3' })).toBe('success')
  })

  test('AU-18 a count that was used before is a replay (XEP-0484 §3.4)', async () => {
    const mine = { name: 'alice', token: await tokenFor('alice', 'a5'), agent: 'a5' }
    expect(await tried({ ...mine, fast: ` count='7'` })).toBe('success')
    expect(await tried({ ...mine, fast: ` count='7'` })).toBe('credentials-expired')
    expect(await tried({ ...mine, fast: ` count='6'` })).toBe('credentials-expired')
    expect(await tried({ ...mine, fast: ` count='8'` })).toBe('success')
    expect(await tried(mine)).toBe('success')
  })

  test('AU-18 the old token is good until the new one is used (XEP-0484 §3.5)', async () => {
    const agent = 'a6'
    const first = await tokenFor('alice', agent)
    expect(await tried({ name: 'alice', token: first, agent })).toBe('success')
    const line = await overTls()
    const outcome = await tokenSignIn(line, { name: 'alice', token: first, agent, inside: requestToken(HT) })
    const second = tokenIn(outcome) ?? ''
    line.destroy()
    expect(await tried({ name: 'alice', token: first, agent })).toBe('success')
    expect(await tried({ name: 'alice', token: second, agent })).toBe('success')
    expect(await tried({ name: 'alice', token: first, agent })).toBe('credentials-expired')
  })

  test('XEP-0484 §3.5: a token that was never used does not outlive the next one', async () => {
    const agent = 'a7'
    const never = await tokenFor('alice', agent)
    const next = await tokenFor('alice', agent)
    expect(await tried({ name: 'alice', token: never, agent })).toBe('credentials-expired')
    expect(await tried({ name: 'alice', token: next, agent })).toBe('success')
  })

  test('XEP-0484 §3.5: after a day a new token comes by itself, but not to who signs out (§3.6)', async () => {
    const agent = 'a8'
    const token = await tokenFor('alice', agent)
    await query(`update fast_token set issued_at = issued_at - interval '25 hours'`)
    const line = await overTls()
    const outcome = await tokenSignIn(line, { name: 'alice', token, agent })
    const rotated = tokenIn(outcome)
    expect(rotated).toBeDefined()
    line.destroy()
    await query(`update fast_token set issued_at = issued_at - interval '25 hours'`)
    const leaving = await overTls()
    const fast = ` invalidate='true'`
    expect(await tokenSignIn(leaving, { name: 'alice', token: rotated ?? '', agent, fast })).not.toContain('<token')
    leaving.destroy()
    expect(await tried({ name: 'alice', token: rotated ?? '', agent })).toBe('credentials-expired')
  })

  test('XEP-0484 §3.6: who signs out and asks for a token gets one all the same', async () => {
    const agent = 'a9'
    const token = await tokenFor('alice', agent)
    const line = await overTls()
    const wish = { fast: ` invalidate='1'`, inside: requestToken(HT) }
    const fresh = tokenIn(await tokenSignIn(line, { name: 'alice', token, agent, ...wish }))
    line.destroy()
    expect(await tried({ name: 'alice', token, agent })).toBe('credentials-expired')
    expect(await tried({ name: 'alice', token: fresh ?? '', agent })).toBe('success')
  })

  test('AU-18 a token has an end', async () => {
    const agent = 'a10'
    const token = await tokenFor('alice', agent)
    await query(`update fast_token set expires_at = now() - interval '1 second'`)
    expect(await tried({ name: 'alice', token, agent })).toBe('credentials-expired')
  })

  test('without an id of the client, or over a mechanism that is not offered, there is no token', async () => {
    for (const inside of [requestToken(HT), userAgent('a11') + requestToken('HT-SHA-256-UNIQ')]) {
      const line = await overTls()
      const outcome = await scram2(line, 'alice', { inside })
      expect(outcome).toContain('<success')
      expect(outcome).not.toContain('<token')
      line.destroy()
    }
    const line = await overTls()
    expect(await scram2(line, 'alice', { password: 'wrong', inside: requestToken(HT) })).not.toContain('<token')
    line.destroy()
  })

  test('AU-15 a device that is known comes in while its account and address are slowed down', async () => {
    const token = await tokenFor('erin', 'e1')
    const line = await overTls()
    for (let n = 0; n < 4; n++) {
      line.send(plain2('erin', 'wrong-password'))
      await line.until(ANSWER2)
    }
    line.send(plain2('erin'))
    expect(conditionIn(await line.until(ANSWER2))).toBe('temporary-auth-failure')
    expect(await tried({ name: 'erin', token, agent: 'e1' })).toBe('success')
  })

  test('AU-18 five wrong tokens end the stream like five wrong passwords', async () => {
    const line = await overTls()
    for (let n = 0; n < 5; n++) await tokenSignIn(line, { name: 'bob', token: `wrong${n}`, agent: 'b' })
    expect(await errorOf(line)).toBe('policy-violation')
  })

  test('WK-08 no token stands in the database as it is', async () => {
    const token = await tokenFor('bob', 'b1')
    await using database = openDatabase(server.databaseUrl)
    const { rows } = await database.pool.query<{ sealed: Buffer }>('select sealed from fast_token')
    expect(rows.length).toBeGreaterThan(0)
    for (const { sealed } of rows) expect(sealed.includes(token)).toBe(false)
  })
})

describe('AU-23 a token is over', () => {
  test('with another password', async () => {
    const token = await tokenFor('carol', 'c1')
    await server.admin('PUT', '/api/v1/accounts/carol/password', { password: 'another password' })
    expect(await tried({ name: 'carol', token, agent: 'c1' })).toBe('credentials-expired')
    await server.admin('PUT', '/api/v1/accounts/carol/password', { password: 'carol-password' })
    expect(await tried({ name: 'carol', token, agent: 'c1' })).toBe('credentials-expired')
  })

  test('when the account is disabled, also after it is enabled again', async () => {
    const token = await tokenFor('dave', 'd1')
    await server.admin('POST', '/api/v1/accounts/dave/disable')
    expect(await tried({ name: 'dave', token, agent: 'd1' })).toBe('credentials-expired')
    await server.admin('POST', '/api/v1/accounts/dave/enable')
    expect(await tried({ name: 'dave', token, agent: 'd1' })).toBe('credentials-expired')
  })
})

describe('XEP-0494 §3 client access management', () => {
  const CAM = 'urn:xmpp:cam:0'
  async function signedIn(name: string, agent: string, inside = ''): Promise<TcpLine> {
    const line = await overTls()
    const outcome = await scram2(line, name, { inside: userAgent(agent, 'Test 1.0', agent) + bind2('Test') + inside })
    if (!outcome.includes('<bound')) throw new Error(outcome)
    await line.until(FEATURES)
    return line
  }
  async function ask(line: Line, type: 'get' | 'set', payload: string): Promise<string> {
    line.send(`<iq type='${type}' id='cam'>${payload}</iq>`)
    return line.until(/<iq [^>]*id="cam"[^>]*(\/>|>.*?<\/iq>)/s)
  }
  async function clientsOf(line: Line): Promise<Map<string, string>> {
    const list = await ask(line, 'get', `<list xmlns='${CAM}'/>`)
    return new Map(
      [...list.matchAll(/<client .*?<\/client>/gs)].map(([client]) => [
        /<device>([^<]*)</.exec(client)?.[1] ?? 'unnamed',
        client,
      ]),
    )
  }
  const idIn = (client: string | undefined) => / id="([^"]+)"/.exec(client ?? '')?.[1] ?? 'none'

  test('XEP-0494 §3.1: a person sees every client, connected or not, and how it gets in', async () => {
    const laptop = await signedIn('frank', 'laptop')
    const phone = await signedIn('frank', 'phone', requestToken(HT))
    phone.send('</stream:stream>')
    await phone.closed()
    const clients = await clientsOf(laptop)
    expect([...clients.keys()].toSorted()).toEqual(['laptop', 'phone'])
    expect(clients.get('laptop')).toMatch(
      /^<client connected="true" id="[^"]+" type="session"><first-seen>[^<]+<\/first-seen><last-seen>[^<]+<\/last-seen><auth><password\/><\/auth><permission status="unrestricted"\/><user-agent><software>Test 1.0<\/software><device>laptop<\/device><\/user-agent><client xmlns="urn:drawbridge:client:1"[^>]*\/><this xmlns="urn:drawbridge:client:1"\/><\/client>$/,
    )
    expect(clients.get('phone')).toMatch(/^<client connected="false".*<auth><password\/><fast\/><\/auth>/)
    expect(clients.get('phone')).not.toContain('<this')
    expect(JSON.stringify([...clients])).not.toContain('id="phone"')
    laptop.destroy()
  })

  test('XEP-0494 §3.2, AU-23: revoking ends token and session at once; who knows the password is told of', async () => {
    const token = await tokenFor('grace', 'lost')
    const lost = await signedIn('grace', 'lost')
    const laptop = await signedIn('grace', 'laptop')
    const id = idIn((await clientsOf(laptop)).get('lost'))
    expect(await ask(laptop, 'set', `<revoke xmlns='${CAM}' id='${id}'/>`)).toMatch(
      /type="error".*<service-unavailable [^>]*\/><password-reset-required xmlns="urn:xmpp:cam:0"\/>/,
    )
    expect(await errorOf(lost)).toBe('reset')
    expect(await tried({ name: 'grace', token, agent: 'lost' })).toBe('credentials-expired')
    laptop.send(PING)
    await laptop.until(PONG)
    laptop.destroy()
  })

  test('XEP-0494 §3.2: a client that only has a token is gone for good', async () => {
    const token = await tokenFor('grace', 'tablet')
    const laptop = await signedIn('grace', 'laptop')
    await query(`update client_installation set knows_password = false where user_agent_id = 'tablet'`)
    const tablet = await overTls()
    const mine = { name: 'grace', token, agent: 'tablet' }
    await tokenSignIn(tablet, { ...mine, inside: bind2('Test') })
    const id = idIn((await clientsOf(laptop)).get('a laptop'))
    expect(await ask(laptop, 'set', `<revoke xmlns='${CAM}' id='${id}'/>`)).toMatch(/^<iq [^>]*type="result"[^>]*\/>$/)
    expect(await errorOf(tablet)).toBe('reset')
    expect([...(await clientsOf(laptop)).keys()]).not.toContain('a laptop')
    expect(await tried(mine)).toBe('credentials-expired')
    laptop.destroy()
  })

  test('XEP-0494 §5: nobody sees or revokes the clients of others, and ids that are none are not found', async () => {
    const alice = await signedIn('alice', 'alice-laptop')
    const grace = await signedIn('grace', 'laptop')
    const id = idIn((await clientsOf(grace)).get('laptop'))
    for (const wrong of [id, 'none', '', '00000000-0000-0000-0000-000000000000', `session:${id}`])
      expect(await ask(alice, 'set', `<revoke xmlns='${CAM}' id='${wrong}'/>`)).toContain('<item-not-found')
    grace.send(PING)
    await grace.until(PONG)
    alice.send(`<iq type='get' id='cam' to='grace@im.test'><list xmlns='${CAM}'/></iq>`)
    expect(await alice.until(/<iq [^>]*id="cam".*?<\/iq>/s)).toMatch(/type="error"/)
    alice.destroy()
    grace.destroy()
  })

  test('XEP-0494 §3: it is advertised to the account', async () => {
    const alice = await signedIn('alice', 'alice-laptop')
    alice.send(`<iq type='get' id='cam' to='alice@im.test'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`)
    expect(await alice.until(/<iq [^>]*id="cam".*?<\/iq>/s)).toContain('urn:xmpp:cam:0')
    alice.destroy()
  })
})

test('nothing of ours has failed', () => {
  expect(server.complaints).toEqual([])
})
