import { claimFrom, identify } from '@drawbridge/policy'
import { expect, test, vi } from 'vitest'
import { admin, signIn } from '../../test/admin.ts'
import type { LiveSession } from '../policy/enforce.ts'
import { ask } from '../policy/gate.ts'

/** What a busy machine may take its time for. */
const soon = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000 })

/** Somebody who is connected with Gajim since an instant (ms since 1970). */
const gajim = (name: string, version: string, since: number): LiveSession => ({
  id: `${name}-${version}`,
  jid: `${name}@im.test/1`,
  state: 'connected',
  account: { localpart: name, isAdmin: false, isBreakGlass: false },
  client: identify([claimFrom({ source: 'version-reply', name: 'Gajim', version })]),
  entrance: 'tcp',
  signedInAt: new Date(since),
  closeWith: () => undefined,
  withhold: () => undefined,
  notify: () => undefined,
})

test('control §7.6 a rule that opens its window later, or blocks in two days, is confirmed by nobody whom it will lock out', async () => {
  let at = Date.parse('2026-11-23T03:00:00Z')
  await using a = await admin({ now: () => new Date(at) })
  await a.local('POST', '/api/v1/accounts', { json: { name: 'carol', isAdmin: true, password: 'correct horse' } })
  await a.local('POST', '/api/v1/accounts', { json: { name: 'dave', isAdmin: true, password: 'correct horse' } })
  a.sessions.push(gajim('carol', '1.9', at), gajim('dave', '2.1', at))
  const token = await signIn(a, 'carol', 'correct horse')
  const send = (path: string, json?: object) => a.network('POST', path, { token, ...(json ? { json } : {}) })
  const base = { family: 'gajim', below: '2.0', action: 'block', preset: 'now' }
  const day = (days: number) => new Date(at + days * 86_400_000).toISOString()

  for (const later of [{ activeFrom: day(1) }, { deadline: day(2) }, { stageDates: { block: day(2) } }]) {
    const rule = { ...base, ...later }
    const { body } = await send('/api/v1/client-rules/simulation', rule)
    expect(body, JSON.stringify(later)).toMatchObject({ people: 1, administrators: ['carol'], isSelfLockOut: true })
    expect((await send('/api/v1/client-rules', { ...rule, simulation: body['token'] })).body).toMatchObject({
      code: 'self-lock-out',
    })
  }
  // With another client in the meantime the rule may be made; it is that client which confirms it.
  a.sessions.push(gajim('carol', '2.1', at))
  const rule = { ...base, activeFrom: day(1) }
  const { body } = await send('/api/v1/client-rules/simulation', rule)
  const added = await send('/api/v1/client-rules', { ...rule, simulation: body['token'] })
  const { id } = added.body['rule'] as { id: string }
  at += 1_000
  a.sessions.splice(0, 3, gajim('carol', '1.9', at))
  expect((await send(`/api/v1/client-rules/${id}/confirmation`)).body).toMatchObject({ code: 'not-confirmed' })
  a.sessions.push(gajim('carol', '2.1', at))
  expect((await send(`/api/v1/client-rules/${id}/confirmation`)).status).toBe(200)
})

test('control §3.5 a rule is saved by whoever has seen what it does, and not a second time by accident', async () => {
  await using a = await admin()
  for (const name of ['carol', 'dave']) {
    await a.local('POST', '/api/v1/accounts', { json: { name, password: 'correct horse', isAdmin: true } })
  }
  const [carol, dave] = [await signIn(a, 'carol', 'correct horse'), await signIn(a, 'dave', 'correct horse')] as const
  const send = (token: string, path: string, json: object) => a.network('POST', `/api/v1/${path}`, { token, json })
  const rule = { family: 'gajim', below: '2.0', action: 'block', preset: 'now' }
  const simulated = (await send(carol, 'client-rules/simulation', rule)).body
  const json = { ...rule, simulation: simulated['token'] }
  expect((await send(dave, 'client-rules', json)).body).toMatchObject({ code: 'not-simulated' })
  const { id } = (await send(carol, 'client-rules', json)).body['rule'] as { id: string }

  const again = (await send(dave, 'client-rules/simulation', rule)).body
  expect(again).toMatchObject({ shadows: [{ rule: id }] })
  const second = { ...rule, simulation: again['token'] }
  expect(await send(dave, 'client-rules', second)).toMatchObject({ status: 409, body: { code: 'rule-shadowed' } })
  expect(await send(dave, 'client-rules?dryRun=true', second)).toMatchObject({ body: { code: 'rule-shadowed' } })
  expect((await send(dave, 'client-rules', { ...second, isShadowAccepted: true })).status).toBe(201)
})

