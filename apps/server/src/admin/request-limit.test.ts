import { expect, test } from 'vitest'
import { createRequestLimit } from './request-limit.ts'

test('ten seconds of requests may come at once, then as many as the rate allows, each key for itself', () => {
  let at = 0
  const limit = createRequestLimit(2, () => at)
  for (let count = 0; count < 20; count++) limit.take('alice')
  expect(() => limit.take('alice')).toThrow(expect.objectContaining({ code: 'rate-limited', retryAfterS: 1 }))
  expect(() => limit.check('alice')).toThrow()
  limit.take('bob')
  at += 1_000
  limit.take('alice')
  limit.take('alice')
  expect(() => limit.take('alice')).toThrow()
  at += 3_600_000
  for (let count = 0; count < 20; count++) limit.take('alice')
  expect(() => limit.take('alice')).toThrow()
})

test('a flood of keys drops the oldest and not those in use', () => {
  const limit = createRequestLimit(0.1, () => 0)
  limit.take('alice')
  for (let count = 0; count < 9_999; count++) limit.take(`key ${count}`)
  expect(() => limit.take('key 9998')).toThrow()
  limit.take('one more')
  limit.take('alice')
})
