import { findProposal, listProposals, noteSightings, openDatabase, uuidv7 } from '@drawbridge/db'
import { KEV } from '@drawbridge/advisories/test-records'
import { silentLog } from '@drawbridge/runtime'
import { testDatabase } from '@drawbridge/testkit'
import { expect, test } from 'vitest'
import { createAdvisories } from './advisories.ts'
import type { ReviewLimits } from './review-advisories.ts'

/** Advisories about the one client in use, gajim 1.7.0. */
async function watched(limits?: ReviewLimits) {
  const stack = new AsyncDisposableStack()
  const { url } = stack.use(await testDatabase())
  const { db, pool } = stack.use(openDatabase(url))
  const [accountId, seenAt] = [uuidv7(), new Date()]
  await pool.query("insert into account (id, localpart) values ($1, 'ana')", [accountId])
  const gajim = { family: 'gajim', version: '1.7.0', identity: {}, address: null }
  await noteSightings(db, [{ accountId, clientKey: Buffer.alloc(32), ...gajim, seenAt }])
  const logged: string[] = []
  const advisories = createAdvisories({
    db,
    operations: { addClientRule: () => Promise.reject(new Error('nothing is armed')) },
    feedKeys: [],
    log: { ...silentLog, warn: (text) => void logged.push(text) },
    now: () => seenAt,
    ...(limits ? { limits } : {}),
  })
  return {
    db,
    pool,
    advisories,
    logged,
    import: (...records: readonly unknown[]) =>
      advisories.import('ana@im.test', 'a test', records.map((record) => JSON.stringify(record)).join('\n')),
    states: async () =>
      (await listProposals(db, 100))
        .map(({ flaw, state }) => `${flaw} ${state}`)
        .toSorted((a, b) => a.localeCompare(b)),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

const flaw = (id: string) => ({
  id,
  modified: '2023-09-14T00:00:00Z',
  affected: [
    {
      package: { ecosystem: 'PyPI', name: 'gajim' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.8' }] }],
    },
  ],
})
const exploited = flaw('CVE-2023-4863')

test('too many advisories: those used in attacks are looked at first, the others are told, and nothing becomes moot unseen', async () => {
  await using w = await watched({ advisories: 2, proposals: 10 })
  expect(await w.import(flaw('A-2'), flaw('A-3'))).toMatchObject({ proposals: 2, leftOut: 0 })
  expect(await w.import(flaw('A-1'), exploited, KEV)).toMatchObject({ proposals: 2, leftOut: 2 })
  expect(await w.states()).toEqual(['A-1 open', 'A-2 open', 'A-3 open', 'CVE-2023-4863 open'])
  expect(w.logged.at(-1)).toContain('too many advisories')
})

test('too many proposals: the same, and what was proposed is not proposed anew by the next review', async () => {
  await using w = await watched({ advisories: 100, proposals: 2 })
  expect(await w.import(flaw('A-1'), flaw('A-2'), flaw('A-3'))).toMatchObject({ proposals: 2, leftOut: 1 })
  expect(await w.import(exploited, KEV)).toMatchObject({ proposals: 1, leftOut: 2 })
  expect(await w.states()).toEqual(['A-1 open', 'A-2 open', 'CVE-2023-4863 open'])
  w.logged.length = 0
  expect(await w.advisories.review()).toBe(0)
  expect(w.logged.filter((text) => text.includes('is about clients'))).toEqual([])
})

test('a review that finds nothing new writes nothing', async () => {
  await using w = await watched()
  await w.import(exploited)
  const version = async () => (await w.pool.query('select xmin::text from advisory_proposal')).rows
  const before = await version()
  await w.advisories.review()
  expect(await version()).toEqual(before)
  await w.import(KEV)
  expect(await findProposal(w.db, 'CVE-2023-4863', 'gajim')).toMatchObject({ document: { isExploited: true } })
  await w.pool.query('delete from client_sighting')
  await w.advisories.review()
  expect(await w.states()).toEqual(['CVE-2023-4863 moot'])
})
