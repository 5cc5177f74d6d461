import { NS_XRD, REL_WEBSOCKET, xml } from '@drawbridge/xmpp'
import type { ServerResponse } from 'node:http'
import { defineFeature } from '../routing/feature.ts'

/**
 * XEP-0156: Discovering Alternative XMPP Connection Methods. Tells clients where the WebSocket is, in XML (RFC 6415 §2)
 * and JSON; web pages of other origins may read it (§4).
 */
export const hostMeta = defineFeature({
  name: 'host-meta',
  implements: [{ xep: 156, version: '1.4.0' }],
  http: [
    {
      method: 'GET',
      path: '/.well-known/host-meta',
      handle: (_req, res, _url, ctx) => {
        const link = xml('Link', { rel: REL_WEBSOCKET, href: webSocketUrl(ctx.publicUrl()) })
        const xrd = `<?xml version="1.0" encoding="utf-8"?>\n${xml('XRD', { xmlns: NS_XRD }, link).toString()}`
        answer(res, 'application/xrd+xml; charset=utf-8', xrd)
      },
    },
    {
      method: 'GET',
      path: '/.well-known/host-meta.json',
      handle: (_req, res, _url, ctx) => {
        const links = [{ rel: REL_WEBSOCKET, href: webSocketUrl(ctx.publicUrl()) }]
        answer(res, 'application/json', JSON.stringify({ links }))
      },
    },
  ],
})

function webSocketUrl(publicUrl: string): string {
  return `${publicUrl.replace(/^http/, 'ws')}/xmpp-websocket`
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
