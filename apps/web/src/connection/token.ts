/**
 * Signing in with a token of the server's (XEP-0484) in the place of a password: HT-SHA-256-NONE
 * (draft-schmaus-kitten-sasl-ht-09). Browsers do not show the TLS connection that it could be bound to.
 */

import { ScramError } from './scram.ts'

export const HT_MECHANISM = 'HT-SHA-256-NONE'

/** A token as an HMAC key whose bytes cannot be read, only used, and what it belongs to. */
export interface TokenKey {
  readonly key: CryptoKey
  /** Of the installation that it was given to (XEP-0388 §2.3): it is nobody else's. */
  readonly userAgentId: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

const utf8 = new TextEncoder()

/** Makes a key of a token that the server gave. The token itself is not kept. */
export async function tokenKeyFrom(
  { token, expiry }: { readonly token: string; readonly expiry: string },
  userAgentId: string,
): Promise<TokenKey> {
  const key = await crypto.subtle.importKey('raw', utf8.encode(token), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
    'verify',
  ])
  return { key, userAgentId, expiresAt: Date.parse(expiry) }
}

/** Fits the mechanism into xmpp.js, which wants binary strings and makes the instance itself. */
export class HashedToken {
  readonly clientFirst = true
  readonly name = HT_MECHANISM
  #key: CryptoKey | undefined

  async response(credentials: unknown): Promise<string> {
    const { username, key } = credentials as { username: string; key: CryptoKey }
    this.#key = key
    const hashed = await crypto.subtle.sign('HMAC', key, utf8.encode('Initiator'))
    return `${String.fromCharCode(...utf8.encode(username))}\0${String.fromCharCode(...new Uint8Array(hashed))}`
  }

  challenge(): void {
    throw new Error('HT has one step')
  }

  /** A server that does not know the token cannot answer so. Rejects where it did not. */
  async final(data: string): Promise<void> {
    const answer = Uint8Array.from(data, (char) => char.charCodeAt(0))
    const isRight = this.#key && (await crypto.subtle.verify('HMAC', this.#key, answer, utf8.encode('Responder')))
    if (!isRight) throw new ScramError('server-signature')
  }
}
