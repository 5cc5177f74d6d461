import { expect, test } from 'vitest'
import { afterLoss, delayMs, MAX_DELAY_MS, NO_ATTEMPTS, suspendedDelayMs } from './reconnect.ts'

function failures(count: number) {
  let attempts = NO_ATTEMPTS
  for (let i = 0; i < count; i++) attempts = afterLoss(attempts, 0)
  return attempts
}

test('the first attempt comes within a second, later ones double up to a minute', () => {
  expect([1, 2, 3, 4, 20].map((n) => delayMs(failures(n), 1))).toEqual([1_000, 2_000, 4_000, 8_000, MAX_DELAY_MS])
})

test('a delay is random from nothing to its ceiling', () => {
  expect(delayMs(failures(5), 0)).toBe(0)
  expect(delayMs(failures(5), 0.5)).toBe(8_000)
})

test('thirty seconds online forget earlier failures', () => {
  expect(afterLoss(failures(9), 29_999).failures).toBe(10)
  expect(afterLoss(failures(9), 30_000).failures).toBe(1)
})

test('during a suspension the client looks often at first and seldom later', () => {
  expect(suspendedDelayMs(10_000, 0, undefined, 0)).toBe(5_000)
  expect(suspendedDelayMs(10_000, 0, undefined, 1)).toBe(10_000)
  expect(suspendedDelayMs(90_000, 0, undefined, 1)).toBe(60_000)
})

test('with an announced end clients return spread over five seconds after it', () => {
  expect(suspendedDelayMs(0, 0, 20_000, 0)).toBe(20_000)
  expect(suspendedDelayMs(0, 0, 20_000, 1)).toBe(25_000)
  expect(suspendedDelayMs(30_000, 0, 20_000, 0)).toBe(5_000)
})

test('a time that the server has drawn for this client counts from the end', () => {
  expect(suspendedDelayMs(0, 0, 20_000, 1, 8_000)).toBe(28_000)
})

test('an end that is far away is checked before, since it may come early', () => {
  expect(suspendedDelayMs(0, 0, 36_000_000, 0.5)).toBe(45_000)
})
