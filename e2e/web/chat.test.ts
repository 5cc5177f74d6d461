import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { messageOf, openConversation, openPage, say, signIn, startBrowser } from '../support/browser.ts'
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
