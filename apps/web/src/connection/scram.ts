/**
 * SCRAM-SHA-256 of the client (RFC 5802, RFC 7677) on WebCrypto, without channel binding, which browsers do not expose:
 * the gs2 flag is therefore `n`, never `y` (RFC 5802 §6).
 */

/** Fewest iterations accepted (RFC 7677 §4): fewer would let a false server collect cheap password guesses. */
export const MIN_ITERATIONS = 4096
/** Most iterations accepted: more is an attempt to hang the page. */
export const MAX_ITERATIONS = 2_000_000

/** Why a SCRAM exchange ended on our side. */
export type ScramFault = 'malformed' | 'nonce' | 'iterations' | 'salt-changed' | 'server-signature' | 'server-error'

export class ScramError extends Error {
  readonly fault: ScramFault
  constructor(fault: ScramFault, detail = '') {
    super(`SCRAM: ${fault}${detail && ` (${detail})`}`)
    this.name = 'ScramError'
    this.fault = fault
  }
}

/**
 * What signs in again without the password: the salted password as an HMAC key whose bytes cannot be read, only used,
 * with the salt and count it belongs to. The server changes the salt with the password, so it dies with it.
 */
export interface SaltedKey {
  readonly key: CryptoKey
  /** Base64, as the server sent it. */
  readonly salt: string
  readonly iterations: number
}

/** What SCRAM starts from: what was typed, or what an earlier sign-in left. */
export type ScramSecret = { readonly password: string } | { readonly salted: SaltedKey }

const utf8 = new TextEncoder()

/** PBKDF2-HMAC-SHA-256 (RFC 5802 §2.2 `Hi`), about 100 ms for 100,000 iterations. */
export async function deriveSaltedKey(password: string, salt: string, iterations: number): Promise<SaltedKey> {
  // What the server does before it stores a verifier: OpaqueString (RFC 8265 §4.2), not the NFKC of SASLprep.
  const prepared = password.replace(/\p{Zs}/gu, ' ').normalize('NFC')
  const material = await crypto.subtle.importKey('raw', utf8.encode(prepared), 'PBKDF2', false, ['deriveKey'])
  const key = await crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', salt: bytesFrom(salt), iterations },
    material,
    { name: 'HMAC', hash: 'SHA-256', length: 256 },
    false,
    ['sign'],
  )
  return { key, salt, iterations }
}

/** One exchange: `first()` → server → `final()` → server → `verify()`. Messages are strings of Unicode characters. */
export class ScramExchange {
  readonly #username: string
  readonly #secret: ScramSecret
  readonly #nonce: string
  #signature: Uint8Array<ArrayBuffer> | undefined
  #salted: SaltedKey | undefined

  /** @param nonce - for test vectors only; random otherwise. */
  constructor(username: string, secret: ScramSecret, nonce: string = randomNonce()) {
    this.#username = username
    this.#secret = secret
    this.#nonce = nonce
  }

  /** client-first-message (RFC 5802 §7). */
  first(): string {
    return `n,,${this.#firstBare()}`
  }

  /** client-final-message, after every check that server-first-message allows. Rejects with {@link ScramError}. */
  async final(serverFirst: string): Promise<string> {
    const { nonce, salt, iterations } = parseServerFirst(serverFirst)
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) throw new ScramError('nonce')
    if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS)
      throw new ScramError('iterations', String(iterations))
    const salted = await this.#saltedKey(salt, iterations)

    const clientKey = await hmac(salted.key, 'Client Key')
    const storedKey = await hmacKey(await crypto.subtle.digest('SHA-256', clientKey))
    const withoutProof = `c=biws,r=${nonce}`
    const authMessage = `${this.#firstBare()},${serverFirst},${withoutProof}`
    const clientSignature = await hmac(storedKey, authMessage)
    const proof = clientKey.map((byte, i) => byte ^ (clientSignature[i] ?? 0))
    // Worked out now, so that checking the server's last word needs no wait.
    this.#signature = await hmac(await hmacKey(await hmac(salted.key, 'Server Key')), authMessage)
    this.#salted = salted
    return `${withoutProof},p=${base64From(proof)}`
  }

  /** Checks the server's signature: a server that does not know our password cannot make it. Throws {@link ScramError}. */
  verify(serverFinal: string): void {
    const value = /^v=([A-Za-z0-9+/=]+)(,|$)/.exec(serverFinal)?.[1]
    if (value === undefined) throw new ScramError(serverFinal.startsWith('e=') ? 'server-error' : 'malformed')
    if (this.#signature === undefined || value !== base64From(this.#signature)) throw new ScramError('server-signature')
  }

  /** What may be kept to sign in again; undefined before {@link final}. */
  get salted(): SaltedKey | undefined {
    return this.#salted
  }

  #firstBare(): string {
    return `n=${this.#username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${this.#nonce}`
  }

  async #saltedKey(salt: string, iterations: number): Promise<SaltedKey> {
    if ('password' in this.#secret) return deriveSaltedKey(this.#secret.password, salt, iterations)
    const { salted } = this.#secret
    if (salted.salt !== salt || salted.iterations !== iterations) throw new ScramError('salt-changed')
    return salted
  }
}

function parseServerFirst(message: string): { nonce: string; salt: string; iterations: number } {
  // No extension is known to us, and an unknown mandatory one (`m=`) must end the exchange (RFC 5802 §5.1).
  const match = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9][0-9]{0,9})(,|$)/.exec(message)
  const [, nonce, salt, iterations] = match ?? []
  if (nonce === undefined || salt === undefined || iterations === undefined) throw new ScramError('malformed')
  return { nonce, salt, iterations: Number(iterations) }
}

async function hmac(key: CryptoKey, message: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8.encode(message)))
}

function hmacKey(raw: BufferSource): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
}

function randomNonce(): string {
  return base64From(crypto.getRandomValues(new Uint8Array(18)))
}

function base64From(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function bytesFrom(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
}
