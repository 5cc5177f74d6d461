import { boolean, list } from '@drawbridge/runtime'
import { BlockList, isIP } from 'node:net'
import * as z from 'zod'

export const proxyConfig = z.object({
  trusted: list
    .refine((ranges) => ranges.every((range) => parseRange(range)), 'expected addresses or ranges such as 10.0.0.0/8')
    .default([])
    .readonly()
    .meta({
      env: 'DRAWBRIDGE_TRUSTED_PROXIES',
      doc: 'Addresses of the proxies in front of this server, such as 10.0.0.5 or 10.0.0.0/24: what they say about where a client comes from is believed, and limits by address are for the clients behind them. Whoever else reaches the server from one of them can claim any address.',
    }),
  speaksProxyProtocol: boolean.default(false).meta({
    env: 'DRAWBRIDGE_PROXY_PROTOCOL',
    doc: 'Whether those proxies begin each connection to the XMPP ports with the PROXY protocol, version 1 or 2. One that does not is closed then.',
  }),
})

export type ProxyConfig = z.output<typeof proxyConfig>

/** Whether an address is one of a trusted proxy. */
export function createTrust(ranges: readonly string[]): (address: string) => boolean {
  const known = new BlockList()
  for (const range of ranges) {
    const parsed = parseRange(range)
    if (parsed) known.addSubnet(parsed.address, parsed.bits, parsed.family)
  }
  return (address) => {
    const plain = plainAddress(address)
    const version = isIP(plain)
    return version !== 0 && known.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }
}

/** An IPv4 address as such, also where a socket of both families shows it within IPv6. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '')
}

function parseRange(range: string) {
  const [, address = '', bits] = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(range) ?? []
  const version = isIP(address)
  if (version === 0) return undefined
  const maxBits = version === 4 ? 32 : 128
  const number = bits === undefined ? maxBits : Number(bits)
  return number <= maxBits
    ? { address, bits: number, family: version === 4 ? ('ipv4' as const) : ('ipv6' as const) }
    : undefined
}
