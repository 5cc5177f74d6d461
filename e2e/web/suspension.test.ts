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
  ;[stack, browser] = await Promise.all([
    startStack({ env: { DRAWBRIDGE_CONTACT_SUPPORT: 'tel:+15550100 xmpp:help@localhost' } }),
    startBrowser(),
  ])
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

test('after an end for review the message is still marked as held, also after a reload, until it is released', async () => {
  const start = ['suspension', 'start', '--scope', 'messages', '--mode', 'hold', '--reason', 'looking closer']
  const { suspension } = await stack.cli<{ suspension: { id: string } }>(...start)
  await alice.page
    .getByText(/looking closer/)
    .first()
    .waitFor()
  await say(alice, 'for review')
  const held = messageOf(alice, 'for review').and(alice.page.locator('[data-state=held]'))
  await held.waitFor()
  await alice.page.reload()
  await held.waitFor()
  await stack.cli('suspension', 'end', suspension.id, '--release', 'review')
  await alice.page.locator('.strip[data-strip=normal]').waitFor({ state: 'attached' })
  await held.waitFor()
  await alice.page.getByText('1 of your messages is held and not delivered yet.').waitFor()
  await stack.cli('suspension', 'release', suspension.id, 'all')
  await held.waitFor({ state: 'detached' })
  await messageOf(bob, 'for review').waitFor()
})

test('while the service is read-only the composer is, too, and its draft is kept', async () => {
  const composer = alice.page.getByTestId('composer')
  await composer.fill('half a thought')
  const end = await suspend('read-only', 'maintenance of the archive')
  await alice.page.locator('[data-testid=composer][readonly]').waitFor()
  await composer.press('Enter')
  expect(await composer.inputValue()).toBe('half a thought')
  expect(await messageOf(alice, 'half a thought').count()).toBe(0)
  await messageOf(alice, 'for review').waitFor()
  await end()
  await alice.page.locator('[data-testid=composer]:not([readonly])').waitFor()
  await composer.press('Enter')
  await messageOf(bob, 'half a thought').waitFor()
})

test('while messages are rejected none is shown, old ones neither, and all are back afterwards', async () => {
  const end = await suspend('reject', 'a worm in the texts')
  await alice.page.getByTestId('timeline-hidden').waitFor()
  expect(await alice.page.getByText('half a thought').count()).toBe(0)
  await alice.page.reload()
  await alice.page.getByTestId('timeline-hidden').waitFor()
  await end()
  await messageOf(alice, 'half a thought').waitFor()
})

test('a cut replaces the page by the reason and the expected end; the draft is there when it is over', async () => {
  await alice.page.getByTestId('composer').fill('a draft that survives')
  const until = new Date(Date.now() + 1_800_000)
  const end = await suspend('cut', 'an exploit is being used', '--until', until.toISOString())
  await alice.page.getByTestId('suspended').waitFor()
  expect(await alice.page.getByTestId('suspended').textContent()).toMatch(/an exploit is being used/)
  const help = alice.page.getByTestId('suspended').getByRole('link')
  expect([await help.textContent(), await help.getAttribute('href')]).toEqual(['+15550100', 'tel:+15550100'])
  await end()
  // By themselves the pages look every half minute, so that not everybody comes back at once; somebody in a hurry asks.
  for (const { page } of [alice, bob]) await page.getByTestId('suspended').getByRole('button').click()
  await alice.page.getByTestId('composer').waitFor({ timeout: 60_000 })
  await expect.poll(() => alice.page.getByTestId('composer').inputValue()).toBe('a draft that survives')
  await say(alice, 'back again')
  await messageOf(bob, 'back again').waitFor({ timeout: 60_000 })
  expect([...alice.faults, ...bob.faults]).toEqual([])
})
