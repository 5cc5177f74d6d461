import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { messageOf, openConversation, openPage, signIn, startBrowser } from '../support/browser.ts'
import type { Person } from '../support/browser.ts'
import { sendAll } from '../support/flood.ts'
import { startStack } from '../support/stack.ts'
import type { Stack } from '../support/stack.ts'
import { connectClient } from '../support/xmpp-client.ts'
import type { TestClient } from '../support/xmpp-client.ts'

const COUNT = 600
const WORDS = 'the gate opens slowly and whoever waits outside hears every chain move on its wheel '
  .repeat(4)
  .split(' ')

let stack: Stack
let browser: Browser
let alice: Person
let bob: TestClient
let carol: TestClient
beforeAll(async () => {
  ;[stack, browser] = await Promise.all([startStack(), startBrowser()])
  for (const name of ['alice', 'bob', 'carol']) await stack.account(name)
  const client = (name: string) =>
    connectClient({ port: stack.c2sPort, name, password: `${name}-password`, management: 'resumable' })
  bob = await client('bob')
  carol = await client('carol')
  const elsewhere = await client('alice')
  await sendAll(bob, 'alice@localhost', bodies(1, COUNT / 2))
  // The last word is hers: she has read everything before it.
  await sendAll(elsewhere, 'bob@localhost', bodies(COUNT / 2 + 1, COUNT))
  await elsewhere.end()
  bob.send('<presence/>')
  alice = await openPage(browser, stack.url)
  await signIn(alice, 'alice', 'alice-password')
})
afterAll(async () => {
  await Promise.all([bob.end(), carol.end()])
  await browser.close()
  await stack[Symbol.asyncDispose]()
})

/** Messages of different heights, each with its number. */
function bodies(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `#${from + i} ${WORDS.slice(0, (i * 7) % 50).join(' ')}`)
}

interface Row {
  readonly number: number
  readonly key: string
  readonly topPx: number
}

/** The rows that can be seen now, from top to bottom. */
async function rowsOf({ page }: Person): Promise<Row[]> {
  return page.getByTestId('timeline').evaluate((timeline) => {
    const { top, bottom } = timeline.getBoundingClientRect()
    return [...timeline.querySelectorAll<HTMLElement>('[data-testid=message]')]
      .map((row) => ({ row, box: row.getBoundingClientRect() }))
      .filter(({ box }) => box.bottom > top && box.top < bottom)
      .sort((a, b) => a.box.top - b.box.top)
      .map(({ row, box }) => ({
        number: Number(/#(\d+) /.exec(row.textContent)?.[1]),
        key: row.dataset['key'] ?? '',
        topPx: box.top,
      }))
  })
}

/** Resolves when the list has come to rest: the same rows at the same places in successive frames. */
async function atRest({ page }: Person): Promise<void> {
  await page.getByTestId('timeline').evaluate(async (timeline) => {
    const state = () =>
      [...timeline.querySelectorAll<HTMLElement>('[data-testid=message]')]
        .map((row) => `${row.dataset['key']} ${row.getBoundingClientRect().top}`)
        .join('\n')
    for (let before = '', same = 0; same < 3;) {
      await new Promise(requestAnimationFrame)
      const now = state()
      same = now === before ? same + 1 : 0
      before = now
    }
  })
}

const isAtStart = ({ page }: Person) =>
  page
    .getByTestId('timeline')
    .evaluate((timeline) => timeline.scrollTop === 0 && /Here begins|beginning|start/i.test(timeline.textContent))

test('a long conversation opens at its end, and the wheel leads back to the first message without a gap or a double', async () => {
  await openConversation(alice, 'bob@localhost')
  await messageOf(alice, `#${COUNT} `).waitFor()
  await atRest(alice)
  const fromEndPx = () =>
    alice.page
      .getByTestId('timeline')
      .evaluate((timeline) => timeline.scrollHeight - timeline.scrollTop - timeline.clientHeight)
  await expect.poll(fromEndPx).toBeLessThanOrEqual(1)

  const keys = new Map<number, Set<string>>()
  await alice.page.getByTestId('timeline').hover()
  for (let steps = 0; ; steps++) {
    const rows = await rowsOf(alice)
    const numbers = rows.map(({ number }) => number)
    // Whatever is seen is one unbroken piece of the conversation.
    expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! + i))
    for (const { number, key } of rows) keys.set(number, (keys.get(number) ?? new Set()).add(key))
    if (await isAtStart(alice)) break
    expect(steps, 'the first message is not reached').toBeLessThan(300)
    await alice.page.mouse.wheel(0, -500)
    await alice.page.getByText('Loading older messages').waitFor({ state: 'detached' })
    await atRest(alice)
  }
  expect([...keys.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, i) => i + 1))
  expect([...keys].filter(([, { size }]) => size !== 1)).toEqual([])
})

