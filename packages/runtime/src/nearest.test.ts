import { expect, test } from 'vitest'
import { nearest } from './nearest.ts'

test('what was meant by a name that is mistyped is found, and nothing that is far', () => {
  const units = ['finance', 'sales', 'it', 'HR']
  expect(nearest('fiance', units, 2)).toBe('finance')
  expect(nearest('Finance', units, 1)).toBe('finance')
  expect(nearest('hr', units, 1)).toBe('HR')
  expect(nearest('xy', units, 1)).toBeUndefined()
  expect(nearest('finance', [], 3)).toBeUndefined()
})
