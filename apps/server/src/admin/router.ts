import {
  ADMIN_ROUTES,
  DEFAULT_MAX_BODY_BYTES,
  PROBLEM_MEDIA_TYPE,
  problem,
  problemFrom,
  Refusal,
} from '@drawbridge/contract'
import type { AdminRoute, AdminRouteId } from '@drawbridge/contract'
import { uuidv7 } from '@drawbridge/db'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ask } from '../policy/gate.ts'
import { addressOf } from '../routing/client-address.ts'
import type { Administrate } from '../routing/feature.ts'
import { mayDo } from './actor.ts'
import type { Actor } from './actor.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { checked, expectNoBody, readJson, readQuery } from './request.ts'

const PREFIX = '/api/'

interface Compiled {
  readonly id: AdminRouteId
  readonly route: AdminRoute
  readonly segments: readonly string[]
}

interface Match extends Compiled {
  readonly params: Readonly<Record<string, string>>
}

type AnyHandler = (request: {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly actor: Actor | undefined
  readonly remoteAddress: string
}) => Promise<unknown>

/**
 * Answers what is below /api/ and returns true, or returns false. The order is fixed: route, method, sign-in,
 * permission, parameters, body, handler. A path that matches no route of the table is refused, whatever it resembles.
 *
 * @param local - the actor of the local socket; absent on the network, where a bearer token names the actor.
 */
export function createRouter(
  context: AdminContext,
  handlers: AdminHandlers,
): (req: IncomingMessage, res: ServerResponse, local?: Actor) => Promise<boolean> {
  const routes = compileRoutes()
  return async (req, res, local) => {
    const target = req.url ?? ''
    if (!target.startsWith(PREFIX)) return false
    secure(res, context.isHttps === true)
    try {
      await answer(context, handlers, routes, req, res, local)
    } catch (error) {
      refuse(context, req, res, error)
    }
    return true
  }
}

/** The operations without HTTP: the same permission, the same schemas, the same handler. */
export function createCall({ accounts }: AdminContext, handlers: AdminHandlers): Administrate {
  return async ({ id: accountId }, id, request) => {
    const route: AdminRoute = ADMIN_ROUTES[id]
    // With the rights it has now, not those it had when its session began.
    const account = accounts.findById(accountId)
    const actor: Actor | undefined = account && { kind: 'account', name: account.bareJid, account, token: '' }
    if (!mayDo(actor, route.permission)) throw new Refusal('forbidden')
    const params = checked(route.params, request.params ?? {})
    const query = checked(route.query, request.query ?? {})
    const body = route.body && checked(route.body, request.body)
    const handle = handlers[id] as AnyHandler
    return (await handle({ params, query, body, actor, remoteAddress: 'xmpp' })) as never
  }
}

async function answer(
  context: AdminContext,
  handlers: AdminHandlers,
  routes: readonly Compiled[],
  req: IncomingMessage,
  res: ServerResponse,
  local: Actor | undefined,
): Promise<void> {
  const [path = '', search = ''] = splitOnce(req.url ?? '', '?')
  const { id, route, params } = findRoute(routes, path, req.method ?? '', res)
  const actor = local ?? actorFrom(context, req)
  if (!mayDo(actor, route.permission)) {
    if (actor) throw new Refusal('forbidden')
    res.setHeader('www-authenticate', 'Bearer realm="drawbridge"')
    throw new Refusal('not-authorized')
  }
  if (!local) throwIfRefused(context, actor)
  const checkedParams = route.params.safeParse(params)
  // An id that cannot be one names nothing.
  if (!checkedParams.success) throw new Refusal('item-not-found')
  const query = checked(route.query, readQuery(search))
  const body = await bodyOf(route, req)
  const remoteAddress = addressOf(req) || 'local'
  const handle = handlers[id] as AnyHandler
  const result = await handle({ params: checkedParams.data, query, body, actor, remoteAddress })
  if (route.status === 204) {
    res.writeHead(204).end()
    return
  }
  res.writeHead(route.status, { 'content-type': 'application/json; charset=utf-8' })
  res.end(JSON.stringify(result))
}

/** The entrance of the network; administrators pass it in every suspension, which is a rule and no exception here. */
function throwIfRefused({ policy: { gate }, now }: AdminContext, actor: Actor | undefined): void {
  const account = actor?.kind === 'account' ? actor.account : undefined
  const verdict = ask(gate, 'http.request', { at: now().getTime(), area: 'admin', account })
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

function compileRoutes(): Compiled[] {
  return Object.entries<AdminRoute>(ADMIN_ROUTES).map(([id, route]) => ({
    id: id as AdminRouteId,
    route,
    segments: route.path.split('/'),
  }))
}

/** The route of a path, byte for byte. Literal segments win over parameters: `import` is not an account. */
function findRoute(routes: readonly Compiled[], path: string, method: string, res: ServerResponse): Match {
  const given = path.split('/')
  const matches = routes.flatMap((compiled) => {
    const params = matchSegments(compiled.segments, given)
    return params ? [{ ...compiled, params }] : []
  })
  const fewest = Math.min(...matches.map(({ params }) => Object.keys(params).length))
  const best = matches.filter(({ params }) => Object.keys(params).length === fewest)
  if (best.length === 0) throw new Refusal('item-not-found')
  const found = best.find(({ route }) => route.method === method)
  if (found) return found
  res.setHeader('allow', best.map(({ route }) => route.method).join(', '))
  throw new Refusal('not-allowed')
}

function matchSegments(template: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (template.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, segment] of template.entries()) {
    const value = given[index] ?? ''
    const name = /^\{(\w+)\}$/u.exec(segment)?.[1]
    if (name === undefined) {
      if (segment !== value) return undefined
      continue
    }
    const decoded = decode(value)
    if (decoded === undefined) return undefined
    params[name] = decoded
  }
  return params
}

/** One path segment, decoded once. What decodes to a separator or a dot segment names nothing. */
function decode(segment: string): string | undefined {
  try {
    const decoded = decodeURIComponent(segment)
    return decoded === '' || decoded === '.' || decoded === '..' || /[/\\]/u.test(decoded) ? undefined : decoded
  } catch {
    return undefined
  }
}

/** Whoever the bearer token belongs to, with the rights the account has now, not those it had at sign-in. */
function actorFrom({ tokens, accounts }: AdminContext, req: IncomingMessage): Actor | undefined {
  const token = /^Bearer ([A-Za-z0-9_-]{43})$/u.exec(req.headers.authorization ?? '')?.[1]
  const localpart = token === undefined ? undefined : tokens.find(token)
  const account = localpart === undefined ? undefined : accounts.find(localpart)
  if (token === undefined || !account || account.isDisabled) return undefined
  return { kind: 'account', name: account.bareJid, account, token }
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
