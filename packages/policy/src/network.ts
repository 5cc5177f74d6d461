import ipaddr from 'ipaddr.js'

/** A range of addresses. */
export type Network = [ipaddr.IPv4 | ipaddr.IPv6, number]

/** A network in CIDR notation; undefined when the text is none. */
export function findNetwork(text: string): Network | undefined {
  try {
    return ipaddr.parseCIDR(text)
  } catch {
    return undefined
  }
}

/** Whether an address is in a network. An IPv4 address inside IPv6 is that IPv4 address. */
export function isInNetwork(address: string | undefined, network: Network): boolean {
  if (address === undefined || !ipaddr.isValid(address)) return false
  const parsed = ipaddr.process(address)
  return network[0].kind() === parsed.kind() && parsed.match(network)
}
