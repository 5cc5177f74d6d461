import { Refusal } from '@drawbridge/contract'
import { countHeld, createArchiveWriter, listAudit, openDatabase, uuidv7, verifyAudit } from '@drawbridge/db'
import type { ArchiveWriter, ReleasedMessage } from '@drawbridge/db'
import { claimFrom, identify } from '@drawbridge/policy'
import type { PolicyCode, SessionFacts } from '@drawbridge/policy'
import { silentLog } from '@drawbridge/runtime'
import { testDatabase } from '@drawbridge/testkit'
import { expect, test, vi } from 'vitest'
import type { LiveSession, SessionNotice } from './enforce.ts'
import { ask } from './gate.ts'
import type { HoldQueueOptions } from './hold-queue.ts'
import type { Gate } from './gate.ts'
import { buildStatusDocument, startPolicy } from './start.ts'
import type { PolicyServiceOptions } from './start.ts'
import { offlineParts } from '../../test/offline.ts'

interface FakeSession extends LiveSession {
  readonly closed: { readonly code: PolicyCode; readonly details: Readonly<Record<string, string>> }[]
  readonly notices: SessionNotice[]
}

function session(localpart: string, version: string, isBreakGlass = false): FakeSession {
  const closed: FakeSession['closed'] = []
  const notices: SessionNotice[] = []
  return {
    id: uuidv7(),
    jid: `${localpart}@im.test/1`,
    state: 'connected',
    account: { localpart, isAdmin: isBreakGlass, isBreakGlass },
    client: identify([claimFrom({ source: 'client-element', name: 'drawbridge-web', version })]),
    entrance: 'websocket',
    signedInAt: new Date(),
    closed,
    notices,
    closeWith: (code, details) => void closed.push({ code, details }),
    withhold: () => undefined,
    notify: (notice) => void notices.push(notice),
  }
}

const queueOf = (deliverReleased: HoldQueueOptions['deliverReleased']): HoldQueueOptions => ({
  deliverReleased,
  isStillClean: async () => true,
})

/** Policy on a database of its own, with sessions that nothing carries. */
async function node(sessions: FakeSession[] = [], options: Partial<PolicyServiceOptions> = {}) {
  const test = await testDatabase()
  const database = openDatabase(test.url)
  const released: string[] = []
  const start = (more: Partial<PolicyServiceOptions> = {}) =>
    startPolicy({
      db: database.db,
      url: test.url,
      posture: 'discover',
      leaseTtlMs: 5_000,
      offline: offlineParts(),
      log: silentLog,
      sessions: { list: () => sessions.filter(({ closed }) => closed.length === 0) },
      queue: {
        deliverReleased: (messages) => void released.push(...messages.map(({ stanza }) => stanza)),
        isStillClean: async () => true,
      },
      ...options,
      ...more,
    })
  const policy = await start()
  return {
    ...policy,
    database,
    url: test.url,
    released,
    start,
    async [Symbol.asyncDispose]() {
      await policy.close()
      await database.close()
      await test[Symbol.asyncDispose]()
    },
  }
}

function opening({ account, client }: LiveSession): SessionFacts {
  return { at: Date.now(), account, client, entrance: 'websocket' }
}

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error instanceof Refusal ? error.code : String(error)
}

const rule = {
  family: 'drawbridge-web',
  below: '4.2.0',
  action: 'disconnect',
  preset: 'now',
  url: 'https://im.test/',
} as const

test('a rule ends old sessions at once, says why, and keeps them out; the break-glass account stays', async () => {
  const sessions = [session('alice', '4.1.9'), session('bob', '4.2.0'), session('admin', '4.0', true)]
  const [alice, bob, admin] = sessions as [FakeSession, FakeSession, FakeSession]
  await using n = await node(sessions)

  const { rule: added, effect } = await n.operations.addClientRule('local:cli', rule)

  expect(alice.closed).toMatchObject([
    { code: 'client-too-old', details: { rule: added.id, min: '4.2.0', url: rule.url } },
  ])
  expect(bob.closed).toEqual([])
  expect(admin.closed).toEqual([])
  expect(effect).toMatchObject({ epoch: 1, disconnected: 1, notified: 0 })
  expect(effect.appliedMs).toBeLessThan(5_000)
  expect(ask(n.gate, 'session.open', opening(alice))).toMatchObject({ action: 'refuse', code: 'client-too-old' })
  expect(ask(n.gate, 'session.open', opening(bob)).action).toBe('pass')
  expect(ask(n.gate, 'session.open', opening(admin)).action).toBe('pass')

  await n.operations.removeClientRule('local:cli', added.id)
  expect(ask(n.gate, 'session.open', opening(alice)).action).toBe('pass')
})

