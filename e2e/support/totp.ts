import { totpCode, totpStep } from '../../apps/server/src/admin/access/totp.ts'

/** What somebody holds in their hand. */
export interface Authenticator {
  /** A code that was not given before: each is taken once, so that a later one is given ahead of its time. */
  next(): string
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** An authenticator with a secret in Base32 (RFC 4648 §6). */
export function authenticatorOf(secret: string): Authenticator {
  const bits = [...secret.trim()].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const bytes = Buffer.from((bits.match(/.{8}/gu) ?? []).map((byte) => Number.parseInt(byte, 2)))
  let last = totpStep(new Date()) - 2
  return {
    next() {
      // The server takes the periods before and after the present one, each once and in order.
      last = Math.max(last + 1, totpStep(new Date()) - 1)
      return totpCode(bytes, last)
    },
  }
}
