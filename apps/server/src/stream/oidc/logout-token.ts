import type { JWTPayload } from 'jose'
import { checkSigned, TokenRefused } from './access-token.ts'
import type { TokenChecks } from './access-token.ts'

const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
const TYPES: readonly (string | undefined)[] = [undefined, 'jwt', 'logout+jwt', 'application/logout+jwt']

/**
 * Checks a logout token (OpenID Connect Back-Channel Logout §2.6), and returns the subject that has been logged out. Rejects
 * with `TokenRefused`, or with `IssuerAway`.
 */
export async function verifyLogoutToken(token: string, checks: TokenChecks): Promise<string> {
  const { audiences, clients } = checks.config
  // It is made out to the client that was logged out of, which asks for tokens that are made out to us.
  const { payload, protectedHeader } = await checkSigned(token, { ...checks, audiences: [...audiences, ...clients] })
  if (!TYPES.includes(protectedHeader.typ?.toLowerCase())) throw new TokenRefused('type', 'no logout token')
  // An ID token has a nonce, and "MUST NOT" be taken for one of these (§2.4).
  if (!holdsEvent(payload) || payload['nonce'] !== undefined) throw new TokenRefused('type', 'no logout token')
  const { sub } = payload
  // Of a session at the issuer we know nothing: who is meant has to be said.
  if (typeof sub !== 'string' || sub === '' || sub.includes('\0')) throw new TokenRefused('claim', 'sub')
  return sub
}

function holdsEvent({ events }: JWTPayload): boolean {
  return typeof events === 'object' && events !== null && typeof (events as Record<string, unknown>)[EVENT] === 'object'
}