/** Scrolls to where older messages are loaded, three times: how far what is on the screen moved when they came, each time. */
async function driftsPx(person: Person): Promise<number[]> {
  // What a page loads by itself is there.
  await messageOf(person, `#${COUNT} `).and(person.page.locator('[aria-posinset="300"]')).waitFor()
  await atRest(person)
  const timeline = person.page.getByTestId('timeline')
  const loading = person.page.getByText('Loading older messages')
  const worst: number[] = []
  for (const restPx of [0, 400, 0]) {
    const server = stack.pidOf('server')
    // With the server standing still the page waits for the older messages as long as the test likes.
    process.kill(server, 'SIGSTOP')
    let before: Row[]
    try {
      await timeline.evaluate((element, top) => element.scrollTo(0, top), restPx)
      await loading.waitFor()
      await atRest(person)
      before = await rowsOf(person)
    } finally {
      process.kill(server, 'SIGCONT')
    }
    await loading.waitFor({ state: 'detached' })
    await atRest(person)
    const after = new Map((await rowsOf(person)).map(({ number, topPx }) => [number, topPx]))
    const drifts = before.map(({ number, topPx }) => Math.abs((after.get(number) ?? Infinity) - topPx))
    expect(before[0]!.number).toBeLessThan(COUNT / 2 + 20)
    expect(drifts.length).toBeGreaterThan(3)
    worst.push(Math.max(...drifts))
  }
  return worst
}

test('older messages come in above without moving what is on the screen', async () => {
  await alice.page.reload()
  expect(Math.max(...(await driftsPx(alice)))).toBeLessThanOrEqual(1)
})

test('nothing moves either when a slow machine measures what came in long after the scrolling was over', async () => {
  const slow = await openPage(browser, stack.url)
  await slow.page.addInitScript(() => {
    const inFrames = (count: number, then: () => void): number =>
      requestAnimationFrame(() => void (count > 1 ? inFrames(count - 1, then) : then()))
    const { setTimeout, ResizeObserver } = window
    // The list takes 150 ms without a scroll event for the end of the scrolling.
    window.setTimeout = Object.assign(
      (run: () => void, ms?: number, ...more: unknown[]) => setTimeout(run, ms === 150 ? 0 : ms, ...more),
      setTimeout,
    )
    window.ResizeObserver = class extends ResizeObserver {
      constructor(callback: ResizeObserverCallback) {
        super((entries, observer) => void inFrames(4, () => callback(entries, observer)))
      }
    }
  })
  await slow.page.reload()
  await signIn(slow, 'alice', 'alice-password')
  await openConversation(slow, 'bob@localhost')
  expect(Math.max(...(await driftsPx(slow)))).toBeLessThanOrEqual(1)
  expect(slow.faults).toEqual([])
  await slow.context.close()
})

