import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startIdentityProvider } from '../../apps/server/test/streams/identity-provider.ts'
import type { IdentityProvider } from '../../apps/server/test/streams/identity-provider.ts'
import { messageOf, openConversation, openPage, say, signIn, startBrowser } from '../support/browser.ts'
import type { Person } from '../support/browser.ts'
import { look } from '../support/look.ts'
import { freePorts, startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'

// Sign-in with the company account, at an identity provider that was made without us (ADR 38, ADR 43).

const WEB_CLIENT = 'drawbridge-web'

let provider: IdentityProvider
let stack: Stack
let browser: Browser
beforeAll(async () => {
  const [port] = await freePorts(1)
  provider = await startIdentityProvider({
    client: { id: WEB_CLIENT, redirectUri: `http://localhost:${port}/signed-in` },
  })
  const env = {
    DRAWBRIDGE_HTTP_PORT: String(port),
    DRAWBRIDGE_ALLOW_PLAINTEXT: 'true',
    DRAWBRIDGE_OIDC_ISSUER: provider.url,
    DRAWBRIDGE_OIDC_AUDIENCES: 'xmpp:im.test',
    DRAWBRIDGE_OIDC_WEB_CLIENT: WEB_CLIENT,
    DRAWBRIDGE_OIDC_SIGN_IN_LIFETIME: '0s',
    DRAWBRIDGE_OIDC_CLOCK_SKEW: '0s',
  }
  ;[stack, browser] = await Promise.all([startStack({ env }), startBrowser()])
  for (const name of ['alice', 'bob', 'carol']) await stack.account(name)
})
afterAll(async () => {
  await browser.close()
  await stack[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

const companyButton = ({ page }: Person) => page.getByRole('button', { name: 'Sign in with your company account' })
const problem = ({ page }: Person) => page.getByTestId('sign-in').getByRole('alert')

/** From the sign-in page to the list of conversations, by way of the issuer. */
async function signInAtCompany(person: Person, name: string): Promise<void> {
  await companyButton(person).click()
  await person.page.getByRole('link', { name }).click()
  await person.page.getByTestId('chat').waitFor()
}

/** Every address that the browser asks for or shows. */
function listen({ page }: Person): string[] {
  const seen: string[] = []
  page.on('request', (request) => seen.push(request.url()))
  page.on('framenavigated', (frame) => seen.push(frame.url()))
  return seen
}

test('somebody signs in with the company account, and a reload does not ask again', async () => {
  const alice = await openPage(browser, stack.url)
  const addresses = listen(alice)
  await look(alice, 'sign-in-company')
  await signInAtCompany(alice, 'alice')
  expect(await alice.page.getByRole('button', { name: /^Account: alice@localhost/ }).count()).toBe(1)
  expect(alice.page.url()).toBe(`${stack.url}/`)

  await openConversation(alice, 'bob@localhost')
  await say(alice, 'by the company account')
  await messageOf(alice, 'by the company account').and(alice.page.locator('[data-state=recorded]')).waitFor()
  await alice.page.getByTestId('composer').fill('half a sentence')

  await alice.page.reload()
  await messageOf(alice, 'by the company account').waitFor()
  await expect.poll(() => alice.page.getByTestId('composer').inputValue()).toBe('half a sentence')

  // AU-22: what the browser was given is in no address, and nothing of the issuer's is stored.
  expect(addresses.filter((address) => /eyJ|token=/.test(address))).toEqual([])
  expect(addresses.filter((address) => address.startsWith(stack.url) && /[?&]code=/.test(address))).toEqual([])
  const stored = await alice.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))
  expect(stored).not.toMatch(/eyJ|verifier|nonce/)
  expect(alice.faults).toEqual([])
  await alice.context.close()
})

test('two tabs of one browser are two sessions of one sign-in', async () => {
  const bob = await openPage(browser, stack.url)
  await bob.page.getByLabel('Keep me signed in').check()
  await signInAtCompany(bob, 'bob')
  const second = { ...bob, page: await bob.context.newPage() }
  await second.page.goto(stack.url)
  await second.page.getByTestId('chat').waitFor()
  await openConversation(second, 'carol@localhost')
  await say(second, 'from the second tab')
  await messageOf(second, 'from the second tab').and(second.page.locator('[data-state=recorded]')).waitFor()
  await openConversation(bob, 'carol@localhost')
  await messageOf(bob, 'from the second tab').waitFor()

  // Signing out is of the browser, and the issuer asks who comes next, although it knows.
  await bob.page.getByRole('button', { name: /^Account:/ }).click()
  await bob.page.getByRole('button', { name: 'Sign out' }).click()
  await bob.page.getByTestId('sign-in').waitFor()
  await second.page.getByTestId('sign-in').waitFor()
  await signInAtCompany(bob, 'alice')
  expect(await bob.page.getByRole('button', { name: /^Account: alice@localhost/ }).count()).toBe(1)
  expect(bob.faults).toEqual([])
  await bob.context.close()
})

test('a sign-in that runs out goes on without asking while the page is open', async () => {
  provider.tokenTtlS = 4
  const alice = await openPage(browser, stack.url)
  const renewed = alice.page.waitForRequest((request) => /grant_type=refresh_token/.test(request.postData() ?? ''))
  await signInAtCompany(alice, 'alice')
  provider.tokenTtlS = 300
  await renewed
  await openConversation(alice, 'bob@localhost')
  await say(alice, 'after the first token')
  await messageOf(alice, 'after the first token').and(alice.page.locator('[data-state=recorded]')).waitFor()
  expect(alice.faults).toEqual([])
  await alice.context.close()
})

test('where it cannot, the person is told, and finds the draft after signing in again', async () => {
  provider.tokenTtlS = 4
  const alice = await openPage(browser, stack.url)
  await signInAtCompany(alice, 'alice')
  provider.tokenTtlS = 300
  await openConversation(alice, 'bob@localhost')
  await alice.page.getByTestId('composer').fill('not said yet')
  // What could get another token does not outlive the page.
  await alice.page.reload()
  await alice.page.getByTestId('sign-in').waitFor()
  await expect.poll(() => problem(alice).getAttribute('data-problem')).toBe('sign-in-ended')
  // The issuer still knows who it is.
  await companyButton(alice).click()
  await alice.page.getByTestId('chat').waitFor()
  await openConversation(alice, 'bob@localhost')
  await expect.poll(() => alice.page.getByTestId('composer').inputValue()).toBe('not said yet')
  expect(alice.faults).toEqual([])
  await alice.context.close()
})

test('AU-22: an answer that nobody in this tab asked for signs nobody in', async () => {
  const carol = await openPage(browser, stack.url)
  const requests = listen(carol)
  for (const answer of ['#code=stolen&state=guessed', '?code=stolen&state=guessed']) {
    await carol.page.goto(`${stack.url}/signed-in${answer}`)
    await expect.poll(() => problem(carol).getAttribute('data-problem')).toBe('company')
    expect(carol.page.url()).toBe(`${stack.url}/`)
  }
  // The question is there, and the answer is somebody else's, or from another issuer.
  await companyButton(carol).click()
  await carol.page.getByRole('link', { name: 'alice' }).waitFor()
  await carol.page.goto(`${stack.url}/signed-in#code=stolen&state=guessed&iss=${encodeURIComponent(provider.url)}`)
  await problem(carol).getByText('does not belong to this tab').waitFor()
  expect(requests.filter((address) => address.startsWith(provider.url) && /token/.test(address))).toEqual([])
  await carol.context.close()
})

test.each(['nonce', 'aud', 'iss'])('AU-22: an ID token with another %s signs nobody in', async (claim) => {
  const carol = await openPage(browser, stack.url)
  await carol.page.route(`${provider.url}/token`, async (route) => {
    const response = await route.fetch()
    const said = (await response.json()) as { id_token: string }
    const [header, payload = '', signature] = said.id_token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    const twisted = Buffer.from(JSON.stringify({ ...claims, [claim]: 'another' })).toString('base64url')
    await route.fulfill({ response, json: { ...said, id_token: [header, twisted, signature].join('.') } })
  })
  await companyButton(carol).click()
  await carol.page.getByRole('link', { name: 'alice' }).click()
  await problem(carol).getByText('does not belong to this tab').waitFor()
  await carol.context.close()
})

test('who turns back at the issuer, and who has no account here, is told so', async () => {
  const carol = await openPage(browser, stack.url)
  await companyButton(carol).click()
  await carol.page.getByRole('link', { name: 'nobody' }).click()
  await problem(carol).getByText('You did not go through with it').waitFor()

  await stack.cli('account', 'disable', 'bob')
  await companyButton(carol).click()
  await carol.page.getByRole('link', { name: 'bob' }).click()
  await expect.poll(() => problem(carol).getAttribute('data-problem')).toBe('account-disabled')

  // Passwords go on working beside it.
  await signIn(carol, 'carol', 'carol-password')
  expect(carol.faults).toEqual([])
  await carol.context.close()
})

test('only the page that people come back to may ask the issuer, and only its token endpoint', async () => {
  const policyOf = async (path: string) =>
    (await fetch(stack.url + path)).headers.get('content-security-policy')?.match(/connect-src ([^;]*)/)?.[1]
  expect(await policyOf('/')).toBe("'self'")
  expect(await policyOf('/signed-in')).toBe(`'self' ${provider.url}/token`)
  expect(await policyOf('/admin')).toBe("'self'")
})

test('without the issuer people are told, and sign in with their passwords', async () => {
  const carol = await openPage(browser, stack.url, { locale: 'de-DE' })
  await carol.page.route('**/oidc/sign-in.json', (route) => route.fulfill({ status: 503, body: '{}' }))
  await carol.page.getByRole('button', { name: 'Mit dem Firmenkonto anmelden' }).click()
  await problem(carol).getByText('Die Anmeldung Ihrer Firma ist nicht erreichbar').waitFor()
  await carol.context.close()
})
