import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { messageOf, openConversation, openPage, say, signIn, startBrowser } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'
import { buildWeb } from '../support/web-build.ts'

let stack: Stack
let browser: Browser
let directory: string
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'web-builds-'))
  await buildWeb('1.0.0', join(directory, 'old'))
  await buildWeb('2.0.0', join(directory, 'new'))
  await cp(join(directory, 'old'), join(directory, 'served'), { recursive: true })
  ;[stack, browser] = await Promise.all([
    startStack({ env: { DRAWBRIDGE_WEB_DIR: join(directory, 'served') } }),
    startBrowser(),
  ])
  await stack.account('alice')
  await stack.account('bob')
})
afterAll(async () => {
  await browser.close()
  await stack[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

test('control §7.11 a lock-out ends a live browser session within a second; it comes back on the accepted build with its draft', async () => {
  const alice = await openPage(browser, stack.url)
  await alice.page.getByRole('checkbox').check()
  await signIn(alice, 'alice', 'alice-password')
  await openConversation(alice, 'bob@localhost')
  await say(alice, 'sent before the lock-out')
  await messageOf(alice, 'sent before the lock-out').and(alice.page.locator('[data-state=recorded]')).waitFor()
  await alice.page.getByTestId('composer').fill('half a sentence that nobody must ty')

  // The rule comes first: the page that is refused has no newer build to go to yet.
  const added = await stack.cli<{ effect: { appliedMs: number; disconnected: number } }>(
    'client-rule',
    'add',
    '--family',
    'drawbridge-web',
    '--below',
    '2.0.0',
    '--action',
    'disconnect',
    '--now',
  )
  const returnedAt = performance.now()
  await alice.page.getByTestId('update-required').waitFor()
  const seenMs = performance.now() - returnedAt
  console.log(
    `lock-out: applied in ${added.effect.appliedMs} ms; the browser shows it ${Math.round(seenMs)} ms after the command`,
  )
  expect(added.effect.disconnected).toBe(1)
  expect(seenMs).toBeLessThan(1_000)
  expect(await alice.page.getByTestId('update-required').textContent()).toMatch(/1\.0\.0.*2\.0\.0/)

  // Somebody with the old build cannot sign in, and learns why.
  const bob = await openPage(browser, stack.url)
  await bob.page.getByLabel('Address').fill('bob')
  await bob.page.getByRole('textbox', { name: 'Password' }).fill('bob-password')
  await bob.page.getByRole('button', { name: 'Sign in' }).click()
  await bob.page.getByTestId('update-required').waitFor()
  await bob.context.close()

  // The accepted build is rolled out; the page takes it without being asked.
  await cp(join(directory, 'new'), join(directory, 'served'), { recursive: true })
  await alice.page.getByTestId('composer').waitFor({ timeout: 60_000 })
  await expect.poll(() => alice.page.getByTestId('composer').inputValue()).toBe('half a sentence that nobody must ty')
  await messageOf(alice, 'sent before the lock-out').waitFor()
  await say(alice, 'sent from the new build')
  await messageOf(alice, 'sent from the new build').and(alice.page.locator('[data-state=recorded]')).waitFor()
  expect(alice.faults).toEqual([])
  await alice.context.close()
})
