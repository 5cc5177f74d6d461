import { disguiseOf } from './lookalike.ts'
import { MAX_VERSION_LENGTH } from './version.ts'
import type { EvidenceTier } from './vocabulary.ts'

/**
 * Where a claim comes from, the best evidence first: whoever makes it has proved a key that an administrator enrolled, or
 * a token that this server issued to its key; our own `<client/>` element, the reply to a version query (XEP-0092), the
 * form about software in its capabilities (XEP-0232), the SASL2 user agent (XEP-0388), HTTP's User-Agent, a caps node
 * (XEP-0115).
 */
export const CLAIM_SOURCES = [
  'device-key',
  'token',
  'client-element',
  'version-reply',
  'software-info',
  'user-agent',
  'http-header',
  'caps',
] as const
export type ClaimSource = (typeof CLAIM_SOURCES)[number]

/**
 * A family that was named but cannot be read. It may be any client, so every rule matches it: garbage must never be
 * treated better than an old version.
 */
export const UNREADABLE_FAMILY = '?'

/** What one source says about a client. */
export interface Claim {
  readonly source: ClaimSource
  readonly family: string
  readonly version?: string
  readonly build?: string
  readonly os?: string
}

/** What is known about the client of a session, and how well. A plain value: it can be logged, stored and asked again. */
export interface ClientIdentity {
  readonly family?: string
  readonly version?: string
  readonly build?: string
  readonly os?: string
  readonly tier: EvidenceTier
  /** `link`: it was known when a link to a file was given out, which bears our signature. */
  readonly source: ClaimSource | 'link' | 'none'
  /** Two sources contradict each other, or a name looks like another one. */
  readonly isSuspect: boolean
  /** Everything that was claimed, each pair once: rules look at all of it and the strictest answer wins. */
  readonly claims: readonly { readonly family: string; readonly version?: string }[]
}

/** A client that has said nothing. */
export const NO_IDENTITY: ClientIdentity = { tier: 'E0', source: 'none', isSuspect: false, claims: [] }

/** Fields of a claim as they came from the wire, not looked at yet. */
export interface RawClaim {
  readonly source: ClaimSource
  readonly name: string
  readonly version?: string | undefined
  readonly build?: string | undefined
  readonly os?: string | undefined
}

const MAX_FIELD_LENGTH = 64

/**
 * A product name as the slug that rules use: `Drawbridge Web` is `drawbridge-web`, `Psi+` is `psi-plus`. Letters of any
 * script stay. Undefined when nothing readable is left or the name is too long.
 */
export function familySlug(name: string): string | undefined {
  if (name.length > 256) return undefined
  const slug = name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('+', '-plus')
    .replaceAll(/[^\p{L}\p{N}.]+/gu, '-')
    .replaceAll(/^[-.]+|[-.]+$/gu, '')
  return slug === '' || slug.length > MAX_FIELD_LENGTH ? undefined : slug
}

/** Turns raw fields into a claim. Over-long or unreadable ones stay as what they are: present, and not comparable. */
export function claimFrom({ source, name, version, build, os }: RawClaim): Claim {
  return {
    source,
    family: familySlug(name) ?? UNREADABLE_FAMILY,
    ...optional('version', version),
    ...optional('build', build),
    ...optional('os', os),
  }
}

/**
 * Splits `Name 1.2.3` or `Name/1.2.3`, as user agents are written; a name without a version stays whole. What follows a
 * slash is a version even where it cannot be compared (RFC 9110 §10.1.5): junk must not make another family of it.
 */
export function claimFromUserAgent(text: string, source: 'user-agent' | 'http-header'): Claim {
  const match = text.length > 256 ? null : /^([^/]*?)(?:[ /]v?(\d[^\s/;]*)|\/([^\s/;]+))/u.exec(text)
  return claimFrom({ source, name: match?.[1] ?? text, version: match?.[2] ?? match?.[3] })
}

const CAPS_NODES: readonly { readonly node: RegExp; readonly family: string }[] = [
  { node: /^https?:\/\/slixmpp\.com\/ver\/(.+)$/u, family: 'slixmpp' },
  { node: /^https?:\/\/gajim\.org\/?$/u, family: 'gajim' },
  { node: /^https?:\/\/conversations\.im\/?$/u, family: 'conversations' },
  { node: /^https?:\/\/dino\.im\/?$/u, family: 'dino' },
  { node: /^https?:\/\/psi-im\.org\/?$/u, family: 'psi' },
  { node: /^https?:\/\/psi-plus\.com\/?$/u, family: 'psi-plus' },
  { node: /^https?:\/\/monal-im\.org\/?$/u, family: 'monal' },
  { node: /^https?:\/\/swift\.im\/?$/u, family: 'swift' },
]

/** A caps node (XEP-0115 §4) as a claim. Only nodes that are known: others say nothing that could be compared. */
export function claimFromCaps(node: string): Claim | undefined {
  if (node.length > 256) return undefined
  for (const known of CAPS_NODES) {
    const match = known.node.exec(node)
    if (match) return claimFrom({ source: 'caps', name: known.family, version: match[1] })
  }
  return undefined
}

