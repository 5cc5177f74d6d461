import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const pbkdf2Async = promisify(pbkdf2)

/** What SCRAM-SHA-256 stores about a password (RFC 5802 §3, RFC 7677). A secret, all of it. */
export interface ScramVerifier {
  readonly salt: Buffer
  readonly iterations: number
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** RFC 7677 §4 asks for 4,096 at least; what a client is made to compute has an end, too (threats AU-26). */
const MIN_ITERATIONS = 4_096
const MAX_ITERATIONS = 10_000_000

const hmac = (key: Buffer, text: string | Buffer) => createHmac('sha256', key).update(text).digest()
const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest()

/** Derives the verifier. Costs `iterations` rounds of HMAC in the thread pool. */
export async function deriveVerifier(
  password: string,
  iterations: number,
  salt = randomBytes(16),
): Promise<ScramVerifier> {
  const salted = await pbkdf2Async(password, salt, iterations, 32, 'sha256')
  return {
    salt,
    iterations,
    storedKey: hash(hmac(salted, 'Client Key')),
    serverKey: hmac(salted, 'Server Key'),
  }
}

/** One line of text, to be sealed: version, iterations, and three base64 values. */
export function encodeVerifier(verifier: ScramVerifier): Buffer {
  const { iterations, salt, storedKey, serverKey } = verifier
  return Buffer.from(
    ['1', iterations, ...[salt, storedKey, serverKey].map((value) => value.toString('base64'))].join(':'),
  )
}

/** The reverse of `encodeVerifier`; throws on anything else. */
export function decodeVerifier(bytes: Buffer): ScramVerifier {
  const [version, iterations, ...values] = bytes.toString().split(':')
  const [salt, storedKey, serverKey] = values.map((value) => Buffer.from(value, 'base64'))
  const rounds = Number(iterations)
  if (version !== '1' || !(rounds >= MIN_ITERATIONS && rounds <= MAX_ITERATIONS))
    throw new Error('not a SCRAM-SHA-256 verifier')
  if (!salt || salt.length < 8 || storedKey?.length !== 32 || serverKey?.length !== 32) {
    throw new Error('not a SCRAM-SHA-256 verifier')
  }
  return { iterations: rounds, salt, storedKey, serverKey }
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

export interface ScramStart {
  readonly first: ScramClientFirst
  readonly verifier: ScramVerifier
  /** What client-final must carry after the GS2 header; empty without channel binding. */
  readonly bindingBytes: Buffer
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

  constructor({ first, verifier, bindingBytes, isReal, serverNonce = randomBytes(18).toString('base64') }: ScramStart) {
    this.#first = first
    this.#verifier = verifier
    this.#bindingBytes = bindingBytes
    this.#isReal = isReal
    this.#nonce = first.nonce + serverNonce
    this.serverFirst = `r=${this.#nonce},s=${verifier.salt.toString('base64')},i=${verifier.iterations}`
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
    const { storedKey, serverKey } = this.#verifier
    const authMessage = `${this.#first.bare},${this.serverFirst},${withoutProof}`
    const signature = hmac(storedKey, authMessage)
    const proof = Buffer.from(proofText, 'base64')
    const clientKey = Buffer.alloc(32)
    for (let i = 0; i < 32; i++) clientKey[i] = (proof[i] ?? 0) ^ (signature[i] ?? 0)
    const isRight = proof.length === 32 && timingSafeEqual(hash(clientKey), storedKey)
    if (!isRight || !sameChannel || !sameNonce || !this.#isReal) throw new ScramFailure('not-authorized', 'wrong proof')
    return `v=${hmac(serverKey, authMessage).toString('base64')}`
  }
}

function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
