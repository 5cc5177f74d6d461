import { expect, test } from 'vitest'
import { uuidv7 } from './uuid.ts'

const TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('ids carry the time and grow, even more than fit into a millisecond', () => {
  const now = Date.now() + 60_000
  const ids = Array.from({ length: 20_000 }, () => uuidv7(now))
  expect(ids.every((id) => TEXT.test(id))).toBe(true)
  expect(ids).toEqual(ids.toSorted())
  expect(new Set(ids).size).toBe(ids.length)
  expect(Number.parseInt(ids[0]!.replace('-', '').slice(0, 12), 16)).toBe(now)
})

test('ids grow when the clock steps back', () => {
  const later = uuidv7(Date.now() + 120_000)
  expect(uuidv7(Date.now()) > later).toBe(true)
})
