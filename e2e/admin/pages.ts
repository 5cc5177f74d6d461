import type { Locator } from 'playwright-core'
import { expect } from 'vitest'
import { accessibilityFaults, sidewaysScrollers } from '../support/axe.ts'
import type { Person } from '../support/browser.ts'
import { REFLOWS, textSize } from '../support/look.ts'

/** From here on a page has a part that nobody expected to be opened here. */
const FEWEST = 13

/**
 * Every page and each of its parts, as the navigation has them, so that a new one is tried by being there: by keyboard, with
 * the focus where what is new begins; with everything unfolded; in both languages.
 */
export async function everyPageFits({ page }: Person): Promise<void> {
  const faults: string[] = []
  let opened = 0
  const check = async (name: string) => {
    opened++
    await page.locator('.skeleton').first().waitFor({ state: 'detached' })
    await page.evaluate(() =>
      document.querySelectorAll('main details').forEach((part) => part.setAttribute('open', '')),
    )
    for (const { width, text } of REFLOWS) {
      await page.setViewportSize({ width, height: 800 })
      await textSize(page, text)
      for (const language of ['Deutsch', 'English']) {
        await page.getByRole('button', { name: language }).click()
        const found = await sidewaysScrollers(page)
        faults.push(...found.map((fault) => `${name}, ${width} px, ${text}, ${language}: ${fault}`))
      }
    }
    const found = await accessibilityFaults(page)
    faults.push(...found.map((fault) => `${name}, unfolded: ${fault}`))
    await textSize(page, '')
    await page.setViewportSize({ width: 1280, height: 800 })
  }
  const follow = async (link: Locator) => {
    const name = (await link.textContent()) ?? ''
    await link.press('Enter')
    await page.getByRole('main').waitFor()
    return name
  }
  await page.getByRole('banner').getByRole('link', { name: 'admin', exact: true }).press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor()
  await check('Your account')
  for (const link of await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').all()) {
    const name = await follow(link)
    const heading = page.getByRole('heading', { level: 1, name })
    await heading.waitFor()
    expect(await heading.evaluate((element) => element === document.activeElement)).toBe(true)
    await check(name)
    for (const view of await page.locator('nav.views').getByRole('link').all()) await check(await follow(view))
  }
  expect(faults).toEqual([])
  expect(opened).toBeGreaterThanOrEqual(FEWEST)
}
