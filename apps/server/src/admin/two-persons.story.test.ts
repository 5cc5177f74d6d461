import { listAudit, noteSightings, uuidv7 } from '@drawbridge/db'
import { NO_IDENTITY } from '@drawbridge/policy'
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

/** Two who agree to what takes two. */
async function officers() {
  const person = async (name: string) => {
    await a.local('POST', '/api/v1/accounts', { json: { name, password: 'heavy-lifting-99' } })
    a.accounts.put({ ...a.accounts.find(name)!, roles: ['security-officer'] })
    return { name: `${name}@im.test`, mayActAlone: false }
  }
  return [await person('carol'), await person('dave')] as const
}

test('two people: asked for by one, approved by another, and never by the same (control §4.6)', async () => {
  const { guarded } = a.policy
  const [carol, dave] = await officers()
  const cut = { scopes: ['service'], mode: 'cut', reason: 'worm' } as const
  expect(await guarded.impactOf([cut])).toMatchObject({ approvals: 2, isTwoPersonRuleActive: true })

  const { request } = await guarded.start(carol, cut)
  expect(request).toMatchObject({ action: 'start-suspension', requestedBy: carol.name })
  expect(a.policy.gate.settings.suspensions).toEqual([])
  expect(a.alerts.at(-1)).toMatchObject({ to: expect.arrayContaining([carol.name, dave.name]) as string[] })
  await expect(guarded.approve(carol, request!.id)).rejects.toMatchObject({ code: 'own-request' })
  const stranger = { name: 'erin@im.test', mayActAlone: false }
  await expect(guarded.approve(stranger, request!.id)).rejects.toMatchObject({ code: 'forbidden' })
  const {
    suspensions: [started],
  } = await guarded.approve(dave, request!.id)
  expect(started).toMatchObject({ approvedBy: [carol.name, dave.name], reviewDueAt: null })
  await expect(guarded.approve(dave, request!.id)).rejects.toMatchObject({ code: 'no-such-request' })

  // Ending it takes two, too; the local socket acts alone, and somebody has to look at it.
  expect((await guarded.end(carol, started!.id, { release: 'in-order' })).request).toBeDefined()
  const ended = await guarded.end({ name: 'local:cli', mayActAlone: true }, started!.id, { release: 'in-order' })
  expect(ended.done?.suspension.reviewDueAt).toEqual(new Date(now + 86_400_000))
  expect(ended.done?.suspension.actedAlone).toEqual(['local:cli'])
  expect(await guarded.review(dave, started!.id, 'right so')).toMatchObject({ reviewedBy: dave.name })
})

test('control §3.5 two people take the guardrails from a rule in a hurry; no other rule does without', async () => {
  const { guarded } = a.policy
  const [carol, dave] = await officers()
  const add = async (preset: string) => {
    const json = { family: preset, below: '2', action: 'block', preset }
    const { body } = await a.local('POST', '/api/v1/client-rules', { json })
    return (body['rule'] as SuspensionView).id
  }
  const wanted = { isGuarded: false, reason: 'the attack goes on' }
  await expect(guarded.guardRule(carol, await add('routine'), wanted)).rejects.toMatchObject({
    code: 'guardrails-needed',
  })
  const id = await add('now')
  const isGuarded = async () => (await a.local('GET', `/api/v1/client-rules/${id}`)).body['rule']
  const { request } = (await guarded.guardRule(carol, id, wanted)) as { request?: SuspensionView }
  expect(request).toMatchObject({ action: 'unguard-client-rule', target: id })
  expect(await isGuarded()).toMatchObject({ isGuarded: true })
  await expect(guarded.approve(carol, request!.id)).rejects.toMatchObject({ code: 'own-request' })
  expect(await guarded.approve(dave, request!.id)).toMatchObject({ rules: [{ id, isGuarded: false }] })
  expect(await isGuarded()).toMatchObject({ isGuarded: false })
  expect(await listAudit(a.database.db, 3)).toContainEqual(
    expect.objectContaining({
      action: 'unguard-client-rule',
      detail: {
        before: { isGuarded: true },
        after: { isGuarded: false },
        reason: wanted.reason,
        approvedBy: [carol.name, dave.name],
      },
    }),
  )
  // Back on they are with one.
  expect(await guarded.guardRule(carol, id, { isGuarded: true, reason: 'over' })).toMatchObject({
    done: { rule: { isGuarded: true } },
  })
})

