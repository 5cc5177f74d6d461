import {
  ADMIN_ROUTES,
  csvOf,
  DEFAULT_MAX_BODY_BYTES,
  PROBLEM_MEDIA_TYPE,
  problem,
  problemFrom,
  Refusal,
  tableOf,
} from '@drawbridge/contract'
import type { AdminEvent, AdminRoute, AdminRouteId, Table } from '@drawbridge/contract'
import { uuidv7 } from '@drawbridge/db'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { identifyClient } from '@drawbridge/policy'
import { ask } from '../policy/gate.ts'
import { addressOf } from '../routing/client-address.ts'
import type { Administrate } from '../routing/feature.ts'
import { addressKey } from '../stream/throttle.ts'
import { isOwnOrigin } from './access/cookie.ts'
import { identify } from './access/identify.ts'
import { isAdministrator } from './actor.ts'
import type { Actor } from './actor.ts'
import type { AdminContext, AdminHandlers, Exchange } from './api.ts'
import { wantsCsv } from './csv.ts'
import { authorize } from './authorize.ts'
import { createEdit, entityTag } from './edits.ts'
import type { Edit } from './edits.ts'
import { idempotencyKeyOf, once } from './idempotency.ts'
import type { Reply } from './idempotency.ts'
import { check, perform } from './perform.ts'
import type { Asked } from './perform.ts'
import { checked, expectNoBody, readJson, readQuery } from './request.ts'
import { createRequestLimit } from './request-limit.ts'
import type { RequestLimit } from './request-limit.ts'
import { compileRoutes, findRoute } from './routes.ts'
import type { CompiledRoute } from './routes.ts'

const PREFIX = '/api/'

/**
 * Answers what is below /api/ and returns true, or returns false. The order is fixed: route, method, sign-in,
 * permission, parameters, what they name, body, handler. A path that matches no route of the table is refused, whatever it resembles.
 *
 * @param local - the actor of the local socket; absent on the network, where a cookie or a bearer token names the actor.
 */
export function createRouter(
  context: AdminContext,
  handlers: AdminHandlers,
): (req: IncomingMessage, res: ServerResponse, local?: Actor) => Promise<boolean> {
  const routing = {
    routes: compileRoutes(),
    limit: createRequestLimit(context.settings.requestsPerSecond),
    edit: createEdit(context.db),
  }
  return async (req, res, local) => {
    const target = req.url ?? ''
    if (!target.startsWith(PREFIX)) return false
    secure(res, context.isHttps)
    try {
      await answer(context, handlers, routing, { req, res, local })
    } catch (error) {
      refuse(context, req, res, error)
    }
    return true
  }
}

/** The operations without HTTP: the same permission, the same schemas, the same handler. */
export function createCall(context: AdminContext, handlers: AdminHandlers): Administrate {
  return async ({ id: accountId }, id, request) => {
    const route: AdminRoute = ADMIN_ROUTES[id]
    // With the rights it has now, not those it had when its session began.
    const account = context.accounts.findById(accountId)
    if (!account) throw new Refusal('forbidden')
    const actor: Actor = { kind: 'account', name: account.bareJid, account, proof: { kind: 'xmpp' } }
    const asked: Asked = {
      id,
      route,
      actor,
      reach: authorize(context, route, actor),
      params: request.params ?? {},
      query: (request.query ?? {}) as Record<string, string>,
      body: async () => route.body && checked(route.body, request.body),
      remoteAddress: 'xmpp',
    }
    return (await perform(context, handlers, asked, await check(context, asked))) as never
  }
}

/** What the local socket answers without the database: what is in force, and orders to cut the service off (control §4.3). */
const WITHOUT_DATABASE: ReadonlySet<string> = new Set<AdminRouteId>([
  'getStatus',
  'listSuspensions',
  'startSuspension',
  'endSuspension',
  'useOfflineToken',
])

/** Whether nothing can come of a request now; better said at once than after all that it would wait for. */
async function isOutOfReach(
  { policy: { standalone, gate } }: AdminContext,
  id: AdminRouteId,
  local: Actor | undefined,
  search: string,
): Promise<boolean> {
  // What is tried out is tried in a transaction.
  if (local && WITHOUT_DATABASE.has(id) && !search.includes('dryRun')) return false
  // On the network the lease tells first, which costs nothing.
  return (local !== undefined || gate.isStale) && !(await standalone.isReachable())
}

