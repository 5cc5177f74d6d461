import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One line of the extract: code points that agree in all that matters here. */
interface Row {
  readonly start: number
  readonly end: number
  readonly category: string
  readonly combining: number
  readonly bidi: string
  readonly joining: string
  readonly script: string
  readonly flags: string
}

const VERSION = '16.0.0'

/** RFC 5892 §2.6, which RFC 8264 §9.6 repeats: what the properties of Unicode would decide otherwise. */
const EXCEPTIONS: Readonly<Record<'valid' | 'context' | 'never', readonly number[]>> = {
  valid: [0xdf, 0x3c2, 0x6fd, 0x6fe, 0xf0b, 0x3007],
  context: [0xb7, 0x375, 0x5f3, 0x5f4, 0x30fb, ...range(0x660, 0x669), ...range(0x6f0, 0x6f9)],
  never: [0x640, 0x7fa, 0x302e, 0x302f, ...range(0x3031, 0x3035), 0x303b],
}
const LETTER_DIGITS = ['Ll', 'Lu', 'Lo', 'Nd', 'Lm', 'Mn', 'Mc']
/** RFC 8264 §9: OtherLetterDigits, Spaces, Symbols and Punctuation. */
const FREE = ['Lt', 'Nl', 'No', 'Me', 'Zs', 'Sm', 'Sc', 'Sk', 'So', 'Pc', 'Pd', 'Ps', 'Pe', 'Pi', 'Pf', 'Po']
/** RFC 5892 §2.4, IgnorableBlocks. */
const IGNORABLE_BLOCKS = [
  [0x20d0, 0x20ff],
  [0x1d100, 0x1d1ff],
  [0x1d200, 0x1d24f],
] as const
const BIDI: Readonly<Record<string, string>> = {
  L: 'L', R: 'R', AL: 'A', AN: 'N', EN: 'E', ES: 'S', CS: 'C', ET: 'T', ON: 'O', BN: 'B', NSM: 'M',
} // prettier-ignore
const SCRIPTS: Readonly<Record<string, string>> = { Greek: 'G', Hebrew: 'H', Hiragana: 'K', Katakana: 'K', Han: 'K' }

