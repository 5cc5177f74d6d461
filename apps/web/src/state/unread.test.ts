import { expect, test } from 'vitest'
import type { ChatMessage } from './timeline.ts'
import { firstUnreadKey, readReducer, unreadCount } from './unread.ts'

const at = (time: number, mine = false) => ({ key: `m${time}`, at: time, mine }) as ChatMessage
const BOB = 'bob@im.test'

test('messages from others after the marker are unread, own ones never', () => {
  const messages = [at(1), at(2), at(3, true), at(4)]
  expect(unreadCount(messages, 1)).toBe(2)
  expect(unreadCount(messages, undefined)).toBe(3)
  expect(unreadCount(messages, 4)).toBe(0)
})

test('the divider stands above the first unread message', () => {
  expect(firstUnreadKey([at(1), at(2), at(3)], 1)).toBe('m2')
  expect(firstUnreadKey([at(1)], 1)).toBeUndefined()
})

test('a marker only moves forward', () => {
  let markers = readReducer({}, { type: 'seen', peer: BOB, at: 5 })
  const same = readReducer(markers, { type: 'seen', peer: BOB, at: 3 })
  expect(same).toBe(markers)
  markers = readReducer(markers, { type: 'answered', peer: BOB, at: 9 })
  expect(markers).toEqual({ [BOB]: 9 })
})

test('markers from storage and from this page meet at the later one, in any order', () => {
  const seen = { type: 'seen', peer: BOB, at: 7 } as const
  const synced = { type: 'synced', markers: { [BOB]: 4, 'carol@im.test': 2 } } as const
  const oneWay = readReducer(readReducer({}, seen), synced)
  expect(oneWay).toEqual({ [BOB]: 7, 'carol@im.test': 2 })
  expect(readReducer(readReducer({}, synced), seen)).toEqual(oneWay)
})

test('for any sequence of events the count equals a recount from scratch', () => {
  let seed = 7
  const random = (n: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % n
  for (let run = 0; run < 200; run++) {
    const messages: ChatMessage[] = []
    let markers = {}
    let clock = 0
    for (let step = 0; step < 30; step++) {
      const what = random(4)
      if (what < 2) messages.push(at(++clock, what === 1))
      if (what === 1) markers = readReducer(markers, { type: 'answered', peer: BOB, at: clock })
      if (what === 2) markers = readReducer(markers, { type: 'seen', peer: BOB, at: random(clock + 1) })
      if (what === 3) markers = readReducer(markers, { type: 'synced', markers: { [BOB]: random(clock + 1) } })
      const marker = (markers as Record<string, number>)[BOB]
      const recount = messages.filter((message) => !message.mine && message.at > (marker ?? -1)).length
      expect(unreadCount(messages, marker)).toBe(recount)
    }
  }
})
