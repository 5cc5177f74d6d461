import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkVersion, compareVersions, parseVersion } from './version.ts'
import type { Version } from './version.ts'

function version(text: string): Version {
  const parsed = parseVersion(text)
  if (parsed === 'unparseable') throw new Error(`${text} is unparseable`)
  return parsed
}

/** Versions of every kind that real clients send, and near misses. */
const versionText = fc.oneof(
  fc
    .tuple(
      fc.array(fc.oneof(fc.nat(30), fc.nat(9_999)), { minLength: 1, maxLength: 4 }),
      fc.option(
        fc.array(fc.constantFrom('rc', 'beta', 'alpha', 'dev', '0', '1', '2', '11', 'rc1', '-'), {
          minLength: 1,
          maxLength: 3,
        }),
      ),
      fc.option(fc.constantFrom('9f31c2e', 'build.7')),
      fc.boolean(),
    )
    .map(([numbers, words, build, v]) => {
      return `${v ? 'v' : ''}${numbers.join('.')}${words ? `-${words.join('.')}` : ''}${build ? `+${build}` : ''}`
    }),
  fc
    .date({ min: new Date('1990-01-01'), max: new Date('2099-12-30'), noInvalidDate: true })
    .chain((date) => fc.constantFrom('-', '.', '').map((by) => date.toISOString().slice(0, 10).replaceAll('-', by))),
)
const junk = fc.string({ unit: fc.constantFrom(...'0123456789.-+vabR~ _é\u0000\n'), maxLength: 24 })

test('versions of real clients are put in the order their makers mean', () => {
  const ascending = [
    '0.9', '1', '1.0.1', '1.9.5-dev+abc', '1.9.5', '1.10.0', '4.2.0-alpha', '4.2.0-alpha.1', '4.2.0-alpha.beta',
    '4.2.0-beta', '4.2.0-beta.2', '4.2.0-beta.11', '4.2.0-rc.1', '4.2.0', '4.2.0.1', '8.5.1302.1018', '2025.12.31',
    '20260101', '2026-11-23',
  ] // prettier-ignore
  const shuffled = ascending.toReversed()
  expect(shuffled.toSorted((a, b) => compareVersions(version(a), version(b)))).toEqual(ascending)
})

test('the same version in two spellings is equal', () => {
  for (const [a, b] of [
    ['1', '1.0.0.0'],
    ['v4.2', '4.2.0+x'],
    ['2026-11-23', '20261123'],
    ['2026.11.23', '2026-11-23'],
    ['01.02', '1.2'],
  ] as const) {
    expect(compareVersions(version(a), version(b)), `${a} ${b}`).toBe(0)
  }
})

test('what is no version is unparseable', () => {
  for (const text of [
    '', ' ', 'v', 'latest', '1.', '.1', '1..2', '1.2.3.4.5', '1.2-', '1.2+', '1.2-a..b', '1.0rc1', '1.0~beta', '1.0 (x)', '١.٢',
    '1.2.3\n', '1.2.3\u0000', '-1', '1e5', '0x10', '2026-13-01', '2026-02-30', '99999999999', 'constructor', '9'.repeat(10_000),
    `1.0-${'a'.repeat(10_000)}`,
  ]) {
    expect(parseVersion(text), text.slice(0, 20)).toBe('unparseable')
  } // prettier-ignore
})

test('the order is total: antisymmetric, transitive, and complete', () => {
  fc.assert(
    fc.property(versionText, versionText, versionText, (x, y, z) => {
      const [a, b, c] = [version(x), version(y), version(z)]
      expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0)
      expect(compareVersions(a, a)).toBe(0)
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) expect(compareVersions(a, c)).toBeLessThanOrEqual(0)
    }),
    { numRuns: 2_000 },
  )
})

test('any text is parsed without a throw, and whatever cannot be parsed is never allowed', () => {
  fc.assert(
    fc.property(fc.oneof(junk, fc.string(), versionText), versionText, (claimed, minimum) => {
      const verdict = checkVersion(claimed, version(minimum))
      if (parseVersion(claimed) === 'unparseable') expect(verdict).toBe('unparseable')
      else expect(['allowed', 'below']).toContain(verdict)
    }),
    { numRuns: 5_000 },
  )
})

test('no version at all is not allowed either', () => {
  expect(checkVersion(undefined, version('1.0'))).toBe('unparseable')
})
