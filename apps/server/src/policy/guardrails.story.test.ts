import { findClientRule, listAudit, openDatabase, uuidv7 } from '@drawbridge/db'
import { claimFrom, identify, stageAt } from '@drawbridge/policy'
import { silentLog } from '@drawbridge/runtime'
import { testDatabase } from '@drawbridge/testkit'
import { expect, test, vi } from 'vitest'
import { offlineParts } from '../../test/offline.ts'
import type { LiveSession } from './enforce.ts'
import { ask } from './gate.ts'
import { startPolicy } from './start.ts'
import { createStrain } from './strain.ts'

const MINUTE_MS = 60_000

/** What a busy machine may take its time for. */
const soon = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000 })

function session(localpart: string, version: string, isBreakGlass = false): LiveSession {
  return {
    id: uuidv7(),
    jid: `${localpart}@im.test/1`,
    state: 'connected',
    account: { localpart, isAdmin: isBreakGlass, isBreakGlass },
    client: identify([claimFrom({ source: 'client-element', name: 'drawbridge-web', version })]),
    entrance: 'websocket',
    signedInAt: new Date(),
    closeWith: () => undefined,
    withhold: () => undefined,
    notify: () => undefined,
  }
}

/** Policy that looks at its clock often, with a clock that the story moves; maybe beside another on its database. */
async function node(beside?: { readonly url: string; readonly clock: { at: number } }) {
  const test = beside ? undefined : await testDatabase()
  const url = beside?.url ?? test?.url ?? ''
  const database = openDatabase(url)
  const sessions: LiveSession[] = []
  const alerts: string[] = []
  const clock = beside?.clock ?? { at: Date.now() }
  const strain = createStrain(() => clock.at)
  const policy = await startPolicy({
    db: database.db,
    url,
    strain,
    posture: 'discover',
    leaseTtlMs: 5_000,
    pollMs: 20,
    now: () => new Date(clock.at),
    offline: offlineParts(),
    log: silentLog,
    sessions: { list: () => sessions },
    people: {
      accounts: () => [],
      peopleIn: () => [],
      approvers: () => ['admin@im.test'],
      tell: (text) => void alerts.push(text),
    },
    queue: { deliverReleased: () => undefined, isStillClean: async () => true },
  })
  const stageOf = (id: string) => {
    const rule = policy.gate.settings.clientRules.find((one) => one.id === id)
    return rule && stageAt(rule, clock.at)
  }
  return {
    ...policy,
    db: database.db,
    sessions,
    alerts,
    clock,
    strain,
    url,
    stageOf,
    async [Symbol.asyncDispose]() {
      await policy.close()
      await database.close()
      await test?.[Symbol.asyncDispose]()
    },
  }
}

const rule = {
  family: 'drawbridge-web',
  below: '4.2.0',
  action: 'block',
  preset: 'now',
  formats: ['webp'],
} as const

test('control §3.5 a rule simulated to hit two people hits twelve: it falls back and stays there until it is released', async () => {
  await using n = await node()
  for (let count = 0; count < 12; count++) n.sessions.push(session(`person-${count}`, '4.1.9'))
  const { rule: added } = await n.operations.addClientRule('local:cli', rule, { people: 2 })
  const { id } = added
  expect(n.stageOf(id)).toBe('block')

  n.clock.at += MINUTE_MS
  await soon(() => expect(n.stageOf(id)).toBe('degrade'))
  expect(await findClientRule(n.db, id)).toMatchObject({
    ceiling: 'degrade',
    ceilingReason: 'It matched 12 people in 10 minutes, where the simulation named 2.',
  })
  await soon(() => expect(n.alerts).toEqual([expect.stringContaining(`Client rule ${id} was held back`)]))
  const entries = await listAudit(n.db, 100)
  expect(entries.filter(({ action }) => action === 'hold-client-rule')).toMatchObject([
    { actor: 'local:guardrails', target: id },
  ])

  // Time alone does not let it climb again.
  n.clock.at += 24 * 60 * MINUTE_MS
  expect(n.stageOf(id)).toBe('degrade')

  // Counting begins anew: the nine that are left are not too many.
  n.sessions.splice(9)
  await n.operations.setClientRuleCeiling('local:cli', id, undefined)
  expect(n.stageOf(id)).toBe('block')
  n.sessions.push(session('admin', '4.1.0', true))
  n.clock.at += MINUTE_MS
  await soon(() => expect(n.alerts[1]).toContain('It matches a break-glass account.'))
  expect(n.stageOf(id)).toBe('degrade')
})

