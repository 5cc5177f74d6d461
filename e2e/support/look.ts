import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { accessibilityFaults, sidewaysScrollers } from './axe.ts'
import type { Person } from './browser.ts'
import { ROOT } from './stack.ts'

const WIDTHS = [1280, 768, 360] as const
const HEIGHT = 800
/** Phones, a window as narrow as WCAG 2.2 SC 1.4.10 asks for, and text as large as SC 1.4.4 does. */
export const REFLOWS = [
  { width: 360, text: '100%' },
  { width: 320, text: '100%' },
  { width: 1280, text: '200%' },
] as const

/** Where pictures of the screens go, for people to look at; git ignores them. */
const PICTURES = join(ROOT, 'test-results', 'look')

/** Takes a picture of what is shown now, where pictures are wanted: it proves nothing, and costs as much as a check. */
export async function picture({ page }: Person, name: string): Promise<void> {
  if (process.env['DRAWBRIDGE_PICTURES'] === '1') await page.screenshot({ path: join(PICTURES, `${name}.png`) })
}

/** Checks what is shown now: light and dark, wide and narrow. */
export async function look(person: Person, name: string): Promise<void> {
  const { page } = person
  const faults: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: HEIGHT })
      // From the top: what a bar that stays in sight covers is reached by scrolling.
      await page.evaluate(() => scrollTo(0, 0))
      const found = await accessibilityFaults(page, colorScheme === 'light' ? 'all' : 'colors')
      faults.push(...found.map((fault) => `${name}, ${colorScheme}, ${width} px: ${fault}`))
      await picture(person, `${name}-${colorScheme}-${width}`)
    }
  }
  for (const { width, text } of REFLOWS) {
    await page.setViewportSize({ width, height: HEIGHT })
    await textSize(page, text)
    const found = await sidewaysScrollers(page)
    faults.push(...found.map((fault) => `${name}, ${width} px, text at ${text}: scrolls sideways: ${fault}`))
  }
  await textSize(page, '')
  await page.setViewportSize({ width: 1280, height: HEIGHT })
  await page.emulateMedia({ colorScheme: 'light' })
  expect(faults).toEqual([])
}

/** Makes all text larger, as people do in their browser, and waits until what depends on it is laid out. */
export async function textSize(page: Page, size: string): Promise<void> {
  await page.evaluate(async (fontSize) => {
    document.documentElement.style.fontSize = fontSize
    // What observes sizes is told after the first frame; the second shows what came of it.
    for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame)
  }, size)
}

/** Most bytes of a picture that the documentation shows. */
const MAX_PUBLISHED = 250_000

/**
 * Takes a picture of the window for `docs/screenshots`. It is put there only on demand
 * (`DRAWBRIDGE_UPDATE_SCREENSHOTS=1`), since every run draws another clock; that it is there and small is always checked.
 */
export async function publish(
  { page }: Person,
  name: string,
  size: { readonly width: number; readonly height: number } = { width: 1280, height: HEIGHT },
): Promise<void> {
  const published = join(ROOT, 'docs', 'screenshots', `${name}.png`)
  const isForPublication = process.env['DRAWBRIDGE_UPDATE_SCREENSHOTS'] === '1'
  await page.setViewportSize(size)
  await page.mouse.move(0, 0)
  if (isForPublication) await page.screenshot({ path: published })
  await page.setViewportSize({ width: 1280, height: HEIGHT })
  expect(existsSync(published), published).toBe(true)
  expect((await stat(published)).size, published).toBeLessThan(MAX_PUBLISHED)
}
