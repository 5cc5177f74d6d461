import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { sendProblem } from './problem.ts'
import type { Log } from '@drawbridge/runtime'
import { listen } from './tcp.ts'
import type { Tls } from './tls.ts'

/** Answers a request, or says that it is not its own. */
export type HttpHandler = (req: IncomingMessage, res: ServerResponse, url: URL) => Promise<boolean> | boolean

export interface HttpOptions {
  readonly bind: string
  readonly port: number
  /** Absent: plain http, on loopback only. */
  readonly tls: Tls | undefined
  readonly log: Log
  /** Asked in this order; nobody's request gets 404. */
  readonly handlers: readonly HttpHandler[]
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

export interface HttpListener {
  readonly port: number
  close(): Promise<void>
}

const LIMITS = { maxHeaderSize: 16_384, headersTimeout: 10_000, requestTimeout: 600_000, keepAliveTimeout: 60_000 } as const

/** Serves everything that speaks HTTP. Rejects when the port is taken. */
export async function listenHttp({ bind, port, tls, log, handlers, upgrade }: HttpOptions): Promise<HttpListener> {
  const onRequest = (req: IncomingMessage, res: ServerResponse) => void answer(req, res, handlers, log)
  const server: Server = tls
    ? (createTlsServer({ ...LIMITS, cert: tls.certificate, key: tls.key, minVersion: 'TLSv1.2' }, onRequest) as unknown as Server)
    : createServer(LIMITS, onRequest)
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    if (pathOf(request) === '/xmpp-websocket') upgrade(request, socket, head)
    else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  })
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    else socket.destroy()
  })
  await listen(server, port, bind)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Asks the handlers in turn; a failure of ours leaves without details. */
export async function answer(req: IncomingMessage, res: ServerResponse, handlers: readonly HttpHandler[], log: Log): Promise<void> {
  req.on('error', () => res.destroy())
  res.setHeader('x-content-type-options', 'nosniff')
  res.setHeader('referrer-policy', 'no-referrer')
  try {
    const url = urlOf(req)
    if (!url) return sendProblem(res, { status: 400, type: 'about:blank', title: 'The request target is not a path.' })
    for (const handle of handlers) if (await handle(req, res, url)) return
    sendProblem(res, { status: 404, type: 'about:blank', title: 'There is nothing here.' })
  } catch (error) {
    log.error('a request failed', { method: req.method, error: error instanceof Error ? error.stack : String(error) })
    if (!res.headersSent) sendProblem(res, { status: 500, type: 'about:blank', title: 'Something went wrong on our side.' })
    else res.destroy()
  }
}

/** Only plain paths: no host, no `..`, no second encoding that another layer could read differently (threats AD-01). */
function urlOf(req: IncomingMessage): URL | undefined {
  const target = req.url ?? ''
  if (!target.startsWith('/') || target.startsWith('//')) return undefined
  const [path = ''] = target.split('?')
  if (/[\\;]|%(?:2e|2f|5c|00|25|u)|\/\.{1,2}(?:\/|$)|[^\x21-\x7e]/i.test(path)) return undefined
  return URL.parse(target, 'http://localhost') ?? undefined
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?')[0] ?? ''
}

/** A JSON body with this status. */
export function sendJson(res: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers })
  res.end(JSON.stringify(body))
}