test('control §3.5 to block unknown clients is simulated, confirmed within ten minutes, and taken back otherwise', async () => {
  let at = Date.parse('2026-11-23T03:00:00Z')
  await using a = await admin({ now: () => new Date(at) })
  for (const name of ['carol', 'dave']) {
    await a.local('POST', '/api/v1/accounts', { json: { name, isAdmin: true, password: 'correct horse' } })
  }
  a.accounts.put({ ...a.accounts.find('dave')!, roles: ['security-officer'] })
  const silent = (name: string) => ({ ...gajim(name, '1', at), client: identify([]) })
  a.sessions.push(silent('carol'))
  const token = await signIn(a, 'carol', 'correct horse')
  const path = '/api/v1/client-posture'
  const set = (json: object) => a.network('PUT', path, { token, json })
  const simulation = async () => {
    const { body } = await a.network('POST', `${path}/simulation`, { token, json: { posture: 'enforce' } })
    return body
  }

  expect((await set({ posture: 'enforce' })).body).toMatchObject({ code: 'not-simulated' })
  const all = await simulation()
  expect(all).toMatchObject({ people: 1, administrators: ['carol'], isSelfLockOut: true })
  expect((await set({ posture: 'enforce', simulation: all['token'] })).body).toMatchObject({ code: 'self-lock-out' })

  a.sessions.push(gajim('carol', '2.1', at))
  const one = await set({ posture: 'enforce', simulation: (await simulation())['token'] })
  expect(one).toMatchObject({ status: 200, body: { posture: 'enforce', confirmBy: '2026-11-23T03:10:00.000Z' } })
  a.sessions.splice(0, 2, silent('carol'))
  const confirm = () => a.network('POST', `${path}/confirmation`, { token })
  expect((await confirm()).body, 'by a client that it would block').toMatchObject({ code: 'not-confirmed' })

  // Nobody confirms: whoever is unknown is let in again, and people are told.
  const account = { localpart: 'erin', isAdmin: false, isBreakGlass: false }
  const open = () => ask(a.policy.gate, 'session.open', { at, account, client: identify([]), entrance: 'tcp' }).action
  expect(open()).toBe('refuse')
  at += 600_000
  expect(open()).toBe('pass')
  await soon(async () => expect((await a.network('GET', path, { token })).body).toMatchObject({ posture: 'discover' }))
  await soon(() => expect(a.alerts.map(({ text }) => text).join()).toContain('Nobody has confirmed'))
  expect((await a.local('GET', '/api/v1/audit')).body['entries']).toContainEqual(
    expect.objectContaining({ action: 'withdraw-client-posture', actor: 'local:schedule' }),
  )
  expect((await confirm()).status).toBe(409)

  a.sessions.push(gajim('carol', '2.1', at))
  await set({ posture: 'enforce', simulation: (await simulation())['token'] })
  a.sessions.push(gajim('carol', '2.1', at))
  expect((await confirm()).body).toMatchObject({ posture: 'enforce', confirmedBy: 'carol@im.test' })
  at += 3_600_000
  expect(open()).toBe('refuse')
})

test('control §7.6 a rule that nobody has confirmed reverts after ten minutes, on record, and people are told; a break-glass account signs in throughout', async () => {
  let at = Date.parse('2026-11-23T03:00:00Z')
  await using a = await admin({ now: () => new Date(at) })
  await a.local('POST', '/api/v1/accounts', { json: { name: 'carol', isAdmin: true, password: 'correct horse' } })
  a.accounts.put({ ...a.accounts.find('carol')!, roles: ['security-officer'] })
  const token = await signIn(a, 'carol', 'correct horse')
  const rule = { family: 'gajim', below: '2.0', action: 'block', preset: 'now' }
  const { body } = await a.network('POST', '/api/v1/client-rules/simulation', { token, json: rule })
  const json = { ...rule, simulation: body['token'] }
  const added = await a.network('POST', '/api/v1/client-rules', { token, json })
  const { id } = added.body['rule'] as { id: string }
  const sailing = {
    family: '*',
    accounts: ['carol'],
    reason: 'on a ship',
    until: new Date(at + 90_000_000).toISOString(),
  }
  await a.local('POST', '/api/v1/client-exceptions', { json: sailing })
  expect(a.alerts).toEqual([])
  const entering = (isBreakGlass: boolean) => {
    const { client } = gajim('erin', '1.9', at)
    const account = { localpart: 'erin', isAdmin: true, isBreakGlass }
    return ask(a.policy.gate, 'session.open', { at, account, client, entrance: 'tcp' }).action
  }
  expect([entering(false), entering(true)]).toEqual(['refuse', 'pass'])
  at += 599_999
  expect([entering(false), entering(true)]).toEqual(['refuse', 'pass'])
  at += 1
  expect([entering(false), entering(true)]).toEqual(['pass', 'pass'])

  at += 6_600_000
  await soon(() => expect(a.alerts).toHaveLength(2))
  expect(a.alerts.map(({ text }) => text)).toEqual([
    expect.stringContaining(`Client rule ${id} was not confirmed`),
    expect.stringMatching(/exception .* \(on a ship\).* ends at/),
  ])
  const { body: shown } = await a.local('GET', `/api/v1/client-rules/${id}`)
  expect(shown).toMatchObject({ rule: { stage: 'warn', withdrawnAt: expect.any(String) } })
  const { entries } = (await a.local('GET', '/api/v1/audit')).body as { entries: { action: string }[] }
  expect(entries.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['withdraw-client-rule', 'remind-client-exception']),
  )
})

