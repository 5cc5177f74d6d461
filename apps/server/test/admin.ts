import { adminTarget } from '@drawbridge/contract'
import type { AdminRouteId } from '@drawbridge/contract'
import type { SandboxStatus, SessionEndCode } from '@drawbridge/contract'
import { listAccounts, openDatabase } from '@drawbridge/db'
import { silentLog } from '@drawbridge/runtime'
import { testDatabase } from '@drawbridge/testkit'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { blobConfig } from '../src/blobs/blobs.config.ts'
import { openBlobs } from '../src/blobs/blobs.ts'
import { createRenewal } from '../src/blobs/renewal.ts'
import type { LiveSession } from '../src/policy/enforce.ts'
import { createAdvisories } from '../src/policy/advisories.ts'
import { startPolicy } from '../src/policy/start.ts'
import { createAccounts } from '../src/routing/accounts.ts'
import { approversAmong } from '../src/routing/approvers.ts'
import { createInvitations } from '../src/routing/invitations.ts'
import { createRosters } from '../src/routing/rosters.ts'
import { createUnits } from '../src/routing/units.ts'
import { createChangePassword } from '../src/stream/change-password.ts'
import { createPasswords } from '../src/stream/password.ts'
import { sealerFrom } from '../src/stream/seal.ts'
import type { Sealer } from '../src/stream/seal.ts'
import { createThrottle } from '../src/stream/throttle.ts'
import { adminConfig } from '../src/admin/access/admin.config.ts'
import { asClaimed, createAdminApi, LOCAL_ACTOR } from '../src/admin/index.ts'
import { offlineParts } from './offline.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  // Bodies are looked at by matchers only.
  readonly body: Record<string, unknown>
  readonly text: string
}

