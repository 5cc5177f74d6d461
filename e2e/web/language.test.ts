import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { messageOf, openConversation, openPage, say, signIn, startBrowser } from '../support/browser.ts'
import type { Person } from '../support/browser.ts'
import { sidewaysScrollers } from '../support/axe.ts'
import { pickFiles } from '../support/files.ts'
import { picture } from '../support/look.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'

let stack: Stack
let browser: Browser
beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), startBrowser()])
  for (const name of ['alice', 'bob']) await stack.account(name)
})
afterAll(async () => {
  await browser.close()
  await stack[Symbol.asyncDispose]()
})

test('in a German browser everything is German', async () => {
  const alice = await openPage(browser, stack.url, { locale: 'de-DE' })
  const { page } = alice
  await page.getByRole('heading', { name: /Anmelden/ }).waitFor()
  expect(await leftovers(alice)).toEqual([])
  await page.getByLabel('Adresse').fill('alice')
  await page.getByRole('textbox', { name: 'Passwort' }).fill('alice-password')
  await page.getByRole('button', { name: 'Anmelden' }).click()
  await page.getByText('Noch keine Unterhaltungen').waitFor()
  expect(await leftovers(alice)).toEqual([])

  await page.getByRole('button', { name: 'Neue Unterhaltung' }).first().click()
  await page.getByRole('dialog', { name: 'Neue Unterhaltung' }).waitFor()
  expect(await leftovers(alice)).toEqual([])
  await page.getByRole('dialog').getByRole('textbox').fill('bob')
  await page.getByRole('button', { name: 'Beginnen' }).click()
  await page.getByTestId('composer').waitFor()
  await say(alice, 'Guten Tag')
  await messageOf(alice, 'Guten Tag').and(page.locator('[data-state=recorded]')).waitFor()
  await pickFiles(alice, { name: 'plan.png', mimeType: 'image/png', buffer: Buffer.from(SVG) })
  await page.getByText('Diese Art Bild wird nicht angenommen.').waitFor()
  expect(await leftovers(alice)).toEqual([])
  await picture(alice, 'german')
  await page.getByRole('button', { name: /^Konto/ }).click()
  await page.getByRole('dialog', { name: 'Konto' }).waitFor()
  expect(await leftovers(alice)).toEqual([])
  await picture(alice, 'german-account')
  await page.getByRole('button', { name: 'Tastenkürzel' }).click()
  await page.getByRole('dialog', { name: 'Tastenkürzel' }).waitFor()
  expect(await leftovers(alice)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('de')
  await alice.context.close()
})

test('from right to left nothing is lost', async () => {
  const alice = await openPage(browser, stack.url)
  const { page } = alice
  await signIn(alice, 'alice', 'alice-password')
  await openConversation(alice, 'bob@localhost')
  await page.evaluate(() => {
    document.documentElement.dir = 'rtl'
  })
  for (const width of [1280, 360, 320]) {
    await page.setViewportSize({ width, height: 800 })
    expect(await sidewaysScrollers(page)).toEqual([])
    await picture(alice, `rtl-${width}`)
    const text = `written at ${width} px`
    await say(alice, text)
    const row = messageOf(alice, text)
    await row.waitFor()
    const [rowBox, pictureBox] = await Promise.all([
      row.boundingBox(),
      page.locator('.pane-header .avatar').boundingBox(),
    ])
    expect(pictureBox!.x).toBeGreaterThan(width > 700 ? width / 4 : width / 2)
    expect(rowBox!.x).toBeGreaterThanOrEqual(0)
    expect(rowBox!.x + rowBox!.width).toBeLessThanOrEqual(width)
  }
  await page.setViewportSize({ width: 1280, height: 800 })
  const [list, pane] = await Promise.all([page.locator('.sidebar').boundingBox(), page.locator('.pane').boundingBox()])
  expect(list!.x).toBeGreaterThan(pane!.x)
  expect(alice.faults).toEqual([])
  await alice.context.close()
})

/** English that is left on the page, in texts, labels and hints. */
async function leftovers({ page }: Person): Promise<string[]> {
  const ENGLISH =
    /\b(the|and|your|you|is|are|to|of|with|sign|password|address|search|new|conversations?|people|message|messages|send|attach|file|image|picture|close|cancel|back|remove|try|again|away|settings|light|dark|language|save|keyboard|shortcuts|today|yesterday|loading|beginning)\b/i
  const texts = await page.evaluate(() => {
    const found: string[] = []
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let node = walker.nextNode(); node; node = walker.nextNode()) found.push(node.textContent ?? '')
    for (const element of document.querySelectorAll('*')) {
      for (const name of ['aria-label', 'title', 'placeholder', 'alt']) found.push(element.getAttribute(name) ?? '')
    }
    return found
  })
  return texts.map((text) => text.trim()).filter((text) => ENGLISH.test(text))
}
