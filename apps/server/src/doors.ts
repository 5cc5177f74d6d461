import { isLoopback, paths } from '@drawbridge/runtime'
import type { Log } from '@drawbridge/runtime'
import type { ServerConfig } from './server.config.ts'
import { createAddressLimit } from './transport/address-limit.ts'
import type { Accept } from './transport/connection.ts'
import { listenHttp } from './transport/http.ts'
import type { HttpHandler } from './transport/http.ts'
import { listenLocally } from './transport/local.ts'
import type { Origins } from './transport/origins.ts'
import { createTrust } from './transport/proxy.config.ts'
import { listenTcp } from './transport/tcp.ts'
import type { TcpListenerOptions } from './transport/tcp.ts'
import { loadTls } from './transport/tls.ts'
import { createWebSockets } from './transport/websocket.ts'

const LOOPBACK = '127.0.0.1'
/** How often it is looked whether there is a new certificate. */
const TLS_REFRESH_MS = 60_000
/** Longest time to send the headers of a request, in milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000

/** What is behind the doors. */
export interface Inside {
  readonly accept: Accept
  readonly acceptComponent: Accept
  /** Asked in this order. */
  readonly handlers: readonly HttpHandler[]
  /** The admin API for callers on this machine, without sign-in. */
  readonly localAdmin: HttpHandler
  readonly origins: Origins
}

/** Where the server listens. */
export type Addresses = {
  readonly http: string
  readonly c2s: string
  readonly c2sTls: string
  /** Absent when no port for components is configured. */
  readonly component?: string
}

export interface Doors extends AsyncDisposable {
  readonly addresses: Addresses
}

/** Opens every door. Rejects with a sentence when a port is taken; then none is open. */
export async function openDoors(config: ServerConfig, inside: Inside, log: Log): Promise<Doors> {
  const { common, components, proxy, stream, web } = config
  const { bind } = common
  const at = paths(common.dataDir)
  await using opened = new AsyncDisposableStack()
  const open = async <D extends { close(): Promise<void> }>(door: Promise<D>): Promise<D> =>
    opened.adopt(await door, ({ close }) => close())

  const tls = await loadTls({
    certificateFile: common.tlsCert,
    keyFile: common.tlsKey,
    secretsDirectory: at.secrets,
    domain: common.domain,
  })
  const refreshing = setInterval(() => {
    tls.refresh().catch((error: unknown) => log.warn('the new certificate is not used', { error: String(error) }))
  }, TLS_REFRESH_MS)
  opened.defer(() => clearInterval(refreshing))
  const newLimit = () =>
    createAddressLimit({ atOnce: stream.maxConnectionsPerAddress, perMinute: stream.maxConnectsPerMinute })
  const timeoutMs = Math.min(stream.signInTimeoutMs, HEADERS_TIMEOUT_MS)
  const isTrustedProxy = createTrust(proxy.trusted)

  const isPlainHttp = isLoopback(bind)
  const sockets = createWebSockets({
    accept: inside.accept,
    // A browser on this machine: what it sends never crosses a network.
    isEncrypted: true,
    isAllowedOrigin: (origin, request) => inside.origins.isAllowed(origin, request.headers.host),
  })
  const http = await listenHttp({
    bind,
    port: common.httpPort,
    tls: isPlainHttp ? undefined : tls,
    log: log.child({ part: 'http' }),
    limit: newLimit(),
    isTrustedProxy,
    headersTimeoutMs: timeoutMs,
    handlers: inside.handlers,
    upgrade: sockets.upgrade,
  })
  // An upgraded connection is no longer the HTTP server's to close, but it waits for it.
  opened.defer(async () => void (await Promise.all([sockets.close(), http.close()])))

  const proxyHeader = proxy.speaksProxyProtocol ? { isFrom: isTrustedProxy, timeoutMs } : undefined
  const tcp: Omit<TcpListenerOptions, 'port' | 'mode'> = {
    bind,
    tls,
    limit: newLimit(),
    accept: inside.accept,
    proxyHeader,
  }
  const c2s = await open(listenTcp({ ...tcp, port: common.c2sPort, mode: 'starttls' }))
  const c2sTls = await open(listenTcp({ ...tcp, port: common.c2sTlsPort, mode: 'direct' }))
  // Their secrets and stanzas go in the clear, so never further than this machine (XEP-0114 §5).
  const forComponents = {
    bind: LOOPBACK,
    tls,
    mode: 'starttls',
    limit: newLimit(),
    accept: inside.acceptComponent,
  } as const
  const component =
    components.port === undefined ? undefined : await open(listenTcp({ ...forComponents, port: components.port }))
  await open(listenLocally(at.adminSocket, inside.localAdmin, log))

  const addresses: Addresses = {
    http: web.publicUrl ?? (isPlainHttp ? `http://localhost:${http.port}` : `https://${common.domain}:${http.port}`),
    c2s: `${bind}:${c2s.port}`,
    c2sTls: `${bind}:${c2sTls.port}`,
    ...(component ? { component: `${LOOPBACK}:${component.port}` } : {}),
  }
  const all = opened.move()
  return { addresses, [Symbol.asyncDispose]: () => all.disposeAsync() }
}
