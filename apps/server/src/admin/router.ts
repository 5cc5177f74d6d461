import {
  ADMIN_ROUTES,
  DEFAULT_MAX_BODY_BYTES,
  PROBLEM_MEDIA_TYPE,
  problem,
  problemFrom,
  Refusal,
} from '@drawbridge/contract'
import type { AdminRoute } from '@drawbridge/contract'
import { uuidv7 } from '@drawbridge/db'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ask } from '../policy/gate.ts'
import { addressOf } from '../routing/client-address.ts'
import type { Administrate } from '../routing/feature.ts'
import { isOwnOrigin } from './access/cookie.ts'
import { identify } from './access/identify.ts'
import { isAdministrator } from './actor.ts'
import type { Actor, Reach } from './actor.ts'
import type { AdminContext, AdminHandlers, Exchange } from './api.ts'
import { authorize, authorizeTarget } from './authorize.ts'
import { checked, expectNoBody, readJson, readQuery } from './request.ts'
import { compileRoutes, findRoute } from './routes.ts'
import type { CompiledRoute } from './routes.ts'

const PREFIX = '/api/'

type AnyHandler = (request: {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly actor: Actor | undefined
  readonly reach: Reach
  readonly remoteAddress: string
  readonly exchange?: Exchange
}) => Promise<unknown>

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
  const routes = compileRoutes()
  return async (req, res, local) => {
    const target = req.url ?? ''
    if (!target.startsWith(PREFIX)) return false
    secure(res, context.isHttps)
    try {
      await answer(context, handlers, routes, req, res, local)
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
    const actor: Actor | undefined = account && {
      kind: 'account',
      name: account.bareJid,
      account,
      proof: { kind: 'xmpp' },
    }
    if (!actor) throw new Refusal('forbidden')
    const reach = authorize(context, route, actor)
    const params = checked(route.params, request.params ?? {})
    authorizeTarget(context, route, { actor, reach, name: nameIn(params) })
    const query = checked(route.query, request.query ?? {})
    const body = route.body && checked(route.body, request.body)
    const handle = handlers[id] as AnyHandler
    return (await handle({ params, query, body, actor, reach, remoteAddress: 'xmpp' })) as never
  }
}

async function answer(
  context: AdminContext,
  handlers: AdminHandlers,
  routes: readonly CompiledRoute[],
  req: IncomingMessage,
  res: ServerResponse,
  local: Actor | undefined,
): Promise<void> {
  const [path = '', search = ''] = splitOnce(req.url ?? '', '?')
  const allow = (methods: string) => void res.setHeader('allow', methods)
  const { id, route, params } = findRoute(routes, path, req.method ?? '', allow)
  const actor = local ?? (await identify(context, req))
  const reach = authorize(context, route, actor)
  if (!local) throwIfRefused(context, actor, addressOf(req))
  const checkedParams = route.params.safeParse(params)
  // An id that cannot be one names nothing.
  if (!checkedParams.success) throw new Refusal('item-not-found')
  authorizeTarget(context, route, { actor, reach, name: nameIn(checkedParams.data) })
  const query = checked(route.query, readQuery(search))
  const body = await bodyOf(route, req)
  const handle = handlers[id] as AnyHandler
  const result = await handle({
    params: checkedParams.data,
    query,
    body,
    actor,
    reach,
    remoteAddress: addressOf(req) || 'local',
    exchange: exchangeOf(req, res),
  })
  if (route.status === 204) {
    res.writeHead(204).end()
    return
  }
  res.writeHead(route.status, { 'content-type': 'application/json; charset=utf-8' })
  res.end(JSON.stringify(result))
}

function exchangeOf(req: IncomingMessage, res: ServerResponse): Exchange {
  return {
    userAgent: req.headers['user-agent'] ?? '',
    isOwnOrigin: isOwnOrigin(req),
    setCookie: (cookie) => void res.setHeader('set-cookie', cookie),
  }
}

/** What `about` is about. */
function nameIn(params: unknown): string {
  return String((params as Record<string, unknown>)['name'] ?? '')
}

/** The entrance of the network; administrators pass it in every suspension, which is a rule and no exception here. */
function throwIfRefused({ policy: { gate }, now }: AdminContext, actor: Actor | undefined, address: string): void {
  const account = actor?.kind === 'account' ? { ...actor.account, isAdmin: isAdministrator(actor.account) } : undefined
  const verdict = ask(gate, 'http.request', { at: now().getTime(), area: 'admin', account, address })
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
