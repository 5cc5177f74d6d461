import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { plainAddress } from './proxy.config.ts'

/** Most entries that are looked at; no chain of proxies is longer. */
const ENTRIES_MAX = 32

/**
 * The address of the client behind trusted proxies (threats DS-10). Each proxy adds whom it was called by at the end of
 * X-Forwarded-For, so it is read from there, for as long as a trusted proxy is speaking: what stands before the first
 * address that is none was written by the client itself.
 */
export function forwardedAddress(request: IncomingMessage, isTrusted: (address: string) => boolean): string {
  let address = request.socket.remoteAddress ?? ''
  const header = request.headers['x-forwarded-for']
  const entries = (Array.isArray(header) ? header.join(',') : (header ?? ''))
    .slice(-4_096)
    .split(',')
    .slice(-ENTRIES_MAX)
  for (const entry of entries.toReversed()) {
    if (!isTrusted(address)) return address
    // An IPv6 address may stand in brackets, and either may have a port.
    const trimmed = entry.trim()
    const [, bracketed, dotted] = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(trimmed) ?? []
    const before = plainAddress(bracketed ?? dotted ?? trimmed)
    if (isIP(before) === 0) return address
    address = before
  }
  return address
}
