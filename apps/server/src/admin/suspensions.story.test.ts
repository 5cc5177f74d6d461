import { countHeld, listOutbox, noteSightings } from '@drawbridge/db'
import { NO_IDENTITY } from '@drawbridge/policy'
import { hostname } from 'node:os'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { admin, signIn } from '../../test/admin.ts'
import type { Admin } from '../../test/admin.ts'
import { holdMessages, startSuspension, viewSuspension } from '../../test/suspensions.ts'
import type { SuspensionView } from '../../test/suspensions.ts'

let a: Admin
let now: number
beforeEach(async () => {
  now = Date.parse('2026-11-23T04:00:00Z')
  a = await admin({ now: () => new Date(now) })
})
afterEach(() => a[Symbol.asyncDispose]())

const start = (json: object) => startSuspension(a, json)
const view = (id: string) => viewSuspension(a, id)
const hold = (suspensionId: string, count: number) => holdMessages(a, suspensionId, count, now)

test('what is held is counted, and after a review a person decides about each message', async () => {
  const { id } = await start({ scopes: ['messages', 'images'] })
  const [first, second, third] = (await hold(id, 3)) as [string, string, string]
  expect(await view(id)).toMatchObject({ held: { count: 3, oldestAt: new Date(now).toISOString() } })

  const decide = (what: 'release' | 'discard', messages: unknown) =>
    a.local('POST', `/api/v1/suspensions/${id}/held/${what}`, { json: { messages } })
  expect(await decide('release', [first])).toMatchObject({ status: 409, body: { code: 'not-under-review' } })
  expect((await a.local('POST', `/api/v1/suspensions/${id}/end?release=review`)).body).toMatchObject({ released: 0 })
  expect((await a.local('GET', `/api/v1/suspensions/${id}/held`)).body).toMatchObject({
    messages: [{ id: first, from: 'alice@im.test/1', to: ['bob@im.test'], hasMedia: false }, {}, {}],
  })
  const read = await a.local('GET', `/api/v1/suspensions/${id}/held?content=true&limit=1`)
  expect(read.body).toMatchObject({ messages: [{ body: 'word 0' }], next: expect.any(String) as string })
  expect((await decide('release', [second, first])).body).toEqual({ released: 2 })
  expect((await decide('discard', 'all')).body).toEqual({ discarded: 1 })
  expect(await view(id)).toMatchObject({ held: { count: 0 }, released: 2, discarded: 1, release: 'review' })
  // Whoever sent it hears of it: the notice was written in the transaction that discarded it.
  expect(await listOutbox(a.database.db, ['notify-discarded'], 10)).toMatchObject([
    { payload: { sender: 'alice@im.test', suspension: id, messages: [third] } },
  ])
  const record = (await a.local('GET', `/api/v1/suspensions/${id}/record`)).body
  const actions = (record['audit'] as readonly { action: string }[]).map(({ action }) => action)
  expect(actions.filter((action) => action !== 'apply-policy')).toEqual([
    ...['start-suspension', 'end-suspension', 'read-held', 'release-held', 'discard-held'],
  ])
  expect(record['counts']).toEqual({ held: 0, released: 2, discarded: 1 })
})

test('what is held meanwhile takes nobody the right to change a suspension that they have seen; what another person changed does', async () => {
  const { id } = await start({ scopes: ['messages'] })
  const path = `/api/v1/suspensions/${id}`
  const tag = async () => String((await a.local('GET', path)).headers.etag)
  const extend = (hours: number, ifMatch: string) =>
    a.local('POST', `${path}/extend`, {
      json: { until: new Date(now + hours * 3_600_000).toISOString() },
      headers: { 'if-match': ifMatch },
    })
  const seen = await tag()
  await hold(id, 2)
  expect(await view(id)).toMatchObject({ held: { count: 2 } })
  expect(await tag()).toBe(seen)
  expect((await extend(1, seen)).status).toBe(200)
  expect(await tag()).not.toBe(seen)
  expect(await extend(2, seen)).toMatchObject({ status: 412, body: { code: 'changed-meanwhile' } })
})

