import { buildCapsString, findCaps, NS_DISCO_INFO, parseDiscoInfo, xml } from '@drawbridge/xmpp'
import type { Caps, Element } from '@drawbridge/xmpp'
import { createHash } from 'node:crypto'
import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'

/** Answers kept, and the most features one of them may name to be kept at all: what clients make up is bounded. */
const MAX_CACHED = 2_000
const MAX_FEATURES = 256
const MAX_FEATURE_LENGTH = 256

/** The hashes of XEP-0300 that clients use in capabilities, by the names Node has for them. */
const HASHES: Readonly<Record<string, string>> = { 'sha-1': 'sha1', 'sha-256': 'sha256', 'sha-512': 'sha512' }

/** The hash of XEP-0115 §5.1; `undefined` for an algorithm we do not have and for an ill-formed answer. */
export function capsVersion(query: Element, hash: string): string | undefined {
  const algorithm = HASHES[hash]
  const text = buildCapsString(parseDiscoInfo(query))
  if (algorithm === undefined || text === undefined) return undefined
  return createHash(algorithm).update(text).digest('base64')
}

/** Answers that prove themselves: found under the hash of what they say, so that one client can speak for another. */
export interface CapsCache {
  find(caps: Caps): ReadonlySet<string> | undefined
  put(caps: Caps, features: ReadonlySet<string>): void
}

/** An empty cache; the least recently used answer goes first. */
export function createCapsCache(): CapsCache {
  const known = new Map<string, ReadonlySet<string>>()
  const keyOf = ({ hash, ver }: Caps) => `${hash} ${ver}`
  return {
    find(caps) {
      const key = keyOf(caps)
      const features = known.get(key)
      if (!features) return undefined
      known.delete(key)
      known.set(key, features)
      return features
    },
    put(caps, features) {
      known.set(keyOf(caps), features)
      for (const key of known.keys()) {
        if (known.size <= MAX_CACHED) break
        known.delete(key)
      }
    },
  }
}

/** What a session has said its capabilities are, as long as its answer about them is not there. */
const CURRENT = 'disco.caps'

/** Looks for capabilities in the presence that a client broadcasts, and asks about those that are new (XEP-0115 §6.2). */
export function followCaps(presence: Element, session: Session, cache: CapsCache, ctx: Context): void {
  const caps = findCaps(presence)
  if (!caps) return
  const current = session.notes.get(CURRENT) as Caps | undefined
  if (current?.ver === caps.ver && current.hash === caps.hash && current.node === caps.node) return
  session.notes.set(CURRENT, caps)
  ctx.emit('caps.changed', { session, ...caps })
  const cached = cache.find(caps)
  if (cached) return learn(session, cached, ctx)
  void ask(caps, session, cache, ctx).catch((error: unknown) =>
    ctx.log.warn('capabilities were not understood', { error: String(error) }),
  )
}

async function ask(caps: Caps, session: Session, cache: CapsCache, ctx: Context): Promise<void> {
  const question = xml('query', { xmlns: NS_DISCO_INFO, node: `${caps.node}#${caps.ver}` })
  const reply = await session.query(question, ctx.domain)
  const query = reply?.attrs['type'] === 'result' ? reply.getChild('query', NS_DISCO_INFO) : undefined
  if (!query || session.isEnded || session.notes.get(CURRENT) !== caps) return
  const named = parseDiscoInfo(query).features
  const features = new Set(named.filter((name) => name.length <= MAX_FEATURE_LENGTH).slice(0, MAX_FEATURES))
  // PE-04: an answer that does not have the hash it was announced with counts for this session and for no other.
  const isWhole = features.size === named.length
  if (isWhole && capsVersion(query, caps.hash) === caps.ver) cache.put(caps, features)
  learn(session, features, ctx)
}

function learn(session: Session, features: ReadonlySet<string>, ctx: Context): void {
  session.notes.set('disco', features)
  ctx.emit('disco.known', { session, features })
}
