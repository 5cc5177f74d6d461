import type { IncomingMessage } from 'node:http'

/** `__Host-`: no other host can set it, and it comes over https only (RFC 6265bis §4.1.3.2). */
const NAMES = { https: '__Host-drawbridge-admin', http: 'drawbridge-admin' } as const

const nameOf = (isHttps: boolean) => NAMES[isHttps ? 'https' : 'http']

/** The header that sets the cookie of a session; with an empty token and no time, it takes the cookie away. */
export function sessionCookie(token: string, maxAgeS: number, isHttps: boolean): string {
  const secure = isHttps ? '; Secure' : ''
  return `${nameOf(isHttps)}=${token}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${secure}`
}

/** The token in the cookie of a request. Two of that name are none: somebody else has set one of them. */
export function tokenFromCookie(req: IncomingMessage, isHttps: boolean): string | undefined {
  const prefix = `${nameOf(isHttps)}=`
  const found = (req.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix))
  return found.length === 1 ? found[0]!.slice(prefix.length) : undefined
}

/**
 * Whether a page of ours made this request. Browsers say so in a header that no script can set (Fetch Metadata,
 * `Sec-Fetch-Site`); a page on another port or subdomain is `same-site`, which SameSite cookies let through. Where the
 * header is not sent, over plain http for one, `Origin` has to name the host that was asked (threats AD-05).
 */
export function isOwnOrigin(req: IncomingMessage): boolean {
  const site = req.headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin'
  const origin = URL.parse(req.headers.origin ?? '')
  return origin !== null && req.headers.host !== undefined && origin.host === req.headers.host
}
