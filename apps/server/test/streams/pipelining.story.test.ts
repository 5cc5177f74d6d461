import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dialTls } from './line.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import {
  ANSWER2,
  bind2,
  conditionIn,
  jidIn,
  plain2,
  requestToken,
  scram2,
  tokenIn,
  tokenSignIn,
  userAgent,
} from './sasl2.ts'
import { errorOf, FEATURES, header, open, openTls } from './sign-in.ts'

// XEP-0509: a client that knows what will be offered does not wait for it.

let server: RunningServer

beforeAll(async () => {
  server = await runServer({ allowPlaintext: false, stream: { hasPipelining: true, freeSignInFailures: 1 } })
  await server.account('alice')
})

afterAll(() => server[Symbol.asyncDispose]())

const versionIn = (features: string) => /<config-version xmlns="urn:xmpp:iap:0" ([^>]*)\/>/.exec(features)?.[1]
const valueIn = (features: string) => /value="([^"]+)"/.exec(versionIn(features) ?? '')?.[1] ?? ''
const configVersion = (value: string) => `<config-version xmlns='urn:xmpp:iap:0' scheme='opaque' value='${value}'/>`

/** The version that is offered on a connection like this. */
async function learned(options = {}): Promise<string> {
  const line = await dialTls(server.c2sTlsPort, options)
  const value = valueIn(await open(line))
  line.destroy()
  return value
}

describe('XEP-0509', () => {
  test('XEP-0509 §2.1: what is offered has a name, the same for the same offer, which says nothing of it', async () => {
    const line = await dialTls(server.c2sTlsPort)
    const features = await open(line)
    expect(versionIn(features)).toMatch(/^scheme="opaque" value="[\w-]{12}"$/)
    expect(await learned()).toBe(valueIn(features))
    line.destroy()
  })

  test('XEP-0509 §2.3: with TLS 1.2 there is less to bind to, and the name is another one', async () => {
    expect(await learned({ maxVersion: 'TLSv1.2' })).not.toBe(await learned())
  })

  test('XEP-0509 §3.2: header and token go out together, and the client is in with the first answer', async () => {
    const before = await openTls(server.c2sTlsPort)
    const outcome = await scram2(before, 'alice', { inside: userAgent('a1') + requestToken('HT-SHA-256-NONE') })
    before.destroy()
    const value = await learned()
    const line = await dialTls(server.c2sTlsPort)
    const token = tokenIn(outcome) ?? ''
    // One write: nobody has read anything yet.
    const { send } = line
    let written = header('tcp')
    line.send = (text) => void (written += text)
    const answer = tokenSignIn(line, {
      name: 'alice',
      token,
      agent: 'a1',
      inside: bind2('Quick') + configVersion(value),
    })
    line.send = send
    line.send(written)
    expect(jidIn(await answer)).toMatch(/^alice@im.test\/Quick\//)
    line.destroy()
  })

  test('XEP-0509 §2.2: another offer than the client knows is told "without prejudice", and it tries again', async () => {
    const line = await dialTls(server.c2sTlsPort)
    line.send(header('tcp') + plain2('alice', undefined, configVersion('out-of-date')))
    const features = await line.until(FEATURES)
    // More often than a stream has tries, and with a wrong password: nothing of it was tried.
    for (let n = 0; n < 8; n++) {
      const refusal = await line.until(ANSWER2)
      expect(conditionIn(refusal)).toBe('aborted')
      expect(refusal).toContain('<config-version-mismatch xmlns="urn:xmpp:iap:0"/>')
      line.send(plain2('alice', n < 7 ? 'wrong-password' : undefined, configVersion(n < 7 ? 'old' : valueIn(features))))
    }
    expect(await line.until(ANSWER2)).toContain('<success')
    line.destroy()
  })

  test('DS-11 it does not go on for ever', async () => {
    const line = await openTls(server.c2sTlsPort)
    for (let n = 0; n < 60; n++) line.send(plain2('alice', undefined, configVersion('out-of-date')))
    expect(await errorOf(line)).toBe('policy-violation')
  })

  test('XEP-0509 §3.1: a version that is right, and was waited for, "is not an error"', async () => {
    const line = await dialTls(server.c2sTlsPort)
    const value = valueIn(await open(line))
    line.send(plain2('alice', undefined, configVersion(value)))
    expect(await line.until(ANSWER2)).toContain('<success')
    line.destroy()
  })
})

test('XEP-0509 §2.1: off unless it is turned on: no version is told, and one that comes says nothing', async () => {
  await using other = await runServer({ allowPlaintext: false })
  await other.account('alice')
  const line = await dialTls(other.c2sTlsPort)
  expect(await open(line)).not.toContain('urn:xmpp:iap:0')
  line.send(plain2('alice', undefined, configVersion('of-another-server')))
  expect(await line.until(ANSWER2)).toContain('<success')
  line.destroy()
})
