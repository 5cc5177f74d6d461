import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

/** What a token says: this build was given out, by this server and lately, to this key for this account. */
export interface ClientToken {
  /** Bare JID. */
  readonly account: string
  /** Thumbprint of the key of the installation (RFC 7638). */
  readonly key: string
  readonly family: string
  readonly version: string
  readonly build: string
  /** When it counts for nothing any more, by the clock of whoever reads it. */
  readonly expiresAt: Date
}

/** Why a token does not count. */
export type TokenFault = 'unreadable' | 'forged' | 'expired'

/** Tokens of tier E3 (control §3.1). Nothing of them is stored: what they say is in them, under an HMAC. */
export interface ClientTokens {
  readonly ttlMs: number
  issue(about: Omit<ClientToken, 'expiresAt'>, at: Date): string
  read(text: string, at: Date): ClientToken | TokenFault
}

/** Longest token, in characters: names in it are bounded. */
const MAX_LENGTH = 4_096
const MAC_BYTES = 32
/** The part of their time that tokens count longer, for nodes whose clocks differ. Clients need no clock. */
const SKEW_RATIO = 0.1

const payload = z.tuple([z.literal(1), z.int(), z.string(), z.string(), z.tuple([z.string(), z.string(), z.string()])])

/**
 * @param secret - 32 bytes, the same on every node; with another one every token is forged, and clients fetch new ones.
 * @param domain - a token of one service is nothing to another, even with the same secret.
 */
export function createClientTokens(secret: Buffer, domain: string, ttlMs: number): ClientTokens {
  const skewMs = ttlMs * SKEW_RATIO
  const macOf = (body: Buffer) => createHmac('sha256', secret).update(`client token\0${domain}\0`).update(body).digest()
  return {
    ttlMs,
    issue({ account, key, family, version, build }, at) {
      const values: z.input<typeof payload> = [1, at.getTime() + ttlMs, account, key, [family, version, build]]
      const body = Buffer.from(JSON.stringify(values))
      return Buffer.concat([macOf(body), body]).toString('base64url')
    },
    read(text, at) {
      if (text.length > MAX_LENGTH || !/^[\w-]+$/.test(text)) return 'unreadable'
      const bytes = Buffer.from(text, 'base64url')
      const body = bytes.subarray(MAC_BYTES)
      if (body.length === 0) return 'unreadable'
      if (!timingSafeEqual(bytes.subarray(0, MAC_BYTES), macOf(body))) return 'forged'
      // Our own mark is on it, and yet another release may have written it.
      const { data } = payload.safeParse(JSON.parse(body.toString()))
      if (!data) return 'unreadable'
      const [, expiresMs, account, key, [family, version, build]] = data
      // Another node may be ahead of us, or behind.
      const expiresAt = new Date(expiresMs + skewMs)
      if (at >= expiresAt || expiresMs - at.getTime() > ttlMs + skewMs) return 'expired'
      return { account, key, family, version, build, expiresAt }
    },
  }
}
