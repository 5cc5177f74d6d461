import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { cleanImage } from '@drawbridge/testkit'
import { BoshClient, mustHave } from './bosh-client.ts'
import { dialTls } from './line.ts'
import type { Line } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import {
  authenticate,
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
import {
  auth,
  bindRequest,
  FEATURES,
  header,
  open,
  openTls,
  PING,
  PONG,
  response,
  scram,
  scramClient,
  signIn,
} from './sign-in.ts'

// Control §3.3, §3.4: where a client that is too old is turned away, and how it is told. Each row of the table in
// apps/server/src/policy/entrances.test.ts names a test here.

let server: RunningServer
let token = ''
let resumeId = ''
/** A session of ours that was there before there was a rule, and what it was given then. */
let resident: Line
let slots: readonly Slot[] = []

interface Slot {
  readonly put: string
  readonly get: string
  readonly authorization: string
}

const CLEAN = Buffer.from('made by our encoder')
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const SLOT = `<iq type='get' id='slot' to='upload.im.test'><request xmlns='urn:xmpp:http:upload:0' filename='a.png' size='${PNG.length}' content-type='image/png'/></iq>`

async function askSlot(line: Line): Promise<string> {
  line.send(SLOT)
  return line.until(/<iq [^>]*id="slot".*?<\/iq>/s)
}

function slotIn(answer: string): Slot {
  const [, put = ''] = /<put url="([^"]+)"/.exec(answer) ?? []
  const [, get = ''] = /<get url="([^"]+)"/.exec(answer) ?? []
  const [, authorization = ''] = /<header name="Authorization">([^<]+)</.exec(answer) ?? []
  return { put, get, authorization }
}

const putFile = ({ put, authorization }: Slot) =>
  fetch(put, { method: 'PUT', body: PNG, headers: { authorization, 'content-type': 'image/png' } })

/** What a client that is locked out hears over HTTP. */
async function expectBlocked(answer: Response): Promise<void> {
  expect(answer.status).toBe(403)
  expect(answer.headers.get('content-type')).toBe('application/problem+json')
  const blocked = { type: '/problems/client-version-blocked', min: '2.0.0', url: 'https://im.test/update' }
  expect(await answer.json()).toMatchObject(blocked)
}

const own = (version: string) => `<client xmlns='urn:drawbridge:client:1' name='drawbridge-web' version='${version}'/>`
const BLOCKED =
  /<client-blocked xmlns="urn:drawbridge:client:1" rule="[^"]+" min="2.0.0" url="https:\/\/im.test\/update"/

const overTls = () => openTls(server.c2sTlsPort)

const ended = async (line: Line) => line.closed()

beforeAll(async () => {
  server = await runServer({
    allowPlaintext: false,
    web: { hasBosh: true },
    sanitize: async () => cleanImage({ bytes: CLEAN }),
  })
  await server.account('alice')
  // What was let in before there was a rule.
  const line = await overTls()
  const outcome = await scram2(line, 'alice', {
    inside: userAgent('old', 'Old 1.0') + requestToken('HT-SHA-256-NONE') + bind2('Old', ENABLE_SM),
  })
  token = tokenIn(outcome) ?? ''
  resumeId = /<enabled[^>]* id="([^"]+)"/.exec(outcome)?.[1] ?? ''
  line.destroy()
  resident = await overTls()
  await scram2(resident, 'alice', { inside: own('1.0.0') + bind2('Resident') })
  slots = [slotIn(await askSlot(resident)), slotIn(await askSlot(resident))]
  const [first] = slots
  const { status: stored } = await putFile(first!)
  if (stored !== 201) throw new Error(`no file: ${stored}`)
  for (const family of ['old', 'drawbridge-web']) {
    const rule = { family, below: '2.0.0', action: 'block', preset: 'now', url: 'https://im.test/update' }
    const { status } = await server.admin('POST', '/api/v1/client-rules', rule)
    if (status !== 201) throw new Error(`no rule: ${status}`)
  }
})

afterAll(async () => {
  resident?.destroy()
  await server[Symbol.asyncDispose]()
})

