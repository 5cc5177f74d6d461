import { expect, test } from 'vitest'
import { wantsCsv } from './csv.ts'

test.each([
  [undefined, false],
  ['*/*', false],
  ['application/json', false],
  ['text/csv', true],
  ['text/csv, */*', true],
  ['text/csv;q=0.9, */*', false],
  ['application/json;q=0.5, text/csv', true],
  ['text/csv;q=0', false],
])('who accepts %s gets a table: %s', (accept, isTable) => {
  expect(wantsCsv(accept)).toBe(isTable)
})