test('control §2 row 21: an exception has a reason, an approver and an end, and lasts a year at most', async () => {
  const { guarded } = a.policy
  const [carol, dave] = await officers()
  const wanted = { family: 'gajim', reason: 'on a ship', until: new Date(now + 86_400_000).toISOString() }
  const forever = { ...wanted, until: '2099-01-01T00:00:00Z' }
  await expect(guarded.addException(carol, forever)).rejects.toMatchObject({ code: 'exception-too-long' })
  const { request } = (await guarded.addException(carol, wanted)) as { request?: SuspensionView }
  const listed = async () => (await a.local('GET', '/api/v1/client-exceptions')).body['exceptions']
  expect(await listed()).toEqual([])
  await expect(guarded.approve(carol, request!.id)).rejects.toMatchObject({ code: 'own-request' })
  await guarded.approve(dave, request!.id)
  expect(await listed()).toMatchObject([{ ...wanted, createdBy: carol.name, approvedBy: dave.name }])
})

test('control §4.6 a rule that allows clients takes what an exception takes, by whichever way it comes', async () => {
  const { guarded } = a.policy
  const [carol, dave] = await officers()
  const allow = { family: '*', accounts: ['carol'], action: 'allow', priority: 1 } as const
  const rules = async () => (await a.local('GET', '/api/v1/client-rules')).body['rules'] as readonly object[]
  const { request } = await guarded.addRule(carol, allow)
  expect(request).toMatchObject({ action: 'add-client-rule', requestedBy: carol.name })
  expect(await rules()).toEqual([])
  await expect(guarded.approve(carol, request!.id)).rejects.toMatchObject({ code: 'own-request' })
  expect((await guarded.addRule(carol, { family: 'psi', below: '2.0', action: 'warn' })).done).toBeDefined()

  // Neither a document nor a playbook brings it alone, and an emergency is no way either.
  await a.database.pool.query(`update account set roles = '{security-officer}' where localpart = 'carol'`)
  const token = await signIn(a, 'carol', 'heavy-lifting-99')
  const json = { document: { version: 1, clientRules: [allow] } }
  for (const query of ['', '?dryRun=true']) {
    const answer = await a.network('PUT', `/api/v1/policy${query}`, { token, json })
    expect(answer, query).toMatchObject({ status: 409, body: { code: 'allow-needs-approval' } })
  }
  const steps = [{ scopes: ['room:hall@rooms.im.test'], mode: 'hold' }]
  a.rooms.set('hall@rooms.im.test', [])
  const playbook = { json: { steps, reason: 'worm', rules: [allow] } }
  expect((await a.local('PUT', '/api/v1/playbooks/quiet', playbook)).status).toBeLessThan(300)
  expect((await guarded.startPlaybook(carol, 'quiet', { isEmergency: true })).request).toBeDefined()

  expect(await guarded.approve(dave, request!.id)).toMatchObject({ rules: [{ createdBy: carol.name }] })
  expect(await rules()).toHaveLength(2)
  expect(await listAudit(a.database.db, 2)).toContainEqual(
    expect.objectContaining({
      action: 'add-client-rule',
      detail: expect.objectContaining({ action: 'allow', approvedBy: dave.name }) as object,
    }),
  )
  expect((await guarded.addRule(CLI, { ...allow, family: 'dino' })).done).toBeDefined()
})

