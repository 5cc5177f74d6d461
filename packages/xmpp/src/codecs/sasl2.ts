import { xml, type Content, type Element } from '../element.ts'
import { NS_BIND2, NS_FAST, NS_IAP, NS_SASL2, NS_SASL_UPGRADE, NS_SCRAM_UPGRADE, NS_SM } from '../ns.ts'
import { base64From } from '../payload/base64.ts'
import { findClient, type ClientClaim } from './client.ts'
import { formatDateTime } from './date-time.ts'
import { findSaslData } from './sasl.ts'

/** What a client says of itself while it signs in (XEP-0388 §2.3). Not for the eyes of anybody else. */
export interface UserAgent {
  /** Stays the same for one installation of the client. */
  readonly id: string | undefined
  readonly software: string | undefined
  readonly device: string | undefined
}

/** XEP-0386 §2.2: binds a resource along with signing in. */
export interface Bind2Request {
  /** Goes into the resource. */
  readonly tag: string | undefined
  /** What the session is to begin with, in namespaces of their own. */
  readonly features: readonly Element[]
}

/** Everything in `<authenticate/>` beside the mechanism and its data. */
export interface Authenticate {
  readonly userAgent: UserAgent
  /** Our own `<client/>`, wherever the client put it. */
  readonly client: ClientClaim | undefined
  readonly bind: Bind2Request | undefined
  /** XEP-0198: `<resume/>`. */
  readonly resume: Element | undefined
  /** XEP-0484: the data was made with a token. */
  readonly fast: { readonly count: number | undefined; readonly isInvalidated: boolean } | undefined
  /** XEP-0484: the mechanism that a token is asked for. */
  readonly tokenFor: string | undefined
  /** XEP-0480: tasks the client is ready for. */
  readonly upgrades: readonly string[]
  /** XEP-0509: of the stream features that the client went by, where it did not wait for those of this stream. */
  readonly configVersion: string | undefined
}

const MAX_ID_LENGTH = 128
const MAX_TEXT_LENGTH = 128

/** Nothing for a request that says something that cannot be: an id of no use, a count that is no number. */
export function findAuthenticate(element: Element): Authenticate | undefined {
  const agent = element.getChild('user-agent', NS_SASL2)
  const id = agent?.attrs['id']
  if (id !== undefined && (id === '' || id.length > MAX_ID_LENGTH)) return undefined
  const fast = element.getChild('fast', NS_FAST)
  const count = fast?.attrs['count']
  if (count !== undefined && !/^\d{1,15}$/.test(count)) return undefined
  const bind = element.getChild('bind', NS_BIND2)
  const tokenRequest = element.getChild('request-token', NS_FAST)
  const upgrades = element.getChildren('upgrade', NS_SASL_UPGRADE).map((upgrade) => upgrade.getText().trim())
  return {
    userAgent: { id, software: textOf(agent, 'software'), device: textOf(agent, 'device') },
    client: findClient(element, agent, bind),
    bind: bind && {
      tag: bind.getChildText('tag', NS_BIND2) || undefined,
      features: bind.getChildElements().filter((child) => child.getNS() !== NS_BIND2),
    },
    resume: element.getChild('resume', NS_SM),
    fast: fast && {
      count: count === undefined ? undefined : Number(count),
      isInvalidated: fast.attrs['invalidate'] === 'true' || fast.attrs['invalidate'] === '1',
    },
    tokenFor: tokenRequest?.attrs['mechanism'],
    upgrades,
    configVersion: element.getChild('config-version', NS_IAP)?.attrs['value'],
  }
}

/** XEP-0509 §2.1: a name of the stream features that it stands among. */
export function buildConfigVersion(value: string): Element {
  return xml('config-version', { xmlns: NS_IAP, scheme: 'opaque', value })
}

/** XEP-0509 §2.2: the client went by other features than there are now. */
export function buildConfigVersionMismatch(): Element {
  return xml('config-version-mismatch', { xmlns: NS_IAP })
}

function textOf(agent: Element | undefined, name: string): string | undefined {
  const text = agent?.getChildText(name, NS_SASL2)?.trim()
  return text ? text.slice(0, MAX_TEXT_LENGTH).toWellFormed() : undefined
}

export interface AuthenticationOffer {
  readonly mechanisms: readonly string[]
  /** XEP-0484 §3.1; none, and FAST is not offered. */
  readonly fast: readonly string[]
  /** XEP-0386 §2.1: what can be turned on while binding. */
  readonly bindFeatures: readonly string[]
  /** XEP-0480 §2.1 */
  readonly upgrades: readonly string[]
}

/** The stream feature (XEP-0388 §2.1). */
export function buildAuthentication({ mechanisms, fast, bindFeatures, upgrades }: AuthenticationOffer): Element {
  const named = (names: readonly string[]) => names.map((name) => xml('mechanism', {}, name))
  return xml(
    'authentication',
    { xmlns: NS_SASL2 },
    ...named(mechanisms),
    xml(
      'inline',
      {},
      xml('bind', { xmlns: NS_BIND2 }, xml('inline', {}, ...bindFeatures.map((name) => xml('feature', { var: name })))),
      xml('sm', { xmlns: NS_SM }),
      fast.length > 0 ? xml('fast', { xmlns: NS_FAST }, ...named(fast)) : undefined,
    ),
    ...upgrades.map((task) => xml('upgrade', { xmlns: NS_SASL_UPGRADE }, task)),
  )
}

/** XEP-0386 §2.2: what the session began with. */
export function buildBound(answers: readonly Content[]): Element {
  return xml('bound', { xmlns: NS_BIND2 }, ...answers)
}

/** XEP-0484 §3.3. */
export function buildFastToken(token: string, expiresAt: Date): Element {
  return xml('token', { xmlns: NS_FAST, token, expiry: formatDateTime(expiresAt) })
}

/** XEP-0480 §3: what the client needs to salt its password. */
export function buildScramSalt(salt: Uint8Array, iterations: number): Element {
  return xml('salt', { xmlns: NS_SCRAM_UPGRADE, iterations }, base64From(salt))
}

/** The salted password of the client; nothing when it is not what was asked for. */
export function findScramHash(payload: Element | undefined): Uint8Array | undefined {
  return payload?.is('hash', NS_SCRAM_UPGRADE) ? findSaslData(payload.getText().trim()) : undefined
}
