import { createHmac, hash, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const pbkdf2Async = promisify(pbkdf2)

/** The hash functions that SCRAM is used with (RFC 5802 §4, RFC 7677), and how long what they make is. */
const HASHES = {
  'SCRAM-SHA-512': { digest: 'sha512', bytes: 64 },
  'SCRAM-SHA-256': { digest: 'sha256', bytes: 32 },
  'SCRAM-SHA-1': { digest: 'sha1', bytes: 20 },
} as const

/** A SCRAM mechanism, with or without -PLUS: both use one verifier. The strongest first. */
export type ScramFamily = keyof typeof HASHES
export const SCRAM_FAMILIES = Object.keys(HASHES) as ScramFamily[]

/** What is stored about a password (RFC 5802 §3). A secret, all of it. */
export interface ScramVerifier {
  readonly family: ScramFamily
  readonly salt: Buffer
  readonly iterations: number
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** RFC 7677 §4 asks for 4,096 at least; what a client is made to compute has an end, too (threats AU-26). */
const MIN_ITERATIONS = 4_096
const MAX_ITERATIONS = 10_000_000

const hmac = (family: ScramFamily, key: Buffer, text: string | Buffer) =>
  createHmac(HASHES[family].digest, key).update(text).digest()

/** The hash function of a SCRAM mechanism. */
export function scramHash(family: ScramFamily, bytes: Buffer | string): Buffer {
  return hash(HASHES[family].digest, bytes, 'buffer')
}

/** How long a salted password, and everything made of it, is. */
export function scramBytes(family: ScramFamily): number {
  return HASHES[family].bytes
}

/** How a password is salted. */
export interface Salting {
  readonly family: ScramFamily
  readonly iterations: number
  /** Default: 128 random bits. */
  readonly salt?: Buffer
}

/** Derives the verifier. Costs `iterations` rounds of HMAC in the thread pool. */
export async function deriveVerifier(
  password: string,
  { family, iterations, salt = randomBytes(16) }: Salting,
): Promise<ScramVerifier> {
  const { digest, bytes } = HASHES[family]
  return verifierFrom(await pbkdf2Async(password, salt, iterations, bytes, digest), { family, iterations, salt })
}

/** The verifier of a password that is salted already (XEP-0480 §3). */
export function verifierFrom(salted: Buffer, { family, iterations, salt }: Required<Salting>): ScramVerifier {
  return {
    family,
    salt,
    iterations,
    storedKey: scramHash(family, hmac(family, salted, 'Client Key')),
    serverKey: hmac(family, salted, 'Server Key'),
  }
}

/** One line of text, to be sealed: version, iterations, and three base64 values. */
export function encodeVerifier({ iterations, salt, storedKey, serverKey }: ScramVerifier): Buffer {
  return Buffer.from(
    ['1', iterations, ...[salt, storedKey, serverKey].map((value) => value.toString('base64'))].join(':'),
  )
}

/** The reverse of `encodeVerifier`; nothing for anything else, or for rounds that no client should be asked for. */
export function findVerifier(family: ScramFamily, bytes: Buffer): ScramVerifier | undefined {
  const [version, iterations, ...values] = bytes.toString().split(':')
  const [salt, storedKey, serverKey] = values.map((value) => Buffer.from(value, 'base64'))
  const rounds = Number(iterations)
  const length = scramBytes(family)
  if (version !== '1' || !(rounds >= MIN_ITERATIONS && rounds <= MAX_ITERATIONS)) return undefined
  if (!salt || salt.length < 8 || storedKey?.length !== length || serverKey?.length !== length) return undefined
  return { family, iterations: rounds, salt, storedKey, serverKey }
}

export class ScramFailure extends Error {
  readonly reason: 'malformed-request' | 'not-authorized'

  constructor(reason: ScramFailure['reason'], message: string) {
    super(message)
    this.name = 'ScramFailure'
    this.reason = reason
  }
}

export interface ScramClientFirst {
  readonly username: string
  readonly authzid: string | undefined
  readonly nonce: string
  readonly gs2Header: string
  readonly bare: string
  /** `n`: cannot bind. `y`: could, but thinks that we cannot. Otherwise the type it binds with. */
  readonly binding: string
}

const SASLNAME = /^(?:[^,=\0]|=2C|=3D)+$/
const unescapeName = (text: string) => text.replaceAll('=2C', ',').replaceAll('=3D', '=')

/**
 * Parses client-first-message (RFC 5802 §7): exactly these attributes, each once and in this order; of others
 * only such as RFC 5802 §5.1 gives no meaning, so no `m=`.
 */
export function parseClientFirst(message: string): ScramClientFirst {
  const match =
    /^((?:p=([A-Za-z0-9.-]+)|([ny])),(?:a=([^,]*))?,)(n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Zbdfghjkloqtuw-z]=[^,]*)*)$/.exec(
      message,
    )
  const [, gs2Header, bindingName, flag, authzid, bare, name, nonce] = match ?? []
  if (gs2Header === undefined || bare === undefined || name === undefined || nonce === undefined) {
    throw new ScramFailure('malformed-request', 'malformed client-first-message')
  }
  if (
    !SASLNAME.test(name) ||
    (authzid !== undefined && !SASLNAME.test(authzid)) ||
    nonce.length < 8 ||
    nonce.length > 256
  ) {
    throw new ScramFailure('malformed-request', 'malformed name or nonce')
  }
  return {
    username: unescapeName(name),
    authzid: authzid === undefined ? undefined : unescapeName(authzid),
    nonce,
    gs2Header,
    bare,
    binding: bindingName ?? flag ?? 'n',
  }
}

