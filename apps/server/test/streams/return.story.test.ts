import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { TcpLine } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { bound, header, signIn } from './sign-in.ts'

// What becomes of streams when the service is cut off, and when everybody comes back (control §4.8).

const SM = 'urn:xmpp:sm:3'
const ERROR = /<stream:error.*?<\/stream:error>/s
const WAIT = { timeout: 10_000, interval: 50 }

let server: RunningServer
beforeAll(async () => {
  // So that whoever connects here is one of many, and few of them are let in at once.
  server = await runServer({ policy: { breakGlassNetworks: '10.0.0.0/8' }, stream: { acceptRate: 5 } })
  await Promise.all(['alice', 'bob'].map((name) => server.account(name)))
})
afterAll(() => server[Symbol.asyncDispose]())

async function cut(): Promise<() => Promise<unknown>> {
  const { body } = await server.admin('POST', '/api/v1/suspensions', {
    scopes: ['service'],
    mode: 'cut',
    reason: 'worm',
  })
  const { id } = (body as { suspension: { id: string } }).suspension
  return () => server.admin('POST', `/api/v1/suspensions/${id}/end`)
}

/** Opens a stream; resolves with the features, or with the stream error. */
async function opened(): Promise<{ line: TcpLine; text: string }> {
  const line = await server.tcp()
  line.send(header('tcp'))
  return { line, text: await line.until(/<\/stream:(?:features|error)>/) }
}

test('control §4.8 a cut keeps what a stream remembers: whoever returns resumes, and has lost nothing', async () => {
  const bob = await bound(await server.tcp(), 'bob')
  const alice = await bound(await server.tcp(), 'alice')
  alice.send(`<enable xmlns='${SM}' resume='true'/><presence xmlns='jabber:client'/>`)
  const id = / id="([^"]+)"/.exec(await alice.until(/<enabled[^>]*\/>/))?.[1] ?? ''
  await alice.until(/<presence[^>]*>/)
  bob.send(`<message xmlns='jabber:client' to='alice@im.test' type='chat'><body>not acknowledged</body></message>`)
  await alice.until(/not acknowledged/)

  const end = await cut()
  const error = ERROR.exec(await alice.closed())?.[0] ?? ''
  expect(error).toContain('<system-shutdown xmlns="urn:ietf:params:xml:ns:xmpp-streams"/>')
  // A time of its own to come back.
  expect(Number(/<retry [^>]*after="(\d+)"/.exec(error)?.[1])).toBeLessThan(5_000)
  // Nobody gets as far as signing in.
  const { text } = await opened()
  expect(text).toMatch(/system-shutdown.*worm/s)
  expect(text).not.toContain('mechanisms')
  const status = await fetch(`http://127.0.0.1:${server.httpPort}/status.json`)
  expect(await status.json()).toMatchObject({ outage: true, retryAfterMs: expect.any(Number) as number })

  await end()
  const resumed = await vi.waitFor(async () => {
    const line = await server.tcp()
    await signIn(line, 'alice')
    line.send(`<resume xmlns='${SM}' previd='${id}' h='1'/>`)
    return line.until(/<resumed[^>]*>.*not acknowledged/s)
  }, WAIT)
  expect(resumed).toContain(`previd="${id}"`)
  bob.destroy()
})

test('control §7.7 when everybody comes back at once, most are told when to come again, before they sign in', async () => {
  await (
    await cut()
  )()
  const outcomes = await Promise.all(Array.from({ length: 20 }, opened))
  const refused = outcomes.filter(({ text }) => text.includes('everybody returns at once'))
  expect(refused.length).toBeGreaterThan(10)
  for (const { text } of refused) {
    expect(text).not.toContain('mechanisms')
    expect(Number(/<retry [^>]*after="(\d+)"/.exec(text)?.[1])).toBeGreaterThanOrEqual(5_000)
  }
  for (const { line } of outcomes) line.destroy()
})