test('messages of a closed conversation are counted, and the count is gone once it is opened', async () => {
  await sendAll(carol, 'alice@localhost', ['first news', 'second news', 'third news'])
  const line = alice.page.getByTestId('conversation').and(alice.page.locator('[data-jid="carol@localhost"]'))
  await line.getByText('3 unread messages').waitFor({ state: 'attached' })
  await expect.poll(() => alice.page.title()).toBe('(3) Drawbridge')
  await line.click()
  await alice.page.getByTestId('unread-divider').waitFor()
  await expect.poll(() => alice.page.getByTestId('unread-divider').count()).toBe(1)
  await expect.poll(() => line.getByText(/unread/).count()).toBe(0)
  await expect.poll(() => alice.page.title()).toBe('Drawbridge')
  // It stays read where nothing else was kept than this browser's memory.
  await alice.page.reload()
  await messageOf(alice, 'third news').waitFor()
  await expect.poll(() => line.getByText(/unread/).count()).toBe(0)
})

test('everything can be done from the keyboard', async () => {
  const { page } = alice
  const { keyboard } = page
  const focused = () =>
    page.evaluate(() => {
      const element = document.activeElement as HTMLElement | null
      return { testId: element?.dataset['testid'], jid: element?.dataset['jid'], text: element?.textContent ?? '' }
    })
  // Into the list of conversations, one line down, open.
  await keyboard.press('Control+k')
  await keyboard.press('Tab')
  await expect.poll(focused).toMatchObject({ testId: 'conversation', jid: 'carol@localhost' })
  await keyboard.press('ArrowDown')
  await expect.poll(focused).toMatchObject({ testId: 'conversation', jid: 'bob@localhost' })
  await keyboard.press('Enter')
  await expect.poll(focused).toMatchObject({ testId: 'composer' })

  await keyboard.type('two')
  await keyboard.press('Shift+Enter')
  await keyboard.type('lines')
  await keyboard.press('Enter')
  const received = await bob.next((element) => element.getChildText('body') === 'two\nlines')
  expect(received.attrs['from']).toMatch(/^alice@localhost\//)
  await expect.poll(() => page.getByTestId('composer').inputValue()).toBe('')

  // One stop for the whole timeline, from there by arrows and pages.
  for (let presses = 0; (await focused()).testId !== 'message'; presses++) {
    expect(presses).toBeLessThan(4)
    await keyboard.press('Shift+Tab')
  }
  await expect.poll(async () => (await focused()).text).toMatch(/two\nlines/)
  await keyboard.press('ArrowUp')
  await expect.poll(async () => (await focused()).text).toMatch(/#600 /)
  await keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  await keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await expect.poll(async () => (await focused()).text).toMatch(/#600 /)

  const pages = 3 + Math.ceil((COUNT - 300) / 50)
  let current = 600
  for (let presses = 0; current > 1; presses++) {
    expect(presses, `stuck at #${current}`).toBeLessThan(COUNT / 8 + 3 * pages)
    await keyboard.press('PageUp')
    // A page of the archive takes the time it takes; a key pressed meanwhile leads nowhere.
    await alice.page.getByText('Loading older messages').waitFor({ state: 'detached' })
    await atRest(alice)
    const next = Number(/#(\d+) /.exec((await focused()).text)?.[1])
    expect(next).toBeLessThanOrEqual(current)
    expect(current - next).toBeLessThanOrEqual(8)
    current = next
  }
  await keyboard.press('Escape')
  await expect.poll(focused).toMatchObject({ testId: 'composer' })
  // A question mark in a text is a question mark.
  await keyboard.type('really?')
  await expect.poll(() => page.getByTestId('composer').inputValue()).toBe('really?')
  expect(await page.getByRole('dialog').count()).toBe(0)
  expect(alice.faults).toEqual([])
})

test('whoever reads further up is told how many messages came meanwhile', async () => {
  await atRest(alice)
  await sendAll(bob, 'alice@localhost', bodies(COUNT + 1, COUNT + 30))
  const jump = alice.page.getByRole('button', { name: '30 new messages' })
  await jump.click()
  await messageOf(alice, `#${COUNT + 30} `).waitFor()
  await jump.waitFor({ state: 'detached' })
})
