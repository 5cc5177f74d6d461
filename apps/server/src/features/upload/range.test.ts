import { expect, test } from 'vitest'
import { parseRange } from './range.ts'

test('one range of bytes is understood (RFC 9110 §14.1.2)', () => {
  expect(parseRange('bytes=0-1', 10)).toEqual({ start: 0, end: 1 })
  expect(parseRange('bytes=3-', 10)).toEqual({ start: 3, end: 9 })
  expect(parseRange('bytes=3-99', 10)).toEqual({ start: 3, end: 9 })
  expect(parseRange('bytes=-4', 10)).toEqual({ start: 6, end: 9 })
  expect(parseRange('bytes=-40', 10)).toEqual({ start: 0, end: 9 })
})

test('what cannot be satisfied is said to be so, and what is no single range is ignored (RFC 9110 §14.2)', () => {
  for (const header of ['bytes=10-', 'bytes=99-100', 'bytes=-0']) expect(parseRange(header, 10)).toBe('unsatisfiable')
  for (const header of [
    undefined,
    '',
    'bytes=-',
    'bytes=0-1,3-4',
    'items=0-1',
    'bytes=5-2',
    `bytes=${'9'.repeat(16)}-`,
  ]) {
    expect(parseRange(header, 10)).toBeUndefined()
  }
})
