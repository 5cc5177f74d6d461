import { countClientDay, listClientDays, listSightings } from '@drawbridge/db'
import type { ClientIdentity } from '@drawbridge/policy'
import { expect, test, vi } from 'vitest'
import { story } from '../test/story.ts'

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
  for (let times = 0; times < 2; times++) await countClientDay(db, '2026-11-23')
  expect(await listClientDays(db, '2026-11-23')).toEqual([
    { day: '2026-11-23', family: 'test', version: '1.0', people: 2 },
  ])
})
