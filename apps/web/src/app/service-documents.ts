/** The small documents the server publishes for this client. All are read without a cache. */
import { parseStatusDocument, type ServiceStatus } from '../protocol/suspension.ts'

export interface WebConfig {
  readonly domain: string
  /** WebSocket URL of the server. */
  readonly service: string
  /** Whose accounts people can sign in with here; undefined: only with passwords. */
  readonly issuer: string | undefined
  readonly outside: Outside
}

/** Addresses that work without this service. */
export interface Outside {
  readonly contacts: readonly string[]
  readonly statusPages: readonly string[]
}

/** /web-config.json; without it the page's own host is the domain. */
export async function fetchWebConfig(): Promise<WebConfig> {
  const document = await fetchJson('/web-config.json')
  const domain = typeof document?.['domain'] === 'string' ? document['domain'] : location.hostname
  const path = typeof document?.['websocket'] === 'string' ? document['websocket'] : '/xmpp-websocket'
  const service = new URL(path, location.href)
  service.protocol = service.protocol.replace('http', 'ws')
  const issuer = typeof document?.['issuer'] === 'string' ? document['issuer'] : undefined
  const outside = { contacts: linksFrom(document?.['contacts']), statusPages: linksFrom(document?.['statusPages']) }
  return { domain, service: service.href, issuer, outside }
}

const MAX_LINKS = 5

/** Addresses that lead out of this service, and to nothing else. */
function linksFrom(value: unknown): string[] {
  const links: unknown[] = Array.isArray(value) ? value : []
  return links
    .filter((link) => typeof link === 'string' && /^(?:https?|mailto|tel):/u.test(link))
    .slice(0, MAX_LINKS) as string[]
}

/** What /status.json says; undefined when the server cannot be reached or publishes none. */
export async function fetchStatus(): Promise<ServiceStatus | undefined> {
  const document = await fetchJson('/status.json')
  return document && parseStatusDocument(document)
}

/** What the server would serve now; undefined when that cannot be told. */
export async function fetchServedBuild(): Promise<{ version: string; build: string } | undefined> {
  const document = await fetchJson('/build.json')
  const { version, build } = document ?? {}
  return typeof version === 'string' && typeof build === 'string' ? { version, build } : undefined
}

export interface ClientTokenRequest {
  /** Bare JID. */
  readonly account: string
  readonly name: string
  readonly version: string
  readonly build: string
  /** Public part of the key of this installation. */
  readonly key: string
}

/** What the server gives to this build of the client, as long as it is the current one; undefined when it gives nothing. */
export async function fetchClientToken(
  request: ClientTokenRequest,
): Promise<{ token: string; lifetimeMs: number } | undefined> {
  const headers = { 'content-type': 'application/json' }
  // Signing in waits for it.
  const signal = AbortSignal.timeout(3_000)
  const document = await fetchJson('/client-token', {
    method: 'POST',
    headers,
    body: JSON.stringify(request),
    signal,
  })
  const { token, lifetimeMs } = document ?? {}
  return typeof token === 'string' && typeof lifetimeMs === 'number' ? { token, lifetimeMs } : undefined
}

async function fetchJson(path: string, options: RequestInit = {}): Promise<Record<string, unknown> | undefined> {
  try {
    const response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(10_000), ...options })
    if (!response.ok) return undefined
    const value: unknown = await response.json()
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
