import { expect, test } from 'vitest'
import { rowsFrom } from './rows.ts'
import type { ChatMessage } from './timeline.ts'

const NOON = new Date(2026, 10, 23, 12).getTime()
const message = (minutes: number, mine = false) =>
  ({ key: `m${minutes}`, at: NOON + minutes * 60_000, mine }) as ChatMessage
const whole = (...messages: ChatMessage[]) => ({ messages, isComplete: true })

test('messages of one author within five minutes form a group', () => {
  const rows = rowsFrom(whole(message(0), message(4), message(10), message(11, true)), undefined)
  expect(rows.map(({ isGroupStart }) => isGroupStart)).toEqual([true, false, true, true])
})

test('each day begins with a divider', () => {
  const rows = rowsFrom(whole(message(0), message(1), message(13 * 60)), undefined)
  expect(rows.map(({ showsDay }) => showsDay)).toEqual([true, false, true])
})

test('the unread divider breaks a group', () => {
  const rows = rowsFrom(whole(message(0), message(1)), 'm1')
  expect(rows[1]).toMatchObject({ showsUnread: true, isGroupStart: true })
})

test('rows stay as they are when older messages are loaded', () => {
  const all = Array.from({ length: 30 }, (_, i) => message(i * 2, i % 7 === 0))
  const part = { messages: all.slice(11), isComplete: false }
  const before = rowsFrom(part, undefined)
  const after = rowsFrom({ messages: all, isComplete: true }, undefined)
  expect(before).toHaveLength(18)
  expect(after.slice(-before.length)).toEqual(before)
})
