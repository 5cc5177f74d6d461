import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { ServerOptions } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Log } from '@drawbridge/runtime'
import { addressOf, noteAddress } from '../routing/client-address.ts'
import type { AddressLimit } from './address-limit.ts'
import { forwardedAddress } from './forwarded.ts'
import { sendProblem } from './problem.ts'
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
  readonly limit: AddressLimit
  /** Whether what this peer says about its clients is believed; absent: nobody's is. */
  readonly isTrustedProxy?: (address: string) => boolean
  /** How long a peer may take for its TLS handshake and for the headers of a request, in milliseconds. */
  readonly headersTimeoutMs: number
  /** Asked in this order; nobody's request gets 404. */
  readonly handlers: readonly HttpHandler[]
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
}

export interface HttpListener {
  readonly port: number
  close(): Promise<void>
}

const LIMITS = {
  maxHeaderSize: 16_384,
  requestTimeout: 600_000,
  keepAliveTimeout: 60_000,
  keepAlive: true,
  noDelay: true,
} as const

/** An HTTPS server that takes a new certificate when there is one. */
function tlsServer(tls: Tls, settings: ServerOptions, onRequest: RequestListener): Server {
  const server = createTlsServer({ ...settings, ...tls.contextOptions }, onRequest)
  tls.onRefresh((options) => server.setSecureContext(options))
  return server
}

/** Serves everything that speaks HTTP. Rejects when the port is taken. */
export async function listenHttp(options: HttpOptions): Promise<HttpListener> {
  const { bind, port, tls, log, limit, isTrustedProxy = () => false, headersTimeoutMs, handlers, upgrade } = options
  const isFromProxy = (socket: Socket) => isTrustedProxy(socket.remoteAddress ?? '')
  const onRequest = (req: IncomingMessage, res: ServerResponse) => {
    if (isFromProxy(req.socket)) noteAddress(req, forwardedAddress(req, isTrustedProxy))
    void answer(req, res, handlers, log)
  }
  const settings = {
    ...LIMITS,
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: Math.ceil(headersTimeoutMs / 2),
  }
  const server: Server = tls
    ? tlsServer(tls, { ...settings, handshakeTimeout: headersTimeoutMs }, onRequest)
    : createServer(settings, onRequest)
  server.on('connection', (socket: Socket) => {
    // A proxy holds the connections of many; those of its clients that stay are counted when they are upgraded.
    if (isFromProxy(socket)) socket.on('error', () => socket.destroy())
    else limit.take(socket)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    if (isFromProxy(request.socket)) {
      noteAddress(request, forwardedAddress(request, isTrustedProxy))
      if (!limit.take(request.socket, addressOf(request))) return
    }
    if (pathOf(request) === '/xmpp-websocket') upgrade(request, socket, head)
    else refuseUpgrade(socket, '404 Not Found')
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (socket.writable) refuseUpgrade(socket, STATUS_OF[error.code ?? ''] ?? '400 Bad Request')
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

const STATUS_OF: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** Answers where no `ServerResponse` is to be had, and closes; a peer that does not close its side is not waited for. */
export function refuseUpgrade(socket: Duplex, status: string): void {
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** Asks the handlers in turn; a failure of ours leaves without details. */
export async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  handlers: readonly HttpHandler[],
  log: Log,
): Promise<void> {
  req.on('error', () => res.destroy())
  res.setHeader('x-content-type-options', 'nosniff')
  res.setHeader('referrer-policy', 'no-referrer')
  try {
    const url = urlOf(req)
    if (!url) return sendProblem(res, { status: 400, type: 'about:blank', title: 'The request target is not a path.' })
    for (const handle of handlers) if (await handle(req, res, url)) return
    sendProblem(res, { status: 404, type: 'about:blank', title: 'There is nothing here.' })
  } catch (error) {
    // Whoever has gone in the middle of a request has failed, not we; there is nobody to tell.
    if (req.errored && !req.complete) return void res.destroy()
    log.error('a request failed', { method: req.method, error: error instanceof Error ? error.stack : String(error) })
    if (!res.headersSent)
      sendProblem(res, { status: 500, type: 'about:blank', title: 'Something went wrong on our side.' })
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
export function sendJson(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  res.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers })
  res.end(JSON.stringify(body))
}
