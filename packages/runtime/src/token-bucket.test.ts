import { expect, test } from 'vitest'
import { TokenBucket } from './token-bucket.ts'

test('a bucket gives what it holds at once, and then as much as comes in', () => {
  const bucket = new TokenBucket(2, 3)
  expect([0, 0, 0, 0].map((nowMs) => bucket.take(nowMs))).toEqual([true, true, true, false])

  expect(bucket.waitMs(0)).toBe(500)
  expect(bucket.take(499)).toBe(false)
  expect(bucket.take(500)).toBe(true)
})

test('whoever rests for long finds a full bucket, and no more than that', () => {
  const bucket = new TokenBucket(2, 3)
  bucket.empty(0)

  expect([9_000, 9_000, 9_000, 9_000].map((nowMs) => bucket.take(nowMs))).toEqual([true, true, true, false])
})
