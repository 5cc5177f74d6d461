import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPage, signIn, startBrowser } from '../support/browser.ts'
import type { Person } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'

// Control §3.1, tier E3: which build a page runs, by a token of this server.

let stack: Stack
let browser: Browser
let alice: Person
beforeAll(async () => {
  // Tokens that run out while somebody looks.
  ;[stack, browser] = await Promise.all([startStack({ env: { DRAWBRIDGE_CLIENT_TOKEN_TTL: '2s' } }), startBrowser()])
  await stack.account('alice')
  alice = await openPage(browser, stack.url)
})
afterAll(async () => {
  await browser.close()
  await stack[Symbol.asyncDispose]()
})

interface Session {
  readonly account: string
  readonly state: string
  readonly client: Readonly<Record<string, unknown>>
}

const known = async () => {
  const sessions = await stack.cli<readonly Session[]>('session', 'list')
  return sessions
    .filter(({ account, state }) => account === 'alice' && state === 'connected')
    .map(({ client }) => client)
}
const E3 = [expect.objectContaining({ family: 'drawbridge-web', tier: 'E3', source: 'token', isSuspect: false })]
const refreshed = () => alice.page.waitForResponse((response) => response.url().endsWith('/client-token'))

test('control §3.1 a page is known by a token, and stays so when the token is refreshed, the page reloads and the link is lost', async () => {
  await alice.page.getByRole('checkbox').check()
  await signIn(alice, 'alice', 'alice-password')
  expect(await known()).toEqual(E3)

  // After the life of the first token.
  for (let tokens = 0; tokens < 3; tokens++) expect((await refreshed()).status()).toBe(200)
  await expect.poll(known).toEqual(E3)

  await alice.page.reload()
  await alice.page.locator('.strip[data-strip=normal]').waitFor({ state: 'attached' })
  await expect.poll(known).toEqual(E3)

  const isBack = alice.page.waitForEvent('websocket')
  await alice.context.setOffline(true)
  await alice.page.getByText('You are offline.').first().waitFor()
  await alice.context.setOffline(false)
  await isBack
  await expect.poll(known).toEqual(E3)
  expect(alice.faults).toEqual([])
})

test('WC-08 no script can read the key that a page is known by, and signing out deletes it', async () => {
  const isReadable = await alice.page.evaluate(async () => {
    const opening = indexedDB.open('drawbridge-installation')
    await new Promise((resolve) => (opening.onsuccess = resolve))
    const reading = opening.result.transaction('key').objectStore('key').get('alice@localhost')
    await new Promise((resolve) => (reading.onsuccess = resolve))
    opening.result.close()
    const { privateKey } = reading.result as CryptoKeyPair
    return crypto.subtle.exportKey('pkcs8', privateKey).then(
      () => true,
      () => false,
    )
  })
  expect(isReadable).toBe(false)
  await alice.page.getByRole('button', { name: /^Account/ }).click()
  await alice.page.getByRole('button', { name: 'Sign out', exact: true }).click()
  await alice.page.getByLabel('Address').waitFor()
  const kept = () => alice.page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name))
  await expect.poll(kept).not.toContain('drawbridge-installation')
})
