import { expect, test } from 'vitest'
import { isNameCharBeyondAscii, isNameStartBeyondAscii } from './characters.ts'
import { isNameOfFourthEdition } from './fourth-edition.ts'
import { hasExpat, rejectedByExpat } from '../fixtures/oracles.ts'

const BEYOND_ASCII = Array.from({ length: 0x10000 - 0x80 }, (_, n) => n + 0x80).filter((c) => c < 0xd800 || c > 0xdfff)

test('every name of the fourth edition is one of the fifth (XML 1.0, fifth edition, §2.3)', () => {
  for (const c of BEYOND_ASCII) {
    if (isNameOfFourthEdition(c, true)) expect(isNameStartBeyondAscii(c), c.toString(16)).toBe(true)
    if (isNameOfFourthEdition(c, false)) expect(isNameCharBeyondAscii(c), c.toString(16)).toBe(true)
  }
  expect(isNameOfFourthEdition(0x10000, false)).toBe(false)
})

test.skipIf(!hasExpat)('XS-30 expat takes the names that we take, and no others', () => {
  // Where the answer changes, on both sides.
  const edges = BEYOND_ASCII.filter((c) =>
    [true, false].some((isStart) =>
      [-1, 1].some((step) => isNameOfFourthEdition(c, isStart) !== isNameOfFourthEdition(c + step, isStart)),
    ),
  )
  const names = edges.flatMap((c) => [
    { name: String.fromCodePoint(c), isOne: isNameOfFourthEdition(c, true) },
    { name: `a${String.fromCodePoint(c)}`, isOne: isNameOfFourthEdition(c, false) },
  ])
  expect(edges.length).toBeGreaterThan(600)
  expect(rejectedByExpat(names.map(({ name }) => `<${name}/>`))).toEqual(
    names.filter(({ isOne }) => !isOne).map(({ name }) => `<${name}/>`),
  )
})
