// One spelling for each way of naming a product, so that comparing names is comparing strings:
//   pkg:npm/converse.js      a package URL without version, qualifiers and subpath
//   cpe:gajim:gajim          vendor and product of a CPE
//   name:google/libwebp      vendor and product as words of a CVE record, which are no registry's
//   name:/libwebp            a product as the word of a record that names no vendor
// What is compared is `keyOf` them: the words of a CPE are those of a CVE record, whatever stands between them.

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

/** Collections of CVE records (`collectionURL`) as types of package URLs. */
const COLLECTIONS: Readonly<Record<string, string>> = {
  'registry.npmjs.org': 'npm',
  'www.npmjs.com': 'npm',
  'npmjs.com': 'npm',
  'pypi.org': 'pypi',
  'pypi.python.org': 'pypi',
  'crates.io': 'cargo',
  'rubygems.org': 'gem',
  'www.nuget.org': 'nuget',
  'nuget.org': 'nuget',
  'packagist.org': 'composer',
  'pkg.go.dev': 'golang',
  'repo.maven.apache.org': 'maven',
  'repo1.maven.org': 'maven',
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

/** A package of a collection that a CVE record names by its address. */
export function identifierFromCollection(collection: string, name: string): string | undefined {
  const host = URL.canParse(collection) ? new URL(collection).hostname : ''
  const type = COLLECTIONS[host]
  if (type === undefined || name === '' || name.length > MAX_LENGTH) return undefined
  return `pkg:${type}/${type === 'maven' ? name.replace(':', '/') : name}`.toLowerCase()
}

/** Vendor and product as words; `n/a` is no vendor, and without a product there is nothing to name. */
export function identifierFromNames(vendor: string, product: string): string | undefined {
  const [first = '', second = ''] = [vendor, product].map(wordOf)
  return second === '' ? undefined : `name:${first}/${second}`
}

function wordOf(text: string): string {
  const word = text.length > MAX_LENGTH ? '' : text.trim().toLowerCase().replaceAll(/\s+/gu, '-')
  return /^(?:n\/a|-|unknown|unspecified)$/u.test(word) ? '' : word
}

/**
 * What is the same for all spellings of one name. A CPE and the words of a CVE record are one, in any case and with any
 * separators, and a vendor that a CPE calls `gajim_project` is `gajim`.
 */
export function keyOf(identifier: string): string {
  const words = wordsOf(identifier)
  return words ? `name:${words.vendor}/${words.product}` : identifier
}

/** All keys under which a product that we know is looked up: a record may name the product alone. */
export function keysOf(identifier: string): string[] {
  const words = wordsOf(identifier)
  return words ? [`name:${words.vendor}/${words.product}`, `name:/${words.product}`] : [identifier]
}

function wordsOf(identifier: string): { readonly vendor: string; readonly product: string } | undefined {
  const match = /^cpe:([^:]*):(.+)$/u.exec(identifier) ?? /^name:([^/]*)\/(.+)$/u.exec(identifier)
  if (!match) return undefined
  const [vendor = '', product = ''] = match.slice(1).map((text) => text.toLowerCase().replaceAll(/[\s_.-]+/gu, '-'))
  return { vendor: vendor.replace(/-project$/u, ''), product }
}

/** How sure an identifier is: a registry's, words that two vendors may use, or words without a vendor. */
export function sortOf(identifier: string): 'registered' | 'words' | 'vendorless' {
  if (!identifier.startsWith('name:')) return 'registered'
  return identifier.startsWith('name:/') ? 'vendorless' : 'words'
}
