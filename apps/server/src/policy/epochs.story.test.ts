import {
  findLatestEpochs,
  findPolicyChange,
  listNodeEffects,
  listNodeEffectsOf,
  listPolicyChanges,
  openDatabase,
  prunePolicyChanges,
} from '@drawbridge/db'
import { renderMetrics, silentLog } from '@drawbridge/runtime'
import { testDatabase } from '@drawbridge/testkit'
import { expect, test, vi } from 'vitest'
import { offlineParts } from '../../test/offline.ts'
import { startPolicy } from './start.ts'

const SUSPENSION = { scopes: ['images'], mode: 'read-only', reason: 'worm' } as const

/** Nodes on a database of their own; nobody is connected to them. */
async function nodes() {
  const disposable = await testDatabase()
  const { url } = disposable
  const database = openDatabase(url)
  const start = (nodeName: string, leaseTtlMs = 5_000) =>
    startPolicy({
      db: database.db,
      url,
      nodeName,
      leaseTtlMs,
      posture: 'discover',
      offline: offlineParts(),
      log: silentLog,
      sessions: { list: () => [] },
      queue: { deliverReleased: () => undefined, isStillClean: async () => true },
    })
  return {
    db: database.db,
    pool: database.pool,
    start,
    async [Symbol.asyncDispose]() {
      await database.close()
      await disposable[Symbol.asyncDispose]()
    },
  }
}

test('each change keeps its epoch, who made it and of what, and when each node applied it', async () => {
  await using n = await nodes()
  await using here = await n.start('here')
  await using there = await n.start('there')
  const { operations } = here
  const { suspension, effect } = await operations.startSuspension('alice@im.test', SUSPENSION)
  const { id } = suspension
  const longer = { untilAt: new Date('2100-01-01T00:00:00Z') }
  const { effect: extended } = await operations.changeSuspension('bob@im.test', id, 'extend-suspension', () => longer)
  const { rule } = await operations.addClientRule('carol@im.test', { family: 'gajim', action: 'observe' })

  expect((await listPolicyChanges(n.db, 10)).map(({ entries }) => entries)).toMatchObject([
    [{ actor: 'carol@im.test', action: 'add-client-rule', target: rule.id }],
    [{ actor: 'bob@im.test', action: 'extend-suspension', target: id }],
    [{ actor: 'alice@im.test', action: 'start-suspension', target: id }],
  ])
  const ofSuspension = await listPolicyChanges(n.db, 10, { target: id })
  expect(ofSuspension.map(({ epoch }) => epoch)).toEqual([extended.epoch, effect.epoch])
  expect((await listPolicyChanges(n.db, 1, { target: id, before: extended.epoch }))[0]?.epoch).toBe(effect.epoch)
  expect(await findLatestEpochs(n.db, [id, rule.id, 'nothing'])).toEqual(
    new Map([
      [id, extended.epoch],
      [rule.id, extended.epoch + 1],
    ]),
  )
  // What an earlier change did stays on record when later ones have come.
  const effects = await listNodeEffectsOf(n.db, [effect.epoch, extended.epoch])
  for (const epoch of [effect.epoch, extended.epoch]) {
    expect(effects.get(epoch)).toMatchObject([
      { name: 'here', state: 'applied', appliedMs: expect.any(Number) as number, lapsedAt: undefined },
      { name: 'there', state: 'applied', nodeId: there.node.id, failedClosedAt: undefined },
    ])
  }
  expect(await renderMetrics()).toMatch(/drawbridge_policy_effect_seconds_count\{lease="held"\} [1-9]/u)
})

test('a playbook is one change of everything that it starts', async () => {
  await using n = await nodes()
  await using here = await n.start('here')
  const started = await here.operations.startSuspensions('alice@im.test', [SUSPENSION, SUSPENSION], {
    approvedBy: ['alice@im.test'],
    rules: [{ family: 'gajim', action: 'observe' }],
  })
  const change = await findPolicyChange(n.db, started.effect.epoch)
  const targets = [...started.suspensions.map(({ id }) => id), ...started.rules]
  expect(change?.entries.map(({ target }) => target).toSorted()).toEqual(targets.toSorted())
})

