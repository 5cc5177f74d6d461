import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assembled, chunked, compare, mutated, oddMessages, SEEDS, transcript } from '../fixtures/differential.ts'
import { serialize } from './serialize.ts'
import { hasExpat, readByLibxml2, readBySaxes, rejectedByExpat } from '../fixtures/oracles.ts'

// A fixed number of seeds, so that every run finds the same; `pnpm fuzz` goes on from there for as long as one likes.

const SEED = 6120
const RUNS = 6000

test('legal and illegal seeds get the verdict of saxes and libxml2', () => {
  for (const seed of SEEDS) compare(seed)
})

test('XS-29 mutated elements get the verdict of saxes and libxml2, and the same tree', () => {
  let accepted = 0
  fc.assert(
    fc.property(mutated, (text) => void (accepted += compare(text) ? 1 : 0)),
    { seed: SEED, numRuns: RUNS },
  )
  // A fuzzer whose inputs are all wrong finds nothing.
  expect(accepted).toBeGreaterThan(RUNS / 10)
})

test('XS-29 sequences of tokens get the verdict of saxes and libxml2', () => {
  fc.assert(
    fc.property(assembled, (text) => void compare(text)),
    { seed: SEED, numRuns: RUNS },
  )
})

test('XS-15 mutated streams get the same verdict and events in whatever pieces they come', () => {
  fc.assert(
    fc.property(chunked, ({ bytes, chunks }) => {
      expect(transcript(chunks)).toBe(transcript([bytes]))
    }),
    { seed: SEED, numRuns: RUNS / 4 },
  )
})

describe('XS-30 whatever is accepted leaves as text that every strict parser takes', () => {
  const sent = oddMessages(RUNS / 4, 30).map((message) => serialize(message))

  test('saxes and libxml2', () => {
    expect(sent.length).toBe(RUNS / 4)
    for (const text of sent) {
      expect(readBySaxes(text), text).toBeDefined()
      expect(readByLibxml2(text), text).toBeDefined()
    }
  })

  test.skipIf(!hasExpat)('expat', () => {
    expect(rejectedByExpat(sent)).toEqual([])
  })
})