test('control §3.5 a simulation says who has no way to update, who is a bot, and how many by window, unit and system', async () => {
  const at = Date.parse('2026-11-23T03:00:00Z')
  await using a = await admin({ now: () => new Date(at) })
  for (const name of ['alice', 'bob', 'logbot']) await a.local('POST', '/api/v1/accounts', { json: { name } })
  await a.local('POST', '/api/v1/units', { json: { name: 'sales', displayName: 'Sales' } })
  await a.local('PUT', '/api/v1/units/sales/members', { json: { members: ['alice'] } })
  const on = (name: string, os: string, version: string) => ({
    ...gajim(name, version, at),
    client: identify([claimFrom({ source: 'version-reply', name: 'Gajim', version, os })]),
  })
  a.sessions.push(on('alice', 'Windows', '1.8'), on('bob', 'Linux', '1.8'), on('bob', 'Linux', '2.1'))
  a.sessions.push({ ...on('logbot', 'Windows', '1.8'), isBot: true })
  const json = { family: 'gajim', below: '2.0', action: 'disconnect', preset: 'now' }
  expect((await a.local('POST', '/api/v1/client-rules/simulation', { json })).body).toMatchObject({
    sessions: 3,
    people: 3,
    stranded: 2,
    // Somebody uses 2.1 on Linux, and nobody on Windows.
    noUpgradePath: ['alice', 'logbot'],
    bots: ['logbot'],
    reconnects: 3,
    seenWithin: [1, 7, 30, 90].map((days) => ({ days, people: 3 })),
    units: [{ unit: 'sales', people: 1 }],
    systems: [
      { os: 'windows', people: 2 },
      { os: 'linux', people: 1 },
    ],
  })
})

test('a rule for an account or a unit that is not there, or for nobody at all, is not saved; names are taken as people write them', async () => {
  await using a = await admin()
  await a.local('POST', '/api/v1/accounts', { json: { name: 'bob' } })
  const add = (more: object) =>
    a.local('POST', '/api/v1/client-rules', { json: { family: 'gajim', below: '2.0', action: 'warn', ...more } })
  expect((await add({ accounts: ['Bob', 'BOB@im.test'] })).body).toMatchObject({ rule: { accounts: ['bob', 'bob'] } })
  expect((await add({ accounts: ['nobody'] })).body).toMatchObject({ code: 'no-such-account', detail: 'nobody' })
  expect((await add({ units: ['nowhere'] })).body).toMatchObject({ code: 'no-such-unit', detail: 'nowhere' })
  expect((await add({ rings: [{ units: ['nowhere'], delayHours: 1 }] })).body).toMatchObject({ code: 'no-such-unit' })
  const { id } = (await add({ action: 'block' })).body['rule'] as { id: string }
  for (const stage of ['allow', 'block', 'disconnect']) {
    const held = await a.local('PUT', `/api/v1/client-rules/${id}/ceiling`, { json: { stage, reason: 'x' } })
    expect(held.body, stage).toMatchObject({ code: 'not-a-stage-below' })
  }
  for (const empty of [{ from: '2.0' }, { action: 'degrade' }, { activeUntil: '2020-01-01T00:00:00Z' }]) {
    expect(await add(empty), JSON.stringify(empty)).toMatchObject({
      status: 400,
      body: { code: 'rule-without-effect' },
    })
  }
})