test('the posture that somebody sets counts on every node, instead of the setting', async () => {
  await using n = await node()
  const { account } = session('alice', '1')
  const nameless = { at: Date.now(), account, client: identify([]), entrance: 'websocket' } as const
  expect(ask(n.gate, 'session.open', nameless).action).toBe('pass')
  const other = await n.start()
  const { effect } = await n.operations.clientPosture.set('service', { actor: 'local:cli', value: 'enforce' })
  expect(effect).toMatchObject({ epoch: 1, disconnected: 0 })
  expect(ask(n.gate, 'session.open', nameless)).toMatchObject({ action: 'refuse', code: 'client-unknown' })
  expect(other.gate.settings.posture).toBe('enforce')
  await other.close()
  const [row] = (await listAudit(n.database.db, 10)).filter(({ action }) => action === 'set-client-posture')
  expect(row).toMatchObject({ actor: 'local:cli', detail: { posture: { from: 'discover', to: 'enforce' } } })
})

test('another node hears of a change by itself, well within a second', async () => {
  const far = session('alice', '4.1.9')
  await using n = await node()
  const other = await n.start({ sessions: { list: () => [far] }, pollMs: 60_000 })
  try {
    // The first look of the listener comes when it is connected: only then is the notification what is tested.
    await vi.waitFor(async () => {
      const { rows } = await n.database.pool.query(
        `select from pg_stat_activity where query like 'listen%' and datname = current_database()`,
      )
      expect(rows).toHaveLength(2)
    })
    const startedAt = performance.now()
    await n.operations.addClientRule('local:cli', rule)
    await vi.waitFor(() => expect(far.closed).toHaveLength(1), { interval: 5 })
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  } finally {
    await other.close()
  }
})

test('without notifications a node finds the change by polling', async () => {
  const far = session('alice', '4.1.9')
  await using n = await node()
  const other = await n.start({
    sessions: { list: () => [far] },
    pollMs: 50,
    listenUrl: 'postgres://nobody@127.0.0.1:1/none',
  })
  try {
    await n.operations.addClientRule('local:cli', rule)
    await vi.waitFor(() => expect(far.closed).toHaveLength(1), { timeout: 3_000 })
  } finally {
    await other.close()
  }
})

test('each node says when it applied a change, and whoever made the change hears of all of them', async () => {
  const far = session('alice', '4.1.9')
  await using n = await node([], { nodeName: 'here' })
  const other = await n.start({ sessions: { list: () => [far] }, nodeName: 'there' })
  const { effect } = await n.operations.addClientRule('local:cli', rule)
  expect(effect.nodes.map(({ name, state, disconnected }) => ({ name, state, disconnected }))).toEqual([
    { name: 'here', state: 'applied', disconnected: 0 },
    { name: 'there', state: 'applied', disconnected: 1 },
  ])
  for (const { appliedMs } of effect.nodes) expect(appliedMs).toBeLessThan(5_000)
  const { rows } = await n.database.pool.query<{ detail: { nodes: unknown[] } }>(
    `select detail from audit where action = 'apply-policy'`,
  )
  expect(rows.map(({ detail }) => detail.nodes.length)).toEqual([2])

  // One that has stopped is not waited for, and does not count any more.
  await other.close()
  const { effect: later } = await n.operations.addClientRule('local:cli', { ...rule, family: 'elsewhere' })
  expect(later.nodes.map(({ name, state }) => ({ name, state }))).toEqual([{ name: 'here', state: 'applied' }])
})

test('control §7.4 a node that has gone without a word is waited for until its lease is over, and no longer', async () => {
  await using n = await node([], { nodeName: 'here' })
  await n.database.pool.query(
    `insert into policy_node (id, name, lease_ms, epoch) values (gen_random_uuid(), 'gone', 1000, 0)`,
  )
  const { effect } = await n.operations.addClientRule('local:cli', rule)
  expect(effect.nodes).toMatchObject([
    { name: 'gone', state: 'failed-closed' },
    { name: 'here', state: 'applied' },
  ])
})