/** What a request carries. */
export interface Sent {
  readonly token?: string | undefined
  readonly json?: unknown
  readonly raw?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** A sandbox with nothing to complain about. */
export const STRONG: SandboxStatus = {
  level: 'A',
  isWeak: false,
  skipped: [],
  denied: ['read', 'write', 'connect', 'spawn', 'signal', 'ptrace'],
  possible: [],
  kernel: '6.12.0',
  landlockAbi: 6,
  seccomp: 'x64',
  limits: { nofile: 32 },
  isNodePie: true,
}

interface AdminOptions {
  readonly now?: () => Date
  readonly sandbox?: SandboxStatus | undefined
  readonly settings?: Readonly<Record<string, unknown>>
  /** Whose bundles of advisories are trusted. */
  readonly feedKeys?: readonly string[]
  /** Another process on the same database, with the same keys; it is closed before that one. */
  readonly beside?: { readonly url: string; readonly sealer: Sealer; readonly offline: ReturnType<typeof offlineParts> }
}

/** The admin API with a real database, on two listeners: the network, and what stands for the local socket. */
export async function admin({ now, sandbox = STRONG, settings = {}, feedKeys = [], beside }: AdminOptions = {}) {
  const disposable = beside ? undefined : await testDatabase()
  const url = beside?.url ?? disposable?.url ?? ''
  const database = openDatabase(url)
  const sessions: LiveSession[] = []
  const closed: (readonly [string, SessionEndCode])[] = []
  const rooms = new Map<string, readonly string[]>()
  const alerts: { readonly text: string; readonly to: readonly string[] }[] = []
  const accounts = createAccounts('im.test', beside ? await listAccounts(database.db, 1_000) : [])
  const units = createUnits(accounts, [])
  const offline = offlineParts(beside?.offline)
  const policy = await startPolicy({
    db: database.db,
    url,
    posture: 'discover',
    leaseTtlMs: 5_000,
    offline,
    log: silentLog,
    unitsOf: (localpart) => units.of(`${localpart}@im.test`).map(({ name }) => name),
    sessions: { list: () => sessions },
    queue: { deliverReleased: () => undefined, isStillClean: async () => true },
    people: {
      accounts: () => accounts.all(),
      peopleIn: (room) => rooms.get(room) ?? [],
      approvers: () => approversAmong(accounts.all()),
      tell: (text, to) => void alerts.push({ text, to }),
    },
    ...(now ? { now } : {}),
  })
  const deleted: string[] = []
  const directory = await mkdtemp(join(tmpdir(), 'admin-'))
  const blobs = await openBlobs(blobConfig.parse({}), directory)
  const sealer = beside?.sealer ?? sealerFrom(randomBytes(32))
  const passwords = createPasswords({
    db: database.db,
    domain: 'im.test',
    sealer,
    scramIterations: 10_000,
  })
  const closeSessions = (localpart: string, why: SessionEndCode) => closed.push([localpart, why])
  const api = createAdminApi({
    db: database.db,
    domain: 'im.test',
    version: '1.2.3',
    startedAt: new Date(),
    accounts,
    units,
    rooms: () =>
      Array.from(rooms, ([address, people]) => ({
        address,
        name: '',
        isPublic: true,
        isMembersOnly: false,
        occupants: people.length,
      })),
    rosters: createRosters(database.db, units),
    blobs,
    renewal: createRenewal(blobs, silentLog),
    invitations: createInvitations({
      db: database.db,
      domain: 'im.test',
      accounts,
      lifetimeMs: 86_400_000,
      isInBand: true,
      now: now ?? (() => new Date()),
      publicUrl: () => 'https://im.test',
    }),
    emit: () => undefined,
    passwords,
    changePassword: createChangePassword({
      db: database.db,
      passwords,
      closeSessions,
      changed: () => undefined,
      now: () => new Date(),
    }),
    throttle: createThrottle(5),
    sealer,
    settings: adminConfig.parse({ requestsPerSecond: 1_000, ...settings }),
    policy,
    breakGlassNetworks: ['127.0.0.0/8'],
    auditKey: generateKeyPairSync('ed25519').publicKey,
    advisories: createAdvisories({
      db: database.db,
      operations: policy.operations,
      feedKeys,
      log: silentLog,
      now: now ?? (() => new Date()),
    }),
    sessions: { list: () => sessions },
    simulationKey: randomBytes(32),
    enqueueRenewal: async () => undefined,
    log: silentLog,
    ...(now ? { now } : {}),
    isHttps: true,
    publicUrl: () => 'https://im.test',
    closeSessions,
    closeSession: () => 0,
    accountDeleted: (localpart) => void deleted.push(localpart),
    checks: async () => [{ name: 'database', isOk: true }],
    sandbox: async () => sandbox,
  })
  const listener = async (isLocal: boolean) => {
    const server = createServer((req, res) => {
      const handled = isLocal ? asClaimed(req, () => api.handle(req, res, LOCAL_ACTOR)) : api.handle(req, res)
      void handled.then((isOurs) => {
        if (!isOurs) res.writeHead(404).end('{"handled":false}')
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const send = async (
      method: string,
      path: string,
      { token, json, raw, headers = {} }: Sent = {},
    ): Promise<Answer> => {
      const payload = raw ?? (json === undefined ? undefined : JSON.stringify(json))
      const req = request({
        port,
        method,
        path,
        agent: false,
        headers: {
          ...(payload === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
      })
      req.end(payload)
      const [res] = (await once(req, 'response')) as [
        NodeJS.ReadableStream & { statusCode: number; headers: IncomingHttpHeaders },
      ]
      let text = ''
      for await (const chunk of res) text += String(chunk)
      const isJson = text !== '' && !String(res.headers['content-type']).startsWith('text/csv')
      const body = isJson ? (JSON.parse(text) as Record<string, unknown>) : {}
      return { status: res.statusCode, headers: res.headers, body, text }
    }
    return { send, server, port }
  }
  const network = await listener(false)
  const local = await listener(true)
  return {
    url,
    sealer,
    offline,
    network: network.send,
    /** Where the network listener is. */
    port: network.port,
    local: local.send,
    sessions,
    closed,
    /** Localparts of who is in each room, by its address. */
    rooms,
    deleted,
    alerts,
    accounts,
    units,
    database,
    policy,
    async [Symbol.asyncDispose]() {
      for (const { server } of [network, local]) {
        server.close()
        server.closeAllConnections()
      }
      await policy.close()
      await database.close()
      await disposable?.[Symbol.asyncDispose]()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

export type Admin = Awaited<ReturnType<typeof admin>>

/** A value for each parameter that a path may have: a route with another one fails until it has a sample here. */
export const ROUTE_SAMPLES: Readonly<Record<string, string>> = {
  flaw: 'CVE-2023-4863',
  family: 'acme-chat',
  name: 'alice',
  account: 'alice',
  kind: 'motd',
  id: '0197a000-0000-7000-8000-000000000000',
  epoch: '999999',
  thumbprint: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
}

/** Where a route is asked for, with samples in its path. */
export function targetOf(id: string, others: Readonly<Record<string, string>> = {}): string {
  return adminTarget(id as AdminRouteId, { ...ROUTE_SAMPLES, ...others })
}

/** Signs in over the network and returns the bearer token. */
export async function signIn({ network }: Admin, name: string, password: string): Promise<string> {
  const { status, body } = await network('POST', '/api/v1/session', { json: { name, password } })
  expect(status).toBe(201)
  return String(body['token'])
}
