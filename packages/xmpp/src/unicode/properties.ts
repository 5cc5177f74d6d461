import { CLASSES, RUNS } from './tables.ts'

/** What PRECIS makes of a code point (RFC 8264 §8): in both classes, in the freeform class only, by rule, or in none. */
export type PrecisCategory = 'valid' | 'free' | 'joiner' | 'context' | 'never'

/** What preparing addresses needs to know about a code point, by the pinned version of Unicode. */
export interface Properties {
  readonly precis: PrecisCategory
  /** Whether a label of a domain may hold it (RFC 5892), where a rule of its own does not forbid it. */
  readonly isInDomains: boolean
  /** Bidi class (RFC 5893 §2); `X` for those that no rule names. */
  readonly bidi: 'L' | 'R' | 'AL' | 'AN' | 'EN' | 'ES' | 'CS' | 'ET' | 'ON' | 'BN' | 'NSM' | 'X'
  /** Joining type (RFC 5892 appendix A.1); what causes joins counts as `U`, as the rule names it nowhere. */
  readonly joining: 'U' | 'L' | 'R' | 'D' | 'T'
  readonly script: 'Greek' | 'Hebrew' | 'KanaOrHan' | undefined
  readonly isMark: boolean
  readonly isSpace: boolean
  readonly isCased: boolean
  readonly isCaseIgnorable: boolean
  readonly combiningClass: number
}

/** Of what is not assigned, and of what may never occur. */
const NOTHING: Properties = {
  precis: 'never',
  isInDomains: false,
  bidi: 'X',
  joining: 'U',
  script: undefined,
  isMark: false,
  isSpace: false,
  isCased: false,
  isCaseIgnorable: false,
  combiningClass: 0,
}

const PRECIS: Readonly<Record<string, PrecisCategory>> = {
  P: 'valid',
  F: 'free',
  J: 'joiner',
  O: 'context',
}
const BIDI: Readonly<Record<string, Properties['bidi']>> = {
  L: 'L', R: 'R', A: 'AL', N: 'AN', E: 'EN', S: 'ES', C: 'CS', T: 'ET', O: 'ON', B: 'BN', M: 'NSM',
} // prettier-ignore
const SCRIPTS: Readonly<Record<string, Properties['script']>> = { G: 'Greek', H: 'Hebrew', K: 'KanaOrHan' }

interface Table {
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly properties: readonly Properties[]
}

let table: Table | undefined

/** Looks a code point up. The table is unpacked when it is first needed: most servers never meet more than ASCII. */
export function propertiesOf(c: number): Properties {
  const { starts, ends, properties } = (table ??= unpack())
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (starts[middle]! <= c) low = middle
    else high = middle - 1
  }
  return c >= starts[low]! && c <= ends[low]! ? properties[low]! : NOTHING
}

function unpack(): Table {
  const classes = CLASSES.split(' ').map(parseClass)
  const runs = RUNS.split(' ').map((run) => run.split(',').map((value) => Number.parseInt(value, 36)))
  const starts = new Uint32Array(runs.length)
  const ends = new Uint32Array(runs.length)
  let start = 0
  const properties = runs.map(([distance = 0, more = 0, index = 0], at) => {
    start += distance
    starts[at] = start
    ends[at] = start + more
    return classes[index] ?? NOTHING
  })
  return { starts, ends, properties }
}

/** See `classOf` in infra/dev/gen/unicode.ts, which writes it. */
function parseClass(text: string): Properties {
  const [precis = '', domains = '', bidi = '', joining = '', script = ''] = text
  const [marks = '', combining = ''] = text.slice(5).split(':')
  return {
    precis: PRECIS[precis] ?? 'never',
    isInDomains: domains === 'd',
    bidi: BIDI[bidi] ?? 'X',
    joining: joining as Properties['joining'],
    script: SCRIPTS[script],
    isMark: marks.includes('M'),
    isSpace: marks.includes('Z'),
    isCased: marks.includes('C'),
    isCaseIgnorable: marks.includes('c'),
    combiningClass: Number.parseInt(combining, 36),
  }
}