test('a cut closes every socket but those of break-glass accounts, and the all-clear lets everybody back', async () => {
  const sessions = [session('alice', '4.2.0'), session('admin', '4.2.0', true)]
  const [alice, admin] = sessions as [FakeSession, FakeSession]
  await using n = await node(sessions)

  const { suspension, effect } = await n.operations.startSuspension('admin@im.test', {
    scopes: ['service'],
    mode: 'cut',
    reason: 'worm',
  })

  expect(alice.closed).toMatchObject([{ code: 'suspended', details: { mode: 'cut', reason: 'worm' } }])
  expect(admin.notices).toMatchObject([
    { kind: 'suspensions', suspensions: [{ id: suspension.id, mode: 'cut', until: null }] },
    { kind: 'purge' },
  ])
  expect(effect).toMatchObject({ disconnected: 1, notified: 1 })
  expect(effect.appliedMs).toBeLessThan(5_000)
  expect(ask(n.gate, 'session.open', opening(alice))).toMatchObject({ code: 'suspended' })
  expect(ask(n.gate, 'session.resume', opening(alice))).toMatchObject({ code: 'suspended' })
  // XEP-0455 §3.2: what any client can show, beside what ours knows.
  expect(buildStatusDocument(n.gate)).toMatchObject({
    state: 'suspended',
    suspensions: [{ reason: 'worm' }],
    outage: true,
    planned: false,
    beginning: suspension.sinceAt.toISOString(),
    message: { default: 'This service is suspended. Reason: worm.', de: 'Dieser Dienst ist ausgesetzt. Grund: worm.' },
  })

  await n.operations.endSuspension('admin@im.test', suspension.id)

  expect(ask(n.gate, 'session.open', opening(alice)).action).toBe('pass')
  expect(admin.notices.slice(2)).toEqual([{ kind: 'suspensions', suspensions: [] }, { kind: 'purge' }])
  expect(buildStatusDocument(n.gate)).toEqual({ state: 'ok', suspensions: [], outage: false })
})

test('whoever is away is neither sent away nor told, and so counts for neither', async () => {
  const [alice, bob]: [FakeSession, FakeSession] = [
    session('alice', '4.2.0'),
    { ...session('bob', '4.2.0'), state: 'waiting' },
  ]
  await using n = await node([alice, bob])
  const { effect } = await n.operations.startSuspension('local:cli', {
    scopes: ['images'],
    mode: 'hold',
    reason: 'flaw',
  })
  expect(effect).toMatchObject({ disconnected: 0, notified: 1 })
  expect(bob.notices).toHaveLength(1)
  const forecast = n.live.forecastSuspensions((inForce) =>
    inForce.map((one) => ({ ...one, scopes: ['service'], mode: 'cut' })),
  )
  expect(forecast).toEqual({ disconnected: 1, notified: 0, closes: ['alice@im.test/1'] })
})

test('a new session is told of suspensions and of its own outdated client', async () => {
  await using n = await node()
  await n.operations.startSuspension('local:cli', { scopes: ['images'], mode: 'read-only', reason: 'flaw' })
  await n.operations.addClientRule('local:cli', { ...rule, action: 'warn' })
  const alice = session('alice', '4.1.9')
  n.live.greet(alice)
  expect(alice.notices).toMatchObject([
    { kind: 'client', stage: 'warn', code: 'client-too-old' },
    { kind: 'suspensions', suspensions: [{ scopes: ['images'] }] },
  ])
})

