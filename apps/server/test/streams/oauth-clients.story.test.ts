import { createClient } from 'stanza'
import { Strophe } from 'strophe.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { oidcSettings, startIssuer } from './issuer.ts'
import type { TestIssuer } from './issuer.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'

// OAUTHBEARER by clients that were made without us. Of those that Debian ships, slixmpp, nbxmpp, profanity and go-sendxmpp have
// none; go-sendxmpp and slixmpp have X-OAUTH2, which was Google's alone.

let issuer: TestIssuer
let server: RunningServer

beforeAll(async () => {
  issuer = await startIssuer()
  server = await runServer({ oidc: oidcSettings(issuer) })
  await server.account('alice')
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await issuer[Symbol.asyncDispose]()
})

const url = () => `ws://127.0.0.1:${server.httpPort}/xmpp-websocket`

/** What becomes of a sign-in by strophe.js, and by which mechanism. */
function byStrophe(token: string): Promise<{ outcome: string; mechanism: string | undefined; jid: string }> {
  Strophe.setLogLevel(Strophe.LogLevel.FATAL)
  const connection = new Strophe.Connection(url(), { mechanisms: [Strophe.SASLOAuthBearer] })
  let mechanism: string | undefined
  connection.rawOutput = (data: string) => {
    mechanism ??= /<auth .*mechanism="([^"]+)"/.exec(data)?.[1]
  }
  return new Promise((resolve) => {
    const done = (outcome: string) => {
      resolve({ outcome, mechanism, jid: connection.jid })
      connection.disconnect()
    }
    connection.connect('alice@im.test', token, (status: number) => {
      if (status === Strophe.Status.CONNECTED) done('connected')
      if (status === Strophe.Status.AUTHFAIL) done('refused')
    })
  })
}

test('RFC 7628 §3 strophe.js signs in by a token, and is told when it does not count', async () => {
  expect(await byStrophe(await issuer.token())).toEqual({
    outcome: 'connected',
    mechanism: 'OAUTHBEARER',
    jid: expect.stringMatching(/^alice@im\.test\/./) as string,
  })
  // It answers the objection with the token once more, which is as good as any other word.
  const expired = await issuer.token({ claims: { exp: 1_000_000_000 } })
  expect(await byStrophe(expired)).toMatchObject({ outcome: 'refused' })
})

test('RFC 7628 §3 stanza.js signs in by a token, and is told when it does not count', async () => {
  const outcome = async (token: string) => {
    const client = createClient({
      jid: 'alice@im.test',
      credentials: { token },
      transports: { websocket: url(), bosh: false },
    })
    // It would try the mechanisms of passwords first, without having one.
    for (const name of ['SCRAM-SHA-256', 'PLAIN']) client.sasl.disable(name)
    const mechanisms: (string | undefined)[] = []
    client.on('raw:outgoing', (data) => void mechanisms.push(/<auth .*mechanism="([^"]+)"/.exec(data)?.[1]))
    const ended = new Promise<string>((resolve) => {
      client.on('session:started', (jid) => resolve(jid ?? ''))
      client.on('auth:failed', () => resolve('refused'))
    })
    client.connect()
    const how = await ended
    client.disconnect()
    return [mechanisms.find((name) => name !== undefined), how]
  }
  const [mechanism, jid] = await outcome(await issuer.token())
  expect([mechanism, jid]).toEqual(['OAUTHBEARER', expect.stringMatching(/^alice@im\.test\/./)])
  expect(await outcome(await issuer.token({ claims: { exp: 1_000_000_000 } }))).toEqual(['OAUTHBEARER', 'refused'])
})
