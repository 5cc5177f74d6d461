import { beforeAll, afterAll, describe, expect, test } from 'vitest'
import { testDatabase } from '../../testkit/src/postgres.ts'
import { deleteAccount, insertAccount } from './account.ts'
import { createArchiveWriter } from './archive-writer.ts'
import { archiveMetadata, type ArchiveQuery, listArchive } from './archive.ts'
import { type Db, openDatabase } from './database.ts'
import { countHeld, countHeldEach, listHeld, listHolding, releaseHeld } from './held-message.ts'
import { listIncoming, listStillUndelivered, listUndelivered, noteDelivered, skipUndelivered } from './undelivered.ts'
import { uuidv7 } from './uuid.ts'

const ALICE = 'alice@im.test'
const BOB = 'bob@im.test'
const minute = (n: number) => new Date(Date.UTC(2026, 10, 23, 4, n))

async function fixture() {
  const stack = new AsyncDisposableStack()
  const { url } = stack.use(await testDatabase())
  const { db, pool } = stack.use(openDatabase(url))
  const writer = stack.use(createArchiveWriter({ url }))
  return { db, pool, writer, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

describe('a page of the archive', () => {
  let at: Awaited<ReturnType<typeof fixture>>
  const ids: string[] = []

  // Ten messages to Alice, 0 to 9, one a minute: the even ones from Bob's phone, the odd ones from Carol.
  beforeAll(async () => {
    at = await fixture()
    for (let n = 0; n < 10; n++) {
      const id = uuidv7()
      ids.push(id)
      const peer = n % 2 === 0 ? `${BOB}/phone` : 'carol@im.test/desk'
      await at.writer.commit({
        id,
        shard: 'a',
        stanza: String(n),
        sentAt: minute(n),
        archives: [{ owner: ALICE, peer, direction: 'in' }],
      })
    }
  })
  afterAll(() => at[Symbol.asyncDispose]())

  async function page(query: Omit<ArchiveQuery, 'page'> & { page?: Partial<ArchiveQuery['page']> }) {
    const found = await listArchive(at.db, ALICE, { ...query, page: { max: 100, ...query.page } })
    if (found === 'item-not-found') return found
    const { messages, isComplete, count } = found
    const text = messages.map(({ stanza }) => stanza).join('') + (isComplete ? '' : '…')
    return count === undefined ? text : `${text} of ${count}`
  }

  test('forward, backward and flipped', async () => {
    expect(await page({ page: { max: 3 } })).toBe('012…')
    expect(await page({ page: { max: 3, after: ids[2]! } })).toBe('345…')
    expect(await page({ page: { max: 4, after: ids[5]! } })).toBe('6789')
    expect(await page({ page: { max: 3, before: '' } })).toBe('789…')
    expect(await page({ page: { max: 3, before: ids[2]! } })).toBe('01')
    expect(await page({ page: { max: 3, before: '', flip: true } })).toBe('987…')
    expect(await page({ page: { max: 3, flip: true } })).toBe('210…')
    expect(await page({ page: { after: ids[9]! } })).toBe('')
  })

  test('by conversation, of any resource or of one', async () => {
    expect(await page({ with: BOB })).toBe('02468')
    expect(await page({ with: `${BOB}/phone`, page: { max: 2 } })).toBe('02…')
    expect(await page({ with: `${BOB}/laptop` })).toBe('')
    expect(await page({ with: BOB, page: { max: 2, before: ids[5]! } })).toBe('24…')
  })

  test('by time, both ends included', async () => {
    expect(await page({ start: minute(3), end: minute(5) })).toBe('345')
    expect(await page({ start: minute(30) })).toBe('')
  })

  test('by id', async () => {
    expect(await page({ ids: [ids[7]!, ids[1]!] })).toBe('17')
    expect(await page({ afterId: ids[2]!, beforeId: ids[6]! })).toBe('345')
    expect(await page({ afterId: ids[2]!, page: { max: 2, before: ids[6]! } })).toBe('45…')
    expect(await page({ afterId: ids[2]!.toUpperCase() })).toBe('3456789')
  })

  test('with a count of all that fits the filters', async () => {
    expect(await page({ with: BOB, wantsCount: true, page: { max: 1 } })).toBe('0… of 5')
    expect(await page({ with: BOB, page: { max: 0 } })).toBe('… of 5')
    expect(await page({ with: 'dave@im.test', page: { max: 0 } })).toBe(' of 0')
  })

  test('from an id that is not there is an error, not a page', async () => {
    for (const id of [uuidv7(), 'nonsense', "'; drop table archive"]) {
      expect(await page({ page: { after: id } })).toBe('item-not-found')
      expect(await page({ page: { before: id } })).toBe('item-not-found')
      expect(await page({ ids: [ids[1]!, id] })).toBe('item-not-found')
      expect(await page({ afterId: id })).toBe('item-not-found')
    }
  })

  test('knows its ends', async () => {
    expect(await archiveMetadata(at.db, ALICE)).toEqual({
      first: { id: ids[0], sentAt: minute(0) },
      last: { id: ids[9], sentAt: minute(9) },
    })
    expect(await archiveMetadata(at.db, BOB)).toBeUndefined()
  })
})

test('messages wait for a device until one was handed them', async () => {
  await using at = await fixture()
  const send = (direction: 'in' | 'out', stanza: string) =>
    at.writer.commit({
      id: uuidv7(),
      shard: 'a',
      stanza,
      sentAt: minute(0),
      archives: [{ owner: ALICE, peer: BOB, direction }],
    })
  const waiting = async () => (await listUndelivered(at.db, ALICE, 10)).map(({ stanza }) => stanza).join('')
  for (const text of ['a', 'b', 'c']) await send('in', text)
  await send('out', 'x')
  expect(await waiting()).toBe('abc')
  const had = (...positions: number[]) => noteDelivered(at.db, new Map([[ALICE, new Set(positions)]]))
  await had(2, 1)
  expect(await waiting()).toBe('c')
  await noteDelivered(
    at.db,
    new Map([
      [ALICE, new Set([1])],
      ['nobody@im.test', new Set([9])],
    ]),
  )
  expect(await waiting()).toBe('c')
  await had(3)
  await send('in', 'd')
  expect(await waiting()).toBe('d')
})

test('XEP-0160 §3 what nobody was handed stays so when later messages were, until it is; each page of it in order', async () => {
  await using at = await fixture()
  const send = (direction: 'in' | 'out', stanza: string) =>
    at.writer.commit({
      id: uuidv7(),
      shard: 'a',
      stanza,
      sentAt: minute(0),
      archives: [{ owner: ALICE, peer: BOB, direction }],
    })
  const had = (...positions: number[]) => noteDelivered(at.db, new Map([[ALICE, new Set(positions)]]))
  const textOf = (messages: readonly { stanza: string }[]) => messages.map(({ stanza }) => stanza).join('')
  const waiting = async (more = {}, limit = 10) => textOf(await listUndelivered(at.db, ALICE, limit, more))
  for (const text of ['a', 'b', 'c']) await send('in', text)
  await send('out', 'x')
  for (const text of ['d', 'e', 'f']) await send('in', text)

  await had(3, 6)
  expect(await waiting()).toBe('abdf')
  expect(await waiting({}, 3)).toBe('abd')
  expect(await waiting({ after: 2 })).toBe('df')
  // What is asked for is there as well, in its place; what the owner has sent is not.
  expect(await waiting({ after: 1, also: [1, 3, 4, 6] })).toBe('bcdef')
  expect(textOf(await listStillUndelivered(at.db, ALICE, [1, 3, 4, 5, 7]))).toBe('adf')
  expect(textOf(await listIncoming(at.db, ALICE, [7, 4, 3]))).toBe('cf')

  await had(2, 5, 5)
  await had(2)
  expect(await waiting()).toBe('af')
  // Two nodes at once, each with what its own devices have had.
  for (const text of ['g', 'h', 'i', 'j']) await send('in', text)
  await Promise.all([had(8, 10), had(11), had(1)])
  expect(await waiting()).toBe('fh')

  await skipUndelivered(at.db, ALICE)
  expect(await waiting()).toBe('')
  await send('in', 'k')
  expect(await waiting()).toBe('k')
})

describe('a suspension that holds messages', () => {
  const HOLD = uuidv7()

  async function holding(count: number) {
    const at = await fixture()
    for (let n = 0; n < count; n++) {
      const outcome = await at.writer.commit({
        id: uuidv7(),
        shard: 'a',
        stanza: String(n),
        sentAt: minute(n),
        archives: [{ owner: ALICE, peer: BOB, direction: 'out' }],
        held: { suspensionId: HOLD, recipients: [{ owner: BOB, peer: `${ALICE}/desk`, direction: 'in' }] },
      })
      expect(outcome).toMatchObject({ status: 'committed', positions: new Map([[ALICE, n + 1]]) })
    }
    return at
  }
  const release = (db: Db, limit: number) =>
    db.transaction(async (tx) => releaseHeld(tx, await listHeld(tx, HOLD, limit, { isLocking: true })))
  const stanzas = (list: readonly { stanza: string }[]) => list.map(({ stanza }) => stanza).join('')

  test('keeps them from the recipient, visible to the sender', async () => {
    await using at = await holding(3)
    expect(await listUndelivered(at.db, BOB, 10)).toEqual([])
    expect(await listArchive(at.db, ALICE, { page: { max: 10 } })).toMatchObject({ messages: { length: 3 } })
    expect(await countHeld(at.db)).toEqual({ count: 3, oldestAt: minute(0) })
    expect(await countHeld(at.db, uuidv7())).toEqual({ count: 0, oldestAt: undefined })
    expect(await countHeldEach(at.db)).toEqual(new Map([[HOLD, { count: 3, oldestAt: minute(0) }]]))
    expect(await listHolding(at.db)).toEqual([HOLD])
  })

  test('releases them in order, a batch at a time, once', async () => {
    await using at = await holding(5)
    const first = await release(at.db, 3)
    expect(stanzas(first)).toBe('012')
    expect(first[1]).toMatchObject({
      sentAt: minute(1),
      archives: [{ owner: BOB, peer: `${ALICE}/desk`, direction: 'in', position: 2 }],
    })
    expect(stanzas(await release(at.db, 3))).toBe('34')
    expect(await release(at.db, 3)).toEqual([])
    expect(stanzas(await listUndelivered(at.db, BOB, 10))).toBe('01234')
    expect(await countHeld(at.db)).toMatchObject({ count: 0 })
  })

  test('releases nothing when the release is not committed, and nothing twice when two release at once', async () => {
    await using at = await holding(40)
    const crash = at.db.transaction(async (tx) => {
      await releaseHeld(tx, await listHeld(tx, HOLD, 40))
      throw new Error('crash')
    })
    await expect(crash).rejects.toThrow('crash')
    expect(await listUndelivered(at.db, BOB, 10)).toEqual([])

    const drain = async (db: Db) => {
      const all: string[] = []
      for (let batch; (batch = await release(db, 7)).length > 0;) all.push(...batch.map(({ id }) => id))
      return all
    }
    const released = (await Promise.all([drain(at.db), drain(at.db)])).flat()
    expect(released).toHaveLength(40)
    expect(new Set(released).size).toBe(40)
    const numbers = Array.from({ length: 40 }, (_, n) => String(n)).join('')
    expect(stanzas(await listUndelivered(at.db, BOB, 100))).toBe(numbers)
  })
})

test('ST-05 a deleted account leaves nothing of its archive, and the archives of others stay', async () => {
  await using at = await fixture()
  await insertAccount(at.db, { localpart: 'alice', credentials: [] })
  const id = uuidv7()
  await at.writer.commit({
    id,
    shard: 'a',
    stanza: 'to Bob',
    sentAt: minute(0),
    archives: [
      { owner: ALICE, peer: BOB, direction: 'out' },
      { owner: BOB, peer: ALICE, direction: 'in' },
    ],
  })
  await at.writer.commit({
    id: uuidv7(),
    shard: 'a',
    stanza: 'to myself',
    sentAt: minute(0),
    archives: [{ owner: ALICE, peer: ALICE, direction: 'out' }],
  })
  expect(await deleteAccount(at.db, 'alice', ALICE)).toBe('deleted')
  expect(await deleteAccount(at.db, 'alice', ALICE)).toBe('absent')
  expect(await archiveMetadata(at.db, ALICE)).toBeUndefined()
  expect((await at.pool.query('select id from message')).rows).toEqual([{ id }])
  expect(await archiveMetadata(at.db, BOB)).toMatchObject({ first: { id } })
  await deleteAccount(at.db, 'bob', BOB)
})
