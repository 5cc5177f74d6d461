import { expect, test } from 'vitest'
import { testDatabase } from '../../testkit/src/postgres.ts'
import { deleteAccount, insertAccount } from './account.ts'
import { createArchiveWriter } from './archive-writer.ts'
import { openDatabase } from './database.ts'
import { listReports, putReport } from './report.ts'
import { uuidv7 } from './uuid.ts'

const AT = new Date('2026-11-23T04:00:00Z')
const ALICE = 'alice@im.test'

test('reports are kept once for each address, newest first, until the reporter goes', async () => {
  await using database = await testDatabase()
  await using opened = openDatabase(database.url)
  const { db } = opened
  const account = await insertAccount(db, { localpart: 'alice', credentials: [] })
  if (account === 'exists') throw new Error(account)
  const reporter = { id: account.id, archive: ALICE }
  const report = { reason: 'urn:xmpp:reporting:spam', text: undefined, messageIds: [] }
  for (const reported of ['a@spam.test', 'b@spam.test', 'a@spam.test']) {
    await putReport(db, reporter, { ...report, reported }, AT)
  }
  const [first, second, ...none] = await listReports(db, 10)
  expect(none).toEqual([])
  expect(first).toMatchObject({ reporter: 'alice', reported: 'a@spam.test', text: null, reportedAt: AT })
  expect(second?.reported).toBe('b@spam.test')
  expect(await listReports(db, 10, first?.id)).toEqual([second])

  await deleteAccount(db, 'alice', ALICE)
  expect(await listReports(db, 10)).toEqual([])
})

test('a report shows messages of the own archive only, and only from whom it is about', async () => {
  await using database = await testDatabase()
  await using opened = openDatabase(database.url)
  await using writer = createArchiveWriter({ url: database.url })
  const { db } = opened
  const account = await insertAccount(db, { localpart: 'alice', credentials: [] })
  if (account === 'exists') throw new Error(account)
  const archived = async (owner: string, peer: string, direction: 'in' | 'out' = 'in') => {
    const id = uuidv7()
    await writer.commit({ id, shard: 'a', stanza: 'x', sentAt: AT, archives: [{ owner, peer, direction }] })
    return id
  }
  const spam = await archived(ALICE, 'bob@spam.test/1')
  const messageIds = [
    spam,
    await archived(ALICE, 'carol@im.test/1'),
    await archived(ALICE, 'bob@spam.test', 'out'),
    await archived('dave@im.test', 'bob@spam.test/1'),
    uuidv7(),
  ]
  const reporter = { id: account.id, archive: ALICE }
  for (const reported of ['bob@spam.test', 'bob@spam.test/1', 'spam.test', 'other@spam.test']) {
    await putReport(db, reporter, { reported, reason: 'r', text: 't', messageIds }, AT)
  }
  const shown = (await listReports(db, 10)).map(({ reported, messageIds: ids }) => [reported, ids])
  expect(Object.fromEntries(shown)).toEqual({
    'bob@spam.test': [spam],
    'bob@spam.test/1': [spam],
    'spam.test': [spam],
    'other@spam.test': [],
  })
})
