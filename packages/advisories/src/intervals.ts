import { compareVersions, parseVersion } from '@drawbridge/policy'
import type { Version } from '@drawbridge/policy'
import type { AffectedProduct, Interval } from './advisory.ts'

/** Whether a version is affected; `unknown` where it cannot be compared. */
export type Affects = 'yes' | 'no' | 'unknown'

/** Whether a version lies in an interval. */
export function isWithin(interval: Interval, version: string | undefined): Affects {
  const parsed = version === undefined ? 'unparseable' : parseVersion(version)
  if (parsed === 'unparseable') return 'unknown'
  const bounds = [
    outside(interval.from, (bound) => compareVersions(parsed, bound) < 0),
    outside(interval.below, (bound) => compareVersions(parsed, bound) >= 0),
    outside(interval.last, (bound) => compareVersions(parsed, bound) > 0),
  ]
  if (bounds.includes('yes')) return 'no'
  return bounds.includes('unknown') ? 'unknown' : 'yes'
}

function outside(bound: string | undefined, isOutside: (bound: Version) => boolean): Affects {
  if (bound === undefined) return 'no'
  const parsed = parseVersion(bound)
  if (parsed === 'unparseable') return 'unknown'
  return isOutside(parsed) ? 'yes' : 'no'
}

const OTHERWISE = { affected: 'yes', unaffected: 'no', unknown: 'unknown' } as const

/** What an advisory says of one version of a product. Fine is only what is said to be, and nothing before casts doubt on. */
export function affects({ statements, otherwise }: AffectedProduct, version: string | undefined): Affects {
  let isUnsure = false
  for (const { interval, isAffected } of statements) {
    const answer = isWithin(interval, version)
    if (answer === 'no') continue
    if (answer === 'yes' && isAffected === true) return 'yes'
    // A version that is named itself is meant, whatever an unreadable range before it may say.
    const isNamed = interval.from !== undefined && interval.from === interval.last
    if (answer === 'yes' && isAffected === false) return isUnsure && !isNamed ? 'unknown' : 'no'
    if (answer === 'yes') return 'unknown'
    isUnsure = true
  }
  return isUnsure ? 'unknown' : OTHERWISE[otherwise]
}

/**
 * The interval of affected versions that a version is in, as a client rule can say it: from inclusive, below exclusive.
 * Undefined where nothing bounds it from above: no version is known to be fine.
 */
export function ruleRange(product: AffectedProduct, version: string): { from?: string; below?: string } | undefined {
  const own = product.statements.find(({ interval }) => isWithin(interval, version) === 'yes')
  if (own) return own.isAffected === true ? asRange(own.interval) : undefined
  if (product.otherwise !== 'affected') return undefined
  // Affected unless said otherwise: up to the first version above that is said to be fine.
  const fine = product.statements.flatMap(({ interval: { from }, isAffected }) =>
    isAffected === false && from !== undefined && compare(from, version) > 0 ? [from] : [],
  )
  const below = fine.toSorted(compare)[0]
  return below === undefined ? {} : { below }
}

function asRange({ from, below, last }: Interval): { from?: string; below?: string } {
  const end = below ?? (last === undefined ? undefined : justAfter(last))
  // `0` is every version; a bound that cannot be compared bounds nothing.
  const start = from === undefined || from === '0' || parseVersion(from) === 'unparseable' ? undefined : from
  return { ...(start === undefined ? {} : { from: start }), ...(end === undefined ? {} : { below: end }) }
}

/** The smallest version that our order puts above another, for bounds that are inclusive. */
function justAfter(text: string): string | undefined {
  const version = parseVersion(text)
  if (version === 'unparseable') return undefined
  const { numbers, prerelease } = version
  if (prerelease.length > 0) return numbers.join('.')
  if (numbers.length === 4) return [...numbers.slice(0, 3), (numbers[3] ?? 0) + 1].join('.')
  return [...[0, 1, 2].map((index) => numbers[index] ?? 0), 1].join('.')
}

/** Whether two texts name one version: they are the same, or can be compared and are equal. */
export function isSameVersion(a: string, b: string): boolean {
  if (a === b) return true
  const [left, right] = [parseVersion(a), parseVersion(b)]
  return left !== 'unparseable' && right !== 'unparseable' && compareVersions(left, right) === 0
}

/** Order of two version texts; what cannot be compared is equal to everything. */
export function compare(a: string, b: string): number {
  const [left, right] = [parseVersion(a), parseVersion(b)]
  return left === 'unparseable' || right === 'unparseable' ? 0 : compareVersions(left, right)
}
