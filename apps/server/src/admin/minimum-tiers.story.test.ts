import { claimFrom, identify } from '@drawbridge/policy'
import type { EvidenceTier } from '@drawbridge/policy'
import { expect, test, vi } from 'vitest'
import { admin, signIn } from '../../test/admin.ts'
import type { LiveSession } from '../policy/enforce.ts'
import { ask } from '../policy/gate.ts'

// Control §3.1, §3.5: what a unit asks of its members' clients keeps people out, and is as carefully changed as a rule.

const said = claimFrom({ source: 'client-element', name: 'Acme', version: '1.0' })
const CLIENTS = {
  E1: identify([said]),
  E3: identify([said, { ...said, source: 'token' }]),
  E4: identify([said, { ...said, source: 'device-key' }]),
} as const satisfies Partial<Record<EvidenceTier, unknown>>

/** Somebody who is connected since an instant (ms since 1970), with a client that is known so well. */
const connected = (name: string, tier: keyof typeof CLIENTS, since: number): LiveSession => ({
  id: `${name}-${tier}-${since}`,
  jid: `${name}@im.test/1`,
  state: 'connected',
  account: { localpart: name, isAdmin: false, isBreakGlass: false },
  client: CLIENTS[tier],
  entrance: 'tcp',
  signedInAt: new Date(since),
  closeWith: () => undefined,
  withhold: () => undefined,
  notify: () => undefined,
})

async function company() {
  let at = Date.parse('2026-11-23T03:00:00Z')
  const a = await admin({ now: () => new Date(at) })
  for (const [name, isAdmin] of [
    ['carol', true],
    ['dave', true],
    ['erin', false],
  ] as const) {
    await a.local('POST', '/api/v1/accounts', { json: { name, isAdmin, password: 'correct horse' } })
  }
  a.accounts.put({ ...a.accounts.find('dave')!, roles: ['security-officer'] })
  await a.local('POST', '/api/v1/units', { json: { name: 'board', displayName: 'Board' } })
  await a.local('PUT', '/api/v1/units/board/members', { json: { members: ['erin'] } })
  const token = await signIn(a, 'carol', 'correct horse')
  const path = '/api/v1/units/board/minimum-tier'
  const json = (minimumTier: string | null) => ({ minimumTier })
  return Object.assign(a, {
    at: () => at,
    pass: (ms: number) => void (at += ms),
    set: (tier: string | null, simulation?: unknown) =>
      a.network('PUT', path, { token, json: { ...json(tier), simulation } }),
    tryOut: (tier: string) => a.network('PUT', `${path}?dryRun=true`, { token, json: json(tier) }),
    simulate: async (tier: string) => (await a.network('POST', `${path}/simulation`, { token, json: json(tier) })).body,
    confirm: () => a.network('POST', `${path}/confirmation`, { token }),
    unit: async () => (await a.network('GET', '/api/v1/units/board', { token })).body['unit'],
    /** Whether a member comes in with a client that is known so well. */
    isLetIn: (tier: keyof typeof CLIENTS) => {
      const account = { localpart: 'erin', isAdmin: false, isBreakGlass: false }
      return ask(a.policy.gate, 'session.open', { at, account, client: CLIENTS[tier], entrance: 'tcp' }).action
    },
  })
}

