import { silentLog } from '@drawbridge/runtime'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openDatabase } from '../../db/src/index.ts'
import { hasRedis, startTestRedis, testDatabase } from '../../testkit/src/index.ts'
import {
  createJobs,
  defineJob,
  GiveUp,
  JOBS,
  type JobsOptions,
  migrateJobs,
  relayOutbox,
  sanitizeImage,
} from './index.ts'

const count = defineJob({
  name: 'count',
  payload: z.strictObject({ n: z.int() }),
  attempts: 3,
  backoffMs: 20,
  timeoutMs: 5_000,
})
const slow = defineJob({ name: 'slow', payload: z.object({}), attempts: 1, backoffMs: 20, timeoutMs: 200 })
const single = defineJob({
  name: 'single',
  payload: z.object({ key: z.string() }),
  attempts: 1,
  backoffMs: 20,
  timeoutMs: 5_000,
  dedupe: ({ key }) => key,
})
const declared = [count, slow, single] as const

/** Resolves when it was called often enough, with all arguments so far. */
function calls<T>(wanted: number) {
  const seen: T[] = []
  const { promise, resolve } = Promise.withResolvers<T[]>()
  return { promise, seen, add: (value: T) => void (seen.push(value) >= wanted && resolve(seen)) }
}

const idle = { count: async () => {}, slow: async () => {}, single: async () => {} }

async function store(kind: 'PostgreSQL' | 'Redis') {
  const stack = new AsyncDisposableStack()
  const database = stack.use(await testDatabase())
  await migrateJobs(database.url)
  const redis = kind === 'Redis' ? stack.use(await startTestRedis()) : undefined
  const options = { databaseUrl: database.url, redisUrl: redis?.url, log: silentLog, declared }
  const open = () => stack.use(createJobs<typeof declared>(options))
  return {
    open,
    options: options satisfies JobsOptions<typeof declared>,
    redis,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

describe('jobs on PostgreSQL', () => {
  testJobs('PostgreSQL')
})
describe.skipIf(!hasRedis)('jobs on Redis', () => {
  testJobs('Redis')
})

function testJobs(kind: 'PostgreSQL' | 'Redis'): void {
  test('a job is done once, with its payload', async () => {
    await using at = await store(kind)
    const [producer, consumer] = [at.open(), at.open()]
    const done = calls<number>(20)
    await consumer.work({ ...idle, count: async ({ n }) => done.add(n) })
    await Promise.all(Array.from({ length: 20 }, (_, n) => producer.enqueue(count, { n })))
    expect((await done.promise).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n))
  })

  test('a payload is checked when it is enqueued', async () => {
    await using at = await store(kind)
    await expect(at.open().enqueue(count, { n: 'x' } as never)).rejects.toThrow('count: n: ')
  })

  test('a job that fails is tried again, and one that gave up is not', async () => {
    await using at = await store(kind)
    const jobs = at.open()
    const tries: number[] = []
    const settled = calls<string>(3)
    await jobs.work(
      {
        ...idle,
        count: async ({ n }) => {
          tries.push(n)
          if (n === 1 && tries.filter((m) => m === 1).length < 3) throw new Error('not yet')
          if (n === 2) throw new GiveUp('never')
          if (n === 3) throw new Error('not in three tries')
        },
      },
      { onSettled: async (id, outcome) => settled.add(`${id} ${outcome}`) },
    )
    for (const n of [1, 2, 3]) await jobs.enqueue(count, { n }, `row-${n}`)
    expect((await settled.promise).toSorted()).toEqual(['row-1 done', 'row-2 failed', 'row-3 failed'])
    expect(tries.toSorted((a, b) => a - b)).toEqual([1, 1, 1, 2, 3, 3, 3])
  })

  test('a job that takes too long is aborted and fails', async () => {
    await using at = await store(kind)
    const jobs = at.open()
    const aborted = calls<string>(1)
    const settled = calls<string>(1)
    const slowly = (_: unknown, { signal }: { signal: AbortSignal }) =>
      new Promise<void>(() => signal.addEventListener('abort', () => aborted.add((signal.reason as Error).message)))
    await jobs.work({ ...idle, slow: slowly }, { onSettled: async (_id, outcome) => settled.add(outcome) })
    await jobs.enqueue(slow, {}, 'row')
    expect(await aborted.promise).toEqual(['timed out after 200 ms'])
    expect(await settled.promise).toEqual(['failed'])
  })

  test('a job enqueued twice with one id is one job', async () => {
    await using at = await store(kind)
    const jobs = at.open()
    const done = calls<number>(2)
    await jobs.enqueue(count, { n: 1 }, 'row-1')
    expect(await jobs.enqueue(count, { n: 1 }, 'row-1')).toBe('exists')
    await jobs.enqueue(count, { n: 2 }, 'row-2')
    const settled = calls<string>(2)
    await jobs.work({ ...idle, count: async ({ n }) => done.add(n) }, { onSettled: async (id) => settled.add(id) })
    expect((await done.promise).toSorted((a, b) => a - b)).toEqual([1, 2])
    await jobs.close()
    expect(done.seen).toHaveLength(2)
    expect(await at.open().enqueue(count, { n: 1 }, 'row-1')).toBe('done')
  })

  test('a job waits for no other of its key, for it is not added', async () => {
    await using at = await store(kind)
    const jobs = at.open()
    expect(await jobs.enqueue(single, { key: 'a' }, 'row-1')).toBe('added')
    expect(await jobs.enqueue(single, { key: 'a' }, 'row-2')).toBe('exists')
    expect(await jobs.enqueue(single, { key: 'b' }, 'row-3')).toBe('added')
    expect(await jobs.counts()).toMatchObject({ single: { waiting: 2, active: 0, failed: 0 } })
  })

  test('DU-05 a job whose worker was killed is done by another worker within seconds', async () => {
    await using at = await store(kind)
    const producer = at.open()
    await producer.enqueue(count, { n: 7 }, 'row-7')
    const code = `
      import { createJobs, defineJob } from ${JSON.stringify(new URL('index.ts', import.meta.url).href)}
      import { silentLog } from ${JSON.stringify(new URL('../../runtime/src/index.ts', import.meta.url).href)}
      const count = defineJob({ name: 'count', payload: { safeParse: (data) => ({ success: true, data }) }, attempts: 3, backoffMs: 20, timeoutMs: 60_000 })
      const jobs = createJobs({ ...${JSON.stringify({ ...at.options, declared: undefined })}, log: silentLog, declared: [count] })
      await jobs.work({ count: async () => { console.log('started'); await new Promise(() => {}) } })`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
      cwd: import.meta.dirname,
    })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    const killedAt = performance.now()
    const done = calls<number>(1)
    await at.open().work({ ...idle, count: async ({ n }) => done.add(n) })
    expect(await done.promise).toEqual([7])
    expect(performance.now() - killedAt).toBeLessThan(9_000)
  })

  test('work in the outbox is done when its job is, and enqueued again until then', async () => {
    await using at = await store(kind)
    const jobs = at.open()
    const rows = new Map(
      [1, 2, 3].map((n) => [`row-${n}`, { id: `row-${n}`, kind: 'count', payload: { n } as unknown }]),
    )
    rows.set('row-4', { id: 'row-4', kind: 'count', payload: { n: 'x' } })
    await using relay = relayOutbox({
      jobs,
      declared,
      list: async (_kinds, limit, after) => [...rows.values()].filter(({ id }) => id > (after ?? '')).slice(0, limit),
      markDone: async (ids) => ids.forEach((id) => rows.delete(id)),
      log: silentLog,
      pollMs: 60_000,
      reconcileMs: 0,
    })
    await relay.poke()
    expect([...rows.keys()]).toEqual(['row-1', 'row-2', 'row-3']) // row-4 can never be a job
    if (kind === 'Redis') await at.redis!.restart('lose') // CL-04, DU-04: the queue is rebuilt from the outbox
    await relay.poke()
    const done = calls<number>(3)
    await jobs.work({ ...idle, count: async ({ n }) => done.add(n) }, { onSettled: async (id) => void rows.delete(id) })
    expect((await done.promise).toSorted((a, b) => a - b)).toEqual([1, 2, 3])
    await jobs.close()
    expect(rows.size).toBe(0)
  })
}