test('an emergency starts at once, lapses after an hour, and is not repeated alone (control §4.6)', async () => {
  for (const name of ['carol', 'dave']) {
    await a.local('POST', '/api/v1/accounts', { json: { name, password: 'heavy-lifting-99' } })
    a.accounts.put({ ...a.accounts.find(name)!, roles: ['security-officer'] })
  }
  const { guarded } = a.policy
  const [carol, dave] = ['carol@im.test', 'dave@im.test'].map((name) => ({ name, mayActAlone: false })) as [
    { name: string; mayActAlone: boolean },
    { name: string; mayActAlone: boolean },
  ]
  const emergency = { scopes: ['service'], mode: 'cut', reason: 'worm', isEmergency: true } as const
  const outcome = await guarded.start(carol, emergency)
  const started = outcome.done?.suspensions[0]
  expect(started).toMatchObject({ isEmergency: true, untilAt: new Date(now + 3_600_000) })
  expect(started?.reviewDueAt).toEqual(new Date(now + 86_400_000))
  await expect(guarded.start(carol, emergency)).rejects.toMatchObject({ code: 'emergency-repeated' })
  const { body } = await a.local('GET', '/api/v1/approvals')
  const [confirm] = body['requests'] as [SuspensionView]
  expect(confirm).toMatchObject({ action: 'confirm-suspension', target: started?.id })
  const {
    suspensions: [confirmed],
  } = await guarded.approve(dave, confirm.id)
  expect(confirmed).toMatchObject({ isEmergency: false, untilAt: null, approvedBy: [carol.name, dave.name] })
})

const CLI = { name: 'local:cli', mayActAlone: true }
const EMERGENCY = { mode: 'cut', reason: 'worm', isEmergency: true } as const
const actionsAbout = async (id: string) => {
  const { body } = await a.local('GET', `/api/v1/suspensions/${id}/record`)
  return (body['audit'] as readonly { action: string }[])
    .map(({ action }) => action)
    .filter((one) => one !== 'apply-policy')
}
const waiting = async () => (await a.local('GET', '/api/v1/approvals')).body['requests'] as readonly SuspensionView[]

/** Accounts of these names, members of a unit where one is named. */
function crowd(prefix: string, count: number, unit?: string): string[] {
  const names = Array.from({ length: count }, (_, n) => `${prefix}${n}`)
  for (const name of names) a.accounts.put({ ...a.accounts.find('carol')!, id: uuidv7(), localpart: name, roles: [] })
  const members = new Set(names.map((name) => `${name}@im.test`))
  if (unit !== undefined)
    a.units.put({ id: uuidv7(), name: unit, displayName: unit, roster: 'nobody', directory: 'everybody', members })
  return names
}

test('whoever did alone what takes two does not review it: the local socket, break-glass, whatever it was', async () => {
  const { guarded } = a.policy
  const [carol, dave] = await officers()
  const glass = { name: 'glass@im.test', mayActAlone: true }
  const own = { code: 'own-deed' }
  const { id } = await start({ scopes: ['service'] })
  await expect(guarded.review(CLI, id, 'mine')).rejects.toMatchObject(own)
  expect(await guarded.review(carol, id, 'right so')).toMatchObject({ reviewedBy: carol.name })

  // Another deed wants another look, also one that only begins the end.
  await guarded.exempt(glass, id, { accounts: ['carol'] })
  await expect(guarded.review(glass, id, 'mine')).rejects.toMatchObject(own)
  await guarded.review(dave, id, 'right so')
  await guarded.end(glass, id, { release: 'in-order', canary: { units: ['it'], minutes: 10 } })
  now += 600_000
  await vi.waitFor(async () => expect(await view(id)).toMatchObject({ state: 'ended' }), { timeout: 5_000 })
  expect(await view(id)).toMatchObject({
    endedBy: 'local:schedule',
    actedAlone: expect.arrayContaining([glass.name, CLI.name]) as string[],
  })
  await expect(guarded.review(glass, id, 'mine')).rejects.toMatchObject(own)
  expect((await a.local('POST', `/api/v1/suspensions/${id}/review`, { json: { note: 'mine' } })).body).toMatchObject(
    own,
  )
  await guarded.review(dave, id, 'right so')
})