/** Whoever goes on with a request that they began: with the rights of now. Rejects where they may not any more. */
async function stillAdmitted(context: AdminContext, req: IncomingMessage, route: AdminRoute): Promise<Actor> {
  const actor = await identify(context, req, true)
  authorize(context, route, actor)
  throwIfRefused(context, actor, req)
  if (!actor) throw new Refusal('not-authorized')
  return actor
}

/** What the router needs beside the handlers. */
interface Routing {
  readonly routes: readonly CompiledRoute[]
  readonly limit: RequestLimit
  readonly edit: Edit
}

async function answer(
  context: AdminContext,
  handlers: AdminHandlers,
  { routes, limit, edit }: Routing,
  { req, res, local }: { req: IncomingMessage; res: ServerResponse; local: Actor | undefined },
): Promise<void> {
  const [path = '', search = ''] = splitOnce(req.url ?? '', '?')
  const allow = (methods: string) => void res.setHeader('allow', methods)
  const { id, route, params } = findRoute(routes, path, req.method ?? '', allow)
  if (route.permission !== 'public' && (await isOutOfReach(context, id, local, search))) {
    throw new Refusal('database-unavailable')
  }
  const actor = local ?? (await limited(limit, req, () => identify(context, req)))
  const reach = authorize(context, route, actor)
  if (!local) throwIfRefused(context, actor, req)
  const asked: Asked = {
    id,
    route,
    actor,
    reach,
    params,
    query: readQuery(search),
    body: async () => bodyOf(route, req),
    remoteAddress: addressOf(req) || 'local',
    exchange: exchangeOf(req, res),
  }
  const request = await check(context, asked)
  const read = (of: string) => {
    const other = { ...asked, id: of as AdminRouteId, route: ADMIN_ROUTES[of as AdminRouteId] as AdminRoute }
    return perform(context, handlers, other, { ...request, query: {}, body: undefined }).then(json)
  }
  const work = async (): Promise<Reply> => {
    const result = await perform(context, handlers, asked, request)
    const status = request.isDryRun && route.status === 201 ? 200 : route.status
    return { status, body: status === 204 ? '' : json(result) }
  }
  if (route.isStream && actor) {
    const again = () => (local ? Promise.resolve(local) : stillAdmitted(context, req, route))
    const first = (await perform(context, handlers, asked, request)) as AdminEvent
    context.events.open(res, { actor, owner: personOf(actor), again }, first)
    return
  }
  const { edits } = route
  const ifMatch = req.headers['if-match']
  const lane = route.isPolicyWrite ? 'rules' : 'people'
  // Whoever can open the local socket, and asks for no care, must not depend on the database (control §4.3).
  const isPlain = edits === undefined || (local !== undefined && ifMatch === undefined)
  const edited = isPlain ? work : () => edit({ lane, ifMatch, read: edits, current: () => read(edits) }, work)
  const key = route.method === 'POST' && actor && !request.isDryRun ? idempotencyKeyOf(req) : undefined
  const content = JSON.stringify([route.method, req.url, request.body ?? null])
  const reply =
    key === undefined || !actor ? await edited() : await once(context, { actor: ownerOf(actor), key, content }, edited)
  if ('isReplay' in reply && reply.isReplay) res.setHeader('idempotent-replayed', 'true')
  if (EDITED.has(id)) res.setHeader('etag', entityTag(id, reply.body))
  if (reply.status === 204) {
    res.writeHead(204).end()
    return
  }
  const table = PAGED.get(id)
  const answer = table && (JSON.parse(reply.body) as { readonly next?: string })
  if (answer?.next !== undefined) res.setHeader('link', `<${nextTarget(path, search, answer.next)}>; rel="next"`)
  const csv = table && answer && wantsCsv(req.headers.accept) ? csvOf(table, answer) : undefined
  res.setHeader('vary', 'accept')
  res.writeHead(reply.status, {
    'content-type': `${csv === undefined ? 'application/json' : 'text/csv'}; charset=utf-8`,
  })
  res.end(csv ?? reply.body)
}

/** Where the next page is (RFC 8288): a table has no other place to say so. */
function nextTarget(path: string, search: string, next: string): string {
  const query = new URLSearchParams(search)
  query.set('cursor', next)
  return `${path}?${query}`
}

/** Routes whose answers are a list, and the table that it is. */
const PAGED: ReadonlyMap<string, Table> = new Map(
  Object.entries<AdminRoute>(ADMIN_ROUTES).flatMap(([id, { method, response }]) => {
    const table = method === 'GET' ? tableOf(response) : undefined
    return table ? [[id, table] as const] : []
  }),
)