test('workers on PostgreSQL go on after all their connections were cut', async () => {
  await using at = await store('PostgreSQL')
  const jobs = at.open()
  const first = calls<number>(1)
  const second = calls<number>(1)
  // The first job may run again, as the cut may hide its end.
  await jobs.work({ ...idle, count: async ({ n }) => (n === 1 ? first : second).add(n) })
  await jobs.enqueue(count, { n: 1 })
  await first.promise
  await using database = openDatabase(at.options.databaseUrl, { maxConnections: 1 })
  await database.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name <> 'drawbridge'`)
  await using other = at.open()
  await other.enqueue(count, { n: 2 })
  expect(await second.promise).toEqual([2])
})

test('every declared job needs one handler, and no other', async () => {
  await using database = await testDatabase()
  await migrateJobs(database.url)
  await using jobs = createJobs({ databaseUrl: database.url, log: silentLog })
  await expect(jobs.work({} as never)).rejects.toThrow(
    'jobs without a handler: notify-discarded, renew-images, sanitize-image, send-push, wake-room',
  )
  const handlers = {
    'notify-discarded': async () => {},
    'renew-images': async () => {},
    'sanitize-image': async () => {},
    'send-push': async () => {},
    'wake-room': async () => {},
    dust: async () => {},
  }
  await expect(jobs.work(handlers as never)).rejects.toThrow('handlers without a job: dust')
})

test('the tables of the queue are made once, also by two processes at the same time', async () => {
  await using database = await testDatabase()
  await Promise.all([migrateJobs(database.url), migrateJobs(database.url)])
  await migrateJobs(database.url)
  await using jobs = createJobs({ databaseUrl: database.url, log: silentLog })
  expect(await jobs.enqueue(sanitizeImage, { uploadId: '01a20722-c540-731d-8158-4bede4115b99' })).toBe('added')
  expect(JOBS.map(({ name }) => name)).toEqual([
    'notify-discarded',
    'renew-images',
    'sanitize-image',
    'send-push',
    'wake-room',
  ])
})
