import { errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyResult } from 'jose'
import type { OidcConfig } from './oidc.config.ts'

/** What is wrong with a token, for the operator; whoever presents it learns only that it is not accepted. */
export const TOKEN_FAULTS = [
  'malformed',
  'algorithm',
  'key',
  'signature',
  'type',
  'issuer',
  'audience',
  'client',
  'scope',
  'expired',
  'not-yet',
  'claim',
  'bound',
] as const
export type TokenFault = (typeof TOKEN_FAULTS)[number]

/** A token that does not count. */
export class TokenRefused extends Error {
  readonly fault: TokenFault

  constructor(fault: TokenFault, message: string) {
    super(message)
    this.name = 'TokenRefused'
    this.fault = fault
  }
}

/** What a token that counts says. */
export interface AccessToken {
  /** Who it is, at this issuer and for good. */
  readonly subject: string
  /** What the account claim says. */
  readonly name: string
  readonly issuedAt: Date
  readonly expiresAt: Date
}

/** Real ones are one to six KiB. Nothing longer is taken apart. */
const MAX_CHARACTERS = 32_768
/** OpenID Connect Core §2. */
const MAX_SUBJECT_CHARACTERS = 255
/** RFC 9068 §2.1, and what issuers older than that write; no logout token, no proof of possession (RFC 8725 §3.11). */
const TYPES: readonly (string | undefined)[] = [undefined, 'jwt', 'at+jwt', 'application/at+jwt', 'application/jwt']

export interface TokenChecks {
  readonly config: Pick<
    OidcConfig,
    'audiences' | 'clients' | 'algorithms' | 'accountClaim' | 'scopes' | 'clockSkewMs'
  > & { readonly issuer: string }
  readonly keys: JWTVerifyGetKey
  readonly now: () => Date
}

/**
 * Checks an access token by RFC 9068 §4 and RFC 8725, and returns what it says. Rejects with `TokenRefused`, and with
 * `IssuerAway` when the key to check it with cannot be had.
 */
export async function verifyAccessToken(token: string, { config, keys, now }: TokenChecks): Promise<AccessToken> {
  const { payload, protectedHeader } = await checkSigned(token, { config, keys, now, audiences: config.audiences })
  if (!TYPES.includes(protectedHeader.typ?.toLowerCase())) throw new TokenRefused('type', `typ ${protectedHeader.typ}`)
  // Keycloak says here what its tokens are: an ID token and a refresh token are no access tokens.
  const kind = payload['typ']
  if (kind !== undefined && kind !== 'Bearer') throw new TokenRefused('type', `typ ${String(kind)}`)
  // Only whoever has the key may use it, and a bearer shows none (RFC 7800 §3, RFC 9449 §7.2).
  if (payload['cnf'] !== undefined) throw new TokenRefused('bound', 'bound to a key')
  const client = payload['azp'] ?? payload['client_id'] ?? payload['appid']
  if (config.clients.length > 0 && !(typeof client === 'string' && config.clients.includes(client)))
    throw new TokenRefused('client', `client ${String(client)}`)
  const granted = scopesOf(payload)
  const missing = config.scopes.find((scope) => !granted.includes(scope))
  if (missing !== undefined) throw new TokenRefused('scope', `no ${missing}`)
  return identityIn(payload, config, now())
}

/** What any token of the issuer must be: signed by it, for one of these, and of now. Rejects like `verifyAccessToken`. */
export async function checkSigned(
  token: string,
  { config, keys, now, audiences }: TokenChecks & { readonly audiences: readonly string[] },
): Promise<JWTVerifyResult> {
  if (token.length > MAX_CHARACTERS) throw new TokenRefused('malformed', 'too long')
  try {
    return await jwtVerify(token, keys, {
      algorithms: [...config.algorithms],
      issuer: config.issuer,
      audience: [...audiences],
      clockTolerance: config.clockSkewMs / 1_000,
      requiredClaims: ['exp', 'iat'],
      currentDate: now(),
    })
  } catch (error) {
    const fault = faultOf(error)
    if (fault === undefined) throw error
    throw new TokenRefused(fault, error instanceof Error ? error.message : String(error))
  }
}

const FAULTS: Readonly<Record<string, TokenFault>> = {
  [errors.JOSEAlgNotAllowed.code]: 'algorithm',
  [errors.JWKSNoMatchingKey.code]: 'key',
  [errors.JWKSMultipleMatchingKeys.code]: 'key',
  [errors.JWSSignatureVerificationFailed.code]: 'signature',
  [errors.JWTExpired.code]: 'expired',
}
const CLAIM_FAULTS: Readonly<Record<string, TokenFault>> = { iss: 'issuer', aud: 'audience', nbf: 'not-yet' }

/** Nothing for what is not about the token. */
function faultOf(error: unknown): TokenFault | undefined {
  if (error instanceof errors.JWTClaimValidationFailed) return CLAIM_FAULTS[error.claim] ?? 'claim'
  if (error instanceof errors.JOSEError) return FAULTS[error.code] ?? 'malformed'
  return undefined
}

/** As one text (RFC 9068 §2.2.3), and as Microsoft and others write it. */
function scopesOf({ scope, scp }: JWTPayload): readonly unknown[] {
  const said = scope ?? scp
  if (Array.isArray(said)) return said
  return typeof said === 'string' ? said.split(' ') : []
}

function identityIn(payload: JWTPayload, { accountClaim, clockSkewMs }: TokenChecks['config'], at: Date): AccessToken {
  const { sub, iat, exp } = payload
  const name = payload[accountClaim]
  if (typeof sub !== 'string' || sub === '' || sub.length > MAX_SUBJECT_CHARACTERS || sub.includes('\0'))
    throw new TokenRefused('claim', 'sub')
  if (typeof name !== 'string' || name === '') throw new TokenRefused('claim', accountClaim)
  const issuedAt = new Date((iat ?? Number.NaN) * 1_000)
  const expiresAt = new Date((exp ?? Number.NaN) * 1_000)
  if (Number.isNaN(issuedAt.getTime()) || Number.isNaN(expiresAt.getTime())) throw new TokenRefused('claim', 'iat, exp')
  if (issuedAt.getTime() > at.getTime() + clockSkewMs) throw new TokenRefused('not-yet', 'iat')
  return { subject: sub, name, issuedAt, expiresAt }
}