test('control §3.5 people who are turned away at the door count, too; a rule that nobody simulated has no number to exceed', async () => {
  await using n = await node()
  const { rule: simulated } = await n.operations.addClientRule(
    'local:cli',
    { ...rule, action: 'disconnect' },
    {
      people: 2,
    },
  )
  const { rule: plain } = await n.operations.addClientRule('local:cli', { ...rule, family: 'gajim' })
  for (let count = 0; count < 12; count++) {
    const { account, client } = session(`person-${count}`, '4.1.9')
    const facts = { at: n.clock.at, account, entrance: 'websocket' } as const
    expect(ask(n.gate, 'session.open', { ...facts, client }).action).toBe('refuse')
    const gajim = identify([claimFrom({ source: 'version-reply', name: 'Gajim', version: '1.0' })])
    expect(ask(n.gate, 'session.open', { ...facts, client: gajim }).action).toBe('refuse')
  }
  n.clock.at += MINUTE_MS
  await soon(() => expect(n.stageOf(simulated.id)).toBe('degrade'))
  expect(n.stageOf(plain.id)).toBe('block')
})

test('control §3.5 what two nodes see counts together, people on both of them once; one of the nodes holds the rule back', async () => {
  await using one = await node()
  await using other = await node(one)
  for (let count = 0; count < 8; count++) one.sessions.push(session(`person-${count}`, '4.1.9'))
  // Four more on the other node, and four that are on both.
  for (let count = 4; count < 12; count++) other.sessions.push(session(`person-${count}`, '4.1.9'))
  const { rule: added } = await one.operations.addClientRule('local:cli', rule, { people: 2 })
  await soon(() => expect(other.stageOf(added.id)).toBe('block'))

  // Whoever looks second sees all of it.
  one.clock.at += MINUTE_MS
  await soon(() => expect([one, other].map(({ stageOf }) => stageOf(added.id))).toEqual(['degrade', 'degrade']))
  expect(await findClientRule(one.db, added.id)).toMatchObject({
    ceilingReason: 'It matched 12 people in 10 minutes, where the simulation named 2.',
  })
  const held = (await listAudit(one.db, 100)).filter(({ action }) => action === 'hold-client-rule')
  expect(held).toHaveLength(1)
  await soon(() => expect([...one.alerts, ...other.alerts]).toHaveLength(1))
})

test('control §3.5 slow sign-ins hold back a rule that has just begun to block, unless two people have taken its guardrails', async () => {
  await using n = await node()
  const { rule: guarded } = await n.operations.addClientRule('local:cli', rule)
  const { rule: unguarded } = await n.operations.addClientRule('local:cli', { ...rule, family: 'gajim' })
  await n.operations.setClientRuleGuarded('carol@im.test', unguarded.id, { isGuarded: false, reason: 'exploited' })
  for (let count = 0; count < 20; count++) n.strain.signedIn(count < 18 ? 100 : 3_000)
  n.clock.at += MINUTE_MS
  await soon(() => expect(n.stageOf(guarded.id)).toBe('degrade'))
  await soon(() => expect(n.alerts).toEqual([expect.stringContaining('Signing in took 3.0 s')]))
  expect(n.stageOf(unguarded.id)).toBe('block')
})
