import {
  ADMIN_ROUTES,
  buildStatus,
  DEFAULT_MAX_BODY_BYTES,
  PROBLEM_MEDIA_TYPE,
  problemFrom,
  Refusal,
} from '@drawbridge/contract'
import type { AdminRoute, Effect, StatusDocument } from '@drawbridge/contract'
import { probeDatabase } from '@drawbridge/db'
import type { Reach } from '@drawbridge/db'
import { isWholeCut } from '@drawbridge/policy'
import { createDirectories, isLoopback, paths, reportWaiting } from '@drawbridge/runtime'
import type { Log } from '@drawbridge/runtime'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { LOCAL_ACTOR } from './admin/index.ts'
import { checked, readJson, readQuery } from './admin/request.ts'
import { compileRoutes, findRoute } from './admin/routes.ts'
import { suspensionView } from './admin/suspension-views.ts'
import { COMMAND_FILE, watchCommands } from './policy/command-directory.ts'
import { publicSuspensions } from './policy/enforce.ts'
import { loadOfflineTokens } from './policy/offline-token.ts'
import { createOrderDesk } from './policy/order-desk.ts'
import type { OrderDesk } from './policy/order-desk.ts'
import { openOrders } from './policy/orders.ts'
import { suspensionSettingFrom } from './policy/stored-rules.ts'
import type { ServerConfig } from './server.config.ts'
import { loadSealer } from './stream/seal.ts'
import { createAddressLimit } from './transport/address-limit.ts'
import { listenHttp, refuseUpgrade, sendJson } from './transport/http.ts'
import type { HttpHandler } from './transport/http.ts'
import { listenLocally } from './transport/local.ts'
import { sendProblem } from './transport/problem.ts'
import { loadTls } from './transport/tls.ts'

/** Longest wait for an answer of the database, in milliseconds; */
const PROBE_MS = 3_000
/** the first pause before it is asked again, and the longest. */
const PAUSE_MS = { first: 250, longest: 5_000 } as const
/** How often the log says that it is still waited for. */
const SAY_EVERY_MS = 60_000
const RETRY_AFTER_S = '10'

/** Why a server waits, for those who ask meanwhile. */
interface Waiting {
  reason: string
  readonly since: Date
}

/**
 * Waits until the database can be worked with. Meanwhile the node says so where it is asked: it is alive and not ready, and
 * the local socket takes what needs no database, so that whoever must cut the service off before it is up can.
 *
 * @throws Error when waiting cannot help: wrong credentials, or no such database
 */
export async function awaitDatabase(config: ServerConfig, version: string, log: Log): Promise<void> {
  const { databaseUrl, migration } = config.common
  if (databaseUrl === undefined) return
  const first = await probe(databaseUrl, migration)
  if (first === undefined) return
  const waiting: Waiting = { reason: first, since: new Date() }
  log.warn('waiting for the database', { reason: first })
  reportWaiting()
  await using _ = await openVestibule(config, { waiting, version, log })
  let saidAt = performance.now()
  for (let pauseMs: number = PAUSE_MS.first; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MS.longest)) {
    await wait(pauseMs)
    const reason = await probe(databaseUrl, migration)
    if (reason === undefined) break
    if (reason !== waiting.reason || performance.now() - saidAt > SAY_EVERY_MS) {
      log.warn('still waiting for the database', { reason })
      saidAt = performance.now()
    }
    waiting.reason = reason
  }
  log.info('the database answers', { waitedMs: Date.now() - waiting.since.getTime() })
}

/** Why it cannot be worked with yet; undefined when it can. */
async function probe(url: string, migration: string | undefined): Promise<string | undefined> {
  const reach: Reach = await probeDatabase(url, migration, PROBE_MS)
  if (reach.isReady) return undefined
  if (!reach.isPassing) throw new Error(`The database cannot be used: ${reach.reason}. See DRAWBRIDGE_DATABASE_URL.`)
  return reach.reason
}

interface VestibuleOptions {
  readonly waiting: Waiting
  readonly version: string
  readonly log: Log
}

/** The doors that open without a database; the real ones take their place. */
async function openVestibule(config: ServerConfig, options: VestibuleOptions): Promise<AsyncDisposable> {
  const { common, stream } = config
  const { log, waiting } = options
  const at = paths(common.dataDir)
  createDirectories(at)
  await using opened = new AsyncDisposableStack()
  const sealer = await loadSealer(join(at.secrets, 'credential-key'))
  const orders = openOrders(at.orders, sealer.derive('orders'))
  const tokens = await loadOfflineTokens(join(at.secrets, 'offline-token-key'), common.domain)
  // Nobody is connected yet, so that there is nothing to apply it to: it acts on whoever comes.
  const nothing = (): Effect => ({ epoch: 0, appliedMs: 0, disconnected: 0, notified: 0, nodes: [] })
  const desk = createOrderDesk({ orders, tokens, log, now: () => new Date(), apply: nothing, foresee: nothing })
  const tls = isLoopback(common.bind)
    ? undefined
    : await loadTls({
        certificateFile: common.tlsCert,
        keyFile: common.tlsKey,
        secretsDirectory: at.secrets,
        domain: common.domain,
      })
  const http = await listenHttp({
    bind: common.bind,
    port: common.httpPort,
    tls,
    log: log.child({ part: 'http' }),
    limit: createAddressLimit({ atOnce: stream.maxConnectionsPerAddress, perMinute: stream.maxConnectsPerMinute }),
    headersTimeoutMs: stream.signInTimeoutMs,
    handlers: [publicAnswers(desk, waiting)],
    upgrade: (_request, socket) => refuseUpgrade(socket, '503 Service Unavailable'),
  })
  opened.defer(() => http.close())
  const local = await listenLocally(at.adminSocket, localAnswers(desk, config, options), log)
  opened.defer(() => local.close())
  const commands = await watchCommands(
    at.commands,
    async (text) => desk.carryOut(COMMAND_FILE, desk.takeToken(COMMAND_FILE, text)),
    log.child({ part: 'commands' }),
  )
  opened.defer(() => commands.close())
  const all = opened.move()
  return { [Symbol.asyncDispose]: () => all.disposeAsync() }
}