test('what is tried out leaves no change, and what is no change of the rules has no epoch', async () => {
  await using n = await nodes()
  await using here = await n.start('here')
  const { rehearse } = await import('./rehearsal.ts')
  await rehearse(() => here.operations.startSuspension('alice@im.test', SUSPENSION))
  expect(await listPolicyChanges(n.db, 10)).toEqual([])
  const { effect } = await here.operations.startSuspension('alice@im.test', SUSPENSION)
  // The row about what became of it is written afterwards, by connections that have just made a change.
  const { rows } = await n.pool.query<{ action: string; epoch: string | null }>(
    'select action, epoch from audit left join policy_change_entry on audit_seq = seq order by seq',
  )
  expect(rows).toEqual([
    { action: 'start-suspension', epoch: String(effect.epoch) },
    { action: 'apply-policy', epoch: null },
  ])
})

test('a node that starts later has joined, one that lost its lease has failed closed, and both are told apart', async () => {
  await using n = await nodes()
  await using here = await n.start('here')
  // It has been cut off for ten seconds: it was seen last before the change, and refuses everything by now.
  await n.pool.query(
    `insert into policy_node (id, name, lease_ms, epoch, started_at, seen_at)
     values (gen_random_uuid(), 'cut off', 5000, 0, now() - interval '1 hour', now() - interval '10 s')`,
  )
  const { effect } = await here.operations.startSuspension('alice@im.test', SUSPENSION)
  await using late = await n.start('late')
  await vi.waitFor(async () => {
    const effects = await listNodeEffects(n.db, effect.epoch)
    expect(effects.map(({ name, state }) => [name, state])).toEqual([
      ['cut off', 'failed-closed'],
      ['here', 'applied'],
      ['late', 'joined'],
    ])
    expect(effects.at(-1)).toMatchObject({ nodeId: late.node.id, appliedAt: expect.any(Date) as Date })
  })
  const [cutOff, , joined] = await listNodeEffects(n.db, effect.epoch)
  expect(joined).toMatchObject({ appliedMs: undefined, failedClosedAt: undefined })
  const { committedAt } = (await findPolicyChange(n.db, effect.epoch))!
  expect(committedAt.getTime() - cutOff!.failedClosedAt!.getTime()).toBeGreaterThan(4_000)

  // It is started anew: what it was before concerns nobody any more.
  await using again = await n.start('cut off')
  const { effect: next } = await again.operations.startSuspension('alice@im.test', SUSPENSION)
  expect(next.nodes.map(({ name, state }) => [name, state])).toEqual([
    ['cut off', 'applied'],
    ['here', 'applied'],
    ['late', 'applied'],
  ])
})

test('a node that comes back after its lease says since when it had refused everything', async () => {
  await using n = await nodes()
  await using here = await n.start('here')
  const away = await n.start('away', 1)
  await using _ = away
  await vi.waitFor(() => expect(away.gate.isStale).toBe(true))
  const { effect } = await here.operations.startSuspension('alice@im.test', SUSPENSION)
  await away.live.refresh()
  await vi.waitFor(async () => {
    const effects = await listNodeEffects(n.db, effect.epoch)
    expect(effects.find(({ name }) => name === 'away')).toMatchObject({
      state: 'applied',
      lapsedAt: expect.any(Date) as Date,
    })
  })
  expect(await renderMetrics()).toMatch(/drawbridge_policy_effect_seconds_count\{lease="lost"\} [1-9]/u)
})

test('changes of long ago are forgotten with what became of them, and those beyond the number that is kept', async () => {
  await using n = await nodes()
  await using here = await n.start('here')
  const { suspension, effect } = await here.operations.startSuspension('alice@im.test', SUSPENSION)
  await prunePolicyChanges(n.db, new Date(0))
  expect(await listPolicyChanges(n.db, 10)).toHaveLength(1)
  await n.pool.query('update policy_epoch set epoch = epoch + 100000')
  await prunePolicyChanges(n.db, new Date(0))
  expect((await listPolicyChanges(n.db, 10)).map(({ epoch }) => epoch)).toEqual([effect.epoch + 100_000])
  expect(await findLatestEpochs(n.db, [suspension.id])).toEqual(new Map())
  await prunePolicyChanges(n.db, new Date(Date.now() + 60_000))
  expect(await listPolicyChanges(n.db, 10)).toEqual([])
})
