import { expect, test } from 'vitest'
import { inTurns, RECIPIENTS_PER_TURN } from './fanout.ts'

const people = (count: number) => Array.from({ length: count }, (_, n) => n)

test('a short list is served before anything else happens', () => {
  const served: number[] = []
  void inTurns(people(RECIPIENTS_PER_TURN), (n) => served.push(n))
  expect(served).toHaveLength(RECIPIENTS_PER_TURN)
})

test('a long list lets others have their turn, and keeps its order', async () => {
  const served: number[] = []
  const seenByOthers: number[] = []
  const look = () => {
    seenByOthers.push(served.length)
    if (served.length < 1_200) setImmediate(look)
  }
  setImmediate(look)
  await inTurns(people(1_200), (n) => served.push(n))
  expect(served).toEqual(people(1_200))
  expect(seenByOthers.slice(0, 2)).toEqual([500, 1_000])
})

test('what is no longer true is told to nobody further', async () => {
  const turns = new Set<number>()
  await inTurns(
    people(5_000),
    (_, turn) => turns.add(turn),
    () => turns.size < 2,
  )
  expect([...turns]).toEqual([0, 1])
})
