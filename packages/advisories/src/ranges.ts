import type { Interval } from './advisory.ts'

const VERSION = String.raw`v?(\d[\w.+-]*)`
const COMPARISON = new RegExp(String.raw`^(<=|>=|<|>|==?)?\s*${VERSION}$`, 'iu')

/** Words that many write where a format asks for a version, and what they mean without doubt. */
const PROSE: readonly (readonly [RegExp, (first: string, second: string) => Interval])[] = [
  [/^(?:\*|all|any|all versions?|any version)$/iu, () => ({})],
  [prose(String.raw`(?:before|prior to|earlier than|lower than|below)\s+${VERSION}`), (below) => ({ below })],
  [prose(String.raw`(?:through|up to and including|up to \(including\))\s+${VERSION}`), (last) => ({ last })],
  [prose(String.raw`${VERSION},?\s+(?:and|or|&)\s+(?:earlier|prior|before|below|older|lower)`), (last) => ({ last })],
  [prose(String.raw`${VERSION}\s+(?:through|thru)\s+${VERSION}`), (from, last) => ({ from, last })],
  [prose(String.raw`(?:from\s+)?${VERSION}\s+(?:before|prior to)\s+${VERSION}`), (from, below) => ({ from, below })],
]

function prose(pattern: string): RegExp {
  return new RegExp(String.raw`^(?:all\s+)?(?:versions?\s+)?${pattern}(?:\s+versions?)?$`, 'iu')
}

/**
 * A range as people write it: `>= 1.0, < 2.3.1` (GHSA), `vers:generic/>=1.0|<2.0` (VERS), one version, or the plain words
 * of `PROSE`. Undefined where it is none of them: then nobody may take it for an answer. What is open below by `>` is
 * taken as closed: one version too many is no harm.
 */
export function intervalFrom(text: string): Interval | undefined {
  const trimmed = text.slice(0, 256).trim()
  for (const [pattern, intervalOf] of PROSE) {
    const [whole, first = '', second = ''] = pattern.exec(trimmed) ?? []
    if (whole !== undefined) return intervalOf(first, second)
  }
  const interval: { from?: string; below?: string; last?: string } = {}
  for (const constraint of trimmed.replace(/^vers:[\w.-]+\//u, '').split(/[|,]/u)) {
    const [, operator = '=', version] = COMPARISON.exec(constraint.trim()) ?? []
    if (version === undefined) return undefined
    if (operator === '<') interval.below = version
    else if (operator === '<=') interval.last = version
    else if (operator.startsWith('=')) Object.assign(interval, { from: version, last: version })
    else interval.from = version
  }
  return interval
}

/** A range that cannot be read, kept as one that cannot be compared: it may be any version. */
export function anyOf(text: string): Interval {
  return { from: `(${text})`, last: `(${text})` }
}
