import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { namespacesOf, PATHS } from './paths.ts'
import { RULES } from './rules.ts'

const ROOT = join(import.meta.dirname, '../../..')

/** Rows that the titles of a file name: `images row 4: …`, `images rows 3 to 5`, `images rows 22, 23 and 35`. */
function rowsNamedIn(text: string): Set<number> {
  const named = new Set<number>()
  for (const [, list = ''] of text.matchAll(/['"`](?:[A-Z]{2}-\d\d )?images rows? ([\d, to and]+)/g)) {
    for (const [, from, to = from] of list.matchAll(/(\d+)(?: to (\d+))?/g)) {
      for (let row = Number(from); row <= Number(to); row++) named.add(row)
    }
  }
  return named
}

test('the matrix has every row once, and every rule of the filter belongs to one', () => {
  expect(PATHS.map(({ row }) => row)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
  for (const { rows } of RULES) for (const row of rows) expect(namespacesOf(row)).not.toEqual([])
  const all = RULES.flatMap(({ namespaces }) => namespaces)
  expect(new Set(all).size).toBe(all.length)
})

test.each(PATHS.map((path) => [path.row, path] as const))(
  'row %i has a test that names it, or says that there is no such path',
  (row, { action, test: file }) => {
    if (file === undefined) return expect(action).toBe('absent')
    expect(existsSync(join(ROOT, file)), file).toBe(true)
    expect([...rowsNamedIn(readFileSync(join(ROOT, file), 'utf8'))], file).toContain(row)
  },
)

test('the page about images has the matrix as it is', () => {
  const page = readFileSync(join(ROOT, 'docs/images.md'), 'utf8')
  for (const { row, path, action, what, test: file } of PATHS) {
    const cell = file === undefined ? '–' : `\`${file}\``
    expect(page).toContain(`| ${row} | ${path} | ${action} | ${what} | ${cell} |`)
  }
})
