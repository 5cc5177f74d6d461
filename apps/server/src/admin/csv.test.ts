import { expect, test } from 'vitest'
import { csvOf, wantsCsv } from './csv.ts'

test('a list becomes a table with every column that some row has', () => {
  const rows = [
    { name: 'ana', tiers: ['E1', 'E2'], people: 2 },
    { name: 'ben "b", jr.', os: 'linux' },
  ]
  expect(csvOf({ rows, next: 'x' })).toBe(
    'name,tiers,people,os\r\nana,"[""E1"",""E2""]",2,\r\n"ben ""b"", jr.",,,linux\r\n',
  )
})

test('what somebody calls a client is no formula in a spreadsheet', () => {
  expect(csvOf({ rows: [{ a: '=HYPERLINK("x")', b: '-1.5', c: '-cmd', d: '@x' }] })).toBe(
    `a,b,c,d\r\n"'=HYPERLINK(""x"")",-1.5,'-cmd,'@x\r\n`,
  )
})

test('an answer without a list is no table, and an empty list is an empty one', () => {
  expect(csvOf({ a: 1 })).toBeUndefined()
  expect(csvOf({ rows: [] })).toBe('\r\n')
})

test('only who asks for a table gets one', () => {
  expect([undefined, '*/*', 'application/json', 'text/csv;q=0.9, */*'].map(wantsCsv)).toEqual([
    false,
    false,
    false,
    true,
  ])
})