/** packages/xmpp/src/unicode/tables.ts, from the extract of the Unicode Character Database beside the package. */
export function renderUnicodeTables(root: string): Record<string, string> {
  const lines = readFileSync(join(root, `packages/xmpp/unicode/ucd-${VERSION}.txt`), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
  const rows = lines.filter((line) => line.includes(';')).flatMap(parseRow)
  const classes: string[] = []
  const runs: { start: number; end: number; index: number }[] = []
  for (const row of rows) {
    const text = classOf(row)
    if (text === undefined) continue
    let index = classes.indexOf(text)
    if (index === -1) index = classes.push(text) - 1
    const last = runs.at(-1)
    if (last?.index === index && last.end === row.start - 1) last.end = row.end
    else runs.push({ start: row.start, end: row.end, index })
  }
  const excluded = new Set(
    rows.filter(({ flags }) => flags.includes('X')).flatMap(({ start, end }) => range(start, end)),
  )
  const decompositions = pairs(lines, '=').map(([from, to]) => [from, to, excluded.has(from)] as const)
  const constants = {
    CLASSES: classes.join(' '),
    RUNS: deltas(runs.map(({ start, end, index }) => [start, `${short(end - start)},${short(index)}`])),
    DECOMPOSITIONS: deltas(
      decompositions.map(([from, to, isExcluded]) => [from, `${to.map(short).join(',')}${isExcluded ? '!' : ''}`]),
    ),
    COMPATIBILITY: deltas(pairs(lines, ':').map(([from, to]) => [from, to.map(short).join(',')])),
    WIDTH: deltas(pairs(lines, '~').map(([from, to]) => [from, to.map(short).join(',')])),
    LOWER: deltas(pairs(lines, '>').map(([from, to]) => [from, to.map(short).join(',')])),
  }
  const body = Object.entries(constants).map(([name, value]) => `export const ${name} =\n  '${value}'\n`)
  return {
    'packages/xmpp/src/unicode/tables.ts':
      `// Made by \`pnpm gen\` from packages/xmpp/unicode/ucd-${VERSION}.txt (Unicode ${VERSION}). \`properties.ts\` reads it.\n\n` +
      body.map((text) => text.replace(/=\n {2}('[^']{1,60}')\n/, '= $1\n')).join(''),
  }
}

function parseRow(line: string): Row[] {
  const [points = '', category = '', combining = '', bidi = '', joining = '', script = '', flags = ''] = line.split(';')
  const [start = 0, end = start] = points.split('..').map((point) => Number.parseInt(point, 16))
  const row = { start, end, category, combining: Number(combining), bidi, joining, script, flags }
  // Exceptions and blocks cut through what Unicode holds to be alike.
  const cuts = [...Object.values(EXCEPTIONS).flat(), ...IGNORABLE_BLOCKS.flat()]
  if (start === end || !cuts.some((c) => c >= start && c <= end)) return [row]
  return range(start, end).map((c) => ({ ...row, start: c, end: c }))
}

/**
 * What the program needs to know about a code point: PRECIS category, whether domains may hold it, bidi class, joining
 * type, script, marks (M mark, Z space, C cased, c case-ignorable, - none), and its combining class in base 36.
 * Nothing for what may not occur and has no further role.
 */
function classOf(row: Row): string | undefined {
  const precis = precisOf(row)
  const { category, flags } = row
  const marks = [
    category.startsWith('M') ? 'M' : '',
    category === 'Zs' ? 'Z' : '',
    flags.includes('C') ? 'C' : '',
    flags.includes('c') ? 'c' : '',
  ].join('')
  if (precis === 'never' && row.combining === 0 && marks === '') return undefined
  return [
    { valid: 'P', free: 'F', joiner: 'J', context: 'O', never: 'D' }[precis],
    isInDomains(row, precis) ? 'd' : '-',
    BIDI[row.bidi] ?? 'X',
    'LRDT'.includes(row.joining) ? row.joining : 'U',
    SCRIPTS[row.script] ?? '-',
    marks || '-',
    `:${short(row.combining)}`,
  ].join('')
}

type Precis = 'valid' | 'free' | 'joiner' | 'context' | 'never'

/** RFC 8264 §8, in its order. What is not assigned is in no row. */
function precisOf({ start, category, flags }: Row): Precis {
  const exception = exceptionOf(start)
  if (exception) return exception
  if (start >= 0x21 && start <= 0x7e) return 'valid'
  if (start === 0x200c || start === 0x200d) return 'joiner'
  if (flags.includes('J') || flags.includes('I') || category === 'Cc') return 'never'
  if (flags.includes('K')) return 'free'
  if (LETTER_DIGITS.includes(category)) return 'valid'
  return FREE.includes(category) ? 'free' : 'never'
}

/** RFC 5892 §3, in its order. */
function isInDomains({ start, category, flags }: Row, precis: Precis): boolean {
  if (precis === 'joiner' || precis === 'context') return true
  if (exceptionOf(start)) return precis === 'valid'
  if (start < 0x80) return /[a-z0-9-]/.test(String.fromCodePoint(start))
  if (flags.includes('U') || IGNORABLE_BLOCKS.some(([from, to]) => start >= from && start <= to)) return false
  return precis === 'valid' && LETTER_DIGITS.includes(category)
}

function exceptionOf(c: number): 'valid' | 'context' | 'never' | undefined {
  return (['valid', 'context', 'never'] as const).find((kind) => EXCEPTIONS[kind].includes(c))
}

function pairs(lines: readonly string[], separator: string): [number, number[]][] {
  return lines.flatMap((line) => {
    const [from, to] = line.includes(';') ? [] : line.split(separator)
    if (from === undefined || to === undefined) return []
    return [[Number.parseInt(from, 16), to.split(' ').map((c) => Number.parseInt(c, 16))]]
  })
}

/** `distance from the one before, what it has`, in the order of code points. */
function deltas(entries: readonly (readonly [number, string])[]): string {
  let before = 0
  return entries
    .toSorted(([a], [b]) => a - b)
    .map(([c, value]) => {
      const text = `${short(c - before)},${value}`
      before = c
      return text
    })
    .join(' ')
}

function short(value: number): string {
  return value.toString(36)
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start + 1 }, (_, n) => start + n)
}
