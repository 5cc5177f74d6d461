import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessibilityFaults } from '../support/axe.ts'
import { openPage, signIn, startBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'

let stack: Stack
let browser: Browser
beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), startBrowser()])
  for (const name of ['alice', 'bob', 'carol']) await stack.account(name)
  await stack.cli('account', 'name', 'bob', 'Robert', 'Müller')
  await stack.cli('account', 'name', 'carol', 'Rosa', 'Board')
  await stack.cli('unit', 'add', 'sales', '--display-name', 'Sales', '--roster', 'nobody')
  await stack.cli('unit', 'join', 'sales', 'bob')
  await stack.cli('unit', 'add', 'board', '--display-name', 'Board', '--roster', 'nobody', '--directory', 'members')
  await stack.cli('unit', 'join', 'board', 'carol')
})
afterAll(async () => {
  await browser.close()
  await stack[Symbol.asyncDispose]()
})

test('a colleague is found by name, chosen with the arrow keys, and written to; who keeps to a unit is not (SP-18)', async () => {
  const alice = await openPage(browser, stack.url)
  await signIn(alice, 'alice', 'alice-password')
  const { page } = alice
  await page.getByRole('button', { name: 'New conversation' }).first().click()
  const dialog = page.getByRole('dialog')
  const field = dialog.getByRole('textbox')

  await field.fill('ro')
  const found = dialog.getByRole('list', { name: 'People' }).getByRole('button')
  await found.filter({ hasText: 'Robert Müller' }).waitFor()
  await dialog.locator('[data-people=settled]').waitFor({ state: 'attached' })
  expect(await found.allInnerTexts()).toEqual([expect.stringMatching(/Robert Müller\s+Sales · bob@localhost/)])
  expect(await accessibilityFaults(page)).toEqual([])

  await field.fill('zoe')
  await dialog.getByText('Nobody here is called “zoe”.').waitFor()
  expect(await found.count()).toBe(0)

  await field.fill('MULLER')
  await found.first().waitFor()
  await field.press('ArrowDown')
  await expect.poll(() => found.first().evaluate((button) => button === document.activeElement)).toBe(true)
  await page.keyboard.press('ArrowUp')
  await expect.poll(() => field.evaluate((input) => input === document.activeElement)).toBe(true)
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.getByTestId('composer').waitFor()
  await page.getByTestId('conversation').filter({ hasText: 'bob' }).first().waitFor()
  expect(alice.faults).toEqual([])
})

test('somebody sees their devices and signs one out, which then asks for the password', async () => {
  const [here, there] = [await openPage(browser, stack.url), await openPage(browser, stack.url)]
  await signIn(here, 'bob', 'bob-password')
  await signIn(there, 'bob', 'bob-password')
  const { page } = here
  await page.getByRole('button', { name: /^Account/ }).click()
  await page
    .getByTestId('storage')
    .getByText(/of .* GB/)
    .waitFor()
  await page.getByRole('button', { name: 'Your devices' }).click()
  const devices = page.getByTestId('device')
  await devices.nth(1).waitFor()
  expect(await devices.first().textContent()).toMatch(/^drawbridge-web \d.*This device.*Active now$/)
  expect(await devices.first().getByRole('button').count()).toBe(0)
  expect(await accessibilityFaults(page)).toEqual([])

  await devices
    .nth(1)
    .getByRole('button', { name: /^Sign out drawbridge-web/ })
    .click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Cancel' }).click()
  expect(await devices.count()).toBe(2)
  await devices
    .nth(1)
    .getByRole('button', { name: /^Sign out drawbridge-web/ })
    .click()
  await page.getByRole('alertdialog').getByRole('button', { name: 'Sign out' }).click()
  await page.getByText(/was signed out\. It knows your password/).waitFor()
  await page.getByText('No other device is signed in.').waitFor()
  expect(await devices.count()).toBe(1)
  await there.page.getByText('This device was signed out from another one.').waitFor()
  await there.page.getByTestId('sign-in').waitFor()
  expect([...here.faults, ...there.faults]).toEqual([])
  await Promise.all([here.context.close(), there.context.close()])
})

test('whoever was invited opens the page, makes an account, and is signed in (XEP-0401 §4.2)', async () => {
  const { url } = await stack.cli<{ readonly url: string }>('invitation', 'add', '--inviter', 'alice')
  const guest = await openPage(browser, url, { colorScheme: 'dark' })
  const { page } = guest
  await page.getByRole('heading', { name: /^alice invites you to localhost$/ }).waitFor()
  expect(await accessibilityFaults(page)).toEqual([])
  await page.getByLabel('Name').fill('juliet')
  await page.getByLabel('Password', { exact: true }).fill('wherefore art thou')
  await page.getByLabel('The password again').fill('wherefore art thou')
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.getByRole('heading', { name: 'Your account is ready' }).waitFor()
  await page.getByText('juliet@localhost').waitFor()
  await page.getByRole('link', { name: 'Sign in' }).click()
  await signIn(guest, 'juliet', 'wherefore art thou')
  // Whoever invited is a contact.
  await page.getByTestId('conversation').filter({ hasText: 'alice' }).first().waitFor()
  expect(guest.faults).toEqual([])

  await page.goto(url)
  await page.getByRole('heading', { name: 'This invitation is not valid' }).waitFor()
})