test('each suspension and each rule says which node applied its last change when, and changes come in pages', async () => {
  const { id } = await start({ scopes: ['images'] })
  const read = () => a.local('GET', `/api/v1/suspensions/${id}`)
  const { body, headers } = await read()
  const { epoch } = body['suspension'] as { epoch: number }
  expect(body['appliedBy']).toMatchObject([{ name: hostname(), state: 'applied', disconnected: 0 }])
  expect((await view(id))?.['epoch']).toBe(epoch)
  // That a node fails or joins is no edit: whoever has seen the suspension before may still end it.
  await a.database.pool.query(
    `insert into policy_node (id, name, lease_ms, epoch) values (gen_random_uuid(), 'late', 60000, 0)`,
  )
  const later = await read()
  expect(later.body['appliedBy']).toHaveLength(2)
  expect(later.headers.etag).toBe(headers.etag)
  await a.database.pool.query(`delete from policy_node where name = 'late'`)

  const rule = (await a.local('POST', '/api/v1/client-rules', { json: { family: 'gajim', action: 'observe' } })).body
  const { id: ruleId } = rule['rule'] as { id: string }
  const shown = (await a.local('GET', `/api/v1/client-rules/${ruleId}`)).body
  expect(shown).toMatchObject({ rule: { epoch: epoch + 1 }, appliedBy: [{ state: 'applied' }] })
  await a.local('POST', `/api/v1/suspensions/${id}/end`)

  const epochs = async (query: string) => (await a.local('GET', `/api/v1/policy/epochs?${query}`)).body
  const first = await epochs(`target=${id}&limit=1`)
  expect(first).toMatchObject({
    epochs: [{ epoch: epoch + 2, changes: [{ actor: 'local:cli', action: 'end-suspension', target: id }] }],
  })
  const second = await epochs(`target=${id}&limit=1&cursor=${String(first['next'])}`)
  expect(second).toMatchObject({ epochs: [{ epoch, changes: [{ action: 'start-suspension' }] }] })
  expect(second['next']).toBeUndefined()
  expect((await a.local('GET', `/api/v1/policy/epochs/${epoch}`)).body).toEqual((second['epochs'] as unknown[])[0])
})

test('discarding a queue tells each sender, and leaves nothing held', async () => {
  const { id } = await start({ scopes: ['messages'] })
  await hold(id, 2)
  const { body } = await a.local('POST', `/api/v1/suspensions/${id}/end?release=discard`)
  expect(body).toMatchObject({ released: 0, discarded: 2 })
  expect(await countHeld(a.database.db)).toMatchObject({ count: 0 })
  expect(await listOutbox(a.database.db, ['notify-discarded'], 10)).toHaveLength(1)
})

test('what is planned is announced, begins by the clock, and tells of its end', async () => {
  const { id } = await start({
    scopes: ['service'],
    mode: 'read-only',
    start: '2026-11-23T05:00:00Z',
    until: '2026-11-23T06:00:00Z',
  })
  expect(await view(id)).toMatchObject({ state: 'scheduled', since: '2026-11-23T05:00:00.000Z' })
  const message = async () =>
    ((await a.local('GET', '/api/v1/suspensions/effective')).body['actions'] as readonly SuspensionView[]).find(
      (one) => one['action'] === 'message',
    )
  expect(await message()).toMatchObject({ answer: 'pass', trace: [{ suspension: id, inactive: 'scheduled' }] })
  now += 3_600_000
  await vi.waitFor(async () => expect(await view(id)).toMatchObject({ state: 'active' }), { timeout: 5_000 })
  // The clock has come to it at once, the node within its next look at the clock.
  await vi.waitFor(
    async () =>
      expect(await message()).toMatchObject({ answer: 'refuse', trace: [{ suspension: id, isDecisive: true }] }),
    { timeout: 5_000 },
  )
  now += 3_600_000
  await vi.waitFor(async () => expect(await view(id)).toMatchObject({ state: 'ended' }), { timeout: 5_000 })
})

