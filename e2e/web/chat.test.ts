import { ordinaryPng } from '@drawbridge/testkit/images'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessibilityFaults } from '../support/axe.ts'
import { messageOf, openConversation, openPage, say, signIn, startBrowser } from '../support/browser.ts'
import type { Person } from '../support/browser.ts'
import { startSlixmpp } from '../support/slixmpp.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'

let stack: Stack
let browser: Browser
beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), startBrowser()])
  for (const name of ['alice', 'bob', 'carol']) await stack.account(name)
})
afterAll(async () => {
  await browser.close()
  await stack[Symbol.asyncDispose]()
})

const carol = () =>
  startSlixmpp({
    jid: 'carol@localhost',
    password: 'carol-password',
    port: stack.c2sPort,
    ca: join(stack.dataDir, 'secrets', 'tls-certificate.pem'),
    mechanism: 'SCRAM-SHA-256',
  })

/** What the server would say to a client where previews are on; nothing here is ever fetched. */
async function offerPreviews({ page }: Person, asked: string[]): Promise<void> {
  const answer = (id: string, url: string) =>
    `<iq xmlns="jabber:client" type="result" from="localhost" id="${id}"><preview xmlns="urn:drawbridge:preview:1" url="${url}">` +
    '<title>The &lt;b&gt;agenda&lt;/b&gt;</title><description>What Thursday is about</description>' +
    `<image width="64" height="48"><data xmlns="urn:xmpp:bob" cid="x" type="image/png">${ordinaryPng(64, 48).toString('base64')}</data></image></preview></iq>`
  await page.routeWebSocket(/xmpp-websocket/, (socket) => {
    const server = socket.connectToServer()
    const upload = '<feature var="urn:xmpp:http:upload:0"/>'
    const urls = new Map<string, string>()
    // Both sides count stanzas (XEP-0198), so the server's refusal is replaced, and nothing is added.
    server.onMessage((message) => {
      const text = String(message)
      const id = /^<iq [^>]*id="([^"]+)"/.exec(text)?.[1] ?? ''
      const url = urls.get(id)
      socket.send(
        url === undefined
          ? text.replace(upload, `${upload}<feature var="urn:drawbridge:preview:1"/>`)
          : answer(id, url),
      )
    })
    socket.onMessage((message) => {
      const [, id, url] = /<iq [^>]*id="([^"]+)".*<preview [^>]*url="([^"]+)"/.exec(String(message)) ?? []
      if (id !== undefined && url !== undefined) {
        urls.set(id, url)
        asked.push(url)
      }
      server.send(message)
    })
  })
  await page.reload()
}

test('what is behind a link is asked of the server, shown as text and pixels, and not asked by whoever does not want it', async () => {
  const alice = await openPage(browser, stack.url)
  const { page } = alice
  const [asked, requests]: [string[], string[]] = [[], []]
  await offerPreviews(alice, asked)
  page.on('request', (request) => requests.push(new URL(request.url()).hostname))
  await signIn(alice, 'alice', 'alice-password')
  await openConversation(alice, 'bob@localhost')
  await say(alice, `Read https://wiki.test/agenda, not ${stack.url}/upload/x/a.png`)
  const card = page.getByTestId('link-card')
  await card.and(page.locator('[data-known=true]')).waitFor()
  expect(await card.innerText()).toBe('wiki.test\nThe <b>agenda</b>\nWhat Thursday is about')
  expect(await card.locator('canvas').evaluate((canvas) => (canvas as HTMLCanvasElement).width)).toBe(64)
  expect(await accessibilityFaults(page)).toEqual([])

  await page.getByRole('button', { name: /^Account/ }).click()
  await page.getByRole('checkbox', { name: /behind links/ }).uncheck()
  await page.keyboard.press('Escape')
  await card.waitFor({ state: 'detached' })
  await say(alice, 'And https://wiki.test/minutes')
  await messageOf(alice, 'minutes').and(page.locator('[data-state=recorded],[data-state=delivered]')).waitFor()
  expect(asked).toEqual(['https://wiki.test/agenda'])
  expect(new Set(requests)).toEqual(new Set(['localhost']))
  expect(alice.faults).toEqual([])
  await alice.context.close()
})

test('two browsers and a slixmpp client write to each other, and everything is there after a restart', async () => {
  const [alice, bob] = [await openPage(browser, stack.url), await openPage(browser, stack.url)]
  await Promise.all([signIn(alice, 'alice', 'alice-password'), signIn(bob, 'bob', 'bob-password')])
  await using phone = carol()
  expect(await phone.next('ready')).toMatchObject({ mechanism: 'SCRAM-SHA-256' })

  // Between browsers, both ways.
  await openConversation(alice, 'bob@localhost')
  await say(alice, 'Good morning, Bob')
  await openConversation(bob, 'alice@localhost')
  await messageOf(bob, 'Good morning, Bob').waitFor()
  await say(bob, 'Morning! Ready for <b>ten</b>?')
  await messageOf(alice, 'Morning! Ready for <b>ten</b>?').waitFor()
  await messageOf(alice, 'Good morning, Bob').and(alice.page.locator('[data-state=delivered]')).waitFor()

  // With a standard client, both ways.
  await openConversation(alice, 'carol@localhost')
  await say(alice, 'Are you on the train?')
  await phone.next('message', ({ body }) => body === 'Are you on the train?')
  await phone.send('alice@localhost', 'Yes, five minutes late')
  await messageOf(alice, 'Yes, five minutes late').waitFor()
  await messageOf(alice, 'Are you on the train?')
    .and(alice.page.locator('[data-state=recorded],[data-state=delivered]'))
    .waitFor()

  expect([...alice.faults, ...bob.faults]).toEqual([])
  await Promise.all([alice.context.close(), bob.context.close()])

  // Everything is stopped and started again; a fresh browser has no memory of its own.
  await stack.restart()
  const later = await openPage(browser, stack.url)
  await signIn(later, 'alice', 'alice-password')
  await openConversation(later, 'bob@localhost')
  await messageOf(later, 'Good morning, Bob').waitFor()
  await messageOf(later, 'Morning! Ready for <b>ten</b>?').waitFor()
  await openConversation(later, 'carol@localhost')
  await messageOf(later, 'Yes, five minutes late').waitFor()
  await using again = carol()
  await again.next('ready')
  const history = await again.run<{ body: string }[]>('history', { with: 'alice@localhost' })
  expect(history.map(({ body }) => body)).toEqual(['Are you on the train?', 'Yes, five minutes late'])
  expect(later.faults).toEqual([])
  await later.context.close()
})
