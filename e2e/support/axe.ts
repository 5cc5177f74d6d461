import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The rules of axe whose answer depends on colors. */
const OF_COLORS = ['color-contrast', 'link-in-text-block']

/**
 * What is wrong with the page as it is now by WCAG 2.2 A and AA, one line for each element.
 *
 * @param what - `colors`: only what another color scheme could change.
 */
export async function accessibilityFaults(page: Page, what: 'all' | 'colors' = 'all'): Promise<string[]> {
  // Put there by the browser's debugger: the page's own policy would not let a script in.
  if (await page.evaluate(() => !('axe' in globalThis))) await page.evaluate(source)
  const runOnly = what === 'all' ? { type: 'tag', values: WCAG } : { type: 'rule', values: OF_COLORS }
  const { violations } = await page.evaluate(async (only) => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }
    return axe.run({ runOnly: only, resultTypes: ['violations'] })
  }, runOnly)
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(
      ({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary?.replaceAll(/\s+/g, ' ')}`,
    ),
  )
}

/** Everything that can be scrolled sideways, by its selector and by how many pixels. */
export async function sidewaysScrollers(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll<HTMLElement>('body *')]
      .filter((element) => {
        const { overflowX } = getComputedStyle(element)
        const canScroll = element === document.documentElement || overflowX === 'auto' || overflowX === 'scroll'
        // What is folded up is laid out when it is opened.
        const isShown = element.clientWidth > 0 && element.checkVisibility()
        return canScroll && isShown && element.scrollWidth > element.clientWidth
      })
      .map((element) => `${element.tagName} ${element.className} by ${element.scrollWidth - element.clientWidth} px`),
  )
}