test('what was planned for a time when no node ran never begins', async () => {
  const { id } = await start({
    scopes: ['service'],
    mode: 'cut',
    start: new Date(now + 3_600_000).toISOString(),
    until: new Date(now + 7_200_000).toISOString(),
  })
  now += 8_000_000
  await vi.waitFor(async () => expect(await view(id)).toMatchObject({ state: 'ended' }), { timeout: 5_000 })
  const { body } = await a.local('GET', `/api/v1/audit?target=${id}`)
  const actions = (body['entries'] as readonly SuspensionView[]).map(({ action }) => action)
  expect(actions).toContain('end-suspension')
  expect(actions).not.toContain('begin-suspension')
})

test('a playbook starts everything at once; as a drill it measures and has no effect', async () => {
  const json = {
    steps: [
      { scopes: ['images', 'format:webp'], mode: 'reject' },
      { scopes: ['service'], mode: 'announce' },
    ],
    reason: 'an exploit in images',
    reasons: { de: 'eine Lücke in Bildern' },
    rules: [{ family: 'gajim', below: '2.0', action: 'warn' }],
    notify: ['carol'],
  }
  expect((await a.local('PUT', '/api/v1/playbooks/image-exploit', { json })).status).toBe(200)
  const epoch = a.policy.gate.epoch
  const drill = await a.local('POST', '/api/v1/playbooks/image-exploit/start', { json: { isDrill: true } })
  expect(drill.body).toMatchObject({ suspensions: [{ isDrill: true }, { isDrill: true }], rules: [] })
  const actions = async () =>
    (await a.local('GET', '/api/v1/suspensions/effective')).body['actions'] as readonly SuspensionView[]
  expect((await actions()).every(({ answer }) => answer === 'pass')).toBe(true)
  expect(a.alerts.filter(({ to }) => to.includes('carol'))).toEqual([])
  for (const { id } of drill.body['suspensions'] as readonly SuspensionView[]) {
    await a.local('POST', `/api/v1/suspensions/${id}/end`)
  }

  const started = await a.local('POST', '/api/v1/playbooks/image-exploit/start', { json: {} })
  expect(started.body).toMatchObject({
    suspensions: [{ mode: 'reject' }, { mode: 'announce' }],
    effect: { epoch: epoch + 4 },
  })
  expect(a.policy.gate.settings.clientRules).toHaveLength(1)
  expect((await actions()).find(({ action }) => action === 'image')).toMatchObject({ answer: 'refuse' })
  expect(a.alerts.filter(({ to }) => to.includes('carol'))).toHaveLength(1)
  expect((await a.local('POST', '/api/v1/playbooks/nothing/start', { json: {} })).status).toBe(404)
})

test('control §4.8 it ends in steps: canaries are back first, everybody else by the clock', async () => {
  const { id } = await start({ scopes: ['messages'], mode: 'hold' })
  for (const name of ['alice', 'bob']) {
    await a.local('POST', '/api/v1/accounts', { json: { name, password: 'heavy-lifting-99' } })
  }
  await a.local('POST', '/api/v1/units', { json: { name: 'it', displayName: 'IT' } })
  await a.local('PUT', '/api/v1/units/it/members', { json: { members: ['alice'] } })
  const end = (canaries: string) => a.local('POST', `/api/v1/suspensions/${id}/end?release=discard&${canaries}`)
  expect((await end('canaryUnits=ti')).body).toMatchObject({ code: 'no-such-unit' })
  await hold(id, 1)
  const ending = await end('canaryUnits=it&canaryMin=10')
  expect(ending.body).toMatchObject({
    suspension: { state: 'active', release: 'discard', until: new Date(now + 600_000).toISOString() },
  })
  const message = async (name: string) => {
    const { body } = await a.local('GET', `/api/v1/suspensions/effective?account=${name}`)
    return (body['actions'] as readonly SuspensionView[]).find(({ action }) => action === 'message')
  }
  expect(await message('alice')).toMatchObject({ answer: 'pass', trace: [{ exemption: 'unit' }] })
  expect(await message('bob')).toMatchObject({ answer: 'hold' })
  expect(await view(id)).toMatchObject({ held: { count: 1 }, discarded: 0 })
  now += 600_000
  await vi.waitFor(
    async () => expect(await view(id)).toMatchObject({ state: 'ended', endedBy: 'local:schedule', discarded: 1 }),
    { timeout: 5_000 },
  )
  await vi.waitFor(async () => expect(await message('bob')).toMatchObject({ answer: 'pass' }), { timeout: 5_000 })
})

