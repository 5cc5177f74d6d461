import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { messageOf, openConversation, openPage, say, signIn, startBrowser } from '../support/browser.ts'
import type { Person } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'

let stack: Stack
let browser: Browser
let alice: Person
let bob: Person
beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), startBrowser()])
  for (const name of ['alice', 'bob']) await stack.account(name)
  alice = await openPage(browser, stack.url)
  bob = await openPage(browser, stack.url)
  await Promise.all([signIn(alice, 'alice', 'alice-password'), signIn(bob, 'bob', 'bob-password')])
  await openConversation(alice, 'bob@localhost')
  await openConversation(bob, 'alice@localhost')
})
afterAll(async () => {
  await browser.close()
  await stack[Symbol.asyncDispose]()
})

const suspend = async (mode: string, reason: string, ...more: string[]) => {
  const { suspension } = await stack.cli<{ suspension: { id: string } }>(
    'suspension',
    'start',
    '--scope',
    'service',
    '--mode',
    mode,
    '--reason',
    reason,
    ...more,
  )
  return (...how: string[]) => stack.cli('suspension', 'end', suspension.id, ...how)
}

test('during a hold the page says so, shows what is held, and all of it arrives at the end', async () => {
  const end = await suspend(
    'hold',
    'checking an image exploit',
    '--until',
    new Date(Date.now() + 3_600_000).toISOString(),
  )
  await alice.page
    .getByText(/checking an image exploit/)
    .first()
    .waitFor()
  await say(alice, 'written during the hold')
  await messageOf(alice, 'written during the hold').and(alice.page.locator('[data-state=held]')).waitFor()
  await end()
  await messageOf(bob, 'written during the hold').waitFor()
  await messageOf(alice, 'written during the hold')
    .and(alice.page.locator('[data-state=delivered],[data-state=recorded]'))
    .waitFor()
  await expect.poll(() => alice.page.getByText(/checking an image exploit/).count()).toBe(0)
})

test('a held message that is discarded says so, and what was typed can be sent again', async () => {
  const end = await suspend('hold', 'checking once more')
  await say(alice, 'written for nobody')
  const own = messageOf(alice, 'written for nobody')
  await own.and(alice.page.locator('[data-state=held]')).waitFor()
  await end('--release', 'discard')
  await own.getByText('Not delivered: held, and discarded by an administrator.').waitFor()
  await own.getByRole('button', { name: 'Try again' }).click()
  await messageOf(bob, 'written for nobody').waitFor()
})

test('while the service is read-only a message waits on the page and goes out by itself afterwards', async () => {
  const end = await suspend('read-only', 'maintenance of the archive')
  await alice.page
    .getByText(/maintenance of the archive/)
    .first()
    .waitFor()
  await say(alice, 'written while read-only')
  await messageOf(alice, 'written while read-only').and(alice.page.locator('[data-state=queued]')).waitFor()
  await end()
  await messageOf(bob, 'written while read-only').waitFor()
})

test('a cut replaces the page by the reason and the expected end; the draft is there when it is over', async () => {
  await alice.page.getByTestId('composer').fill('a draft that survives')
  const until = new Date(Date.now() + 1_800_000)
  const end = await suspend('cut', 'an exploit is being used', '--until', until.toISOString())
  await alice.page.getByTestId('suspended').waitFor()
  expect(await alice.page.getByTestId('suspended').textContent()).toMatch(/an exploit is being used/)
  await end()
  // By themselves the pages look every half minute, so that not everybody comes back at once; somebody in a hurry asks.
  for (const { page } of [alice, bob]) await page.getByTestId('suspended').getByRole('button').click()
  await alice.page.getByTestId('composer').waitFor({ timeout: 60_000 })
  await expect.poll(() => alice.page.getByTestId('composer').inputValue()).toBe('a draft that survives')
  await say(alice, 'back again')
  await messageOf(bob, 'back again').waitFor({ timeout: 60_000 })
  expect([...alice.faults, ...bob.faults]).toEqual([])
})