/** The fields of a form about software (XEP-0232 §2) that say which one it is, by name. */
export type SoftwareFields = Readonly<Partial<Record<'software' | 'software_version' | 'os' | 'os_version', string>>>

/** A form about software as a claim; nothing where it does not name any. Its icon is nobody's evidence. */
export function claimFromSoftware(fields: SoftwareFields): Claim | undefined {
  const { software: name, software_version: version, os, os_version: osVersion } = fields
  if (!name) return undefined
  return claimFrom({ source: 'software-info', name, version, os: [os, osVersion].filter(Boolean).join(' ') })
}

/** What stands for more than the word of the client. */
const PROVED_BY: Partial<Record<ClaimSource, EvidenceTier>> = { 'device-key': 'E4', token: 'E3' }

/**
 * Merges claims into one identity: the best source names the client, lesser ones only fill gaps of the same family. Two
 * different families, or two versions of one family, make the session suspect; so does a name whose letters only look like
 * those of another one.
 *
 * @param proved - the name in an answer to disco#info that has the hash it was announced with (XEP-0115 §5.4). It
 *   corroborates a claim of the same family, and never contradicts one: libraries name themselves there, not what is made
 *   with them.
 */
export function identify(claims: readonly Claim[], proved?: string): ClientIdentity {
  const ranked = claims.toSorted((a, b) => CLAIM_SOURCES.indexOf(a.source) - CLAIM_SOURCES.indexOf(b.source))
  const [best] = ranked
  if (!best) return NO_IDENTITY
  const same = ranked.filter((claim) => claim.family === best.family)
  const versions = new Set(same.flatMap((claim) => claim.version ?? []))
  const first = <K extends 'version' | 'build' | 'os'>(key: K) => same.find((claim) => claim[key] !== undefined)?.[key]
  const looksLike = ranked.flatMap((claim) => {
    const family = disguiseOf(claim.family)
    return family === undefined ? [] : [{ ...claim, family }]
  })
  const isSuspect = same.length < ranked.length || versions.size > 1 || looksLike.length > 0
  const isCorroborated = proved !== undefined && claimFromUserAgent(proved, 'user-agent').family === best.family
  return {
    family: best.family,
    ...optional('version', first('version')),
    ...optional('build', first('build')),
    ...optional('os', first('os')),
    // Who contradicts himself has proved nothing.
    tier: (!isSuspect && (PROVED_BY[best.source] ?? (isCorroborated ? 'E2' : undefined))) || 'E1',
    source: best.source,
    isSuspect,
    // Whoever looks like a client is treated no better than that one.
    claims: distinct([...ranked, ...looksLike]),
  }
}

/** What a client has said of itself so far, by where it said it. */
export interface ClientEvidence {
  /** Attributes of `<client xmlns='urn:drawbridge:client:1'/>`. */
  readonly element?: Omit<RawClaim, 'source'> | undefined
  /** Reply to our version query (XEP-0092). */
  readonly versionReply?: Omit<RawClaim, 'source' | 'build'> | undefined
  /** The form about software in its capabilities (XEP-0232). */
  readonly software?: SoftwareFields | undefined
  /** `<software/>` of the SASL2 user agent (XEP-0388). */
  readonly userAgent?: string | undefined
  /** HTTP's User-Agent. */
  readonly httpUserAgent?: string | undefined
  /** Node of its entity capabilities (XEP-0115). */
  readonly capsNode?: string | undefined
}

/** The identity that all evidence so far amounts to. */
export function identifyClient(evidence: ClientEvidence): ClientIdentity {
  const { element, versionReply, software, userAgent, httpUserAgent, capsNode } = evidence
  const claims: (Claim | undefined)[] = [
    element && claimFrom({ source: 'client-element', ...element }),
    versionReply && claimFrom({ source: 'version-reply', ...versionReply }),
    software && claimFromSoftware(software),
    userAgent === undefined ? undefined : claimFromUserAgent(userAgent, 'user-agent'),
    httpUserAgent === undefined ? undefined : claimFromUserAgent(httpUserAgent, 'http-header'),
    capsNode === undefined ? undefined : claimFromCaps(capsNode),
  ]
  return identify(claims.filter((claim) => claim !== undefined))
}

/** A claim without a version adds nothing where the same family is claimed with one. */
function distinct(claims: readonly Claim[]): ClientIdentity['claims'] {
  const found = new Map<string, { family: string; version?: string }>()
  for (const { family, version } of claims) {
    if (version !== undefined) found.set(`${family} ${version}`, { family, version })
  }
  const withVersion = new Set([...found.values()].map(({ family }) => family))
  for (const { family } of claims) if (!withVersion.has(family)) found.set(family, { family })
  return [...found.values()]
}

function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  if (value === undefined || value === '') return {}
  // An over-long value is cut with a mark that no version parser accepts, so it cannot turn into a good one.
  const kept = value.length > MAX_VERSION_LENGTH ? `${value.slice(0, MAX_VERSION_LENGTH - 1)}…` : value
  return { [key]: kept } as { [P in K]?: string }
}