test('a name that is mistyped suspends nobody: it is refused, with what was probably meant', async () => {
  for (const name of ['carol', 'dave']) {
    await a.local('POST', '/api/v1/accounts', { json: { name, password: 'heavy-lifting-99' } })
  }
  await a.local('POST', '/api/v1/units', { json: { name: 'finance', displayName: 'Finance' } })
  a.rooms.set('hall@rooms.im.test', [])
  const id = (await start({ scopes: ['group:finance', 'room:hall@rooms.im.test', 'format:jpeg'] })).id
  const fields = { mode: 'cut', reason: 'worm' }
  for (const [json, code, near] of [
    [{ scopes: ['group:fiance'] }, 'no-such-unit', 'finance'],
    [{ scopes: ['images', 'group:Finance'] }, 'no-such-unit', 'finance'],
    [{ scopes: ['group:zzz'] }, 'no-such-unit', undefined],
    [{ scopes: ['room:hal@rooms.im.test'] }, 'no-such-room', 'hall@rooms.im.test'],
    [{ scopes: ['format:jpg'] }, 'no-such-format', 'jpeg'],
    [{ scopes: ['format:nosuchformat'] }, 'no-such-format', undefined],
    [{ scopes: ['images'], exemptions: { accounts: ['carl'] } }, 'no-such-account', 'carol'],
    [{ scopes: ['images'], exemptions: { units: ['finanz'] } }, 'no-such-unit', 'finance'],
    [{ scopes: ['images'], exemptions: { rooms: ['Hall@rooms.im.test'] } }, 'no-such-room', 'hall@rooms.im.test'],
  ] as const) {
    for (const query of ['', '?dryRun=true']) {
      const { status, body } = await a.local('POST', `/api/v1/suspensions${query}`, { json: { ...fields, ...json } })
      expect([status, body['code']], JSON.stringify(json)).toEqual([404, code])
      if (near !== undefined) expect(body).toMatchObject({ near, detail: expect.stringContaining(near) as string })
    }
  }
  const exempt = await a.local('POST', `/api/v1/suspensions/${id}/exemptions`, { json: { accounts: ['carl'] } })
  expect(exempt.body).toMatchObject({ code: 'no-such-account', near: 'carol' })
  const end = await a.local('POST', `/api/v1/suspensions/${id}/end?canaryUnits=fiance`)
  expect(end.body).toMatchObject({ code: 'no-such-unit', near: 'finance' })
  const playbook = { steps: [{ scopes: ['group:fiance'], mode: 'cut' }], reason: 'worm' }
  expect((await a.local('PUT', '/api/v1/playbooks/worm', { json: playbook })).body).toMatchObject({
    ...{ code: 'no-such-unit', near: 'finance' },
  })
  expect(a.policy.gate.settings.suspensions).toHaveLength(1)
})

