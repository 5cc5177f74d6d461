import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { obtainTokens, startIdentityProvider } from './identity-provider.ts'
import type { IdentityProvider } from './identity-provider.ts'
import { oidcSettings } from './issuer.ts'
import { runServer } from './running-server.ts'
import type { RunningServer } from './running-server.ts'
import { ANSWER2, authenticate, bearer2, bind2, conditionIn, decoded, jidIn, response2 } from './sasl2.ts'
import { openTls } from './sign-in.ts'

// XEP-0493 from end to end, with an issuer that was made without us.

let provider: IdentityProvider
let server: RunningServer

beforeAll(async () => {
  provider = await startIdentityProvider()
  server = await runServer({ oidc: oidcSettings(provider) })
  await Promise.all(['alice', 'bob'].map((name) => server.account(name)))
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

/** What a client that has nothing but the address of its user is told. */
async function discoveryUrl(): Promise<string> {
  const line = await openTls(server.c2sTlsPort)
  line.send(authenticate('OAUTHBEARER', 'n,a=alice@im.test,\x01auth=\x01\x01'))
  const said = JSON.parse(decoded(await line.until(ANSWER2), 'challenge')) as Record<string, string>
  line.send(response2('\x01'))
  await line.until(ANSWER2)
  line.destroy()
  expect(said['scope']).toBe('xmpp:client:normal')
  return said['openid-configuration'] ?? ''
}

async function signIn(token: string): Promise<string> {
  const line = await openTls(server.c2sTlsPort)
  const outcome = await bearer2(line, token, bind2('App'))
  line.destroy()
  return outcome
}

test('XEP-0493 §2.3: an app finds the issuer, registers, has its user agree there, and signs in', async () => {
  const { tokens, refresh } = await obtainTokens(await discoveryUrl(), { person: 'a-4711' })
  expect(jidIn(await signIn(tokens.access_token))).toMatch(/^alice@im.test\/App\//)
  // Later, with another token, and without its user.
  const later = await refresh()
  expect(later.access_token).not.toBe(tokens.access_token)
  expect(jidIn(await signIn(later.access_token))).toMatch(/^alice@im.test\/App\//)
})

test('AU-22 the other tokens that the same issuer gives to the same app sign nobody in', async () => {
  const { tokens } = await obtainTokens(await discoveryUrl(), { person: 'b-0815' })
  expect(decodeJwt(tokens.id_token).sub).toBe('b-0815')
  expect(conditionIn(await signIn(tokens.id_token))).toBe('not-authorized')
  expect(conditionIn(await signIn(tokens.refresh_token))).toBe('not-authorized')
  expect(jidIn(await signIn(tokens.access_token))).toMatch(/^bob@im.test\/App\//)
})