/** The message path in small: verdict, commit under its epoch, delivery. */
function messagePath(gate: Gate, writer: ArchiveWriter, arrived: string[]) {
  return async (stanza: string): Promise<void> => {
    if (gate.isChanging) await gate.whenOpen()
    for (;;) {
      const { epoch } = gate
      const verdict = ask(gate, 'stanza.route', {
        at: Date.now(),
        origin: 'local',
        account: { localpart: 'alice', isAdmin: false, isBreakGlass: false },
        from: 'alice@im.test/1',
        to: 'bob@im.test',
        kind: 'message',
        type: 'chat',
        target: 'local',
        isDurable: true,
        hasBody: true,
        namespaces: [],
      })
      if (verdict.action !== 'pass' && verdict.action !== 'hold') throw new Error(JSON.stringify(verdict))
      const inbox = [{ owner: 'bob@im.test', peer: 'alice@im.test', direction: 'in' as const }]
      const outcome = await writer.commit({
        id: uuidv7(),
        shard: 'alice bob',
        stanza,
        sentAt: new Date(),
        policyEpoch: epoch,
        archives: [
          { owner: 'alice@im.test', peer: 'bob@im.test', direction: 'out' },
          ...(verdict.action === 'hold' ? [] : inbox),
        ],
        ...(verdict.action === 'hold' ? { held: { suspensionId: verdict.suspensionId, recipients: inbox } } : {}),
      })
      if (outcome.status === 'stale-epoch') {
        await gate.reach(outcome.epoch)
        continue
      }
      if (verdict.action === 'pass') arrived.push(stanza)
      return
    }
  }
}

test('a hold keeps every message and gives it back in order, none twice, while people go on sending', async () => {
  const arrived: string[] = []
  const deliverReleased = (messages: readonly ReleasedMessage[]) =>
    void arrived.push(...messages.map(({ stanza }) => stanza))
  await using n = await node([], { queue: queueOf(deliverReleased) })
  await using writer = createArchiveWriter({ url: n.url })
  const send = messagePath(n.gate, writer, arrived)
  const { suspension } = await n.operations.startSuspension('local:cli', {
    scopes: ['service'],
    mode: 'hold',
    reason: 'worm',
  })
  const before = Array.from({ length: 700 }, (_, index) => `<message n="${index}"/>`)
  await Promise.all(before.map(send))
  expect(arrived).toEqual([])
  expect((await countHeld(n.database.db)).count).toBe(700)

  // A person who goes on typing: one message after the other, before, during and after the end.
  const after: string[] = []
  let isDone = false
  const typing = (async () => {
    for (let index = 700; !isDone || index < 720; index++) {
      const stanza = `<message n="${index}"/>`
      after.push(stanza)
      await send(stanza)
    }
  })()
  const { released } = await n.operations.endSuspension('local:cli', suspension.id)
  isDone = true
  await typing
  await send('<message n="last"/>')

  expect(released).toBeGreaterThanOrEqual(700)
  expect(arrived).toEqual([...before, ...after, '<message n="last"/>'])
  expect((await countHeld(n.database.db)).count).toBe(0)
})

test('messages sent without waiting keep their order across the end of a hold', async () => {
  const arrived: string[] = []
  const deliverReleased = (messages: readonly ReleasedMessage[]) =>
    void arrived.push(...messages.map(({ stanza }) => stanza))
  let pending = () => 0
  await using n = await node([], { queue: queueOf(deliverReleased), pendingWrites: () => pending() })
  await using writer = createArchiveWriter({ url: n.url })
  pending = () => writer.pending
  const send = messagePath(n.gate, writer, arrived)
  const { suspension } = await n.operations.startSuspension('local:cli', {
    scopes: ['service'],
    mode: 'hold',
    reason: 'worm',
  })
  const sent: string[] = []
  const sending: Promise<void>[] = []
  let inFlight = 0
  /** Some every turn of the event loop, as a busy client would. */
  const flood = async (turns: number, isDone: () => boolean) => {
    for (let turn = 0; turn < turns || !isDone(); turn++) {
      for (let count = 0; count < 5; count++) {
        const stanza = `<message n="${sent.length}"/>`
        sent.push(stanza)
        inFlight++
        sending.push(send(stanza).then(() => void inFlight--))
      }
      // A session is not read any more when so much of it is unfinished.
      while (inFlight > 256) await new Promise((resolve) => void setImmediate(resolve))
      await new Promise((resolve) => void setImmediate(resolve))
    }
  }
  await flood(20, () => true)
  let isEnded = false
  const ending = n.operations.endSuspension('local:cli', suspension.id).then(() => (isEnded = true))
  await flood(20, () => isEnded)
  await ending
  await flood(5, () => true)
  await Promise.all(sending)
  expect(arrived).toEqual(sent)
})