test('what is asked for by one and agreed to at the local socket is reviewed as what one did alone', async () => {
  const { guarded } = a.policy
  const [carol, dave] = await officers()
  const cut = { scopes: ['service'], mode: 'cut', reason: 'worm' } as const
  const asked = await guarded.start(carol, cut)
  const {
    suspensions: [started],
  } = await guarded.approve(CLI, asked.request!.id)
  expect(started).toMatchObject({ approvedBy: [carol.name, CLI.name], reviewDueAt: new Date(now + 86_400_000) })
  await expect(guarded.review(carol, started!.id, 'mine')).rejects.toMatchObject({ code: 'own-deed' })
  await guarded.review(dave, started!.id, 'right so')
  const end = await guarded.end(carol, started!.id, { release: 'in-order' })
  const {
    suspensions: [ended],
  } = await guarded.approve(CLI, end.request!.id)
  expect(ended).toMatchObject({ reviewedBy: null, reviewDueAt: new Date(now + 86_400_000) })
})

test('the same asked for twice is one request, whoever asks and however fast', async () => {
  const { guarded } = a.policy
  const [carol, dave] = await officers()
  const { id } = await start({ scopes: ['service'] })
  const until = new Date(now + 60_000).toISOString()
  const asked = await Promise.all([carol, dave, carol, dave].map((by) => guarded.extend(by, id, { until })))
  expect(new Set(asked.map(({ request }) => request?.id)).size).toBe(1)
  expect(await waiting()).toHaveLength(1)
  expect((await guarded.extend(carol, id, { until: null })).request?.id).not.toBe(asked[0]?.request?.id)
  expect(a.alerts.filter(({ text }) => text.includes('extend-suspension'))).toHaveLength(2)
})

test('requests end with their suspension, and what cannot be done is not on record as agreed to', async () => {
  const { guarded } = a.policy
  const [carol, dave] = await officers()
  const { id } = await start({ scopes: ['service'] })
  const until = new Date(now + 60_000).toISOString()
  const longer = (await guarded.extend(carol, id, { until })).request!
  const other = (await guarded.exempt(carol, id, { accounts: ['dave'] })).request!
  now += 120_000
  // Its end is in the past by now: that is said, and the request waits on.
  await expect(guarded.approve(dave, longer.id)).rejects.toMatchObject({ code: 'end-in-the-past' })
  expect(await waiting()).toHaveLength(2)
  expect(await actionsAbout(id)).not.toContain('approve-request')

  await guarded.end(CLI, id, { release: 'in-order' })
  expect(await waiting()).toEqual([])
  await expect(guarded.approve(dave, other.id)).rejects.toMatchObject({ code: 'suspension-ended' })
  expect(await actionsAbout(id)).not.toContain('approve-request')
})

test('what one asks for is done and agreed to in one transaction, and once', async () => {
  const { guarded } = a.policy
  const [carol, dave] = await officers()
  const { id } = await start({ scopes: ['service'] })
  const { request } = await guarded.exempt(carol, id, { accounts: ['dave'] })
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => guarded.approve(dave, request!.id)))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  const actions = await actionsAbout(id)
  for (const action of ['approve-request', 'exempt-suspension']) {
    expect(
      actions.filter((one) => one === action),
      action,
    ).toHaveLength(1)
  }
})

test('after a review all of what a large suspension held leaves by two people; one decides about what one can read', async () => {
  const { guarded } = a.policy
  const [carol, dave] = await officers()
  const { id } = await start({ scopes: ['service'] })
  const ids = await hold(id, 130)
  await guarded.end(CLI, id, { release: 'review' })
  const part = (from: number, to: number) => ids.slice(from, to)

  for (const action of ['release-held', 'discard-held'] as const) {
    expect((await guarded.settle(carol, id, action, 'all')).request).toMatchObject({ action, target: id })
  }
  expect(await guarded.settle(carol, id, 'release-held', part(0, 60))).toEqual({ done: 60 })
  expect((await guarded.settle(carol, id, 'discard-held', part(60, 120))).request).toBeDefined()
  expect(await guarded.settle(carol, id, 'discard-held', part(60, 90))).toEqual({ done: 30 })
  expect(await view(id)).toMatchObject({ held: { count: 40 }, released: 60, discarded: 30 })
  now += 3_600_001
  expect(await guarded.settle(carol, id, 'release-held', part(90, 91))).toEqual({ done: 1 })

  const all = (await waiting()).find(
    ({ action, wanted }) => action === 'discard-held' && (wanted as SuspensionView)['messages'] === 'all',
  )!
  await expect(guarded.approve(carol, all.id)).rejects.toMatchObject({ code: 'own-request' })
  expect(await guarded.approve(dave, all.id)).toMatchObject({ suspensions: [{ id, discarded: 69 }] })
  expect(await view(id)).toMatchObject({ held: { count: 0 }, released: 61, discarded: 69 })
})

