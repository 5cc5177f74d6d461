/** What may be fetched is refused before anybody is asked for its address. */
export class ForbiddenTarget extends Error {}

const PORTS: Readonly<Record<string, readonly string[]>> = { 'http:': ['', '80'], 'https:': ['', '443'] }

/**
 * The URL to fetch, if it may be one: http or https, on its own port, without a user, of a host with a name of the public
 * DNS. Hosts that are addresses are refused in every notation (`0x7f.1`, `2130706433`, `[::1]`): the parser has made them
 * plain already, and nobody needs a preview of an address.
 *
 * @param allowsPort - other ports than those of the schemes, for tests.
 * @throws ForbiddenTarget
 */
export function parseTarget(text: string, base?: URL, allowsPort: (port: string) => boolean = () => false): URL {
  if (text.length > 2_048) throw new ForbiddenTarget('too long')
  const url = URL.parse(text, base?.href)
  if (!url) throw new ForbiddenTarget('no URL')
  const ports = PORTS[url.protocol]
  if (!ports) throw new ForbiddenTarget(`scheme ${url.protocol.slice(0, 20)}`)
  if (url.username !== '' || url.password !== '') throw new ForbiddenTarget('a user in the URL')
  if (!ports.includes(url.port) && !allowsPort(url.port)) throw new ForbiddenTarget('an odd port')
  const { hostname } = url
  if (/^[\d.]+$/.test(hostname) || hostname.startsWith('[')) throw new ForbiddenTarget('a host that is an address')
  if (!/^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\.?$/.test(hostname)) {
    throw new ForbiddenTarget('a host without a public name')
  }
  if (
    /\.(?:local|localhost|internal|intranet|home|lan|corp|private|test|invalid|example|arpa|onion)\.?$/.test(hostname)
  ) {
    throw new ForbiddenTarget('a name that is not of the public DNS')
  }
  url.hash = ''
  return url
}