test('an end in the middle of a flood loses nothing and repeats nothing', async () => {
  await using n = await node()
  await using writer = createArchiveWriter({ url: n.url })
  const { suspension } = await n.operations.startSuspension('local:cli', {
    scopes: ['service'],
    mode: 'hold',
    reason: 'worm',
  })
  const { epoch } = n.gate
  const recipients = [{ owner: 'bob@im.test', peer: 'alice@im.test', direction: 'in' as const }]
  const commits = Array.from({ length: 300 }, (_, index) =>
    writer.commit({
      id: uuidv7(),
      shard: 'alice bob',
      stanza: `<message n="${index}"/>`,
      sentAt: new Date(),
      policyEpoch: epoch,
      archives: [],
      held: { suspensionId: suspension.id, recipients },
    }),
  )
  const ended = n.operations.endSuspension('local:cli', suspension.id)
  const outcomes = await Promise.all(commits)
  const { released } = await ended
  // Each was either accepted as held, and then released, or sent back to be decided anew.
  expect(released).toBe(outcomes.filter(({ status }) => status === 'committed').length)
  expect(new Set(n.released).size).toBe(released)
  expect((await countHeld(n.database.db)).count).toBe(0)
})

test('ending one of two holds keeps what the other covers', async () => {
  await using n = await node()
  await using writer = createArchiveWriter({ url: n.url })
  const first = await n.operations.startSuspension('local:cli', { scopes: ['service'], mode: 'hold', reason: 'one' })
  const second = await n.operations.startSuspension('local:cli', { scopes: ['service'], mode: 'hold', reason: 'two' })
  await writer.commit({
    id: uuidv7(),
    shard: 'x',
    stanza: '<message/>',
    sentAt: new Date(),
    archives: [],
    held: {
      suspensionId: first.suspension.id,
      recipients: [{ owner: 'bob@im.test', peer: 'alice@im.test', direction: 'in' }],
    },
  })
  expect((await n.operations.endSuspension('local:cli', first.suspension.id)).released).toBe(0)
  expect((await countHeld(n.database.db, second.suspension.id)).count).toBe(1)
  expect((await n.operations.endSuspension('local:cli', second.suspension.id)).released).toBe(1)
})

test('after a crash, what an ended suspension still holds is released', async () => {
  await using n = await node()
  await using writer = createArchiveWriter({ url: n.url })
  const { suspension } = await n.operations.startSuspension('local:cli', {
    scopes: ['service'],
    mode: 'hold',
    reason: 'x',
  })
  await n.operations.endSuspension('local:cli', suspension.id)
  await writer.commit({
    id: uuidv7(),
    shard: 'x',
    stanza: '<message/>',
    sentAt: new Date(),
    archives: [],
    held: {
      suspensionId: suspension.id,
      recipients: [{ owner: 'bob@im.test', peer: 'alice@im.test', direction: 'in' }],
    },
  })
  expect(await n.operations.recover()).toBe(1)
  expect(n.released).toEqual(['<message/>'])
})

test('the announced end ends a suspension, on record', async () => {
  let now = Date.parse('2026-11-23T04:00:00Z')
  await using n = await node([], { now: () => new Date(now), pollMs: 20 })
  await n.operations.startSuspension('local:cli', {
    scopes: ['service'],
    mode: 'read-only',
    reason: 'worm',
    until: '2026-11-23T05:00:00+00:00',
  })
  expect(
    await refusalOf(
      n.operations.startSuspension('x', { scopes: ['files'], mode: 'cut', reason: 'x', until: '2026-11-23T03:59:59Z' }),
    ),
  ).toBe('end-in-the-past')
  now += 3_600_000
  await vi.waitFor(() => expect(n.gate.settings.suspensions).toEqual([]), { timeout: 3_000 })
  const entries = await listAudit(n.database.db, 10)
  expect(entries.map(({ actor, action }) => [actor, action])).toContainEqual(['local:schedule', 'end-suspension'])
})

