import { list } from '@drawbridge/runtime'
import type { HttpHandler } from './http.ts'

/** Origins of web clients that live elsewhere. */
export const allowedOrigins = list
  .refine((origins) => origins.every(isOrigin), 'expected origins such as https://chat.example.com, without a path')
  .default([])
  .readonly()
  .meta({
    env: 'DRAWBRIDGE_ALLOWED_ORIGINS',
    doc: 'Web clients of other origins that may use this server from a browser, such as https://chat.example.com: its WebSocket, BOSH where that is on, and files. Each is compared whole. Their pages see what their users see, so name only those whose operators you trust. Without any, only the pages of this server may.',
  })

function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text
}

/** Which pages may talk to the server. A request without an origin is not from a page, and not judged here (threats WC-09). */
export interface Origins {
  /** @param host - the header of that name: a page of this server has the address that it asks at. */
  isAllowed(origin: string, host: string | undefined): boolean
  isForeign(origin: string): boolean
}

/** @param publicUrl - where this server's own pages are, once that is known. */
export function createOrigins(allowed: readonly string[], publicUrl: () => string): Origins {
  const foreign = new Set(allowed)
  return {
    isForeign: (origin) => foreign.has(origin),
    isAllowed: (origin, host) =>
      foreign.has(origin) ||
      origin === URL.parse(publicUrl())?.origin ||
      (host !== undefined && URL.parse(origin)?.host === host),
  }
}

/** Lets web clients of other origins read and write what is below this path; whoever answers knows nothing of it. */
export function crossOrigin({ isForeign }: Pick<Origins, 'isForeign'>, path: string): HttpHandler {
  return (req, res, { pathname }) => {
    const { origin } = req.headers
    if (!pathname.startsWith(path)) return false
    res.setHeader('vary', 'Origin')
    if (origin === undefined || !isForeign(origin)) return false
    res.setHeader('access-control-allow-origin', origin)
    res.setHeader('access-control-expose-headers', 'Content-Disposition, Retry-After')
    if (req.method === 'OPTIONS') {
      res.setHeader('access-control-allow-methods', 'GET, HEAD, PUT, OPTIONS')
      // XEP-0363 §5: what a slot may ask the client to send.
      res.setHeader('access-control-allow-headers', 'Authorization, Content-Type, Cookie, Expires')
      res.setHeader('access-control-max-age', '600')
    }
    return false
  }
}
