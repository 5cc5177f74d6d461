import { xml, type Element } from '../element.ts'
import { NS_DRAWBRIDGE_CLIENT } from '../ns.ts'
import { formatDateTime } from './date-time.ts'

/** What a Drawbridge client says about itself when it binds or authenticates: `<client xmlns='urn:drawbridge:client:1'/>`. */
export interface ClientClaim {
  readonly name: string
  readonly version?: string | undefined
  readonly build?: string | undefined
  readonly os?: string | undefined
  readonly proof?: ClientProof | undefined
}

/** What shows that it is so: `<proof/>` inside `<client/>`. Everything in base64url, as claimed. */
export interface ClientProof {
  /** The public key of the installation: a point on P-256, uncompressed (65 bytes), or of Ed25519 (32 bytes). */
  readonly key: string
  /** Of {@link clientProofText}: ECDSA with SHA-256 as r and s, or Ed25519. */
  readonly signature: string
  /** It signs the channel binding of this name as well; only where TLS ends in the server. */
  readonly binding?: 'tls-exporter' | undefined
  /** That the server gave out to this key. */
  readonly token?: string | undefined
}

/**
 * What an installation signs: it is of use on one stream of one account only, since the server makes the id of each stream
 * anew and unguessable (RFC 6120 §4.7.3).
 *
 * @param binding - the channel binding data in base64url, where it is signed as well
 */
export function clientProofText(domain: string, account: string, streamId: string, binding = ''): string {
  return [NS_DRAWBRIDGE_CLIENT, domain, account, streamId, binding].join('\0')
}

/** The fields as claimed, unchecked; a missing name is empty. */
export function parseClient(element: Element): ClientClaim {
  const { name, version, build, os } = element.attrs
  const proof = element.getChild('proof', NS_DRAWBRIDGE_CLIENT)
  return { name: name ?? '', version, build, os, ...(proof && { proof: parseProof(proof) }) }
}

function parseProof(element: Element): ClientProof {
  const { key = '', signature = '', binding } = element.attrs
  return {
    key,
    signature,
    binding: binding === 'tls-exporter' ? binding : undefined,
    token: element.getText().trim() || undefined,
  }
}

/** A client that says two things at once says nothing that can be read. */
const CONTRADICTORY: ClientClaim = { name: '' }

/** The claim inside a bind request or other elements. Several that differ are one that nobody can read. */
export function findClient(...parents: readonly (Element | undefined)[]): ClientClaim | undefined {
  const claims = parents.flatMap((parent) => parent?.getChildren('client', NS_DRAWBRIDGE_CLIENT).map(parseClient) ?? [])
  return new Set(claims.map((claim) => JSON.stringify(claim))).size > 1 ? CONTRADICTORY : claims[0]
}

export function buildClient({ name, version, build, os, proof }: ClientClaim): Element {
  return xml('client', { xmlns: NS_DRAWBRIDGE_CLIENT, name, version, build, os }, proof && buildProof(proof))
}

function buildProof({ key, signature, binding, token }: ClientProof): Element {
  return xml('proof', { key, signature, binding }, token)
}

/** What the server makes of a client's proof: how well it knows the client by now. */
export function buildClientTier(tier: string): Element {
  return xml('known', { xmlns: NS_DRAWBRIDGE_CLIENT, tier })
}

/** Why a client was turned away, and what its user can do. */
export interface ClientBlocked {
  readonly rule: string
  /** The lowest version that is accepted. */
  readonly min?: string | undefined
  /** Where to get it. */
  readonly url?: string | undefined
  readonly deadline?: Date | undefined
  /** Whether the web client may be used meanwhile. */
  readonly canUseWeb?: boolean | undefined
  /** Over how many seconds clients should spread their return, so that they do not come all at once. */
  readonly spreadSeconds?: number | undefined
  readonly reason?: string | undefined
}

export function buildClientBlocked(blocked: ClientBlocked): Element {
  return xml(
    'client-blocked',
    {
      xmlns: NS_DRAWBRIDGE_CLIENT,
      rule: blocked.rule,
      min: blocked.min,
      url: blocked.url,
      deadline: blocked.deadline && formatDateTime(blocked.deadline),
      'can-web': blocked.canUseWeb,
      spread: blocked.spreadSeconds,
    },
    blocked.reason === undefined ? undefined : xml('reason', {}, blocked.reason),
  )
}

/** The `<client-blocked/>` in a stream error, a stanza error or a message. */
export function findClientBlocked(parent: Element): ClientBlocked | undefined {
  const element = parent.getChild('client-blocked', NS_DRAWBRIDGE_CLIENT)
  if (!element) return undefined
  const { rule, min, url, deadline, spread } = element.attrs
  const instant = deadline === undefined ? Number.NaN : Date.parse(deadline)
  const canUseWeb = element.attrs['can-web']
  return {
    rule: rule ?? '',
    min,
    url,
    deadline: Number.isNaN(instant) ? undefined : new Date(instant),
    canUseWeb: canUseWeb === undefined ? undefined : canUseWeb === 'true' || canUseWeb === '1',
    spreadSeconds: /^\d{1,6}$/.test(spread ?? '') ? Number(spread) : undefined,
    reason: element.getChildText('reason'),
  }
}
