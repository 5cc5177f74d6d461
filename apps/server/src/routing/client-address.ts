import type { IncomingMessage } from 'node:http'

const addresses = new WeakMap<IncomingMessage, string>()

/** Where a request comes from, without a port: the client behind a trusted proxy, or whoever is connected. */
export function addressOf(request: IncomingMessage): string {
  return addresses.get(request) ?? request.socket.remoteAddress ?? ''
}

/** Said by whoever accepts requests, before anybody asks. */
export function noteAddress(request: IncomingMessage, address: string): void {
  addresses.set(request, address)
}