test('all that a suspension held leaves at the local socket alone, and somebody else looks at that', async () => {
  const { guarded } = a.policy
  const [, dave] = await officers()
  const { id } = await start({ scopes: ['service'] })
  await hold(id, 2)
  await guarded.end(CLI, id, { release: 'review' })
  await guarded.review(dave, id, 'right so')
  const { body } = await a.local('POST', `/api/v1/suspensions/${id}/held/release`, { json: { messages: 'all' } })
  expect(body).toEqual({ released: 2 })
  expect(await view(id)).toMatchObject({ reviewDueAt: expect.any(String) as string, actedAlone: [CLI.name] })
  expect(await view(id)).not.toHaveProperty('reviewedBy')
  await expect(guarded.review(CLI, id, 'mine')).rejects.toMatchObject({ code: 'own-deed' })
})

test('an emergency is not repeated alone under another name: it counts who is reached', async () => {
  const { guarded } = a.policy
  const [carol, dave] = await officers()
  crowd('f', 8, 'finance')
  crowd('s', 8, 'sales')
  const { members } = a.units.find('finance')!
  a.units.put({ ...a.units.find('finance')!, name: 'floor-3', members: new Set([...members, 's0@im.test']) })
  const emergency = (by: { name: string; mayActAlone: boolean }, ...scopes: string[]) =>
    guarded.start(by, { ...EMERGENCY, scopes })
  const repeated = { code: 'emergency-repeated' }

  const first = await emergency(carol, 'group:finance')
  await guarded.end(CLI, first.done!.suspensions[0]!.id, { release: 'in-order' })
  await expect(emergency(carol, 'group:floor-3')).rejects.toMatchObject(repeated)
  await expect(emergency(carol, 'registration', 'group:floor-3')).rejects.toMatchObject(repeated)
  // Others are not the same, and others may.
  expect((await emergency(carol, 'group:sales')).done).toBeDefined()
  expect((await emergency(dave, 'group:floor-3')).done).toBeDefined()
  now += 86_400_001
  expect((await emergency(carol, 'group:floor-3')).done).toBeDefined()
})

test('control §4.6 at three in the morning one officer goes from images to the whole service, and does not prolong', async () => {
  const { guarded } = a.policy
  const [carol] = await officers()
  crowd('u', 120)
  const emergency = (mode: 'hold' | 'reject' | 'cut', ...scopes: string[]) =>
    guarded.start(carol, { ...EMERGENCY, mode, scopes })
  for (const [mode, scope] of [
    ['reject', 'images'],
    ['reject', 'files'],
    ['hold', 'service'],
    ['cut', 'service'],
  ] as const) {
    const { done } = await emergency(mode, scope)
    expect(done?.suspensions, scope).toMatchObject([{ isEmergency: true, untilAt: new Date(now + 3_600_000) }])
  }
  // All of it was stopped as strictly before, by whatever name.
  await expect(emergency('cut', 'zone:0.0.0.0/0')).rejects.toMatchObject({
    code: 'emergency-repeated',
    detail: expect.stringContaining('service cut (') as string,
  })
  await expect(emergency('hold', 'messages')).rejects.toMatchObject({ code: 'emergency-repeated' })
})

