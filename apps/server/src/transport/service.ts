import { METRICS_CONTENT_TYPE, renderMetrics } from '@drawbridge/runtime'
import type { Health } from '@drawbridge/runtime'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { addressOf } from '../routing/client-address.ts'
import type { Context, HttpRoute } from '../routing/feature.ts'
import type { Registry } from '../routing/registry.ts'
import { sendJson } from './http.ts'
import type { HttpHandler } from './http.ts'
import { sendProblem } from './problem.ts'

export interface ServiceOptions {
  readonly domain: string
  /** Whose accounts people can sign in with, in the web client; absent: only with passwords. */
  readonly issuer: string | undefined
  readonly health: Health
  /** Addresses that work without this service, for whoever it is suspended for. */
  readonly outside: { readonly contacts: readonly string[]; readonly statusPages: readonly string[] }
  /** The public status document (control §4.7). */
  status(): unknown
  /** Brings the levels among the metrics up to date; those that take a moment are up to date the next time. */
  measure(): Promise<void>
}

const PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/status.json', '/web-config.json', '/metrics'])

/** What balancers, monitors and clients ask without signing in. Health stays green while the service is suspended. */
export function serviceRoutes({ domain, outside, issuer, health, status, measure }: ServiceOptions): HttpHandler {
  return async (req, res, url) => {
    if (!PATHS.has(url.pathname)) return false
    if (req.method !== 'GET' && req.method !== 'HEAD') return sendMethodNotAllowed(res, 'GET, HEAD')
    switch (url.pathname) {
      case '/healthz': {
        const report = await health.live()
        sendJson(res, report.ok ? 200 : 503, report)
        return true
      }
      case '/readyz': {
        const report = await health.ready()
        sendJson(res, report.ok ? 200 : 503, report)
        return true
      }
      case '/status.json':
        sendJson(res, 200, status(), { 'access-control-allow-origin': '*' })
        return true
      case '/web-config.json':
        sendJson(res, 200, { domain, websocket: '/xmpp-websocket', issuer, ...outside })
        return true
      case '/metrics':
        // Numbers about everybody are for this machine only (threats AD-16).
        if (!isLocal(req)) {
          sendProblem(res, { status: 403, type: 'about:blank', title: 'Metrics are for this machine only.' })
          return true
        }
        void measure()
        res.writeHead(200, { 'content-type': METRICS_CONTENT_TYPE, 'cache-control': 'no-store' })
        res.end(await renderMetrics())
        return true
      default:
        return false
    }
  }
}

/** The routes that features bring. The longest path that fits wins; another method on it gets 405. */
export function featureRoutes(registry: Registry, ctx: Context): HttpHandler {
  const routes = registry.http.toSorted((a, b) => b.path.length - a.path.length)
  const fits = ({ path }: HttpRoute, pathname: string) =>
    path.endsWith('/') ? pathname.startsWith(path) : pathname === path
  return async (req, res, url) => {
    const found = routes.filter((route) => fits(route, url.pathname))
    const route = found.find(({ method }) => method === req.method)
    if (route) {
      await route.handle(req, res, url, ctx)
      return true
    }
    if (found.length === 0) return false
    return sendMethodNotAllowed(res, found.map(({ method }) => method).join(', '))
  }
}

function sendMethodNotAllowed(res: ServerResponse, allow: string): true {
  sendProblem(res, { status: 405, type: 'about:blank', title: `Only ${allow} is possible here.` }, { allow })
  return true
}

/** A proxy on this machine is local, but whom it speaks for is not, whether it is trusted or not. */
function isLocal(req: IncomingMessage): boolean {
  const isForwarded = req.headers['x-forwarded-for'] !== undefined || req.headers['forwarded'] !== undefined
  return !isForwarded && /^(?:127\.|::1$|::ffff:127\.)/.test(addressOf(req))
}