test('control §7.2 SASL2: a client of ours is refused in the failure itself, after its password was right', async () => {
  const line = await overTls()
  const outcome = await scram2(line, 'alice', { inside: own('1.0.0') + bind2('Web') })
  expect(conditionIn(outcome)).toBe('aborted')
  expect(outcome).toMatch(BLOCKED)
  expect(outcome).toMatch(/<text xml:lang="en">[^<]*2\.0\.0[^<]*<\/text><\/failure>$/)
  // Who does not know the password learns nothing of rules.
  const wrong = await scram2(line, 'alice', { password: 'wrong', inside: own('1.0.0') })
  expect(conditionIn(wrong)).toBe('not-authorized')
  expect(wrong).not.toContain('client-blocked')
  expect(await scram2(line, 'alice', { inside: own('2.0.0') + bind2('Web') })).toContain('<bound')
  line.destroy()
})

test('control §7.2 Bind2: a foreign client signs in and is told after it was bound', async () => {
  const line = await overTls()
  const outcome = await scram2(line, 'alice', { inside: userAgent('foreign', 'Old 1.5') + bind2('Old') })
  expect(jidIn(outcome)).toMatch(/^alice@im.test\/Old\//)
  expect(outcome).not.toContain('client-blocked')
  const rest = await ended(line)
  expect(rest).toMatch(/<stream:features.*<message [^>]*type="headline".*<stream:error[^>]*><policy-violation/s)
  expect(rest).toMatch(BLOCKED)
})

test('control §3.3 the same installation again is turned away before it signs in, with the same words', async () => {
  const line = await overTls()
  const { mechanism, first } = scramClient('alice', 'alice-password')
  line.send(authenticate(mechanism, first, userAgent('foreign', 'Old 1.5') + bind2('Old')))
  const rest = await ended(line)
  expect(rest).toMatch(/<stream:error[^>]*><policy-violation/)
  expect(rest).toMatch(BLOCKED)
  expect(rest).not.toMatch(/<challenge|<success/)
  // Rules that have changed are asked again; the message is not sent a second time within a day.
  await server.admin('POST', '/api/v1/client-rules', { family: 'unrelated', below: '2.0.0', action: 'observe' })
  const later = await overTls()
  expect(await scram2(later, 'alice', { inside: userAgent('foreign', 'Old 1.5') + bind2('Old') })).toContain('<success')
  const said = await ended(later)
  expect(said).toMatch(/<stream:error[^>]*><policy-violation/)
  expect(said).toMatch(BLOCKED)
  expect(said).not.toMatch(/type="headline"/)
  // Who does not wait for us gets the whole answer in one piece.
  const hasty = await dialTls(server.c2sTlsPort)
  const pieces: string[] = []
  hasty.socket.on('data', (chunk: Buffer) => pieces.push(chunk.toString()))
  hasty.send(header('tcp') + authenticate(mechanism, first, userAgent('foreign', 'Old 1.5') + bind2('Old')))
  expect(await ended(hasty)).toMatch(/<stream:stream.*<stream:features.*<stream:error.*<\/stream:stream>$/s)
  expect(pieces).toHaveLength(1)
  // With another version it is another one, and signs in; so does somebody else who claims to be it.
  const updated = await overTls()
  expect(await scram2(updated, 'alice', { inside: userAgent('foreign', 'Old 2.5') + bind2('Old') })).toContain(
    '<success',
  )
  updated.destroy()
})

test('control §7.2 SASL2 without Bind2: the client is turned away when it binds', async () => {
  const line = await overTls()
  expect(await scram2(line, 'alice', { inside: userAgent('unbound', 'Old 1.5') })).toContain('<success')
  await line.until(FEATURES)
  line.send(bindRequest('classic').replace(/<client[^>]*>/, ''))
  expect(await ended(line)).toMatch(/<stream:error[^>]*><policy-violation/)
})

test('control §7.2 FAST: a token opens no door that the rules keep shut', async () => {
  const foreign = await overTls()
  const outcome = await tokenSignIn(foreign, { name: 'alice', token, agent: 'old', inside: bind2('Old') })
  // What the client says of itself counts, and here it says less than before.
  expect(outcome).toContain('<success')
  foreign.destroy()
  const line = await overTls()
  const refused = await tokenSignIn(line, { name: 'alice', token, agent: 'old', inside: own('1.0.0') + bind2('Old') })
  expect(conditionIn(refused)).toBe('aborted')
  expect(refused).toMatch(BLOCKED)
  line.destroy()
})

test('control §7.2 XEP-0198 resume: refused before <resumed/>, alone and inline, and then as at binding', async () => {
  const line = await overTls()
  const resume = `<resume xmlns='urn:xmpp:sm:3' previd='${resumeId}' h='0'/>`
  const outcome = await scram2(line, 'alice', { inside: userAgent('another', 'Old 1.0') + resume + bind2('Old') })
  expect(outcome).toMatch(/<failed xmlns="urn:xmpp:sm:3"[^>]*><item-not-found/)
  expect(await ended(line)).toMatch(/<stream:error[^>]*><policy-violation/)
  const classic = await dialTls(server.c2sTlsPort)
  await signIn(classic, 'alice')
  classic.send(resume)
  await classic.until(/<failed/)
  classic.destroy()
})

test('control §7.2 classic bind: the client is turned away with a message and a stream error', async () => {
  const line = await overTls()
  expect(await scram(line, 'alice')).toContain('<success')
  await open(line)
  line.send(bindRequest('classic').replace(/name='test' version='1.0'/, "name='old' version='1.0'"))
  expect(await ended(line)).toMatch(/type="result".*type="headline".*<stream:error[^>]*><policy-violation/s)
})

test('control §7.2 WebSocket: the upgrade succeeds, since browsers hide one that is refused, and the stream says why', async () => {
  const line = await server.webSocket()
  await open(line)
  expect(await scram(line, 'alice')).toContain('<success')
  await open(line)
  line.send(bindRequest('ws').replace(/name='test' version='1.0'/, "name='old' version='1.0'"))
  const rest = await ended(line)
  expect(rest).toMatch(/<stream:error[^>]*><policy-violation/)
  expect(rest).toMatch(BLOCKED)
})

test('control §7.2 BOSH: the session ends with what a stream would say', async () => {
  const client = new BoshClient(server.httpPort)
  await client.create()
  const { mechanism, first, final } = scramClient('alice', 'alice-password')
  const challenge = (await client.post({}, auth(mechanism, first))).getChildText('challenge') ?? ''
  const proof = response(final(Buffer.from(challenge, 'base64').toString()))
  mustHave(await client.post({}, proof), '<success')
  await client.post({ 'xmpp:restart': 'true', to: 'im.test' })
  const bind = bindRequest('bosh').replace(/name='test' version='1.0'/, "name='old' version='1.0'")
  let said = (await client.post({}, bind)).toString()
  while (!said.includes('terminate')) said += (await client.post()).toString()
  expect(said).toMatch(/policy-violation/)
  expect(said).toMatch(BLOCKED)
})

test('control §7.2 caps change: a live session that turns out to be a blocked build goes as the ladder says', async () => {
  const rule = { family: 'slixmpp', below: '2.0.0', action: 'disconnect', preset: 'now', url: 'https://im.test/update' }
  await server.admin('POST', '/api/v1/client-rules', rule)
  const line = await overTls()
  expect(await scram2(line, 'alice', { inside: userAgent('caps', 'Slixmpp 2.5') + bind2('Slix') })).toContain('<bound')
  line.send('<presence/>')
  await line.until(/<presence [^>]*from="alice@im\.test\/Slix/)
  const caps = "hash='sha-1' node='https://slixmpp.com/ver/1.0' ver='AAAA'"
  line.send(`<presence><c xmlns='http://jabber.org/protocol/caps' ${caps}/></presence>`)
  const rest = await ended(line)
  expect(rest).toMatch(/<stream:error[^>]*><policy-violation/)
  expect(rest).toMatch(BLOCKED)
})

test('control §7.2 upload slot: an open stream that is blocked goes on chatting and gets no slot', async () => {
  resident.send(PING)
  await resident.until(PONG)
  expect(await askSlot(resident)).toMatch(/type="error".*<policy-violation/s)
})

test('control §7.2 upload PUT: a slot from before the rule takes nothing any more', async () => {
  await expectBlocked(await putFile(slots[1]!))
})

test('control §7.2 media GET: a link that was given to a blocked client opens nothing', async () => {
  // As it is delivered to this client: bound to it.
  resident.send('<presence/>')
  resident.send(`<message to='alice@im.test' type='chat' id='m'><body>${slots[0]?.get}</body></message>`)
  const [, link = ''] =
    /<message [^>]*from="alice@im\.test\/Resident.*?<body>([^<]+)<\/body>/s.exec(
      await resident.until(/<message [^>]*from="alice@im\.test\/Resident.*?<\/message>/s),
    ) ?? []
  await expectBlocked(await fetch(link.replaceAll('&amp;', '&')))
})

test('control §7.2 push registration: a blocked client gets no further way to hear of messages', async () => {
  resident.send(`<iq type='set' id='push'><enable xmlns='urn:xmpp:push:0' jid='push.im.test' node='n'/></iq>`)
  expect(await resident.until(/<iq [^>]*id="push".*?<\/iq>/s)).toMatch(/type="error".*<policy-violation/s)
  const endpoint = 'https://push.example.com/1'
  const keys = "p256dh='AA' auth='AA'"
  resident.send(
    `<iq type='set' id='device' to='push.im.test'><register xmlns='urn:drawbridge:push:1' endpoint='${endpoint}' ${keys}/></iq>`,
  )
  expect(await resident.until(/<iq [^>]*id="device".*?<\/iq>/s)).toMatch(/type="error".*<policy-violation/s)
})

test('control §7.2 API token: a program names itself as clients do, and an old one is refused with each request', async () => {
  // The first administrator is a break-glass account, which passes every lock-out.
  await server.admin('POST', '/api/v1/accounts', { name: 'admin', isAdmin: true, password: 'heavy-lifting-99' })
  await server.admin('POST', '/api/v1/accounts', { name: 'robot', isAdmin: true, password: 'heavy-lifting-99' })
  const made = await server.admin('POST', '/api/v1/tokens', { account: 'robot', name: 'sync', scopes: ['policy.read'] })
  const { secret } = made.body as { secret: string }
  const ask = (userAgent: string) =>
    fetch(`http://127.0.0.1:${server.httpPort}/api/v1/client-rules`, {
      headers: { authorization: `Bearer ${secret}`, 'user-agent': userAgent },
    })
  expect((await ask('old/2.0.0')).status).toBe(200)
  await expectBlocked(await ask('old/1.9.0'))
  expect((await ask('old/next')).status, 'a version that cannot be compared').toBe(403)
})

test('control §3.2 a rule that disconnects takes back the tokens of those it hits, and nobody else’s', async () => {
  const signedIn = async (agent: string, software: string) => {
    const line = await overTls()
    const inside = userAgent(agent, software) + requestToken('HT-SHA-256-NONE') + bind2('Fast')
    return { line, fast: tokenIn(await scram2(line, 'alice', { inside })) ?? '' }
  }
  const hit = await signedIn('hit', 'Elder 1.0')
  const spared = await signedIn('spared', 'Elder 3.0')
  const rule = { family: 'elder', below: '2.0.0', action: 'disconnect', preset: 'now' }
  await server.admin('POST', '/api/v1/client-rules', rule)
  await hit.line.closed()
  await vi.waitFor(async () => {
    const line = await overTls()
    const outcome = await tokenSignIn(line, { name: 'alice', token: hit.fast, agent: 'hit', inside: bind2('Fast') })
    line.destroy()
    expect(conditionIn(outcome)).toBe('credentials-expired')
  })
  const again = await overTls()
  const inside = bind2('Fast')
  expect(await tokenSignIn(again, { name: 'alice', token: spared.fast, agent: 'spared', inside })).toContain('<success')
  spared.line.destroy()
  again.destroy()
})

test('nothing of ours has failed', () => {
  expect(server.complaints).toEqual([])
})
