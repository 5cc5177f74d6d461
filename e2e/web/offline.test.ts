import { xml } from '@drawbridge/xmpp'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { messageOf, openConversation, openPage, say, signIn, startBrowser } from '../support/browser.ts'
import type { Person } from '../support/browser.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'
import { connectClient } from '../support/xmpp-client.ts'
import type { TestClient } from '../support/xmpp-client.ts'

const BEFORE = 15
const DURING = 15

let stack: Stack
let browser: Browser
let alice: Person
beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), startBrowser()])
  for (const name of ['alice', 'bob']) await stack.account(name)
  alice = await openPage(browser, stack.url)
  await signIn(alice, 'alice', 'alice-password')
  await openConversation(alice, 'bob@localhost')
})
afterAll(async () => {
  await browser.close()
  await stack[Symbol.asyncDispose]()
})

const signInBob = () =>
  connectClient({ port: stack.c2sPort, name: 'bob', password: 'bob-password', management: 'resumable' })

/** Bodies that reached this client, in order; each time one came. */
const bodiesAt = ({ received }: TestClient, beginning: string) =>
  received
    .filter(({ name }) => name === 'message')
    .map((element) => element.getChildText('body') ?? '')
    .filter((body) => body.startsWith(beginning))

/** Everything the recipient's archive holds of a conversation (XEP-0313), in its order. */
async function archived(client: TestClient, beginning: string): Promise<string[]> {
  const found: string[] = []
  let after = ''
  for (;;) {
    const rsm = xml('set', { xmlns: 'http://jabber.org/protocol/rsm' }, xml('max', {}, '100'), xml('after', {}, after))
    const query = xml('query', { xmlns: 'urn:xmpp:mam:2', queryid: after || 'first' }, after === '' ? undefined : rsm)
    const answer = await client.ask('set', query)
    const fin = answer.getChild('fin', 'urn:xmpp:mam:2')
    for (const element of client.received) {
      const result = element.getChild('result', 'urn:xmpp:mam:2')
      if (result?.attrs['queryid'] !== (after || 'first')) continue
      const body = result.getChild('forwarded')?.getChild('message')?.getChildText('body') ?? ''
      if (body.startsWith(beginning)) found.push(body)
    }
    if (fin?.attrs['complete'] === 'true') return found
    after = fin?.getChild('set')?.getChildText('last') ?? ''
    if (after === '') throw new Error(`no way forward: ${answer.toString()}`)
  }
}

const sentState = (text: string) =>
  messageOf(alice, text).and(alice.page.locator('[data-state=recorded],[data-state=delivered]'))

test('without a network the page says so and keeps what is written; once there is one, it goes out, once', async () => {
  const bob = await signInBob()
  bob.send('<presence/>')
  await alice.context.setOffline(true)
  await alice.page.getByText('You are offline.').first().waitFor()
  await alice.page.locator('.strip[data-strip=waiting],.strip[data-strip=connecting]').waitFor()
  await say(alice, 'offline: the bridge is up')
  await say(alice, 'offline: and still up')
  await messageOf(alice, 'and still up').and(alice.page.locator('[data-state=queued]')).waitFor()
  expect(bodiesAt(bob, 'offline:')).toEqual([])

  await alice.context.setOffline(false)
  await sentState('the bridge is up').waitFor()
  await sentState('and still up').waitFor()
  await alice.page.locator('.strip[data-strip=normal]').waitFor({ state: 'attached' })
  await say(alice, 'offline: no more')
  await bob.next((element) => element.getChildText('body') === 'offline: no more')
  const expected = ['offline: the bridge is up', 'offline: and still up', 'offline: no more']
  expect(bodiesAt(bob, 'offline:')).toEqual(expected)
  expect(await archived(bob, 'offline:')).toEqual(expected)
  for (const text of expected) expect(await messageOf(alice, text).count()).toBe(1)
  await bob.end()
})

test('what the server would end the stream on is not sent: the text stays, and so does everybody else’s way', async () => {
  await say(alice, 'large '.repeat(60_000))
  const failed = alice.page.getByTestId('message').filter({ has: alice.page.getByTestId('failed') })
  await failed.getByText('longer than the server takes').waitFor()
  await say(alice, 'pasted: \u0007 \u0001 and on')
  await sentState('pasted:').waitFor()
  await failed.getByRole('button', { name: 'Discard' }).click()
  await failed.waitFor({ state: 'detached' })
  expect(await alice.page.locator('.strip').getAttribute('data-strip')).toBe('normal')
})

test('the server is killed while somebody writes: everything arrives once and in order', async () => {
  const texts = Array.from({ length: BEFORE + DURING }, (_, i) => `kill: ${String(i + 1).padStart(2, '0')}`)
  for (const text of texts.slice(0, BEFORE)) await say(alice, text)
  const pid = stack.pidOf('server')
  process.kill(pid, 'SIGKILL')
  // It is not their network, and they are not told that it is.
  await alice.page.getByText('The server cannot be reached.').first().waitFor()
  for (const text of texts.slice(BEFORE)) await say(alice, text)
  await stack.restarted('server', pid)
  for (const text of texts) await sentState(text).waitFor({ timeout: 60_000 })

  const bob = await signInBob()
  expect(await archived(bob, 'kill:')).toEqual(texts)
  bob.send('<presence/>')
  await bob.next((element) => element.name === 'message' && element.getChildText('body') === texts.at(-1), 20_000)
  expect(bodiesAt(bob, 'kill:')).toEqual(texts)
  const shown = await alice.page
    .getByTestId('message')
    .filter({ hasText: 'kill: ' })
    .evaluateAll((rows) => rows.map((row) => /kill: \d\d/.exec(row.textContent)?.[0]))
  expect(shown).toEqual(texts)
  expect(alice.faults).toEqual([])
  await bob.end()
})
