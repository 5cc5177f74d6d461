import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { dialTls } from './line.ts'
import type { Line } from './line.ts'
import { BUILD, fetchToken, installation, provedClient, streamIdIn, webClient } from './proving-client.ts'
import type { Installation } from './proving-client.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { bind2, ENABLE_SM, jidIn, scram2 } from './sasl2.ts'
import { open, scram, signIn } from './sign-in.ts'

// Control §3.1, tier E3: a token of this server says which build a session runs, and is of use to nobody else.

const OLDER = { ...BUILD, version: '4.1.0', build: '1111111' }
const NEWER = { ...BUILD, version: '4.3.0', build: '2222222' }

let server: RunningServer
let web: Awaited<ReturnType<typeof webClient>>
const lines: Line[] = []

beforeAll(async () => {
  web = await webClient()
  server = await runServer({ webDir: web.path, clientProof: { buildGraceMs: '0s' } })
  for (const name of ['alice', 'bob']) await server.account(name)
}, 60_000)

beforeEach(() => web.install(BUILD))

afterAll(async () => {
  for (const line of lines) line.destroy()
  await server[Symbol.asyncDispose]()
  await web[Symbol.asyncDispose]()
})

async function dial(on = server): Promise<Line> {
  const line = await dialTls(on.c2sTlsPort)
  lines.push(line)
  return line
}

interface Known {
  readonly jid: string
  readonly client: Readonly<Record<'tier' | 'source' | 'version' | 'build', string>> & { readonly isSuspect: boolean }
}

/** How well the server knows the client of this session. */
async function known(jid: string | undefined, on = server): Promise<Known['client'] | undefined> {
  const { sessions } = (await on.admin('GET', '/api/v1/sessions')).body as { readonly sessions: readonly Known[] }
  return sessions.find((session) => session.jid === jid)?.client
}

/** Signs in and shows a token, as the page does: fetched first, signed for the stream. */
async function arrive(
  one: Installation,
  {
    name = 'alice',
    token,
    client,
    on = server,
  }: Partial<Record<'name' | 'token' | 'client', string>> & { on?: RunningServer } = {},
) {
  const line = await dial(on)
  const id = streamIdIn(await open(line))
  const shown = {
    key: one.key,
    signature: one.signed(id, `${name}@im.test`),
    token: token ?? (await fetchToken(on, one)).token,
  }
  const outcome = await scram2(line, name, { inside: (client ?? provedClient(shown)) + bind2('Web', ENABLE_SM) })
  return { line, id, shown, jid: jidIn(outcome), outcome }
}

const forged = (token: string) => Buffer.from(token, 'base64url').fill(0, 0, 4).toString('base64url')

test('control §3.1 E3: a page that has fetched a token is known by it from the moment it signs in', async () => {
  const { jid } = await arrive(installation())
  expect(await known(jid)).toMatchObject({
    tier: 'E3',
    source: 'token',
    version: '4.2.0',
    build: '9f31c2e',
    isSuspect: false,
  })
})

test('control §3.1 E3: the token is taken in a bind request and in a resumption, too, and not without its key', async () => {
  const one = installation()
  const line = await dial()
  const id = streamIdIn(await signIn(line, 'alice'))
  const { token } = await fetchToken(server, one)
  const client = (on: string) => provedClient({ key: one.key, signature: one.signed(on), token })
  line.send(
    `<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>classic</resource>${client(id)}</bind></iq>`,
  )
  await line.until(/<iq [^>]*id="b".*?<\/iq>/s)
  line.send(ENABLE_SM)
  const [, resumeId] = /id="([^"]+)"/.exec(await line.until(/<enabled [^>]*\/>/)) ?? []
  expect((await known('alice@im.test/classic'))?.tier).toBe('E3')

  const resume = async (inside: (streamId: string) => string) => {
    const next = await dial()
    await open(next)
    await scram(next, 'alice')
    const streamId = streamIdIn(await open(next))
    next.send(`<resume xmlns='urn:xmpp:sm:3' h='0' previd='${resumeId}'>${inside(streamId)}</resume>`)
    return next.until(/<resumed [^>]*\/>|<failed.*?(?:\/>|<\/failed>)/s)
  }
  expect(await resume(client)).toContain('<resumed')
  expect((await known('alice@im.test/classic'))?.tier).toBe('E3')
  // Whoever takes the session over has to prove it anew.
  expect(await resume(() => '')).toContain('<resumed')
  expect(await known('alice@im.test/classic')).toMatchObject({ tier: 'E1', source: 'client-element' })
})

const bad: readonly (readonly [string, (one: Installation) => Promise<Parameters<typeof arrive>[1]>])[] = [
  ['forged', async (one) => ({ token: forged((await fetchToken(server, one)).token) })],
  ['junk', async () => ({ token: 'eyJhbGciOiJub25lIn0' })],
  ['of another account', async (one) => ({ token: (await fetchToken(server, one, { account: 'bob@im.test' })).token })],
  ['of another installation', async () => ({ token: (await fetchToken(server, installation())).token })],
]

