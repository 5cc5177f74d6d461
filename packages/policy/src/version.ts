// A version decides who is locked out, so two parsers that share no code must read it alike: one is a regular
// expression, the other walks the characters. Where they disagree the version is `unparseable`, which rules treat as
// older than everything.

/** A version that can be compared: up to four numbers, then what semver calls a pre-release. Build metadata is gone. */
export interface Version {
  readonly numbers: readonly number[]
  /** Empty for a release. Numeric identifiers are numbers (semver §11.4). */
  readonly prerelease: readonly (number | string)[]
}

/** Longest version text that is looked at, in characters. */
export const MAX_VERSION_LENGTH = 64
const MAX_NUMBERS = 4
const MAX_DIGITS = 10

/**
 * Reads semver (`4.2.1-rc.1+9f31c2e`), one- to four-part (`8.5.1302.1018`) and date versions (`2026-11-23`,
 * `2026.11.23`, `20261123`), with an optional leading `v`. Everything else is `unparseable`; it never throws.
 */
export function parseVersion(text: string): Version | 'unparseable' {
  if (text.length === 0 || text.length > MAX_VERSION_LENGTH) return 'unparseable'
  const first = byPattern(text)
  const second = byScanning(text)
  if (first === undefined || second === undefined || !isSame(first, second)) return 'unparseable'
  return asDate(first)
}

/** Total order of versions: negative, zero or positive. Missing numbers count as 0; a pre-release precedes its release. */
export function compareVersions(a: Version, b: Version): number {
  for (let index = 0; index < MAX_NUMBERS; index++) {
    const difference = (a.numbers[index] ?? 0) - (b.numbers[index] ?? 0)
    if (difference !== 0) return difference
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) return b.prerelease.length - a.prerelease.length
  return comparePrereleases(a.prerelease, b.prerelease)
}

/** Whether a claimed version is allowed by a minimum. What cannot be compared, and no version at all, is `unparseable`. */
export function checkVersion(claimed: string | undefined, minimum: Version): 'allowed' | 'below' | 'unparseable' {
  const version = claimed === undefined ? 'unparseable' : parseVersion(claimed)
  if (version === 'unparseable') return 'unparseable'
  return compareVersions(version, minimum) < 0 ? 'below' : 'allowed'
}

/** Semver §11.4: identifier by identifier, numbers before words, and the shorter one first. */
function comparePrereleases(a: Version['prerelease'], b: Version['prerelease']): number {
  const shared = Math.min(a.length, b.length)
  for (let index = 0; index < shared; index++) {
    const left = a[index] ?? 0
    const right = b[index] ?? 0
    if (left === right) continue
    if (typeof left === 'number' && typeof right === 'number') return left - right
    if (typeof left !== typeof right) return typeof left === 'number' ? -1 : 1
    return left < right ? -1 : 1
  }
  return a.length - b.length
}

function isSame(a: Version, b: Version): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** `20261123` means the same day as `2026.11.23`; a number that is no day stays a number. */
function asDate(version: Version): Version {
  const [only] = version.numbers
  if (version.numbers.length !== 1 || only === undefined || only < 1990_01_01 || only > 2099_12_31) return version
  const day = [Math.floor(only / 10_000), Math.floor(only / 100) % 100, only % 100] as const
  return isDay(...day) ? { ...version, numbers: day } : version
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day))
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

// First parser: patterns.

const DAY = /^(\d{4})-(\d{2})-(\d{2})(?:\+[0-9A-Za-z.-]+)?$/u
const NUMBERS =
  /^v?(\d{1,10}(?:\.\d{1,10}){0,3})(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/u

function byPattern(text: string): Version | undefined {
  const day = DAY.exec(text.replace(/^v/u, ''))
  if (day) {
    const numbers = day.slice(1, 4).map(Number)
    const [year = 0, month = 0, date = 0] = numbers
    return isDay(year, month, date) ? { numbers, prerelease: [] } : undefined
  }
  const match = NUMBERS.exec(text)
  if (!match) return undefined
  const identifiers = match[2] === undefined ? [] : match[2].split('.')
  return {
    numbers: (match[1] ?? '').split('.').map(Number),
    prerelease: identifiers.map((identifier) => (/^\d{1,10}$/u.test(identifier) ? Number(identifier) : identifier)),
  }
}

// Second parser: one character after the other.

function byScanning(text: string): Version | undefined {
  let position = text.startsWith('v') ? 1 : 0
  const numbers: number[] = []
  const lengths: number[] = []

  const digits = (): boolean => {
    let value = 0
    const start = position
    for (; position < text.length && isDigit(text, position); position++) {
      value = value * 10 + (text.charCodeAt(position) - 48)
      if (position - start >= MAX_DIGITS) return false
    }
    numbers.push(value)
    lengths.push(position - start)
    return position > start
  }
  const identifiers = (): string[] | undefined => {
    const found: string[] = []
    do {
      const start = position
      while (position < text.length && isIdentifierPart(text, position)) position++
      if (position === start) return undefined
      found.push(text.slice(start, position))
    } while (text[position] === '.' && position++ < text.length)
    return found
  }

  if (!digits()) return undefined
  while (text[position] === '.') {
    position++
    if (!digits() || numbers.length > MAX_NUMBERS) return undefined
  }
  let prerelease: (number | string)[] = []
  if (text[position] === '-') {
    position++
    const words = identifiers()
    if (!words) return undefined
    prerelease = words.map((word) => (isAllDigits(word) && word.length <= MAX_DIGITS ? decimal(word) : word))
    const calendar =
      lengths.length === 1 && lengths[0] === 4 && words.length === 1 ? calendarDay(words[0] ?? '') : 'none'
    if (calendar === 'wrong') return undefined
    if (calendar !== 'none') {
      numbers.push(...calendar)
      prerelease = []
      const [year = 0, month = 0, day = 0] = numbers
      if (!isDay(year, month, day)) return undefined
    }
  }
  if (text[position] === '+') {
    position++
    if (!identifiers()) return undefined
  }
  return position === text.length ? { numbers, prerelease } : undefined
}

/** `11-23` after a year is a month and a day. */
function calendarDay(word: string): readonly [number, number] | 'none' | 'wrong' {
  if (word.length !== 5 || word.charAt(2) !== '-') return 'none'
  const month = word.slice(0, 2)
  const day = word.slice(3)
  if (!isAllDigits(month) || !isAllDigits(day)) return 'none'
  return decimal(month) > 12 || decimal(day) > 31 ? 'wrong' : [decimal(month), decimal(day)]
}

function isDigit(text: string, position: number): boolean {
  const code = text.charCodeAt(position)
  return code >= 48 && code <= 57
}

function isIdentifierPart(text: string, position: number): boolean {
  const code = text.charCodeAt(position)
  return isDigit(text, position) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 45
}

function isAllDigits(word: string): boolean {
  for (let position = 0; position < word.length; position++) if (!isDigit(word, position)) return false
  return word.length > 0
}

function decimal(word: string): number {
  let value = 0
  for (let position = 0; position < word.length; position++) value = value * 10 + (word.charCodeAt(position) - 48)
  return value
}