test('a rule climbs its ladder by the clock alone', async () => {
  let now = Date.parse('2026-11-23T04:00:00Z')
  const alice = session('alice', '4.1.9')
  await using n = await node([alice], { now: () => new Date(now), pollMs: 20 })
  await n.operations.addClientRule('local:cli', { ...rule, preset: 'routine' })
  expect(alice.notices).toMatchObject([{ kind: 'client', stage: 'notify' }])
  // Once a day, as long as it is a remark and no more.
  now += 86_400_000
  await vi.waitFor(
    () => expect(alice.notices.map((told) => told.kind === 'client' && told.stage)).toEqual(['notify', 'notify']),
    { timeout: 3_000 },
  )
  now += 7 * 86_400_000
  await vi.waitFor(() => expect(alice.notices.at(-1)).toMatchObject({ stage: 'warn' }), { timeout: 3_000 })
  expect(alice.closed).toEqual([])
  now += 8 * 86_400_000
  await vi.waitFor(() => expect(alice.closed).toHaveLength(1), { timeout: 3_000 })
})

test('a node that cannot read the rules refuses new sessions and sends, and recovers by itself', async () => {
  await using n = await node([], { leaseTtlMs: 300, pollMs: 30 })
  const alice = session('alice', '4.2.0')
  await vi.waitFor(() => expect(ask(n.gate, 'session.open', opening(alice)).action).toBe('pass'), { timeout: 3_000 })
  await n.database.pool.query('alter table policy_epoch rename to policy_epoch_gone')
  await vi.waitFor(() => expect(n.gate.isStale).toBe(true), { timeout: 3_000, interval: 10 })
  expect(ask(n.gate, 'session.open', opening(alice))).toMatchObject({
    action: 'refuse',
    code: 'policy-stale',
    retryable: true,
  })
  await n.database.pool.query('alter table policy_epoch_gone rename to policy_epoch')
  await vi.waitFor(() => expect(ask(n.gate, 'session.open', opening(alice)).action).toBe('pass'), { timeout: 3_000 })
})

test('rules in the database that make no sense never replace those in force', async () => {
  await using n = await node([], { leaseTtlMs: 300, pollMs: 30 })
  await n.operations.addClientRule('local:cli', rule)
  await n.database.pool.query(
    `update client_rule set rule = rule || '{"below":"newest"}'; update policy_epoch set epoch = epoch + 1`,
  )
  await vi.waitFor(() => expect(n.gate.isStale).toBe(true), { timeout: 3_000, interval: 10 })
  expect(n.gate.settings.clientRules).toHaveLength(1)
})

test('every change is on record, with its actor and its effect, in an intact chain', async () => {
  await using n = await node()
  const { rule: added } = await n.operations.addClientRule('local:cli', rule)
  const { suspension } = await n.operations.startSuspension('carol@im.test', {
    scopes: ['images'],
    mode: 'hold',
    reason: 'flaw',
  })
  await n.operations.endSuspension('carol@im.test', suspension.id)
  await n.operations.removeClientRule('local:cli', added.id)

  const entries = (await listAudit(n.database.db, 100)).toReversed()
  expect(entries.map(({ actor, action, target }) => [actor, action, target])).toEqual([
    ['local:cli', 'add-client-rule', added.id],
    ['local:cli', 'apply-policy', added.id],
    ['carol@im.test', 'start-suspension', suspension.id],
    ['carol@im.test', 'apply-policy', suspension.id],
    ['carol@im.test', 'end-suspension', suspension.id],
    ['carol@im.test', 'apply-policy', suspension.id],
    ['local:cli', 'remove-client-rule', added.id],
    ['local:cli', 'apply-policy', added.id],
  ])
  expect(await verifyAudit(n.database.db)).toMatchObject({ isIntact: true, checked: 8 })
})

test('what is not there cannot be removed or ended, and nothing ends twice', async () => {
  await using n = await node()
  const { suspension } = await n.operations.startSuspension('local:cli', {
    scopes: ['files'],
    mode: 'cut',
    reason: 'x',
  })
  const { epoch } = n.gate
  expect(await refusalOf(n.operations.removeClientRule('local:cli', uuidv7()))).toBe('no-such-rule')
  expect(await refusalOf(n.operations.removeClientRule('local:cli', '../x'))).toBe('no-such-rule')
  expect(await refusalOf(n.operations.endSuspension('local:cli', 'x'))).toBe('no-such-suspension')
  expect(n.gate.epoch).toBe(epoch)
  const ends = [
    n.operations.endSuspension('a', suspension.id),
    refusalOf(n.operations.endSuspension('b', suspension.id)),
  ]
  expect((await Promise.all(ends))[1]).toBe('suspension-ended')
})
