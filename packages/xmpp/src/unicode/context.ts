import { named, PrecisFault } from './fault.ts'
import { codePoints } from './mappings.ts'
import { propertiesOf } from './properties.ts'

/** Canonical combining class of a virama, after which a joiner is visible. */
const VIRAMA = 9
const ARABIC_INDIC = /[\u0660-\u0669]/
const EXTENDED_ARABIC_INDIC = /[\u06f0-\u06f9]/

/** A text and the place in it that a rule is about. */
interface Place {
  readonly points: readonly number[]
  readonly at: number
  readonly text: string
}

/** The contextual rules of RFC 5892 appendix A.3 to A.9; A.1 and A.2 are `mayJoin`. */
const RULES: readonly { readonly of: RegExp; readonly allows: (place: Place) => boolean }[] = [
  // A.3: MIDDLE DOT between two l, as in Catalan.
  { of: /\u00b7/, allows: ({ points, at }) => points[at - 1] === 0x6c && points[at + 1] === 0x6c },
  // A.4: GREEK LOWER NUMERAL SIGN before Greek.
  { of: /\u0375/, allows: ({ points, at }) => scriptAt(points, at + 1) === 'Greek' },
  // A.5, A.6: HEBREW GERESH and GERSHAYIM after Hebrew.
  { of: /[\u05f3\u05f4]/, allows: ({ points, at }) => scriptAt(points, at - 1) === 'Hebrew' },
  // A.7: KATAKANA MIDDLE DOT with Hiragana, Katakana or Han anywhere.
  { of: /\u30fb/, allows: ({ points }) => points.some((c) => c !== 0x30fb && propertiesOf(c).script === 'KanaOrHan') },
  // A.8, A.9: Arabic-Indic digits of one kind only.
  { of: ARABIC_INDIC, allows: ({ text }) => !EXTENDED_ARABIC_INDIC.test(text) },
  { of: EXTENDED_ARABIC_INDIC, allows: ({ text }) => !ARABIC_INDIC.test(text) },
]
const BY_CONTEXT = /[\u00b7\u0375\u05f3\u05f4\u0660-\u0669\u06f0-\u06f9\u200c\u200d\u30fb]/

/** Applies the rules for characters that are allowed in some company only. @throws PrecisFault */
export function assertContext(text: string): void {
  if (!BY_CONTEXT.test(text)) return
  const points = codePoints(text)
  for (const [at, c] of points.entries()) {
    const isJoiner = c === 0x200c || c === 0x200d
    const rule = RULES.find(({ of }) => of.test(String.fromCodePoint(c)))
    const isAllowed = isJoiner ? mayJoin(points, at) : (rule?.allows({ points, at, text }) ?? true)
    if (!isAllowed) throw new PrecisFault(`not allowed here: ${named(c)}`)
  }
}

/**
 * RFC 5892 appendix A.1 and A.2: a joiner after a virama; a ZERO WIDTH NON-JOINER also between letters that would join:
 * (L|D) T* ZWNJ T* (R|D).
 */
function mayJoin(points: readonly number[], at: number): boolean {
  const before = points[at - 1]
  if (before !== undefined && propertiesOf(before).combiningClass === VIRAMA) return true
  if (points[at] !== 0x200c) return false
  return ['L', 'D'].includes(joiningFrom(points, at, -1)) && ['R', 'D'].includes(joiningFrom(points, at, 1))
}

/** The joining type of the next character that is not transparent. */
function joiningFrom(points: readonly number[], at: number, step: 1 | -1): string {
  let next = at + step
  while (points[next] !== undefined && propertiesOf(points[next]!).joining === 'T') next += step
  return points[next] === undefined ? 'U' : propertiesOf(points[next]!).joining
}

function scriptAt(points: readonly number[], at: number): string | undefined {
  const c = points[at]
  return c === undefined ? undefined : propertiesOf(c).script
}