/** Alive, not ready, and why; the rest is told to come again. */
function publicAnswers(desk: OrderDesk, waiting: Waiting): HttpHandler {
  return (_req, res, url) => {
    switch (url.pathname) {
      case '/healthz':
        sendJson(res, 200, { ok: true, checks: {} })
        return true
      case '/readyz':
        // The reason may name hosts and accounts; it is in the log.
        sendJson(res, 503, { ok: false, checks: { database: 'waiting for it' } })
        return true
      case '/status.json':
        sendJson(res, 200, statusOf(desk, waiting), { 'access-control-allow-origin': '*' })
        return true
      default:
        res.setHeader('retry-after', RETRY_AFTER_S)
        sendProblem(res, problemFrom(new Refusal('database-unavailable'), { language: 'en' }))
        return true
    }
  }
}

/** XEP-0455 §3.2: a cut that was ordered here, or else an outage that nobody has planned. */
function statusOf(desk: OrderDesk, { since }: Waiting): StatusDocument {
  const cuts = desk.cuts()
  if (cuts.length > 0) return buildStatus(publicSuspensions(cuts.map(suspensionSettingFrom)))
  const message = { default: STARTING.en, ...STARTING }
  return { ...buildStatus([]), outage: true, planned: false, beginning: since.toISOString(), message }
}

const STARTING = {
  en: 'The service is starting and will be back in a moment.',
  de: 'Der Dienst startet und ist gleich wieder da.',
} as const

/** The admin API as far as it needs no database: the same routes and schemas, and `database-unavailable` for the rest. */
function localAnswers(desk: OrderDesk, config: ServerConfig, { waiting, version }: VestibuleOptions): HttpHandler {
  const routes = compileRoutes()
  const startedAt = new Date()
  const views = () => desk.cuts().map((row) => suspensionView(row))
  const reply = async (req: IncomingMessage, res: ServerResponse): Promise<unknown> => {
    const [path = '', search = ''] = (req.url ?? '').split('?', 2)
    const { id, route, params } = findRoute(routes, path, req.method ?? '', (methods) =>
      res.setHeader('allow', methods),
    )
    const { maxBodyBytes = DEFAULT_MAX_BODY_BYTES }: AdminRoute = route
    if (readQuery(search)['dryRun'] !== undefined) throw new Refusal('database-unavailable')
    switch (id) {
      case 'getStatus':
        return {
          state: desk.cuts().length > 0 ? 'suspended' : 'degraded',
          ...{ version, domain: config.common.domain, startedAt: startedAt.toISOString(), sessions: 0, accounts: 0 },
          policy: { epoch: 0, posture: config.policy.posture, clientRules: 0, isStale: true },
          suspensions: views(),
          ...{ held: { count: 0 }, quarantine: { count: 0 } },
          checks: [{ name: 'database', isOk: false, detail: `waiting for it: ${waiting.reason}` }],
        }
      case 'listSuspensions':
        return { suspensions: views() }
      case 'startSuspension': {
        const wanted = checked(ADMIN_ROUTES.startSuspension.body, await readJson(req, maxBodyBytes))
        if (!isWholeCut(wanted)) throw new Refusal('database-unavailable')
        const { suspension, effect } = desk.cut(LOCAL_ACTOR.name, wanted.reason)
        return { suspension: suspensionView(suspension), effect, impact: NO_IMPACT }
      }
      case 'endSuspension': {
        const done = desk.end(LOCAL_ACTOR.name, params['id'] ?? '')
        if (!done) throw new Refusal('database-unavailable')
        return { suspension: suspensionView(done.suspension), effect: done.effect, released: 0, discarded: 0 }
      }
      case 'useOfflineToken': {
        const { token } = checked(ADMIN_ROUTES.useOfflineToken.body, await readJson(req, maxBodyBytes))
        return desk.carryOut(LOCAL_ACTOR.name, desk.takeToken(LOCAL_ACTOR.name, token))
      }
      default:
        throw new Refusal('database-unavailable', { detail: waiting.reason })
    }
  }
  return async (req, res) => {
    try {
      const body = await reply(req, res)
      sendJson(res, req.method === 'POST' && req.url?.endsWith('/suspensions') ? 201 : 200, body)
    } catch (error) {
      const body = problemFrom(error)
      res.writeHead(body.status, { 'content-type': PROBLEM_MEDIA_TYPE })
      res.end(JSON.stringify(body))
    }
    return true
  }
}

/** Nobody is connected, and who there is cannot be looked up. */
const NO_IMPACT = {
  ...{ accounts: 0, sessions: 0, disconnected: 0, exempt: 0 },
  ...{ approvals: 1, isTwoPersonRuleActive: false },
} as const
