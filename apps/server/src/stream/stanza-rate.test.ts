import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Connection } from '../transport/connection.ts'
import { StanzaRate } from './stanza-rate.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function limited(perSecond: number, waiting: { count: number }) {
  const pauses: string[] = []
  const connection = { pause: () => pauses.push('pause'), resume: () => pauses.push('resume') } as unknown as Connection
  let passed = 0
  const run = () => {
    while (waiting.count > 0 && rate.take()) {
      waiting.count--
      passed++
    }
  }
  const rate: StanzaRate = new StanzaRate(connection, perSecond, run)
  run()
  return { rate, pauses, passed: () => passed, run }
}

test('DS-11 four seconds’ worth pass at once, then the rate, and not one is lost', () => {
  const waiting = { count: 1_000 }
  const { pauses, passed } = limited(100, waiting)
  expect(passed()).toBe(400)
  expect(pauses).toEqual(['pause'])
  vi.advanceTimersByTime(3_000)
  expect(passed()).toBeGreaterThanOrEqual(690)
  expect(passed()).toBeLessThanOrEqual(700)
  vi.advanceTimersByTime(4_000)
  expect(passed()).toBe(1_000)
  expect(pauses.at(-1)).toBe('resume')
  expect(vi.getTimerCount()).toBe(0)
})

test('a slow client is never paused', () => {
  const waiting = { count: 0 }
  const { pauses, passed, run } = limited(10, waiting)
  for (let n = 0; n < 100; n++) {
    waiting.count++
    run()
    vi.advanceTimersByTime(100)
  }
  expect(passed()).toBe(100)
  expect(pauses).toEqual([])
})

test('a connection that is gone leaves no timer behind', () => {
  const { rate } = limited(1, { count: 100 })
  rate.stop()
  expect(vi.getTimerCount()).toBe(0)
})
