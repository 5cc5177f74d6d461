import { NS_XRD, REL_HTTP_BIND, REL_WEBSOCKET, xml } from '@drawbridge/xmpp'
import type { ServerResponse } from 'node:http'
import { defineFeature } from '../routing/feature.ts'
import type { Context } from '../routing/feature.ts'

/**
 * XEP-0156: Discovering Alternative XMPP Connection Methods. Tells clients where the WebSocket is, and BOSH where it is
 * on, in XML (RFC 6415 §2) and JSON; web pages of other origins may read it (§4).
 */
export const hostMeta = defineFeature({
  name: 'host-meta',
  implements: [{ xep: 156, version: '1.4.0' }],
  http: [
    {
      method: 'GET',
      path: '/.well-known/host-meta',
      handle: (_req, res, _url, ctx) => {
        const links = linksOf(ctx).map((link) => xml('Link', link))
        const xrd = `<?xml version="1.0" encoding="utf-8"?>\n${xml('XRD', { xmlns: NS_XRD }, links).toString()}`
        answer(res, 'application/xrd+xml; charset=utf-8', xrd)
      },
    },
    {
      method: 'GET',
      path: '/.well-known/host-meta.json',
      handle: (_req, res, _url, ctx) => {
        answer(res, 'application/json', JSON.stringify({ links: linksOf(ctx) }))
      },
    },
  ],
})

function linksOf(ctx: Context): { rel: string; href: string }[] {
  const url = ctx.publicUrl()
  return [
    { rel: REL_WEBSOCKET, href: `${url.replace(/^http/, 'ws')}/xmpp-websocket` },
    ...(ctx.hasBosh ? [{ rel: REL_HTTP_BIND, href: `${url}/http-bind` }] : []),
  ]
}

function answer(res: ServerResponse, type: string, body: string): void {
  res.writeHead(200, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Access-Control-Allow-Origin': '*',
    'Cache-Control': 'public, max-age=300',
    'X-Content-Type-Options': 'nosniff',
  })
  res.end(body)
}
