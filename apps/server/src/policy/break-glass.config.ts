import { list } from '@drawbridge/runtime'
import { BlockList, isIP } from 'node:net'

/** Loopback and private networks (RFC 1918, RFC 4193). */
const INSIDE = ['127.0.0.0/8', '::1/128', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']

/** From where break-glass accounts may come (control §4.3). */
export const breakGlassNetworks = list
  .refine((ranges) => ranges.every((range) => rangeFrom(range)), 'expected ranges such as 10.0.0.0/8')
  .default(INSIDE)
  .readonly()
  .meta({
    env: 'DRAWBRIDGE_BREAK_GLASS_NETWORKS',
    doc: 'Networks from which break-glass accounts pass suspensions and lock-outs, and from which a service that is cut off lets people sign in far enough to be recognized. Elsewhere they are accounts like any other. Narrower is safer; a network that nobody can reach in an emergency leaves only the local socket.',
  })

/** Whether an address is in these networks. What has no address came over a local socket. */
export function createZone(ranges: readonly string[]): (address: string | undefined) => boolean {
  const networks = new BlockList()
  for (const range of ranges) {
    const parsed = rangeFrom(range)
    if (parsed) networks.addSubnet(...parsed)
  }
  return (address) => {
    if (address === undefined) return true
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
    const version = isIP(plain)
    return version !== 0 && networks.check(plain, version === 6 ? 'ipv6' : 'ipv4')
  }
}

function rangeFrom(range: string): [string, number, 'ipv4' | 'ipv6'] | undefined {
  const [, address = '', bits = ''] = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(range) ?? []
  const version = isIP(address)
  if (version === 0 || Number(bits) > (version === 4 ? 32 : 128)) return undefined
  return [address, Number(bits), version === 4 ? 'ipv4' : 'ipv6']
}
