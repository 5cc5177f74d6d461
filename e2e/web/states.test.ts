import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { befriend, messageOf, openPage, say, signIn, startBrowser } from '../support/browser.ts'
import type { Person } from '../support/browser.ts'
import { pickFiles } from '../support/files.ts'
import { look } from '../support/look.ts'
import { drawGate } from '../support/scene.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'

let stack: Stack
let browser: Browser
let alice: Person
beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), startBrowser()])
  for (const name of ['alice', 'bob']) await stack.account(name)
  alice = await openPage(browser, stack.url)
  const bob = await openPage(browser, stack.url)
  await Promise.all([signIn(alice, 'alice', 'alice-password'), signIn(bob, 'bob', 'bob-password')])
  await befriend(alice, 'bob@localhost', bob, 'alice@localhost')
})
afterAll(async () => {
  await browser.close()
  await stack[Symbol.asyncDispose]()
})

const closeDialog = async ({ page }: Person) => {
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
}

test('dialogs: new conversation, shortcuts, account, image', async () => {
  const { page } = alice
  await page.getByRole('button', { name: 'New conversation' }).first().click()
  await page.getByRole('dialog').getByRole('textbox').fill('b')
  await page.getByRole('dialog').getByText('bob@localhost').waitFor()
  await look(alice, 'new-conversation')
  await closeDialog(alice)

  await page.getByRole('button', { name: /^Account/ }).click()
  await page.getByRole('dialog', { name: 'Account' }).waitFor()
  await look(alice, 'account')
  await page.getByRole('button', { name: 'Keyboard shortcuts' }).click()
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  await look(alice, 'shortcuts')
  await closeDialog(alice)

  await pickFiles(alice, { name: 'gatehouse.png', mimeType: 'image/png', buffer: await drawGate() })
  await page.getByTestId('image').click()
  await page.getByRole('dialog', { name: 'gatehouse.png' }).locator('img').waitFor()
  await look(alice, 'image')
  await closeDialog(alice)
})

test('a suspension: in the strip, in its dialog, and instead of everything', async () => {
  const { page } = alice
  const until = new Date(Date.now() + 5_400_000).toISOString()
  const start = (mode: string, reason: string) =>
    stack.cli<{ suspension: { id: string } }>(
      ...['suspension', 'start', '--scope', 'service', '--mode', mode, '--reason', reason, '--until', until],
    )
  const hold = await start('hold', 'We are checking an exploit in a picture format')
  await page
    .getByText(/checking an exploit/)
    .first()
    .waitFor()
  await say(alice, 'Will this wait?')
  await messageOf(alice, 'Will this wait?').and(page.locator('[data-state=held]')).waitFor()
  await look(alice, 'hold')
  await page.getByRole('button', { name: 'Details' }).click()
  await page.getByRole('dialog', { name: 'Messages are held' }).waitFor()
  await look(alice, 'hold-details')
  await closeDialog(alice)
  await stack.cli('suspension', 'end', hold.suspension.id)
  await page.locator('.strip[data-strip=normal]').waitFor({ state: 'attached' })

  const cut = await start('cut', 'A picture that is going round attacks the apps that show it')
  await page.getByTestId('suspended').waitFor()
  await look(alice, 'cut')
  await stack.cli('suspension', 'end', cut.suspension.id)
  await page.getByTestId('suspended').getByRole('button').click()
  await page.getByTestId('composer').waitFor()
})

test('a version that is no longer accepted', async () => {
  await stack.cli(
    ...['client-rule', 'add', '--family', 'drawbridge-web', '--below', '99.0.0', '--action', 'disconnect', '--now'],
  )
  await alice.page.getByTestId('update-required').waitFor()
  await look(alice, 'update-required')
  expect(alice.faults).toEqual([])
})
