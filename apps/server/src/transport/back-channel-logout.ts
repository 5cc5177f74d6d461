import { readBounded } from '@drawbridge/runtime'
import type { Oidc } from '../stream/oidc/oidc.ts'
import { sendJson } from './http.ts'
import type { HttpHandler } from './http.ts'

const PATH = '/oidc/back-channel-logout'
/** Real ones are about 1 KiB. */
const MAX_BYTES = 16 * 1024

/** What the issuer asks for when it has logged somebody out (OpenID Connect Back-Channel Logout §2.5 to §2.8). */
export function backChannelLogout(oidc: Pick<Oidc, 'logOut'>): HttpHandler {
  return async (req, res, url) => {
    if (url.pathname !== PATH) return false
    const say = (status: number, body: object, headers: Record<string, string> = {}) => {
      sendJson(res, status, body, headers)
      return true
    }
    if (req.method !== 'POST') return say(405, { error: 'invalid_request' }, { allow: 'POST' })
    const bytes = await readBounded(req, MAX_BYTES)
    const [token, ...more] = new URLSearchParams(bytes?.toString() ?? '').getAll('logout_token')
    if (!token || more.length > 0) return say(400, { error: 'invalid_request' })
    const outcome = await oidc.logOut(token)
    if (outcome === 'away') return say(503, { error: 'temporarily_unavailable' })
    return outcome === 'done' ? say(200, {}) : say(400, { error: 'invalid_request' })
  }
}