test('what one person begins as several small ones counts together: then it takes two, or an emergency', async () => {
  const { guarded } = a.policy
  const [carol, dave] = await officers()
  crowd('s', 93, 'sales')
  crowd('f', 62, 'finance')
  const hold = (by: typeof carol, unit: string, isEmergency = false) =>
    guarded.start(by, { scopes: [`group:${unit}`], mode: 'hold', reason: 'worm', isEmergency })
  const sales = (await hold(carol, 'sales')).done?.suspensions[0]
  expect(sales).toMatchObject({ untilAt: null, isLarge: false })
  const finance = [{ scopes: ['group:finance'], mode: 'hold' as const }]
  expect([await guarded.impactOf(finance, carol), await guarded.impactOf(finance, dave)]).toMatchObject([
    { accounts: 62, approvals: 2 },
    { accounts: 62, approvals: 1 },
  ])
  expect((await hold(carol, 'finance')).request).toMatchObject({ action: 'start-suspension' })
  expect((await hold(carol, 'finance', true)).done?.suspensions[0]).toMatchObject({
    ...{ isEmergency: true, isLarge: true, untilAt: new Date(now + 3_600_000) },
  })
  expect((await hold(dave, 'finance')).done).toBeDefined()
  // What has ended does not count.
  await guarded.end(carol, sales!.id, { release: 'in-order' })
  now += 3_600_001
  expect((await hold(carol, 'finance')).done?.suspensions[0]).toMatchObject({ isLarge: false })
})

test('how large a suspension is counts those who are away, elsewhere, in rooms, and were seen lately', async () => {
  const { guarded } = a.policy
  await officers()
  crowd('u', 150)
  const id = (name: string) => a.accounts.find(name)!.id
  const seen = (from: number, to: number, daysAgo: number, client: object, address: string) =>
    noteSightings(
      a.database.db,
      Array.from({ length: to - from }, (_, n) => ({
        accountId: id(`u${from + n}`),
        clientKey: Buffer.alloc(32, 1),
        family: null,
        version: null,
        identity: { ...NO_IDENTITY, ...client },
        address,
        node: 'another',
        seenAt: new Date(now - daysAgo * 86_400_000),
      })),
    )
  const stored = Array.from({ length: 150 }, (_, n) => a.accounts.find(`u${n}`)!)
  await a.database.pool.query('insert into account (id, localpart) select * from unnest($1::uuid[], $2::text[])', [
    stored.map(({ id }) => id),
    stored.map(({ localpart }) => localpart),
  ])
  await seen(0, 110, 2, { claims: [{ family: 'gajim' }] }, '10.1.0.1')
  await seen(110, 112, 2, { claims: [{ family: '?' }] }, '10.2.0.1')
  await seen(112, 120, 40, { claims: [{ family: 'gajim' }] }, '10.1.0.1')
  a.rooms.set('hall@rooms.im.test', ['u0', 'u1', 'u1', 'somebody-from-elsewhere'])

  const impact = async (...scopes: string[]) => {
    const { accounts, approvals } = await guarded.impactOf([{ scopes, mode: 'reject' }])
    return [accounts, approvals]
  }
  expect(await impact('client:gajim')).toEqual([112, 2])
  expect(await impact('client:dino')).toEqual([2, 1])
  expect(await impact('zone:10.1.0.0/16')).toEqual([110, 2])
  expect(await impact('zone:10.2.0.0/16')).toEqual([2, 1])
  expect(await impact('zone:0.0.0.0/0')).toEqual([152, 2])
  expect(await impact('room:hall@rooms.im.test')).toEqual([2, 1])
  expect(await impact('zone:10.2.0.0/16', 'room:hall@rooms.im.test')).toEqual([4, 1])
  expect(await impact('registration')).toEqual([0, 1])
  // What begins together is counted together.
  const steps = (['client:gajim', 'zone:10.2.0.0/16'] as const).map((scope) => ({
    scopes: [scope],
    mode: 'hold' as const,
  }))
  expect(await guarded.impactOf(steps)).toMatchObject({ accounts: 112, approvals: 2 })
})

test('who is gone meanwhile does not make it easier to end: it takes two as it did at its start', async () => {
  const { guarded } = a.policy
  const [carol] = await officers()
  crowd('f', 120, 'finance')
  const json = { scopes: ['group:finance'], mode: 'reject', reason: 'worm' }
  const { body } = await a.local('POST', '/api/v1/suspensions', { json })
  const { id } = body['suspension'] as SuspensionView
  a.units.put({ ...a.units.find('finance')!, members: new Set() })
  expect(await guarded.impactOf([{ scopes: ['group:finance'], mode: 'reject' }])).toMatchObject({
    accounts: 0,
    approvals: 1,
  })
  expect((await guarded.end(carol, id, { release: 'in-order' })).request).toBeDefined()
})
