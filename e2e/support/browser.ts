import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'

const PATHS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

/** Debian's Chromium, told to leave the network alone. */
export async function startBrowser(...more: readonly string[]): Promise<Browser> {
  const executablePath = PATHS.find((path) => existsSync(path))
  if (executablePath === undefined) throw new Error('chromium is missing: apt-get install chromium')
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  })
}

/** One person at one browser, with what went wrong in it. */
export interface Person {
  readonly page: Page
  readonly context: BrowserContext
  /** Errors of the page and violations of its content security policy. */
  readonly faults: string[]
}

export interface PersonOptions {
  readonly locale?: string
  readonly colorScheme?: 'light' | 'dark'
  readonly viewport?: { readonly width: number; readonly height: number }
}

/** Opens the web client in a context of its own. */
export async function openPage(browser: Browser, url: string, options: PersonOptions = {}): Promise<Person> {
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1200, height: 760 }, ...options })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(`${error.name}: ${error.message}`))
  page.on('console', (message) => {
    if (/content security policy|trusted ?types/i.test(message.text())) faults.push(message.text())
  })
  await page.goto(url)
  return { page, context, faults }
}

/** Signs in on the sign-in page and waits for the list of conversations. */
export async function signIn({ page }: Person, name: string, password: string): Promise<void> {
  await page.getByLabel('Address').fill(name)
  await page.getByRole('textbox', { name: 'Password' }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByTestId('chat').waitFor()
}

/** Opens the conversation with somebody, new or not. */
export async function openConversation({ page }: Person, address: string): Promise<void> {
  const known = page.getByTestId('conversation').filter({ hasText: address.split('@')[0]! })
  if ((await known.count()) > 0) {
    await known.first().click()
  } else {
    await page.getByRole('button', { name: 'New conversation' }).first().click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox').first().fill(address)
    await dialog.locator('button[type=submit]').click()
  }
  await page.getByTestId('composer').waitFor()
}

/** Both become contacts of each other, as people do it: one asks, the other accepts. Both see the conversation. */
export async function befriend(
  asking: Person,
  askedAddress: string,
  asked: Person,
  askingAddress: string,
): Promise<void> {
  await openConversation(asking, askedAddress)
  await asked.page.getByRole('button', { name: `Accept ${askingAddress}` }).click()
  await openConversation(asked, askingAddress)
  for (const { page } of [asking, asked])
    await page.locator('.pane-header .presence-dot[data-availability=online]').waitFor()
}

/** Writes a message and sends it with the Enter key. */
export async function say({ page }: Person, text: string): Promise<void> {
  await page.getByTestId('composer').fill(text)
  await page.getByTestId('composer').press('Enter')
}

/** The row of a message with this text. */
export function messageOf({ page }: Person, text: string) {
  return page.getByTestId('message').filter({ hasText: text })
}
