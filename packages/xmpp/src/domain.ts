import { decodePunycode, encodePunycode } from './punycode.ts'
import { assertBidi, hasRightToLeft } from './unicode/bidi.ts'
import { assertContext } from './unicode/context.ts'
import { named, PrecisFault } from './unicode/fault.ts'
import { codePoints, lowerCase, mapWidth, normalize } from './unicode/mappings.ts'
import { propertiesOf } from './unicode/properties.ts'

const LDH = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/
const IPV4 = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/

/**
 * Prepares a domainpart (RFC 7622 §3.2): U-labels, lower case, NFC, without final dot.
 * @throws PrecisFault
 */
export function prepareDomain(text: string, allowIpLiteral: boolean): string {
  if (text.startsWith('[')) {
    if (allowIpLiteral) return prepareIpv6(text)
    throw new PrecisFault('IP literal')
  }
  const mapped = mapLikeUsers(text).replaceAll('\u3002', '.')
  const domain = mapped.endsWith('.') ? mapped.slice(0, -1) : mapped
  if (domain === '') throw new PrecisFault('empty domain')
  const labels = domain.split('.')
  // A last label of digits only cannot be a top-level domain: this is an IPv4 address, or wrong.
  if (/^\d+$/.test(labels.at(-1) ?? '')) {
    if (allowIpLiteral && IPV4.test(domain)) return domain
    throw new PrecisFault('IP literal')
  }
  const prepared = labels.map(prepareLabel)
  // RFC 5893 §2: where one label is written from right to left, the rule is for all of them.
  const isBidi = prepared.some(hasRightToLeft)
  for (const label of prepared) assertBidi(label, isBidi)
  const wireLength = prepared.reduce((sum, label) => sum + wireLabel(label).length + 1, -1)
  if (wireLength > 253) throw new PrecisFault('domain too long')
  return prepared.join('.')
}

function prepareLabel(label: string): string {
  if (LDH.test(label)) {
    if (label.length > 63) throw new PrecisFault('label too long')
    if (label.startsWith('xn--')) return decodeLabel(label)
    if (label.slice(2, 4) === '--') throw new PrecisFault('hyphens in the third and fourth place')
    return label
  }
  assertULabel(label)
  if (wireLabel(label).length > 63) throw new PrecisFault('label too long')
  return label
}

/** An A-label becomes its U-label, if it is the encoding of one; so there is one form to compare. */
function decodeLabel(label: string): string {
  let decoded: string
  try {
    decoded = decodePunycode(label.slice(4))
  } catch (cause) {
    throw new PrecisFault('not an A-label', { cause })
  }
  if (/^[\0-\x7f]*$/.test(decoded) || wireLabel(decoded) !== label) throw new PrecisFault('not an A-label')
  if (decoded !== mapLikeUsers(decoded)) throw new PrecisFault('not an A-label')
  assertULabel(decoded)
  return decoded
}

/** What people type for a domain becomes what it is registered as, as far as that is certain (RFC 5895 §2). */
function mapLikeUsers(text: string): string {
  return normalize(lowerCase(mapWidth(text)))
}

/** RFC 5891 §4.2, with the categories of RFC 5892. */
function assertULabel(label: string): void {
  if (label.startsWith('-') || label.endsWith('-') || label.slice(2, 4) === '--') throw new PrecisFault('hyphen')
  const points = codePoints(label)
  if (points.length === 0) throw new PrecisFault('empty label')
  for (const [at, c] of points.entries()) {
    const { isInDomains, isMark } = propertiesOf(c)
    if (!isInDomains || (isMark && at === 0)) throw new PrecisFault(`not allowed in a domain: ${named(c)}`)
  }
  if (normalize(label) !== label) throw new PrecisFault('not normalized')
  assertContext(label)
}

function wireLabel(label: string): string {
  return /^[\0-\x7f]*$/.test(label) ? label : `xn--${encodePunycode(label)}`
}

function prepareIpv6(text: string): string {
  const inner = text.endsWith(']') ? text.slice(1, -1).toLowerCase() : ''
  const [head = '', tail, ...more] = inner.split('::')
  if (more.length > 0) throw new PrecisFault('not an IPv6 address')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const all = [...left, ...right]
  const last = all.at(-1) ?? ''
  const count = all.length + (IPV4.test(last) ? 1 : 0)
  const areLegal = all.every(
    (group, at) => /^[0-9a-f]{1,4}$/.test(group) || (at === all.length - 1 && IPV4.test(group)),
  )
  if (!areLegal || (tail === undefined ? count !== 8 : count > 7)) throw new PrecisFault('not an IPv6 address')
  return `[${inner}]`
}