test('control §3.5 a higher tier is tried out first: a dry run names whom it turns away, and nothing is set without that', async () => {
  await using a = await company()
  a.sessions.push(connected('erin', 'E1', a.at()), connected('carol', 'E1', a.at()))
  const reached = { people: 1, sessions: 1, stranded: 1 }
  const affected = [expect.objectContaining({ account: 'erin', isLive: true, after: 'block', hasOther: false })]
  expect(await a.tryOut('E4')).toMatchObject({ status: 200, body: { ...reached, affected, minimumTier: 'E4' } })
  expect([await a.unit(), a.isLetIn('E1')]).toEqual([expect.not.objectContaining({ minimumTier: 'E4' }), 'pass'])

  expect((await a.set('E4')).body).toMatchObject({ code: 'not-simulated' })
  const simulation = await a.simulate('E4')
  expect(simulation).toMatchObject({ ...reached, affected, isSelfLockOut: false })
  expect((await a.set('E3', simulation['token'])).body, 'of something else').toMatchObject({ code: 'not-simulated' })
  expect(await a.set('E4', simulation['token'])).toMatchObject({ status: 200, body: reached })
  expect(a.isLetIn('E1')).toBe('refuse')

  // Whoever is a member is not let to lock themselves out.
  await a.local('PUT', '/api/v1/units/board/members', { json: { members: ['carol'] } })
  expect((await a.set(null)).status, 'to ask for less needs nothing').toBe(200)
  expect(await a.simulate('E4')).toMatchObject({ isSelfLockOut: true, administrators: ['carol'] })
  expect((await a.tryOut('E4')).body).toMatchObject({ code: 'self-lock-out' })
})

test('control §3.5 a higher tier is withdrawn unless a fresh session that passes it confirms it within ten minutes, on record', async () => {
  await using a = await company()
  // From the local socket it is final.
  const local = await a.local('PUT', '/api/v1/units/board/minimum-tier', { json: { minimumTier: 'E2' } })
  expect([local.status, local.body['confirmBy']]).toEqual([200, undefined])
  a.pass(1_000)
  a.sessions.push(connected('carol', 'E4', a.at() - 1))
  const until = { confirmBy: new Date(a.at() + 600_000).toISOString() }
  expect((await a.set('E4', (await a.simulate('E4'))['token'])).body).toMatchObject({ minimumTier: 'E4', ...until })
  expect(await a.unit()).toMatchObject({ minimumTier: 'E4', ...until })
  expect((await a.confirm()).body, 'by a session from before').toMatchObject({ code: 'not-confirmed' })
  a.sessions.push(connected('carol', 'E3', a.at()))
  expect((await a.confirm()).body, 'by a client that is not known so well').toMatchObject({ code: 'not-confirmed' })
  expect([a.isLetIn('E3'), a.isLetIn('E4')]).toEqual(['refuse', 'pass'])

  // Even higher, or anew, is measured by what was settled.
  a.pass(300_000)
  await a.set('E3', (await a.simulate('E3'))['token'])
  a.pass(600_000)
  expect([a.isLetIn('E1'), a.isLetIn('E3')]).toEqual(['refuse', 'pass'])
  const soon = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000 })
  await soon(async () => expect(await a.unit()).toMatchObject({ minimumTier: 'E2' }))
  await soon(() =>
    expect(a.alerts.map(({ text }) => text).join()).toContain('in unit board must be known by E3: E2 is'),
  )
  expect((await a.confirm()).body).toMatchObject({ code: 'not-confirmed' })

  await a.set('E4', (await a.simulate('E4'))['token'])
  a.sessions.push(connected('carol', 'E4', a.at()))
  const confirmed = await a.confirm()
  expect([confirmed.status, confirmed.body['confirmBy']]).toEqual([200, undefined])
  a.pass(600_000)
  expect(a.isLetIn('E3')).toBe('refuse')
  expect((await a.confirm()).body).toMatchObject({ code: 'nothing-to-confirm' })
  expect((await a.local('GET', '/api/v1/audit')).body['entries']).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        action: 'withdraw-unit-minimum-tier',
        actor: 'local:schedule',
        details: { minimumTier: { from: 'E3', to: 'E2' }, changedBy: 'carol@im.test' },
      }),
      expect.objectContaining({
        action: 'set-unit-minimum-tier',
        actor: 'carol@im.test',
        details: expect.objectContaining({ isFinal: false, simulation: expect.objectContaining({ people: 0 }) }),
      }),
      expect.objectContaining({ action: 'confirm-unit-minimum-tier', details: { minimumTier: 'E4' } }),
    ]),
  )
})
