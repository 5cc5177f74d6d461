// One spelling for each way of naming a product, so that comparing names is comparing strings:
//   pkg:npm/converse.js      a package URL without version, qualifiers and subpath
//   cpe:gajim:gajim          vendor and product of a CPE
//   name:google/libwebp      vendor and product as words of a CVE record, which are no registry's

/** Longest name that is looked at. */
const MAX_LENGTH = 512

/** Ecosystems of OSV and GHSA as types of package URLs. */
const PURL_TYPES: Readonly<Record<string, string>> = {
  npm: 'npm',
  pypi: 'pypi',
  pip: 'pypi',
  go: 'golang',
  maven: 'maven',
  'crates.io': 'cargo',
  rust: 'cargo',
  rubygems: 'gem',
  nuget: 'nuget',
  packagist: 'composer',
  composer: 'composer',
  pub: 'pub',
  swifturl: 'swift',
  debian: 'deb/debian',
  ubuntu: 'deb/ubuntu',
  alpine: 'apk/alpine',
}

/** `pkg:npm/%40scope/name@1.0?x=y#z` as `pkg:npm/@scope/name`; undefined when it is no package URL. */
export function identifierFromPurl(purl: string): string | undefined {
  if (purl.length > MAX_LENGTH) return undefined
  const match = /^pkg:\/{0,2}([a-z][a-z0-9.+-]*)\/([^?#]+)/iu.exec(purl)
  if (!match) return undefined
  const [, type = '', rest = ''] = match
  // The version follows the last @; a scope's @ is the first character of its segment.
  const at = rest.lastIndexOf('@')
  const path = at > 0 && rest[at - 1] !== '/' ? rest.slice(0, at) : rest
  try {
    return `pkg:${type}/${decodeURIComponent(path)}`.toLowerCase()
  } catch {
    return undefined
  }
}

/** A package of an ecosystem (OSV, GHSA). Releases of a distribution (`Debian:12`) are one product. */
export function identifierFromPackage(ecosystem: string, name: string): string | undefined {
  const type = PURL_TYPES[ecosystem.split(':')[0]?.toLowerCase() ?? '']
  if (type === undefined || name === '' || name.length > MAX_LENGTH) return undefined
  return `pkg:${type}/${type === 'maven' ? name.replace(':', '/') : name}`.toLowerCase()
}

/** Vendor and product of a CPE 2.2 URI or a CPE 2.3 string. */
export function identifierFromCpe(cpe: string): string | undefined {
  if (cpe.length > MAX_LENGTH) return undefined
  const match = /^cpe:(?:2\.3:|\/)[aoh*]:((?:[^:\\]|\\.)+):((?:[^:\\]|\\.)+)/iu.exec(cpe)
  if (!match) return undefined
  const [vendor, product] = match.slice(1).map((part) => part.replaceAll('\\', '').toLowerCase())
  return `cpe:${vendor ?? ''}:${product ?? ''}`
}

/** Vendor and product as words. */
export function identifierFromNames(vendor: string, product: string): string | undefined {
  const [first, second] = [vendor, product].map(wordOf)
  if (!first || !second || first === 'n/a' || second === 'n/a') return undefined
  return `name:${first}/${second}`
}

function wordOf(text: string): string {
  return text.length > MAX_LENGTH ? '' : text.trim().toLowerCase().replaceAll(/\s+/gu, '-')
}

/** Whether an identifier is one of a registry. Words are not: two vendors may use the same. */
export function isRegistered(identifier: string): boolean {
  return !identifier.startsWith('name:')
}
