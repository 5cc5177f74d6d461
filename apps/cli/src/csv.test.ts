import { expect, test } from 'vitest'
import { readRows } from './commands/account-import.ts'
import { parseCsv } from './csv.ts'

const cells = (text: string) => parseCsv(text).map((row) => row.cells)

test('a quoted cell keeps commas, quotes and line breaks', () => {
  expect(cells('alice,"a ""b"", c\nd"\r\nbob,x\r\n')).toEqual([
    ['alice', 'a "b", c\nd'],
    ['bob', 'x'],
  ])
})

test('a file from a European Excel is read: byte order mark, semicolons', () => {
  expect(cells('\uFEFFname;password\nalice;geheim, sehr\n')).toEqual([
    ['name', 'password'],
    ['alice', 'geheim, sehr'],
  ])
})

test('empty lines are skipped and lines keep their numbers', () => {
  expect(parseCsv('alice\n\n\nbob').map(({ line }) => line)).toEqual([1, 4])
})

test('a quote that is never closed names its line', () => {
  expect(() => parseCsv('alice,x\nbob,"y\n')).toThrow('line 2')
})

test('columns come in any order, and unknown ones are named', () => {
  const notes: string[] = []
  const rows = readRows(
    'Password,Phone,Name,admin\nhunter2hunter2,1,carol,yes\n,2,bob,\n',
    (line) => void notes.push(line),
  )
  expect(rows).toEqual([
    { line: 2, account: { name: 'carol', password: 'hunter2hunter2', isAdmin: true } },
    { line: 3, account: { name: 'bob' } },
  ])
  expect(notes).toEqual(['Columns that are not used: phone.'])
})

test('a file without a header has name and password', () => {
  expect(readRows('alice,correct horse\n', () => {})).toEqual([
    { line: 1, account: { name: 'alice', password: 'correct horse' } },
  ])
})
