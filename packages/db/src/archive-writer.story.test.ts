import { expect, test } from 'vitest'
import { testDatabase } from '../../testkit/src/postgres.ts'
import { insertAccount } from './account.ts'
import type { ArchiveEntry } from './archive-entry.ts'
import { createArchiveWriter } from './archive-writer.ts'
import { listArchive } from './archive.ts'
import { openDatabase } from './database.ts'
import { bumpPolicyEpoch, getPolicyEpoch } from './policy.ts'
import { findSmSession, insertSmSession } from './stream.ts'
import { uuidv7 } from './uuid.ts'

const ALICE = 'alice@im.test'
const BOB = 'bob@im.test'
const CAROL = 'carol@im.test'

async function fixture(options: { maxBatch?: number; writers?: number } = {}) {
  const stack = new AsyncDisposableStack()
  const { url } = stack.use(await testDatabase())
  const { db, pool } = stack.use(openDatabase(url))
  const errors: unknown[] = []
  const writer = stack.use(createArchiveWriter({ url, onError: (error) => void errors.push(error), ...options }))
  return { url, db, pool, writer, errors, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

function entry(from: string, to: string, text: string, more: Partial<ArchiveEntry> = {}): ArchiveEntry {
  return {
    id: uuidv7(),
    shard: [from, to].toSorted().join(' '),
    stanza: `<message><body>${text}</body></message>`,
    sentAt: new Date('2026-11-23T04:00:00Z'),
    archives: [
      { owner: from, peer: to, direction: 'out' },
      { owner: to, peer: from, direction: 'in' },
    ],
    ...more,
  }
}

const origin = (originId: string, text: string, sender = ALICE) => ({
  dedup: { sender, target: BOB, originId, hash: Buffer.from(text) },
})

async function texts(db: Parameters<typeof listArchive>[0], owner: string): Promise<string[]> {
  const page = await listArchive(db, owner, { page: { max: 10_000 } })
  if (page === 'item-not-found') throw new Error(page)
  return page.messages.map(({ stanza }) => /<body>(.*)<\/body>/.exec(stanza)?.[1] ?? '')
}

/** Persists what the numbers say, as a session does. */
function streamOf(id: string) {
  const handled = new Set<number>()
  const prefixWith = (numbers: readonly number[]) => {
    let h = 0
    while (handled.has(h + 1) || numbers.includes(h + 1)) h++
    return h
  }
  return { handled, at: (n: number) => ({ stream: { id, n, prefixWith } }), prefixWith, id }
}

test('a message is in the archives of both, and its positions are told', async () => {
  await using at = await fixture()
  const sent = entry(ALICE, `${BOB}/phone`, 'hello', {
    archives: [
      { owner: ALICE, peer: `${BOB}/phone`, direction: 'out' },
      { owner: BOB, peer: `${ALICE}/laptop`, direction: 'in' },
    ],
  })
  const positions = new Map([
    [ALICE, 1],
    [BOB, 1],
  ])
  expect(await at.writer.commit(sent)).toEqual({ status: 'committed', id: sent.id, positions })
  const page = await listArchive(at.db, BOB, { page: { max: 10 } })
  expect(page).toMatchObject({
    isComplete: true,
    messages: [{ id: sent.id, position: 1, peer: ALICE, resource: 'laptop', direction: 'in', stanza: sent.stanza }],
  })
})

test('somebody who writes to themself has the message once', async () => {
  await using at = await fixture()
  const outcome = await at.writer.commit(entry(ALICE, ALICE, 'note'))
  expect(outcome).toMatchObject({ status: 'committed', positions: new Map([[ALICE, 1]]) })
})

test('DU-08 1,000 messages at once keep their order in every archive, without gaps', async () => {
  await using at = await fixture({ maxBatch: 64 })
  const people = [ALICE, BOB, CAROL]
  const pairs = people.flatMap((from) => people.filter((to) => to !== from).map((to) => [from, to] as const))
  const sent = Array.from({ length: 1_000 }, (_, n) => entry(...pairs[n % pairs.length]!, String(n)))
  const outcomes = await Promise.all(sent.map((one) => at.writer.commit(one)))

  expect(outcomes.every(({ status }) => status === 'committed')).toBe(true)
  const { rows } = await at.pool.query<{ owner: string; n: string; last: string }>(
    'select owner, count(*) as n, max(position) as last from archive group by owner order by owner',
  )
  expect(rows.every(({ n, last }) => n === last)).toBe(true)
  for (const owner of people) {
    const page = await listArchive(at.db, owner, { page: { max: 10_000 } })
    if (page === 'item-not-found') throw new Error(page)
    for (const peer of people) {
      const order = page.messages.filter((one) => one.peer === peer).map(({ id }) => id)
      expect(order).toEqual(order.toSorted())
    }
    for (const { id, position } of page.messages) {
      const outcome = outcomes.find((one) => one.status === 'committed' && one.id === id)
      expect(outcome).toMatchObject({ positions: expect.objectContaining({}) })
      if (outcome?.status === 'committed') expect(outcome.positions.get(owner)).toBe(position)
    }
  }
})

test('DU-08 a reader that pages with `after` while others write skips nothing', async () => {
  await using at = await fixture({ maxBatch: 8 })
  const peers = Array.from({ length: 20 }, (_, n) => `peer${n}@im.test`)
  let isWriting = true
  const writing = Promise.all(
    peers.map(async (peer) => {
      for (let n = 0; n < 20; n++) await at.writer.commit(entry(peer, ALICE, `${peer} ${n}`))
    }),
  ).finally(() => (isWriting = false))

  const read: string[] = []
  for (;;) {
    const wasWriting = isWriting
    const page = await listArchive(at.db, ALICE, { page: { max: 50, ...(read.length > 0 && { after: read.at(-1)! }) } })
    if (page === 'item-not-found') throw new Error(page)
    read.push(...page.messages.map(({ id }) => id))
    if (!wasWriting && page.isComplete) break
  }
  await writing
  const { rows } = await at.pool.query<{ id: string }>(
    'select message_id as id from archive where owner = $1 order by position',
    [ALICE],
  )
  expect(read).toEqual(rows.map(({ id }) => id))
  expect(read).toHaveLength(400)
})

test('DU-11 a row that cannot be stored fails alone, and its neighbors keep their order', async () => {
  await using at = await fixture()
  const sent = Array.from({ length: 100 }, (_, n) => entry(ALICE, BOB, String(n)))
  sent[37] = entry(ALICE, BOB, 'a NUL: \0')
  sent[61] = { ...entry(ALICE, BOB, 'no date'), sentAt: new Date(Number.NaN) }
  const outcomes = await Promise.allSettled(sent.map((one) => at.writer.commit(one)))

  const failed = outcomes.flatMap(({ status }, n) => (status === 'rejected' ? [n] : []))
  expect(failed).toEqual([37, 61])
  expect(await texts(at.db, BOB)).toEqual(
    sent
      .keys()
      .toArray()
      .filter((n) => !failed.includes(n))
      .map(String),
  )
})

test('DU-06 a message sent again with its origin-id is the same message', async () => {
  await using at = await fixture()
  const first = entry(ALICE, BOB, 'hi', origin('o1', 'hi'))
  const [one, again] = await Promise.all([first, entry(ALICE, BOB, 'hi', origin('o1', 'hi'))].map(at.writer.commit))
  const later = await at.writer.commit(entry(ALICE, BOB, 'hi', origin('o1', 'hi')))

  expect(one).toMatchObject({ status: 'committed', id: first.id })
  expect([again, later]).toEqual([
    { status: 'duplicate', id: first.id },
    { status: 'duplicate', id: first.id },
  ])
  expect(await texts(at.db, BOB)).toEqual(['hi'])
})

test('DU-07 the same origin-id with another body, or of another sender, is another message', async () => {
  await using at = await fixture()
  await at.writer.commit(entry(ALICE, BOB, 'yes', origin('o1', 'yes')))
  await at.writer.commit(entry(ALICE, BOB, 'no', origin('o1', 'no')))
  await at.writer.commit(entry(CAROL, BOB, 'yes', origin('o1', 'yes', CAROL)))
  expect(await texts(at.db, BOB)).toEqual(['yes', 'no', 'yes'])
})

test('DU-09 the durable h is the end of the unbroken prefix, and never goes back', async () => {
  await using at = await fixture()
  const account = await insertAccount(at.db, { localpart: 'alice', credentials: [] })
  if (account === 'exists') throw new Error(account)
  await insertSmSession(at.db, 's1', account.id)
  const stream = streamOf('s1')
  const durable = async () => (await findSmSession(at.db, 's1'))?.inboundH

  // Number 2 commits before number 1 is finished.
  const second = await at.writer.commit(entry(ALICE, BOB, 'two', stream.at(2)))
  stream.handled.add(2)
  expect(second).toMatchObject({ status: 'committed', persistedH: 0 })
  expect(await durable()).toBe(0)

  // A crash; the client resumes from h = 0 and sends both again.
  const [one, two] = await Promise.all(
    [entry(ALICE, BOB, 'one', stream.at(1)), entry(ALICE, BOB, 'two', stream.at(2))].map(at.writer.commit),
  )
  expect(one).toMatchObject({ status: 'committed', persistedH: 2 })
  expect(two).toMatchObject({ status: 'duplicate', persistedH: 2 })
  expect(await texts(at.db, BOB)).toEqual(['two', 'one'])

  // Presence counts, too, once something persists it.
  for (const n of [1, 3, 4]) stream.handled.add(n)
  expect(await at.writer.persistHandled(stream)).toBe(4)
  expect(await at.writer.persistHandled({ id: 's1', prefixWith: () => 1 })).toBe(4)
  expect(await durable()).toBe(4)
})

test('numbers that h covers leave no key behind', async () => {
  await using at = await fixture()
  const stream = streamOf('s1')
  await Promise.all([1, 2, 3, 5].map((n) => at.writer.commit(entry(ALICE, BOB, String(n), stream.at(n)))))
  expect((await at.pool.query('select from dedup')).rowCount).toBe(1)
})

test('a message decided under older rules is not written', async () => {
  await using at = await fixture()
  const policyEpoch = await getPolicyEpoch(at.db)
  const epoch = await at.db.transaction((tx) => bumpPolicyEpoch(tx))
  const stream = streamOf('s1')
  const [stale, fresh] = await Promise.all([
    at.writer.commit(entry(ALICE, BOB, 'stale', { policyEpoch, ...stream.at(1) })),
    at.writer.commit(entry(ALICE, BOB, 'fresh', { policyEpoch: epoch, ...stream.at(2) })),
  ])
  expect(stale).toEqual({ status: 'stale-epoch', epoch })
  expect(fresh).toMatchObject({ status: 'committed', persistedH: 0 }) // number 1 is not handled yet
  expect(await texts(at.db, BOB)).toEqual(['fresh'])
})

test('a change of rules waits for what is being written, and holds back what comes', async () => {
  await using at = await fixture()
  const policyEpoch = await getPolicyEpoch(at.db)
  const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>()
  const { promise: isBumped, resolve: bumped } = Promise.withResolvers<void>()
  const changing = at.db.transaction(async (tx) => {
    await bumpPolicyEpoch(tx)
    bumped()
    await mayCommit
  })
  await isBumped
  const outcome = at.writer.commit(entry(ALICE, BOB, 'hello', { policyEpoch }))
  const waits = async () =>
    (await at.pool.query(`select from pg_stat_activity where wait_event = 'advisory' and datname = current_database()`))
      .rowCount
  while (!(await waits())) await new Promise((resolve) => void setImmediate(resolve))
  commit()
  await changing
  expect(await outcome).toMatchObject({ status: 'stale-epoch' })
})

test('DU-11 a writer whose connections are cut goes on, and writes nothing twice', async () => {
  await using at = await fixture({ maxBatch: 16 })
  const sent = Array.from({ length: 400 }, (_, n) =>
    entry(ALICE, `peer${n % 7}@im.test`, String(n), origin(`o${n}`, '')),
  )
  const committing = Promise.all(sent.map((one) => at.writer.commit(one)))
  for (let cut = 0; cut < 5; cut++) {
    await at.pool.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'drawbridge-writer' and datname = current_database()`)
  }
  const outcomes = await committing
  expect(outcomes.map(({ status }) => status)).toEqual(sent.map(() => 'committed'))
  expect(outcomes.map((outcome) => 'id' in outcome && outcome.id)).toEqual(sent.map(({ id }) => id))
  expect((await texts(at.db, ALICE)).toSorted()).toEqual(sent.map((_, n) => String(n)).toSorted())
  expect(at.writer.pending).toBe(0)
})

test('a message whose commit was answered to nobody is found again, with its positions', async () => {
  await using at = await fixture()
  const sent = entry(ALICE, BOB, 'hello', origin('o1', 'hello'))
  const first = await at.writer.commit(sent)
  // The caller's copy of the answer is lost: the same entry once more.
  await using other = createArchiveWriter({ url: at.url })
  expect(await other.commit(sent)).toEqual(first)
  const noOrigin = entry(ALICE, BOB, 'again')
  const second = await at.writer.commit(noOrigin)
  expect(await other.commit(noOrigin)).toEqual(second)
  expect(await texts(at.db, BOB)).toEqual(['hello', 'again'])
})

test('work in the outbox is written with its message', async () => {
  await using at = await fixture()
  await at.writer.commit(entry(ALICE, BOB, 'hi', { outbox: [{ kind: 'push', payload: { to: 'bob' } }] }))
  const { rows } = await at.pool.query('select kind, payload, done_at from outbox')
  expect(rows).toEqual([{ kind: 'push', payload: { to: 'bob' }, done_at: null }])
})

test('closing writes what waits and takes no more', async () => {
  await using at = await fixture({ maxBatch: 4 })
  const committing = Array.from({ length: 50 }, (_, n) => at.writer.commit(entry(ALICE, BOB, String(n))))
  await at.writer.close()
  await Promise.all(committing)
  expect(await texts(at.db, BOB)).toHaveLength(50)
  await expect(at.writer.commit(entry(ALICE, BOB, 'late'))).rejects.toThrow()
})

test('closing without a database rejects what is not durable', async () => {
  const writer = createArchiveWriter({ url: 'postgres://nobody:nothing@127.0.0.1:1/none' })
  const lost = writer.commit(entry(ALICE, BOB, 'lost'))
  expect(writer.pending).toBe(1)
  const [outcome] = await Promise.all([lost.catch(String), writer.close(50)])
  expect(outcome).toBe('WriterClosed: not written before the deadline')
})
