import { listClientDays, listInventory, listSightings, noteSightings } from '@drawbridge/db'
import type { ClientIdentity } from '@drawbridge/policy'
import { expect, test, vi } from 'vitest'
import { silentLog } from '@drawbridge/runtime'
import { story } from '../test/story.ts'
import { prune } from './prune.ts'

test('who connects is in the inventory, once per client, and counted for the day', async () => {
  const now = () => new Date('2026-11-23T04:00:00Z')
  await using s = await story({ alice: 2, bob: 1 }, { now })
  const { db } = s.server.ctx
  await s.bob.send(
    '<presence><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="http://slixmpp.com/ver/1.8.3" ver="eA=="/></presence>',
  )
  const seen = async () =>
    (await listSightings(db, new Date(0), 10)).map(({ localpart, family, version, identity }) =>
      [localpart, family, version, (identity as ClientIdentity).isSuspect].join(' '),
    )
  // Its capabilities contradict what it said when it bound: that is another client, as far as anybody can tell.
  await vi.waitFor(
    async () =>
      expect((await seen()).toSorted()).toEqual(['alice test 1.0 false', 'bob test 1.0 false', 'bob test 1.0 true']),
    { timeout: 10_000 },
  )
  expect(await listClientDays(db, '2026-11-23', 10)).toEqual([
    { day: '2026-11-23', family: 'test', version: '1.0', people: 2 },
  ])
})

test('the inventory says who, in which unit, from where and on which node; unknown ones first (control §2, row 3)', async () => {
  const now = () => new Date('2026-11-23T04:00:00Z')
  await using s = await story({ alice: 1, bob: 1 }, { now })
  const { db } = s.server.ctx
  await s.bob.send(
    '<presence><c xmlns="http://jabber.org/protocol/caps" hash="sha-1" node="http://slixmpp.com/ver/1.8.3" ver="eA=="/></presence>',
  )
  const since = new Date(0)
  await vi.waitFor(async () => expect(await listInventory(db, { since }, 10)).toHaveLength(3), { timeout: 10_000 })
  const [first, ...others] = await listInventory(db, { since }, 10)
  expect(first).toMatchObject({ localpart: 'bob', unknownBecause: 'the client contradicts itself', units: [] })
  expect(first?.node).not.toBe('')
  expect(others.map(({ unknownBecause }) => unknownBecause)).toEqual([null, null])
  const found = async (only: object) =>
    (await listInventory(db, { since, ...only }, 10)).map(({ localpart }) => localpart)
  expect(await found({ account: 'alice' })).toEqual(['alice'])
  expect(await found({ isUnknown: true })).toEqual(['bob'])
  expect(await found({ tier: 'E4' })).toEqual([])
  expect(await found({ unit: 'sales' })).toEqual([])
  expect(await found({ address: '203.0.113.0/24' })).toEqual([])
  const place = ({ unknownBecause, firstSeenAt, accountId, clientKey }: NonNullable<typeof first>) => ({
    isKnown: unknownBecause === null,
    firstSeenAt,
    accountId,
    clientKey: Buffer.from(clientKey).toString('hex'),
  })
  expect(await listInventory(db, { since }, 10, place(first!))).toEqual(others)
})

test('whoever says something else each time is remembered for the last of it only', async () => {
  await using s = await story({ alice: 1 })
  const { db } = s.server.ctx
  const accountId = s.server.ctx.accounts.find('alice')?.id ?? ''
  const sighting = (n: number) => ({
    accountId,
    clientKey: Buffer.alloc(32, n),
    family: 'slixmpp',
    version: String(n),
    identity: {},
    address: null,
    seenAt: new Date(Date.UTC(2026, 0, 1, 0, n)),
  })
  await noteSightings(
    db,
    Array.from({ length: 80 }, (_, n) => sighting(n)),
  )
  const kept = await listSightings(db, new Date(0), 1_000)
  expect(kept.length).toBeLessThanOrEqual(50)
  expect(kept.map(({ version }) => version)).toContain('79')
  expect(kept.map(({ version }) => version)).not.toContain('0')
})

test('the history of versions is kept for 400 days', async () => {
  await using s = await story({})
  const { db } = s.server.ctx
  for (const day of ['2025-10-01', '2025-10-20', '2026-11-23']) {
    await db.execute(`insert into client_day (day, family, version, people) values ('${day}', 'gajim', '2.0', 1)`)
  }
  await prune(db, silentLog, { clientsMs: 0, trafficMs: 0 }, new Date('2026-11-23T12:00:00Z'))
  const days = await listClientDays(db, '2000-01-01', 10)
  expect(days.map(({ day }) => day)).toEqual(['2025-10-20', '2026-11-23'])
})

test('a day counts each person and version once, on the day they were seen, on any number of nodes', async () => {
  await using s = await story({ alice: 1, bob: 1, carol: 1 })
  const { db, accounts } = s.server.ctx
  const seen = (name: string, version: string, at: string, key = 1) => ({
    accountId: accounts.find(name)?.id ?? '',
    clientKey: Buffer.alloc(32, key),
    family: 'gajim',
    version,
    identity: {},
    address: null,
    seenAt: new Date(at),
  })
  await Promise.all([
    noteSightings(db, [seen('alice', '1.8', '2020-11-23T23:50:00Z'), seen('alice', '1.8', '2020-11-23T23:51:00Z', 2)]),
    noteSightings(db, [seen('bob', '1.8', '2020-11-23T23:50:00Z')]),
  ])
  // One node comes first in the new day, another one comes late with the old one.
  await noteSightings(db, [seen('carol', '1.9', '2020-11-24T00:40:00Z'), seen('alice', '1.8', '2020-11-24T00:41:00Z')])
  await noteSightings(db, [seen('bob', '1.8', '2020-11-24T00:42:00Z'), seen('carol', '1.8', '2020-11-23T23:59:00Z', 2)])
  const days = (await listClientDays(db, '2020-11-01', 3)).map(
    ({ day, version, people }) => `${day} ${version} ${people}`,
  )
  expect(days).toEqual(['2020-11-23 1.8 3', '2020-11-24 1.8 2', '2020-11-24 1.9 1'])
  await prune(db, silentLog, { clientsMs: 0, trafficMs: 0 }, new Date('2020-11-27T12:00:00Z'))
  const { rows } = await db.execute("select from client_day_account where day < '2020-11-25'")
  expect(rows).toEqual([])
})
