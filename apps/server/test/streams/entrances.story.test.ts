import { afterAll, beforeAll, expect, test, vi } from 'vitest'
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
import { bindRequest, FEATURES, open, openTls, scram, scramClient, signIn } from './sign-in.ts'

// Control §3.3, §3.4: where a client that is too old is turned away, and how it is told. Each row of the table in
// apps/server/src/policy/entrances.test.ts names a test here.

let server: RunningServer
let token = ''
let resumeId = ''

const own = (version: string) => `<client xmlns='urn:drawbridge:client:1' name='drawbridge-web' version='${version}'/>`
const BLOCKED =
  /<client-blocked xmlns="urn:drawbridge:client:1" rule="[^"]+" min="2.0.0" url="https:\/\/im.test\/update"/

const overTls = () => openTls(server.c2sTlsPort)

const ended = async (line: Line) => line.closed()

beforeAll(async () => {
  server = await runServer({ allowPlaintext: false })
  await server.account('alice')
  // What was let in before there was a rule.
  const line = await overTls()
  const outcome = await scram2(line, 'alice', {
    inside: userAgent('old', 'Old 1.0') + requestToken('HT-SHA-256-NONE') + bind2('Old', ENABLE_SM),
  })
  token = tokenIn(outcome) ?? ''
  resumeId = /<enabled[^>]* id="([^"]+)"/.exec(outcome)?.[1] ?? ''
  line.destroy()
  for (const family of ['old', 'drawbridge-web']) {
    const rule = { family, below: '2.0.0', action: 'block', preset: 'now', url: 'https://im.test/update' }
    const { status } = await server.admin('POST', '/api/v1/client-rules', rule)
    if (status !== 201) throw new Error(`no rule: ${status}`)
  }
})

afterAll(() => server[Symbol.asyncDispose]())

test('SASL2: a client of ours is refused in the failure itself, after its password was right', async () => {
  const line = await overTls()
  const outcome = await scram2(line, 'alice', { inside: own('1.0.0') + bind2('Web') })
  expect(conditionIn(outcome)).toBe('aborted')
  expect(outcome).toMatch(BLOCKED)
  expect(outcome).toMatch(/<text>[^<]*2\.0\.0[^<]*<\/text><\/failure>$/)
  // Who does not know the password learns nothing of rules.
  const wrong = await scram2(line, 'alice', { password: 'wrong', inside: own('1.0.0') })
  expect(conditionIn(wrong)).toBe('not-authorized')
  expect(wrong).not.toContain('client-blocked')
  expect(await scram2(line, 'alice', { inside: own('2.0.0') + bind2('Web') })).toContain('<bound')
  line.destroy()
})

test('Bind2: a foreign client signs in and is told after it was bound', async () => {
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
  // With another version it is another one, and signs in; so does somebody else who claims to be it.
  const updated = await overTls()
  expect(await scram2(updated, 'alice', { inside: userAgent('foreign', 'Old 2.5') + bind2('Old') })).toContain(
    '<success',
  )
  updated.destroy()
})

test('SASL2 without Bind2: the client is turned away when it binds', async () => {
  const line = await overTls()
  expect(await scram2(line, 'alice', { inside: userAgent('unbound', 'Old 1.5') })).toContain('<success')
  await line.until(FEATURES)
  line.send(bindRequest('classic').replace(/<client[^>]*>/, ''))
  expect(await ended(line)).toMatch(/<stream:error[^>]*><policy-violation/)
})

test('FAST: a token opens no door that the rules keep shut', async () => {
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

test('XEP-0198 resume: refused before <resumed/>, alone and inline, and then as at binding', async () => {
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

test('classic bind: the client is turned away with a message and a stream error', async () => {
  const line = await overTls()
  expect(await scram(line, 'alice')).toContain('<success')
  await open(line)
  line.send(bindRequest('classic').replace(/name='test' version='1.0'/, "name='old' version='1.0'"))
  expect(await ended(line)).toMatch(/type="result".*type="headline".*<stream:error[^>]*><policy-violation/s)
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
