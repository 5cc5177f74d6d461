import { createLog } from '@drawbridge/runtime'
import { expect, test } from 'vitest'
import { startIssuer } from '../../../test/streams/issuer.ts'
import type { TestIssuer } from '../../../test/streams/issuer.ts'
import { connectFrom } from '../../transport/web-sign-in.ts'
import { createWebSignIn } from './web-sign-in.ts'

const HOUR_MS = 3_600_000
const RETURN_PATH = '/signed-in'

/** What the web client would be told, at a time that stands still until a test moves it. */
function signInAt(issuer: TestIssuer, more: { readonly webScopes?: readonly string[] } = {}) {
  const clock = { ms: 0 }
  const complaints: string[] = []
  const log = createLog({ level: 'warn', write: (line) => void complaints.push(line) })
  const config = {
    issuer: issuer.url,
    webClient: 'web',
    scopes: ['xmpp:client:normal'],
    keysMaxAgeMs: HOUR_MS,
    ...more,
  }
  const web = createWebSignIn({
    config: { webScopes: undefined, ...config },
    allowPlaintext: true,
    log,
    now: () => clock.ms,
  })
  return { web, clock, complaints }
}

/** An issuer that also says where people sign in. */
async function startLogin(more: Readonly<Record<string, unknown>> = {}): Promise<TestIssuer> {
  const issuer = await startIssuer()
  const { url } = issuer
  issuer.discovery = {
    ...issuer.discovery,
    authorization_endpoint: `${url}/auth`,
    token_endpoint: `${url}/token`,
    ...more,
  }
  return issuer
}

const asked = ({ requests }: TestIssuer) => requests.length

test('the web client is told where to go and what to ask for, from what the issuer says of itself', async () => {
  await using issuer = await startLogin({ authorization_response_iss_parameter_supported: true })
  const { web } = signInAt(issuer)
  expect(await web.find()).toEqual({
    issuer: issuer.url,
    clientId: 'web',
    scope: 'openid xmpp:client:normal',
    authorizationEndpoint: `${issuer.url}/auth`,
    tokenEndpoint: `${issuer.url}/token`,
    responseMode: 'fragment',
    isNamedInResponse: true,
  })
})

test('an issuer that knows no fragments gets the code into the query, and scopes can be asked for by another name', async () => {
  await using issuer = await startLogin({ response_modes_supported: ['query', 'form_post'] })
  const { web } = signInAt(issuer, { webScopes: ['api://im.test/xmpp.client', 'openid'] })
  expect(await web.find()).toMatchObject({
    responseMode: 'query',
    scope: 'openid api://im.test/xmpp.client',
    isNamedInResponse: false,
  })
})

test('the issuer is asked once for many, again after an hour, and what it said holds while it is away', async () => {
  await using issuer = await startLogin()
  const { web, clock, complaints } = signInAt(issuer)
  await Promise.all(Array.from({ length: 20 }, () => web.find()))
  expect(asked(issuer)).toBe(1)
  issuer.instead = { status: 503 }
  clock.ms = HOUR_MS
  expect(await web.find()).toBeDefined()
  await expect.poll(() => complaints.length).toBe(1)
  expect(await web.find()).toBeDefined()
  expect(asked(issuer)).toBe(2)
})

test('while nothing is known, nobody waits for an issuer that has just failed, and it is asked again later', async () => {
  await using issuer = await startLogin()
  const { web, clock } = signInAt(issuer)
  issuer.instead = { status: 503 }
  expect(await web.find()).toBeUndefined()
  issuer.instead = undefined
  expect(await web.find()).toBeUndefined()
  expect(asked(issuer)).toBe(1)
  clock.ms = 5_000
  expect(await web.find()).toBeDefined()
})

test.each([
  ['another one', { issuer: 'https://evil.example' }],
  ['one without a token endpoint', { token_endpoint: undefined }],
  ['one that takes codes in the clear', { token_endpoint: 'http://login.example.com/token' }],
])('AU-22 nobody is sent to %s', async (_what, said) => {
  await using issuer = await startLogin(said)
  const { web, complaints } = signInAt(issuer)
  expect(await web.find()).toBeUndefined()
  expect(complaints).toHaveLength(1)
})

test('WC-06: only the page that people come back to may ask the token endpoint, whatever its address is made of', async () => {
  await using issuer = await startLogin()
  issuer.discovery['token_endpoint'] = `${issuer.url}/a;b,c/token?tenant=1`
  const { web } = signInAt(issuer)
  const connect = connectFrom(web)
  expect(await connect('/')).toBeUndefined()
  expect(asked(issuer)).toBe(0)
  expect(await connect(RETURN_PATH)).toBe(`${issuer.url}/a%3Bb%2Cc/token`)
})