/** Routes that read what another one edits. */
const EDITED: ReadonlySet<string> = new Set(
  Object.values<AdminRoute>(ADMIN_ROUTES).flatMap(({ edits }) => (edits === undefined ? [] : [edits])),
)

const json = (value: unknown): string => JSON.stringify(value)

/** Who is not signed in is bounded by address, and everybody else by who they are. */
async function limited(
  limit: RequestLimit,
  req: IncomingMessage,
  identified: () => Promise<Actor | undefined>,
): Promise<Actor | undefined> {
  const address = `address ${addressKey(addressOf(req))}`
  limit.check(address)
  const actor = await identified()
  limit.take(actor === undefined ? address : keyOf(actor))
  return actor
}

/** Whose replies are kept: not those of another account that had the name before, nor an owner's for a token. */
function ownerOf(actor: Actor): string {
  if (actor.kind === 'local') return actor.name
  return actor.proof.kind === 'token' ? actor.proof.id : actor.account.id
}

/** Whose pages and programs are counted together. */
function personOf(actor: Actor): string {
  return actor.kind === 'local' ? actor.name : actor.account.id
}

/** A token that is used too much slows down neither its owner nor another token. */
function keyOf(actor: Actor): string {
  return actor.kind === 'account' && actor.proof.kind === 'token' ? `token ${actor.proof.id}` : `actor ${actor.name}`
}

function exchangeOf(req: IncomingMessage, res: ServerResponse): Exchange {
  return {
    userAgent: req.headers['user-agent'] ?? '',
    isOwnOrigin: isOwnOrigin(req),
    setCookie: (cookie) => void res.setHeader('set-cookie', cookie),
  }
}

/** The entrance of the network; administrators pass it in every suspension, which is a rule and no exception here. */
function throwIfRefused({ policy: { gate }, now }: AdminContext, actor: Actor | undefined, req: IncomingMessage): void {
  const account = actor?.kind === 'account' ? { ...actor.account, isAdmin: isAdministrator(actor.account) } : undefined
  const isProgram = actor?.kind === 'account' && actor.proof.kind === 'token'
  const facts = { at: now().getTime(), account, address: addressOf(req) }
  const verdict = isProgram
    ? ask(gate, 'http.request', {
        ...facts,
        area: 'program',
        client: identifyClient({ httpUserAgent: req.headers['user-agent'] }),
      })
    : ask(gate, 'http.request', { ...facts, area: 'admin' })
  if (verdict.action === 'pass') return
  throw verdict.action === 'refuse' ? new Refusal(verdict.code, { details: verdict.details }) : new Refusal('internal')
}

function bodyOf(route: AdminRoute, req: IncomingMessage): Promise<unknown> | undefined {
  const { body, maxBodyBytes = DEFAULT_MAX_BODY_BYTES } = route
  if (!body) {
    expectNoBody(req)
    return undefined
  }
  return readJson(req, maxBodyBytes).then((value) => checked(body, value))
}

function secure(res: ServerResponse, isHttps: boolean): void {
  res.setHeader('cache-control', 'no-store')
  res.setHeader('x-content-type-options', 'nosniff')
  res.setHeader('referrer-policy', 'no-referrer')
  res.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
  res.setHeader('cross-origin-resource-policy', 'same-origin')
  if (isHttps) res.setHeader('strict-transport-security', 'max-age=31536000')
}

/** RFC 9457. What is no `Refusal` is logged under an id, and the answer says nothing but that id. */
function refuse({ log }: AdminContext, req: IncomingMessage, res: ServerResponse, error: unknown): void {
  if (res.headersSent || res.destroyed) {
    res.destroy()
    return
  }
  const isRefusal = error instanceof Refusal
  const id = uuidv7()
  if (!isRefusal) log.error('an admin request failed', { id, method: req.method, error })
  const body = isRefusal ? problemFrom(error) : problem('internal', { instance: `urn:uuid:${id}` })
  if (body.code === 'not-authorized') res.setHeader('www-authenticate', 'Bearer realm="drawbridge"')
  if (isRefusal && error.retryAfterS !== undefined) res.setHeader('retry-after', error.retryAfterS)
  // Whatever of the body was not read must not be taken for the next request.
  if (!req.complete) res.setHeader('connection', 'close')
  res.writeHead(body.status, { 'content-type': PROBLEM_MEDIA_TYPE })
  res.end(JSON.stringify(body))
}

function splitOnce(text: string, by: string): [string, string] {
  const at = text.indexOf(by)
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
