import { xml } from '@drawbridge/xmpp'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { accessibilityFaults } from '../support/axe.ts'
import { messageOf, openConversation, openPage, say, signIn, startBrowser } from '../support/browser.ts'
import type { Person } from '../support/browser.ts'
import { pickFiles } from '../support/files.ts'
import { look, publish } from '../support/look.ts'
import { addColleague, drawFace, drawGate } from '../support/scene.ts'
import type { Colleague } from '../support/scene.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'
import { connectClient } from '../support/xmpp-client.ts'

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'

let stack: Stack
let browser: Browser
let alice: Person
let bob: Colleague
let carol: Colleague
let dave: Colleague
beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), startBrowser()])
  await stack.account('alice')
  await stack.account('erin')
  const atHome = await connectClient({ port: stack.c2sPort, name: 'alice', password: 'alice-password' })
  await atHome.ask('get', xml('query', { xmlns: 'jabber:iq:roster' }))
  atHome.send('<presence><priority>-1</priority></presence>')
  const [face, other] = await Promise.all([
    drawFace('#f2b36b', '#5b3320', '#f3cfb0'),
    drawFace('#7fb6a6', '#1f2233', '#b98159'),
  ])
  bob = await addColleague(stack, atHome, 'bob', { name: 'Bob', status: 'In the gatehouse', picture: face })
  carol = await addColleague(stack, atHome, 'carol', { name: 'Carol', show: 'dnd', picture: other })
  dave = await addColleague(stack, atHome, 'dave', { name: 'Dave', show: 'away' })
  await atHome.end()
  await dave.say('See you at lunch?')
  alice = await openPage(browser, stack.url, { viewport: { width: 1280, height: 800 } })
})
afterAll(async () => {
  await Promise.all([bob, carol, dave].map((colleague) => colleague.close()))
  await browser.close()
  await stack[Symbol.asyncDispose]()
})

test('the sign-in page, with a mistake made', async () => {
  await alice.page.getByLabel('Address').fill('alice')
  await alice.page.getByRole('textbox', { name: 'Password' }).fill('wrong')
  await alice.page.getByRole('button', { name: 'Sign in' }).click()
  await alice.page.getByText('Address or password is not right.').waitFor()
  await look(alice, 'sign-in')
})

test('somebody new, who has no conversations yet', async () => {
  const erin = await openPage(browser, stack.url)
  await signIn(erin, 'erin', 'erin-password')
  await erin.page.getByText('No conversations yet').waitFor()
  await look(erin, 'empty')
  // The checks do find what is wrong.
  await erin.page.evaluate(() => document.querySelector('main')?.append(document.createElement('input')))
  expect(await accessibilityFaults(erin.page)).toEqual([expect.stringMatching(/^label at/)])
  await erin.context.close()
})

test('a conversation between colleagues, and the picture of it that the README shows', async () => {
  await signIn(alice, 'alice', 'alice-password')
  await carol.say('The inspector has confirmed Thursday.')
  await carol.say('I will send you the agenda this afternoon.')
  await openConversation(alice, 'bob@localhost')
  await bob.say(
    'Morning Alice! The drawings of the new gatehouse are in. Could you look at them before the review at ten?',
  )
  await messageOf(alice, 'before the review at ten').waitFor()
  await say(alice, 'Of course. This one is the version with the lower span, right?')
  await bob.confirm('Of course. This one is the version with the lower span, right?')
  await pickFiles(alice, { name: 'gatehouse.png', mimeType: 'image/png', buffer: await drawGate() })
  const image = alice.page.getByTestId('image').locator('img')
  await image.waitFor()
  await image.evaluate((element) => (element as HTMLImageElement).decode())
  await bob.say('Exactly that one. The towers look much better now.\nNotes are at https://wiki.example.com/gatehouse')
  await messageOf(alice, 'The towers look much better').waitFor()
  await say(alice, 'Thanks, I will bring it to the review.')
  await bob.confirm('Thanks, I will bring it to the review.')
  await messageOf(alice, 'I will bring it').and(alice.page.locator('[data-state=delivered]')).waitFor()
  await alice.page.locator('.conversation canvas').nth(1).waitFor()
  await look(alice, 'conversation')

  await publish(alice, 'chat', { width: 1200, height: 760 })
})

test('a conversation with everything in it: unread, image, link, failed upload, message that nobody got', async () => {
  await openConversation(alice, 'dave@localhost')
  await pickFiles(alice, { name: 'plan.png', mimeType: 'image/png', buffer: Buffer.from(SVG) })
  await alice.page.locator('[data-testid=upload][data-step=failed]').waitFor()
  await pickFiles(alice, { name: 'figures.csv', mimeType: 'text/csv', buffer: Buffer.from('a,b\n') })
  await alice.page.getByTestId('file').waitFor()
  await openConversation(alice, 'nobody@localhost')
  await say(alice, 'Is anybody there?')
  await alice.page.getByTestId('failed').waitFor()
  await look(alice, 'failed')
  await dave.say('Here is the menu: https://canteen.example.com/today?week=47')
  await dave.say('antidisestablishmentarianism'.repeat(6))
  await alice.page
    .getByTestId('conversation')
    .and(alice.page.locator('[data-unread=true]'))
    .filter({ hasText: 'Dave' })
    .waitFor()
  await openConversation(alice, 'dave@localhost')
  await alice.page.getByTestId('unread-divider').waitFor()
  await look(alice, 'unread')
  expect(alice.faults).toEqual([])
})

test('XEP-0393: what somebody styled is shown so, with quotations and code, and read aloud without its marks', async () => {
  await dave.say('> Which file?\n*Heads up:* it is `gate.ts`, not ~door.ts~\n```\nconst open = <b>true</b>\n```')
  const message = messageOf(alice, 'Heads up')
  await message.waitFor()
  expect(await message.locator('blockquote').innerText()).toBe('Which file?')
  expect(await message.locator('strong').innerText()).toBe('*Heads up:*')
  expect(await message.locator('pre').innerText()).toBe('const open = <b>true</b>')
  const name = 'Which file? Heads up: it is gate.ts, not door.ts const open = <b>true</b>'
  expect((await message.getAttribute('aria-label'))?.replaceAll(/\s+/g, ' ')).toContain(name)
  await look(alice, 'styled')
})

test('WCAG 1.4.4: with text of twice the size, nothing that can be pressed is covered or cut off', async () => {
  const { page } = alice
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'))
  const unreachable = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('button, input:not([type=file]), textarea')]
      .filter((element) => element.checkVisibility() && !element.closest('[data-testid=timeline]'))
      .filter((element) =>
        [0.1, 0.5, 0.9].some((part) => {
          const { left, top, width, height } = element.getBoundingClientRect()
          const hit = document.elementFromPoint(left + width * part, top + height * part)
          return hit !== element && !element.contains(hit) && !hit?.contains(element)
        }),
      )
      .map((element) => element.getAttribute('aria-label') ?? element.textContent),
  )
  expect(unreachable).toEqual([])
  await page.evaluate(() => (document.documentElement.style.fontSize = ''))
})
