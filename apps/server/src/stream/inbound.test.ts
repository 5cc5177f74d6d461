import { expect, test } from 'vitest'
import { Inbound } from './inbound.ts'

/** A small generator with a seed, so that a failure can be repeated. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state % below
  }
}

test('whatever the order in which stanzas finish, the prefix is what is finished without a gap', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const pick = random(seed)
    const inbound = new Inbound()
    const open: number[] = []
    const done = new Set<number>()
    let before = 0
    for (let step = 0; step < 60; step++) {
      if (open.length === 0 || pick(3) === 0) open.push(inbound.next())
      else {
        const [n = 0] = open.splice(pick(open.length), 1)
        // What a batch would be told before it commits is what is true afterwards.
        const foretold = inbound.prefixWith([n])
        inbound.done(n)
        done.add(n)
        expect(inbound.prefix).toBe(foretold)
      }
      let expected = 0
      while (done.has(expected + 1)) expected++
      expect(inbound.prefix).toBe(expected)
      expect(inbound.prefix).toBeGreaterThanOrEqual(before)
      before = inbound.prefix
    }
    const rest = inbound.prefixWith(open)
    expect(rest).toBe(inbound.received)
    expect(inbound.prefix).toBe(before)
  }
})

test('finishing twice, or again what is long done, changes nothing', () => {
  const inbound = new Inbound()
  for (let n = 0; n < 3; n++) inbound.next()
  inbound.done(1)
  inbound.done(1)
  inbound.done(2)
  inbound.done(1)
  expect(inbound.prefix).toBe(2)
})
