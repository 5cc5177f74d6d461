import { expect, test } from 'vitest'
import { createPacing } from './pacing.ts'

function paced(rate = 200) {
  const clock = { at: 0 }
  const windows: number[] = []
  const pacing = createPacing(
    rate,
    (windowMs) => windows.push(windowMs),
    () => clock.at,
  )
  return { pacing, clock, windows }
}

test('nobody waits on an ordinary day', () => {
  const { pacing } = paced()
  for (let n = 0; n < 10_000; n++) expect(pacing.refuse(() => false)).toBeUndefined()
  expect(pacing.draw()).toBeUndefined()
})

test('control §4.8 the window is as long as all sessions take at the accept rate, and five seconds at least', () => {
  const { pacing, windows } = paced()
  pacing.applied(true, 52_000)
  // A later change of the rules finds only those who repair something.
  pacing.applied(true, 2)
  const drawn = Array.from({ length: 2_000 }, () => pacing.draw() ?? Number.NaN)
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...drawn)).toBeLessThan(260_000)
  // Uniformly: neither half is empty.
  expect(drawn.filter((ms) => ms < 130_000).length).toBeGreaterThan(800)
  expect(drawn.filter((ms) => ms >= 130_000).length).toBeGreaterThan(800)
  pacing.applied(false, 0)
  expect(windows).toEqual([260_000])

  const few = paced()
  few.pacing.applied(true, 3)
  few.pacing.applied(false, 0)
  expect(few.windows).toEqual([5_000])
})

test('control §7.7 however many come, no more are let in than the accept rate and a tenth', () => {
  const { pacing, clock } = paced()
  pacing.applied(true, 10_000)
  pacing.applied(false, 0)
  for (let second = 0; second < 5; second++) {
    let accepted = 0
    for (let ms = 0; ms < 1_000; ms++) {
      clock.at++
      for (let n = 0; n < 5; n++) if (pacing.refuse(() => true) === undefined) accepted++
    }
    expect(accepted).toBeGreaterThan(190)
    expect(accepted).toBeLessThanOrEqual(220)
  }
})

test('control §4.8 while the rate is used up, there is a lane for those who repair something', () => {
  const { pacing, clock } = paced(10)
  pacing.applied(true, 1_000)
  pacing.applied(false, 0)
  clock.at += 1_000
  while (pacing.refuse(() => false) === undefined);
  expect(pacing.refuse(() => true)).toBeUndefined()
  const again = pacing.refuse(() => true)
  expect(again).toBeGreaterThanOrEqual(5_000)
})

test('when everybody should be back, nobody waits any more', () => {
  const { pacing, clock } = paced()
  pacing.applied(true, 1_000)
  pacing.applied(false, 0)
  expect(pacing.refuse(() => false)).toBeGreaterThan(0)
  clock.at += 65_001
  expect(pacing.remainingMs).toBe(0)
  for (let n = 0; n < 1_000; n++) expect(pacing.refuse(() => false)).toBeUndefined()
})
