import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** How long one code is good, in seconds (RFC 6238 §5.2). */
const PERIOD_S = 30
const DIGITS = 6
/** As long as the hash (RFC 4226 §4, R6). */
const SECRET_BYTES = 20
/** Periods before and after the present one whose codes are taken: clocks differ, and people type slowly (§5.2). */
const SKEW_STEPS = 1
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** A new secret of codes by time. */
export function makeTotpSecret(): Buffer {
  return randomBytes(SECRET_BYTES)
}

/** The period of an instant, counted from 1970. */
export function totpStep(at: Date): number {
  return Math.floor(at.getTime() / 1_000 / PERIOD_S)
}

/** The code of a period: HMAC-SHA-1 with dynamic truncation (RFC 4226 §5.3), which is what authenticators speak. */
export function totpCode(secret: Buffer, step: number, digits = DIGITS): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const offset = mac[mac.length - 1]! & 0x0f
  return String((mac.readUInt32BE(offset) & 0x7f_ff_ff_ff) % 10 ** digits).padStart(digits, '0')
}

/** The periods around an instant whose code this is: none, or one; two if luck would have it. */
export function matchingSteps(secret: Buffer, code: string, at: Date): number[] {
  const now = totpStep(at)
  const given = Buffer.from(code)
  const steps = Array.from({ length: 2 * SKEW_STEPS + 1 }, (_, index) => now - SKEW_STEPS + index)
  return steps.filter((step) => {
    const expected = Buffer.from(totpCode(secret, step))
    return expected.length === given.length && timingSafeEqual(expected, given)
  })
}

/** RFC 4648 §6 without padding, as authenticators read it. */
export function base32(bytes: Buffer): string {
  let bits = ''
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0')
  return (bits.match(/.{1,5}/gu) ?? []).map((group) => BASE32[Number.parseInt(group.padEnd(5, '0'), 2)]).join('')
}

/** What an authenticator reads from a QR code. */
export function otpauthUri(secret: Buffer, issuer: string, account: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=${encodeURIComponent(issuer)}`
}
