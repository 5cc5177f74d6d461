import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCrowd } from '../support/crowd.ts'
import { startCluster } from '../support/nodes.ts'
import type { Cluster } from '../support/nodes.ts'
import { showLockOut, showReturn } from '../support/crowd-shows.ts'

// The same as e2e/load/control.ts, with as many sessions as a shared machine has room for.
const SESSIONS = 200

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster[Symbol.asyncDispose]())

test('a lock-out ends the sessions it is about, touches no other, and keeps them out', async () => {
  await using crowd = await startCrowd(cluster, SESSIONS, (n) => (n % 10 < 3 ? 'Held 1.0' : 'Held 3.0'))
  const show = await showLockOut(crowd)
  console.log(`lock-out of ${show.hit} of ${SESSIONS}: the last one knew it ${show.lastClosedMs} ms after the commit`)
  expect(show).toMatchObject({ hit: 60, touched: 0 })
})

test('control §7.7 after a cut everybody comes back at the time they were given, and resumes', async () => {
  const env = { DRAWBRIDGE_STREAM_ACCEPT_RATE: '100' }
  await using crowd = await startCrowd(cluster, SESSIONS, () => 'Held 3.0', { isResumable: true, env })
  const show = await showReturn(crowd)
  console.log(
    `return of ${SESSIONS}: back after ${Math.round(show.backMs)} ms, at most ${show.mostPerSecond} in one second, ` +
      `${show.refusals} told to come again, sign-in p95 ${Math.round(show.signInP95Ms)} ms`,
  )
  expect(show.resumed).toBe(SESSIONS)
})
