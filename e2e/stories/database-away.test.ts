import { migrate, startEmbeddedPostgres } from '@drawbridge/db'
import type { EmbeddedPostgres } from '@drawbridge/db'
import { migrateJobs } from '@drawbridge/jobs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { beginNode } from '../support/nodes.ts'
import type { BeginningNode, ServerNode } from '../support/nodes.ts'
import { ROOT } from '../support/stack.ts'
import { connectClient } from '../support/xmpp-client.ts'

// A PostgreSQL of its own: it is stopped and started in the middle of the story.

const WAIT = { timeout: 30_000, interval: 100 }
let directory: string
let postgres: EmbeddedPostgres
let settings: { readonly DRAWBRIDGE_DATABASE_URL: string; readonly DRAWBRIDGE_DATA_DIR: string }
let port: number
let node: BeginningNode | undefined

const startPostgres = () => startEmbeddedPostgres({ directory: join(directory, 'postgres') })

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'drawbridge-away-'))
  await chmod(directory, 0o711)
  postgres = await startPostgres()
  await migrate(postgres.url, join(ROOT, 'migrations'))
  await migrateJobs(postgres.url)
  port = await freePort()
  settings = { DRAWBRIDGE_DATABASE_URL: postgres.url, DRAWBRIDGE_DATA_DIR: join(directory, 'data') }
})
afterAll(async () => {
  await node?.stop()
  await postgres.stop()
  await rm(directory, { recursive: true, force: true })
})

const begin = () => (node = beginNode('node', { ...settings, DRAWBRIDGE_HTTP_PORT: String(port) }))
const asked = async (path: string) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const alice = ({ c2sPort }: ServerNode) => connectClient({ port: c2sPort, name: 'alice', password: 'alice-password' })
interface Started {
  readonly suspension: { readonly id: string }
}
const CUT_BODY = { scopes: ['service'], mode: 'cut', reason: 'exploit' }
const CUT = ['suspension', 'start', '--scope', 'service', '--mode', 'cut', '--reason', 'exploit'] as const

test('control §4.3 a server that starts without its database waits for it, says so, and can be cut off before it is up', async () => {
  const first = await begin().ready
  await first.admin('POST', '/api/v1/accounts', { name: 'admin', isAdmin: true, password: 'admin-password' })
  await first.account('alice')
  await first.stop()
  await postgres.stop()

  const waiting = begin()
  await vi.waitFor(async () => expect((await asked('/healthz')).status).toBe(200), WAIT)
  expect(await asked('/readyz')).toMatchObject({
    status: 503,
    body: { ok: false, checks: { database: 'waiting for it' } },
  })
  expect((await asked('/status.json')).body).toMatchObject({ outage: true, suspensions: [] })
  expect(await asked('/upload/x')).toMatchObject({ status: 503, body: { type: '/problems/database-unavailable' } })
  const { suspension } = await waiting.cli<Started>(...CUT)
  expect((await asked('/status.json')).body).toMatchObject({ state: 'suspended', suspensions: [{ reason: 'exploit' }] })
  expect(await waiting.admin('GET', '/api/v1/status')).toMatchObject({
    state: 'suspended',
    checks: [{ name: 'database', isOk: false }],
  })
  await expect(waiting.admin('GET', '/api/v1/accounts')).rejects.toThrow(/database does not answer/u)
  expect(waiting.log()).toMatch(/waiting for the database/u)

  postgres = await startPostgres()
  const ready = await waiting.ready
  // What was ordered meanwhile is in force from the first moment, and written down.
  expect((await (await alice(ready)).closed).condition).toBe('system-shutdown')
  const audit = () => ready.admin<{ entries: readonly { target: string }[] }>('GET', '/api/v1/audit')
  await vi.waitFor(
    async () => expect((await audit()).entries).toContainEqual(expect.objectContaining({ target: suspension.id })),
    WAIT,
  )
  await ready.admin('POST', `/api/v1/suspensions/${suspension.id}/end`)
  await (await alice(ready)).end()
})

test('control §4.3 while the database is stopped, the local socket says what is in force at once, and a cut can be ended', async () => {
  const running = await node!.ready
  const { suspension } = await running.admin<Started>('POST', '/api/v1/suspensions', CUT_BODY)
  await postgres.stop()
  const startedAt = performance.now()
  const listed = await running.admin<{ suspensions: readonly { id: string }[] }>('GET', '/api/v1/suspensions')
  expect(listed.suspensions.map(({ id }) => id)).toEqual([suspension.id])
  expect(await running.admin('GET', '/api/v1/status')).toMatchObject({ state: 'suspended' })
  const readOnly = { scopes: ['service'], mode: 'read-only', reason: 'worm' }
  await expect(running.admin('POST', '/api/v1/suspensions', readOnly)).rejects.toThrow(/database-unavailable/u)
  const ended = await running.admin('POST', `/api/v1/suspensions/${suspension.id}/end`)
  expect(ended).toMatchObject({ suspension: { state: 'ended', endedBy: 'local:cli' } })
  console.log(`four requests without a database took ${Math.round(performance.now() - startedAt)} ms`)

  postgres = await startPostgres()
  // The order to end it reaches everybody as soon as the database answers.
  await vi.waitFor(async () => expect((await asked('/status.json')).body).toMatchObject({ state: 'ok' }), WAIT)
  await (await alice(running)).end()
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port: free } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return free
}
