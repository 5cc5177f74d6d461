import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { isNameCharBeyondAscii, isNameStartBeyondAscii } from './characters.ts'
import { isNameOfFourthEdition } from './fourth-edition.ts'

const hasPython = spawnSync('python3', ['-c', 'import xml.parsers.expat']).status === 0
const BEYOND_ASCII = Array.from({ length: 0x10000 - 0x80 }, (_, n) => n + 0x80).filter((c) => c < 0xd800 || c > 0xdfff)

test('every name of the fourth edition is one of the fifth (XML 1.0, fifth edition, §2.3)', () => {
  for (const c of BEYOND_ASCII) {
    if (isNameOfFourthEdition(c, true)) expect(isNameStartBeyondAscii(c), c.toString(16)).toBe(true)
    if (isNameOfFourthEdition(c, false)) expect(isNameCharBeyondAscii(c), c.toString(16)).toBe(true)
  }
  expect(isNameOfFourthEdition(0x10000, false)).toBe(false)
})

test.skipIf(!hasPython)('XS-30 expat takes the names that we take, and no others', () => {
  // Where the answer changes, on both sides.
  const edges = BEYOND_ASCII.filter((c) =>
    [true, false].some((isStart) =>
      [-1, 1].some((step) => isNameOfFourthEdition(c, isStart) !== isNameOfFourthEdition(c + step, isStart)),
    ),
  )
  const script =
    'import sys, xml.parsers.expat as e\n' +
    'def ok(s):\n  try: e.ParserCreate("UTF-8").Parse(s, True); return 1\n  except e.ExpatError: return 0\n' +
    'for line in sys.stdin: c = chr(int(line)); print(ok("<" + c + "/>"), ok("<a" + c + "/>"))\n'
  const { stdout } = spawnSync('python3', ['-c', script], { input: edges.join('\n'), encoding: 'utf8' })
  const expected = edges.map(
    (c) => `${Number(isNameOfFourthEdition(c, true))} ${Number(isNameOfFourthEdition(c, false))}`,
  )
  expect(edges.length).toBeGreaterThan(600)
  expect(stdout.trim().split('\n')).toEqual(expected)
})
