import { TRAFFIC_COUNTS } from '@drawbridge/contract'
import { addTraffic, listTraffic, openDatabase, pruneTraffic } from '@drawbridge/db'
import type { Db, TrafficPlace } from '@drawbridge/db'
import { silentLog } from '@drawbridge/runtime'
import { testDatabase } from '@drawbridge/testkit'
import { expect, test } from 'vitest'
import { startTraffic } from './traffic.ts'
import type { TrafficSubject } from './traffic.ts'

const AT = new Date('2026-11-23T10:30:00Z')
const DAY = { from: new Date('2026-11-23T00:00:00Z'), until: new Date('2026-11-24T00:00:00Z') }
const SERVICE: TrafficSubject = { kind: 'service', id: '' }
const accountOf = (n: number): TrafficSubject => ({ kind: 'account', id: `id-${n}`, name: `person${n}` })

async function database() {
  const stack = new AsyncDisposableStack()
  const made = stack.use(await testDatabase())
  const { db } = stack.use(openDatabase(made.url))
  const list = (kind: TrafficSubject['kind'], limit = 10) => listTraffic(db, { ...DAY, kind, order: 'messages', limit })
  return { db, list, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** The same database, that is away while `isAway`, and whose answer to a commit may get lost. */
function unreliable(db: Db) {
  const state = { isAway: false, losesAnswer: false }
  const transaction: Db['transaction'] = async (work, options) => {
    if (state.isAway) throw new Error('no connection')
    const result = await db.transaction(work, options)
    if (state.losesAnswer) throw new Error('the connection broke')
    return result
  }
  return { state, db: Object.assign(Object.create(db) as Db, { transaction }) }
}

test('what is counted while the database is away is written when it is back, and nothing is written twice', async () => {
  await using at = await database()
  const { state, db } = unreliable(at.db)
  const traffic = startTraffic({ db, log: silentLog, now: () => AT })
  const send = () => traffic.count('message', 100, AT, [SERVICE, accountOf(1)])
  send()
  state.isAway = true
  await traffic.flush()
  send()
  await traffic.flush()
  expect(await at.list('account')).toEqual([])

  state.isAway = false
  // It was written, and nobody heard of it.
  state.losesAnswer = true
  await traffic.flush()
  send()
  await traffic.flush()
  state.losesAnswer = false
  await traffic.flush()
  await traffic[Symbol.asyncDispose]()
  expect(await at.list('account')).toMatchObject([{ id: 'id-1', subject: 'person1', messages: 3, bytes: 300 }])
  expect(await at.list('service')).toMatchObject([{ messages: 3 }])
})

test('with more subjects than there is memory for, the rest is counted together, and the service as a whole', async () => {
  await using at = await database()
  const { state, db } = unreliable(at.db)
  const traffic = startTraffic({ db, log: silentLog, now: () => AT, maxSubjects: 10 })
  const flood = (from: number) => {
    for (let n = from; n < from + 1_000; n++) {
      traffic.count('message', 1, AT, [SERVICE, accountOf(n), { kind: 'peer', id: `d${n}.test` }])
    }
  }
  flood(0)
  // Another batch waits behind the first, and no third.
  state.isAway = true
  await traffic.flush()
  flood(1_000)
  await traffic.flush()
  flood(2_000)
  state.isAway = false
  await traffic[Symbol.asyncDispose]()
  expect(await at.list('service')).toMatchObject([{ messages: 3_000 }])
  for (const kind of ['account', 'peer'] as const) {
    const rows = await at.list(kind, 3_000)
    expect(rows.length).toBeLessThanOrEqual(20)
    expect(rows[0]).toMatchObject({ id: '*', isFormer: false })
    expect(rows.reduce((sum, { messages }) => sum + messages, 0)).toBe(3_000)
  }
})

test('what the database refuses for good is lost alone, and what is counted later is not', async () => {
  await using at = await database()
  const traffic = startTraffic({ db: at.db, log: silentLog, now: () => AT })
  traffic.count('message', 1, AT, [{ kind: 'peer', id: 'a\u0000b' }])
  await traffic.flush()
  traffic.count('message', 1, AT, [{ kind: 'peer', id: 'remote.test' }])
  await traffic[Symbol.asyncDispose]()
  expect(await at.list('peer')).toMatchObject([{ id: 'remote.test', messages: 1 }])
})

test('a list goes on where its page ended, whatever it is ordered by, and also where several have the same', async () => {
  await using at = await database()
  const traffic = startTraffic({ db: at.db, log: silentLog, now: () => AT })
  for (const n of [1, 2, 3, 4, 5]) traffic.count('upload', n < 4 ? 10 : n, AT, [accountOf(n)])
  await traffic[Symbol.asyncDispose]()
  const seen: string[] = []
  for (let after: TrafficPlace | undefined; ;) {
    const page = await listTraffic(at.db, { ...DAY, kind: 'account', order: 'uploadBytes', limit: 2, after })
    const last = page.at(-1)
    if (!last) break
    seen.push(...page.map(({ subject }) => subject))
    after = { count: last.uploadBytes, subject: last.id }
  }
  expect(seen).toEqual(['person1', 'person2', 'person3', 'person5', 'person4'])
})

test('what is older than is kept goes, with the names of those of whom nothing is left', async () => {
  await using at = await database()
  const rowOf = (n: number, hour: string) => ({
    ...{ hour: new Date(hour), kind: 'account' as const, subject: `id-${n}`, name: `person${n}` },
    counts: TRAFFIC_COUNTS.map(() => 1),
  })
  const rows = [rowOf(1, '2026-11-22T10:00:00Z'), rowOf(2, '2026-11-22T10:00:00Z'), rowOf(2, '2026-11-23T10:00:00Z')]
  await addTraffic(at.db, rows)
  await pruneTraffic(at.db, DAY.from)
  expect(await at.list('account')).toMatchObject([{ subject: 'person2', calls: 1 }])
  const names = await at.db.execute<{ name: string }>('select name from traffic_name')
  expect(names.rows).toEqual([{ name: 'person2' }])
})