/** What the stream features said (XEP-0474 §6.1). */
export interface SaslOffer {
  readonly mechanisms: readonly string[]
  /** Channel bindings (XEP-0440); none, and the feature was not sent. */
  readonly bindings: readonly string[]
}

/** XEP-0474 §6.1: names sorted by octet, parts apart by characters that XML cannot hold. */
export function offerHash(family: ScramFamily, { mechanisms, bindings }: SaslOffer): string {
  const joined = (names: readonly string[]) => names.toSorted().join('\x1e')
  const parts = bindings.length > 0 ? [joined(mechanisms), joined(bindings)] : [joined(mechanisms)]
  return scramHash(family, parts.join('\x1f')).toString('base64')
}

export interface ScramStart {
  readonly first: ScramClientFirst
  readonly verifier: ScramVerifier
  /** What client-final must carry after the GS2 header; empty without channel binding. */
  readonly bindingBytes: Buffer
  /** What was offered, so that the client sees whether somebody changed it on the way (XEP-0474); absent: not told. */
  readonly offer?: SaslOffer
  /** Of TLS as we see it, so that the client sees whether somebody in between speaks another one (XEP-0515); absent: not told. */
  readonly tlsVersion?: string | undefined
  /** False: the verifier is a decoy for an account that does not exist, so that no proof can be right. */
  readonly isReal: boolean
  /** Default: 144 random bits. */
  readonly serverNonce?: string
}

/** The server's side of one exchange, after client-first. Its state lives as long as the stream's sign-in deadline. */
export class ScramExchange {
  readonly serverFirst: string
  readonly #first: ScramClientFirst
  readonly #verifier: ScramVerifier
  readonly #bindingBytes: Buffer
  readonly #nonce: string
  readonly #isReal: boolean

  constructor({ first, verifier, bindingBytes, isReal, offer, tlsVersion, serverNonce = newNonce() }: ScramStart) {
    this.#first = first
    this.#verifier = verifier
    this.#bindingBytes = bindingBytes
    this.#isReal = isReal
    this.#nonce = first.nonce + serverNonce
    const { family, salt, iterations } = verifier
    this.serverFirst = `r=${this.#nonce},s=${salt.toString('base64')},i=${iterations}`
    if (offer) this.serverFirst += `,h=${offerHash(family, offer)}`
    if (tlsVersion !== undefined) this.serverFirst += `,t=${tlsVersion}`
  }

  /** Checks client-final and returns server-final; throws `ScramFailure`. Takes the same time for a decoy. */
  finish(clientFinal: string): string {
    const match = /^(c=([A-Za-z0-9+/=]+),r=([^,]+)(?:,[A-Zbdfghjkloqtuw-z]=[^,]*)*),p=([A-Za-z0-9+/]+={0,2})$/.exec(
      clientFinal,
    )
    const [, withoutProof, channel, nonce, proofText] = match ?? []
    if (withoutProof === undefined || channel === undefined || proofText === undefined) {
      throw new ScramFailure('malformed-request', 'malformed client-final-message')
    }
    const expected = Buffer.concat([Buffer.from(this.#first.gs2Header), this.#bindingBytes])
    const sameChannel = isEqual(Buffer.from(channel, 'base64'), expected)
    const sameNonce = nonce === this.#nonce
    const { family, storedKey, serverKey } = this.#verifier
    const authMessage = `${this.#first.bare},${this.serverFirst},${withoutProof}`
    const signature = hmac(family, storedKey, authMessage)
    const proof = Buffer.from(proofText, 'base64')
    const clientKey = Buffer.from(signature.map((byte, i) => byte ^ (proof[i] ?? 0)))
    const isRight = isEqual(scramHash(family, clientKey), storedKey) && proof.length === signature.length
    if (!isRight || !sameChannel || !sameNonce || !this.#isReal) throw new ScramFailure('not-authorized', 'wrong proof')
    return `v=${hmac(family, serverKey, authMessage).toString('base64')}`
  }
}

const newNonce = () => randomBytes(18).toString('base64')

function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
