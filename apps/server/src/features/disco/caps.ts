import {
  buildCapsHashInput,
  buildCapsString,
  capsHashNode,
  findCaps,
  findCapsHashes,
  NS_CAPS,
  NS_DISCO_INFO,
  NS_SOFTWARE_INFO,
  parseDiscoInfo,
  xml,
} from '@drawbridge/xmpp'
import { claimFromSoftware } from '@drawbridge/policy'
import type { Claim as ClientClaim } from '@drawbridge/policy'
import { BoundedMap } from '@drawbridge/runtime'
import type { DiscoInfo, Element, SettingIdentity } from '@drawbridge/xmpp'
import { createHash } from 'node:crypto'
import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'

/** Answers kept, and the most features one of them may name to be kept at all: what clients make up is bounded. */
const MAX_CACHED = 2_000
const MAX_FEATURES = 256
const MAX_FEATURE_LENGTH = 256

/** The hashes of XEP-0300 that capabilities use, by the names Node has for them, the one we like best first. */
const HASHES: Readonly<Record<string, string>> = {
  'sha3-256': 'sha3-256',
  'sha-512': 'sha512',
  'sha-256': 'sha256',
  'sha-1': 'sha1',
}

/** Not good enough any longer where there is a choice (XEP-0390 §4.2, XEP-0300 §5). */
const isWeak = (algo: string) => algo === 'sha-1'

function digest(text: string | undefined, algo: string): string | undefined {
  const algorithm = HASHES[algo]
  if (algorithm === undefined || text === undefined) return undefined
  return createHash(algorithm).update(text).digest('base64')
}

/** The hash of XEP-0115 §5.1; `undefined` for an algorithm we do not have and for an ill-formed answer. */
export function capsVersion(query: Element, hash: string): string | undefined {
  return digest(buildCapsString(parseDiscoInfo(query)), hash)
}

/** The hash of XEP-0390 §4.1, likewise. */
export function capsHash(query: Element, algo: string): string | undefined {
  return digest(buildCapsHashInput(query), algo)
}

/** What a client says it is, in one of the ways there are. */
interface Claim {
  /** The same for every client that can do the same. */
  readonly key: string
  /** Where to ask what that means; absent: the client itself. */
  readonly node: string | undefined
  /** Whether an answer is what was announced, so that it counts for everybody who announces it (PE-04). */
  isProved(query: Element): boolean
}

/** The best claim of a presence: XEP-0390 before XEP-0115; before 2008 there was nothing to prove (XEP-0115 §8). */
function findClaim(presence: Element): Claim | undefined {
  const hashes = findCapsHashes(presence)
  const algo = Object.keys(HASHES).find((name) => !isWeak(name) && hashes.some((hash) => hash.algo === name))
  const hash = hashes.find((known) => known.algo === algo)
  if (hash) {
    const node = capsHashNode(hash)
    return { key: node, node, isProved: (query) => capsHash(query, hash.algo) === hash.value }
  }
  const caps = findCaps(presence)
  if (caps) {
    const { node, ver, hash: name } = caps
    return {
      key: `${name} ${ver}`,
      node: `${node}#${ver}`,
      isProved: (query) => capsVersion(query, name) === ver,
    }
  }
  const { node, ver = '', ext = '' } = presence.getChild('c', NS_CAPS)?.attrs ?? {}
  if (node === undefined) return undefined
  return { key: `legacy ${node} ${ver} ${ext}`, node: undefined, isProved: () => false }
}

/** What a client can do, and what kind of client it is: its first identity. */
export interface Capabilities {
  readonly features: ReadonlySet<string>
  readonly identity: SettingIdentity | undefined
  /** Which software it says it is, in a form of its own (XEP-0232). */
  readonly software: ClientClaim | undefined
  /** What it calls itself, where the whole answer has the hash that was announced. */
  readonly provedName: string | undefined
}

/** Answers that prove themselves: found under the hash of what they say, so that one client can speak for another. */
export interface CapsCache {
  find(key: string): Capabilities | undefined
  put(key: string, capabilities: Capabilities): void
}

/** An empty cache; the least recently used answer goes first. */
export function createCapsCache(): CapsCache {
  const known = new BoundedMap<string, Capabilities>(MAX_CACHED)
  return {
    find(key) {
      const capabilities = known.get(key)
      if (!capabilities) return undefined
      known.set(key, capabilities)
      return capabilities
    },
    put(key, capabilities) {
      known.set(key, capabilities)
    },
  }
}

/** What a session has said its capabilities are. */
const CURRENT = 'disco.caps'

/** Looks for capabilities in the presence that a client broadcasts, and asks about those that are new (XEP-0115 §6.2). */
export function followCaps(presence: Element, session: Session, cache: CapsCache, ctx: Context): void {
  const claim = findClaim(presence)
  if (!claim || (session.notes.get(CURRENT) as Claim | undefined)?.key === claim.key) return
  session.notes.set(CURRENT, claim)
  const cached = cache.find(claim.key)
  if (cached) return learn(session, cached, ctx)
  void ask(claim, session, cache, ctx).catch((error: unknown) =>
    ctx.log.warn('capabilities were not understood', { error: String(error) }),
  )
}

async function ask(claim: Claim, session: Session, cache: CapsCache, ctx: Context): Promise<void> {
  const reply = await session.query(xml('query', { xmlns: NS_DISCO_INFO, node: claim.node }), ctx.domain)
  const query = reply?.attrs['type'] === 'result' ? reply.getChild('query', NS_DISCO_INFO) : undefined
  if (session.isEnded || session.notes.get(CURRENT) !== claim) return
  if (!query) return session.corroborate(undefined)
  const { features: named, identities, forms = [] } = parseDiscoInfo(query)
  const features = new Set(named.filter((name) => name.length <= MAX_FEATURE_LENGTH).slice(0, MAX_FEATURES))
  // PE-04: an answer that does not have the hash it was announced with counts for this session and for no other.
  const isWhole = features.size === named.length
  const [first] = identities.filter(({ category, type }) => isShort(category) && isShort(type))
  const isProved = isWhole && claim.isProved(query)
  const fields = softwareFields(forms)
  // XEP-0232 §2: "its value SHOULD override any software name" of the identity.
  const name = isProved ? (fields.software ?? first?.name) : undefined
  const capabilities = {
    features,
    software: claimFromSoftware(fields),
    identity: first && { category: first.category, type: first.type },
    provedName: name !== undefined && isShort(name) ? name : undefined,
  }
  if (isProved) cache.put(claim.key, capabilities)
  learn(session, capabilities, ctx)
}

/** The form of XEP-0232 by the names of its fields; the first value of each. */
function softwareFields(forms: NonNullable<DiscoInfo['forms']>): Readonly<Record<string, string>> {
  const fields = forms.find(({ formType }) => formType === NS_SOFTWARE_INFO)?.fields ?? []
  return Object.fromEntries(fields.map(({ name, values }) => [name, values?.[0] ?? '']))
}

const isShort = (name: string) => name.length <= MAX_FEATURE_LENGTH

function learn(session: Session, { features, identity, software, provedName }: Capabilities, ctx: Context): void {
  session.notes.set('disco', features)
  session.notes.set('disco.identity', identity)
  session.corroborate(provedName)
  if (software) session.claim(software)
  // What it says may have cost it the session.
  if (session.isEnded) return
  ctx.emit('disco.known', { session, features, identity })
}
