import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { Persona, Product } from '../interop/foreign-client.ts'

const DIST = dirname(createRequire(import.meta.url).resolve('converse.js/dist/converse.js'))
const PAGE = `<!doctype html><meta charset="utf-8"><title>Converse</title>
<link rel="stylesheet" href="dist/converse.min.css">
<body class="converse-fullscreen"><script type="module" src="dist/converse.min.js"></script></body>`

/** What Converse gives to its plugins. */
type Api = Readonly<Record<string, Readonly<Record<string, (...args: unknown[]) => unknown>>>>

interface Converse {
  readonly plugins: { add(name: string, plugin: { initialize(this: { _converse: { api: Api } }): void }): void }
  initialize(settings: object): Promise<unknown>
}

/** Converse in a browser of its own, signed in. */
export interface ConversePage {
  readonly page: Page
  readonly context: BrowserContext
  /** What went over the WebSocket to the server. */
  readonly sent: readonly string[]
  /** Calls a method that plugins may call, such as `chats.open`. What comes of it shows on the page. */
  call(group: string, method: string, ...args: readonly unknown[]): Promise<void>
  /** Resolves when the conversation with somebody is the one that shows. */
  open(jid: string): Promise<void>
}

/** Opens Converse as a page of the server's origin, from its package. */
export async function openConverse(browser: Browser, persona: Persona, { url }: Product): Promise<ConversePage> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 760 } })
  const page = await context.newPage()
  page.setDefaultTimeout(10_000)
  const sent: string[] = []
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => void sent.push(String(payload))))
  await page.route(`${url}/converse/**`, async (route) => {
    const path = new URL(route.request().url()).pathname.replace('/converse/', '')
    const file = join(DIST, path.replace('dist/', ''))
    if (path === '') return route.fulfill({ contentType: 'text/html', body: PAGE })
    return existsSync(file) ? route.fulfill({ path: file }) : route.fulfill({ status: 404 })
  })
  await page.goto(`${url}/converse/`)
  const settings = {
    whitelisted_plugins: ['interop'],
    // End-to-end encryption is refused by the rules that hold without a word from an administrator.
    blacklisted_plugins: ['converse-omemo'],
    authentication: 'login',
    auto_login: true,
    jid: persona.jid,
    password: persona.password,
    websocket_url: `${url.replace('http', 'ws')}/xmpp-websocket`,
    discover_connection_methods: false,
    // By itself it takes links to WebP for no images.
    image_urls_regex: /\.webp(?:\?|$)/i,
    view_mode: 'fullscreen',
    assets_path: '/converse/dist/',
    i18n: 'en',
    play_sounds: false,
  }
  await page.evaluate((given) => {
    const { converse } = globalThis as unknown as { converse: Converse }
    converse.plugins.add('interop', {
      initialize() {
        Object.assign(globalThis, { interopApi: this._converse.api })
      },
    })
    void converse.initialize(given)
  }, settings)
  await page.locator('.xmpp-status').first().waitFor()
  const call = (group: string, method: string, ...args: readonly unknown[]) =>
    page.evaluate(
      (given) => {
        const { interopApi } = globalThis as unknown as { interopApi: Api }
        void interopApi[given.group]?.[given.method]?.(...given.args)
      },
      { group, method, args },
    )
  const shows = async (jid: string) => {
    await call('chats', 'open', jid, {}, true)
    const composer = page.locator(`converse-chat[jid="${jid}"] textarea.chat-textarea`)
    return composer.waitFor({ timeout: 1000 }).then(
      () => true,
      () => false,
    )
  }
  return {
    page,
    context,
    sent,
    call,
    // A first message that arrives while its conversation is being opened hides it again, so Converse is asked again.
    async open(jid) {
      for (let asked = 0; asked < 10; asked++) if (await shows(jid)) return
      throw new Error(`Converse does not show the conversation with ${jid}`)
    },
  }
}
