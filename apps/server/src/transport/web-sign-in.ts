import type { AuthorizationServer } from '@drawbridge/contract'
import type { WebSignIn } from '../stream/oidc/web-sign-in.ts'
import { sendJson } from './http.ts'
import type { HttpHandler } from './http.ts'
import { sendProblem } from './problem.ts'

const PATH = '/oidc/sign-in.json'
/** Where the issuer sends people back to. */
const RETURN_PATH = '/signed-in'

/** Tells the web client where to sign in with the company account. */
export function webSignIn({ find }: Pick<WebSignIn, 'find'>): HttpHandler {
  return async (req, res, url) => {
    if (url.pathname !== PATH || (req.method !== 'GET' && req.method !== 'HEAD')) return false
    const server = await find()
    const headers = { 'cache-control': 'no-store' }
    if (server) sendJson(res, 200, { ...server }, headers)
    else sendProblem(res, { status: 503, type: 'about:blank', title: 'The issuer cannot be reached.' }, headers)
    return true
  }
}

/**
 * What a page may ask beside its own origin: the token endpoint of the issuer, and that only the page that somebody comes
 * back to. Every other page may not even try.
 */
export function connectFrom({ find }: Pick<WebSignIn, 'find'>): (path: string) => Promise<string | undefined> {
  return async (path) => {
    const server = path === RETURN_PATH ? await find() : undefined
    return server && sourceOf(server)
  }
}

/** As a source expression, which has no query, and in which a comma or semicolon would end it (CSP 3 §2.3.1). */
function sourceOf({ tokenEndpoint }: AuthorizationServer): string {
  const { origin, pathname } = new URL(tokenEndpoint)
  return origin + pathname.replaceAll(';', '%3B').replaceAll(',', '%2C')
}