test('clients and networks may come to be: they are suspended, with a warning', async () => {
  await a.local('POST', '/api/v1/accounts', { json: { name: 'carol', password: 'heavy-lifting-99' } })
  const { rows } = await a.database.pool.query<{ id: string }>("select id from account where localpart = 'carol'")
  await noteSightings(a.database.db, [
    {
      accountId: rows[0]!.id,
      clientKey: Buffer.alloc(32),
      family: 'gajim',
      version: '2.0',
      identity: { ...NO_IDENTITY, claims: [{ family: 'gajim' }] },
      address: '10.1.0.1',
      seenAt: new Date(now),
    },
  ])
  const json = { scopes: ['client:gajimm', 'zone:10.9.0.0/16'], mode: 'hold', reason: 'worm' }
  const warnings = [
    { about: 'client', name: 'gajimm', near: 'gajim' },
    { about: 'zone', name: '10.9.0.0/16' },
  ]
  const tried = await a.local('POST', '/api/v1/suspensions?dryRun=true', { json })
  expect(tried.body).toMatchObject({ warnings, impact: { accounts: 0 } })
  const done = await a.local('POST', '/api/v1/suspensions', { json })
  expect(done.body).toMatchObject({ warnings, suspension: { state: 'active' } })
  const right = { ...json, scopes: ['client:gajim', 'zone:10.1.0.0/16'] }
  expect((await a.local('POST', '/api/v1/suspensions', { json: right })).body).not.toHaveProperty('warnings')
})

test('a playbook is started in an emergency although a unit in it is gone, and says so', async () => {
  await a.local('POST', '/api/v1/units', { json: { name: 'finance', displayName: 'Finance' } })
  const json = {
    steps: [
      { scopes: ['group:finance'], mode: 'cut' },
      { scopes: ['client:oddchat'], mode: 'hold' },
    ],
    reason: 'worm',
  }
  const put = await a.local('PUT', '/api/v1/playbooks/worm', { json })
  expect(put.body).toMatchObject({ playbook: { name: 'worm' }, warnings: [{ about: 'client', name: 'oddchat' }] })
  await a.local('DELETE', '/api/v1/units/finance')
  const started = await a.local('POST', '/api/v1/playbooks/worm/start', { json: {} })
  expect(started.body).toMatchObject({
    suspensions: [{ state: 'active' }, { state: 'active' }],
    warnings: [
      { about: 'unit', name: 'finance' },
      { about: 'client', name: 'oddchat' },
    ],
  })
})

test('who on the machine uses the local socket is on record by their own word, and counts for nothing', async () => {
  const as = (user: string) => ({ headers: { 'drawbridge-claimed-user': user } })
  const json = { scopes: ['service'], mode: 'read-only', reason: 'worm' }
  const made = await a.local('POST', '/api/v1/suspensions', { json, ...as('alice>root') })
  const { id } = made.body['suspension'] as { id: string }
  const record = (await a.local('GET', `/api/v1/audit?target=${id}`)).body
  expect(record['entries']).toMatchObject([
    { actor: 'local:cli', action: 'apply-policy', details: { claimedUser: 'alice>root' } },
    { actor: 'local:cli', action: 'start-suspension', details: { claimedUser: 'alice>root' } },
  ])
  // What is no name is no claim, and nobody on the network has one.
  await a.local('POST', `/api/v1/suspensions/${id}/end`, as('root; drop table'))
  const root = { name: 'root', isAdmin: true, password: 'correct horse' }
  await a.local('POST', '/api/v1/accounts', { json: root })
  const token = await signIn(a, 'root', root.password)
  await a.network('PUT', '/api/v1/playbooks/p', { token, json: PLAYBOOK, ...as('mallory') })
  const all = (await a.local('GET', '/api/v1/audit')).body['entries'] as { details: object }[]
  expect(all.filter(({ details }) => 'claimedUser' in details)).toHaveLength(2)
  expect((await a.local('GET', '/api/v1/audit/verify')).body).toMatchObject({ isIntact: true })
})

const PLAYBOOK = { steps: [{ scopes: ['files'], mode: 'hold' }], reason: 'x' } as const