test.each(bad)('control §3.1 E3: a token that is %s is worth nothing, and costs nothing', async (_, twist) => {
  const one = installation()
  const { jid } = await arrive(one, await twist(one))
  expect(await known(jid)).toMatchObject({ tier: 'E1', source: 'client-element', isSuspect: false })
})

test('control §3.1 E3: a token with a signature that was made for another stream is worth nothing: what was seen cannot be replayed', async () => {
  const one = installation()
  const first = await arrive(one)
  expect((await known(first.jid))?.tier).toBe('E3')
  const again = await arrive(one, { client: provedClient(first.shown) })
  expect((await known(again.jid))?.tier).toBe('E1')
})

test('control §3.1 E3: a token is worth nothing to a server with another key: after its key was changed, pages fetch new ones', async () => {
  await using other = await runServer({ webDir: web.path })
  await other.account('alice')
  const one = installation()
  const { token } = await fetchToken(other, one)
  const { jid } = await arrive(one, { token })
  expect((await known(jid))?.tier).toBe('E1')
  const fresh = await arrive(one)
  expect((await known(fresh.jid))?.tier).toBe('E3')
})

test('control §3.1: what a token says and what the client says must agree, or the client is suspect', async () => {
  const one = installation()
  const line = await dial()
  const id = streamIdIn(await open(line))
  const { token } = await fetchToken(server, one)
  const inside = provedClient({ key: one.key, signature: one.signed(id), token }, { ...BUILD, version: '9.9.9' })
  const jid = jidIn(await scram2(line, 'alice', { inside: inside + bind2('Liar') }))
  expect(await known(jid)).toMatchObject({ tier: 'E1', isSuspect: true })
})

test('control §3.1: tokens are for the build that is served; the one before gets none when a new one is there', async () => {
  const one = installation()
  const { jid } = await arrive(one)
  await web.install(NEWER)
  expect(await fetchToken(server, one)).toMatchObject({ status: 409, type: '/problems/client-build-outdated' })
  expect(await fetchToken(server, one, NEWER)).toMatchObject({ status: 200, lifetimeMs: 600_000 })
  expect(await fetchToken(server, one, OLDER)).toMatchObject({ status: 409 })
  expect(await fetchToken(server, one, { ...NEWER, name: 'nobody-knows' })).toMatchObject({ status: 409 })
  // What it has counts until its time is over.
  expect((await known(jid))?.tier).toBe('E3')
})

test('control §3.1: for a while the build before still gets tokens, so that pages need not reload at once', async () => {
  await using lenient = await runServer({ webDir: web.path, clientProof: { buildGraceMs: '1h' } })
  const one = installation()
  // The server is up when it knows what it serves.
  expect(await fetchToken(lenient, one)).toMatchObject({ status: 200 })
  await web.install(NEWER)
  expect(await fetchToken(lenient, one)).toMatchObject({ status: 200 })
  // One that was never served here is not from before.
  expect(await fetchToken(lenient, one, OLDER)).toMatchObject({ status: 409 })
})

test('WC-09 pages of other origins get no token, nor does what is no request for one', async () => {
  const one = installation()
  expect(await fetchToken(server, one, {}, { 'sec-fetch-site': 'cross-site' })).toMatchObject({ status: 403 })
  expect(await fetchToken(server, one, {}, { 'content-type': 'text/plain' })).toMatchObject({ status: 400 })
  expect(await fetchToken(server, { key: 'AAAA' })).toMatchObject({ status: 400 })
  expect(await fetchToken(server, one, { version: 'x'.repeat(5_000) })).toMatchObject({ status: 400 })
  const preflight = await fetch(`http://127.0.0.1:${server.httpPort}/client-token`, { method: 'OPTIONS' })
  expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
  expect(preflight.status).toBe(405)
})

test('control §3.1 a token runs out: the client is what it says again, and rules by tier look at it at once', async () => {
  // Nothing may be between fetching and signing in but a moment.
  await using hasty = await runServer({ webDir: web.path, clientProof: { tokenTtlMs: '2s' } })
  await hasty.account('alice')
  const one = installation()
  const { line, id, jid } = await arrive(one, { on: hasty })
  const rule = { family: 'drawbridge-web', belowTier: 'E3', action: 'disconnect', preset: 'now' }
  expect((await hasty.admin('POST', '/api/v1/client-rules', rule)).status).toBe(201)
  const show = async (token: string) => {
    line.send(
      `<iq type='set' id='show' to='im.test'>${provedClient({ key: one.key, signature: one.signed(id), token })}</iq>`,
    )
    return line.until(/<iq [^>]*id="show".*?<\/iq>/s)
  }
  // Refreshed in time it goes on.
  expect(await show((await fetchToken(hasty, one)).token)).toContain('tier="E3"')
  expect((await known(jid, hasty))?.tier).toBe('E3')
  expect(await line.closed()).toMatch(/<policy-violation.*<client-blocked/s)
}, 60_000)
