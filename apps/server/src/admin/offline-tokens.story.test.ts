import { uuidv7 } from '@drawbridge/db'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { admin, signIn } from '../../test/admin.ts'
import type { Admin } from '../../test/admin.ts'

const PASSWORD = 'heavy-lifting-99'
const EXPIRES = '2100-01-01T00:00:00Z'

let a: Admin
beforeEach(async () => {
  a = await admin()
})
afterEach(() => a[Symbol.asyncDispose]())

const officer = async (name: string, isBreakGlass = false) => {
  await a.local('POST', '/api/v1/accounts', { json: { name, password: PASSWORD } })
  a.accounts.put({ ...a.accounts.find(name)!, roles: ['security-officer'], isBreakGlass })
  await a.database.pool.query(
    `update account set roles = '{security-officer}', is_break_glass = $2 where localpart = $1`,
    [name, isBreakGlass],
  )
  return signIn(a, name, PASSWORD)
}
const make = async (scope: 'cut' | 'end') => {
  const { body } = await a.local('POST', '/api/v1/offline-tokens', { json: { scope, expiresAt: EXPIRES } })
  return String(body['token'])
}
const cuts = (of: Admin) => of.policy.gate.settings.suspensions.filter(({ mode }) => mode === 'cut')
const audited = async (action: string) => {
  const { body } = await a.local('GET', `/api/v1/audit?action=${action}`)
  return (body['entries'] as readonly { actor: string }[]).map(({ actor }) => actor)
}

test('control §4.6 no officer alone makes a token that cuts or ends, nor uses one, and no program does', async () => {
  const [carol] = [await officer('carol'), await officer('dave')]
  const scopes = ['policy.write', 'suspension.approve']
  const created = await a.network('POST', '/api/v1/tokens', { token: carol, json: { name: 'a program', scopes } })
  const program = String(created.body['secret'])
  expect(created.status, JSON.stringify(created.body)).toBe(201)
  for (const scope of ['cut', 'end'] as const) {
    const wanted = { json: { scope, expiresAt: EXPIRES } }
    const used = { json: { token: await make(scope) } }
    for (const [path, sent] of [
      ['offline-tokens', wanted],
      ['offline-tokens?dryRun=true', wanted],
      ['offline-tokens/use', used],
      ['offline-tokens/use?dryRun=true', used],
    ] as const) {
      const answer = (token: string) => a.network('POST', `/api/v1/${path}`, { token, ...sent })
      expect(await answer(carol), path).toMatchObject({ status: 403, body: { code: 'offline-token-alone' } })
      expect(await answer(program), path).toMatchObject({ status: 403, body: { code: 'fresh-sign-in-needed' } })
    }
  }
  expect(cuts(a)).toEqual([])
})

test('with a break-glass account it stays easy: who used the token is on record, and reviews nothing of it', async () => {
  const [glass, carol] = [await officer('glass', true), await officer('carol')]
  const made = await a.network('POST', '/api/v1/offline-tokens', {
    token: glass,
    json: { scope: 'cut', expiresAt: EXPIRES },
  })
  expect(made.status).toBe(201)
  const json = { token: String(made.body['token']) }
  expect(await a.network('POST', '/api/v1/offline-tokens/use', { token: glass, json })).toMatchObject({ status: 200 })
  await vi.waitFor(async () => expect(await audited('start-suspension')).toEqual(['glass@im.test']))
  expect(await audited('use-offline-token')).toEqual(['glass@im.test'])
  const { body } = await a.local('GET', '/api/v1/suspensions')
  const [cut] = body['suspensions'] as readonly { id: string }[]
  expect(cut).toMatchObject({
    ...{ startedBy: 'glass@im.test', actedAlone: ['glass@im.test'] },
    internalReason: `Offline token ${String(made.body['nonce'])}`,
  })
  const review = (token: string) =>
    a.network('POST', `/api/v1/suspensions/${cut!.id}/review`, { token, json: { note: 'right so' } })
  expect((await review(glass)).body).toMatchObject({ code: 'own-deed' })
  expect((await review(carol)).status).toBe(200)
})

test('a token that was used on one node is refused by every other, also by one that is alone then', async () => {
  await using b = await admin({ beside: a })
  const use = (at: Admin, token: string) => at.local('POST', '/api/v1/offline-tokens/use', { json: { token } })
  const refused = {
    status: 403,
    body: { code: 'offline-token-invalid', detail: expect.stringContaining('used before') as string },
  }
  const cut = await make('cut')
  expect((await use(a, cut)).status).toBe(200)
  // Whoever asks the database hears it there.
  expect(await use(b, cut)).toMatchObject(refused)
  const end = await make('end')
  expect((await use(b, end)).status).toBe(200)
  await vi.waitFor(() => expect([cuts(a), cuts(b)]).toEqual([[], []]), { timeout: 10_000 })
  // And every node writes down what was used elsewhere, for the day on which it is alone.
  await vi.waitFor(() => expect(() => spend(a, b, end)).toThrow(/used before|offline-token-invalid/u), {
    timeout: 10_000,
  })
  expect(await use(a, end)).toMatchObject(refused)
  expect(cuts(a)).toEqual([])
})

/** Throws when a node has heard that the other one used the token. */
function spend(here: Admin, there: Admin, text: string): void {
  const token = there.offline.tokens.read(text, new Date())
  if (typeof token === 'string') throw new Error(token)
  if (here.offline.orders.isSpent(token.nonce)) throw new Error('used before')
}

test('a use that nobody could be told of is on record as soon as the database answers', async () => {
  const nonce = uuidv7()
  const at = new Date()
  const until = new Date(at.getTime() + 60_000)
  a.offline.orders.spend({ nonce, until, use: { scope: 'end', by: 'local:cli', at } }, at)
  await a.policy.standalone.reconcile()
  expect(await audited('use-offline-token')).toEqual(['local:cli'])
  expect(a.offline.orders.unnoted).toEqual([])
  expect(a.offline.orders.isSpent(nonce)).toBe(true)
})
