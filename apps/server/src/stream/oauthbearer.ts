import type { ErrorCode } from '@drawbridge/contract'
import type { SaslFailure } from '@drawbridge/xmpp'
import { isOwnAuthzid, utf8From } from './claimant.ts'
import type { Admitted, Oidc } from './oidc/oidc.ts'
import type { TokenRefusal } from './oidc/events.ts'
import type { SaslAttempt, SaslStep } from './sasl.ts'

/** What a client says first (RFC 7628 §3.1). */
export interface BearerRequest {
  readonly authzid: string | undefined
  /** Empty: the client has none, and asks where to get one (XEP-0493 §2.3.1). */
  readonly token: string
}

const KEY_VALUE = /([A-Za-z]+)=([^\x01]*)\x01/gy
const NAME = /^(?:[^,=\0\x01]|=2C|=3D)+$/
/** RFC 6750 §2.1; the scheme in any case (RFC 9110 §11.1). */
const BEARER = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i

/**
 * Takes the first message of OAUTHBEARER apart; nothing when it is malformed. Channel binding is none of its business
 * ("the gs2-cb-flag MUST be n", RFC 7628 §3.1), and keys that nobody defined say nothing to us.
 */
export function parseBearer(text: string): BearerRequest | undefined {
  const header = /^n,(?:a=([^,\x01]*))?,\x01/.exec(text)
  if (!header || !text.endsWith('\x01\x01')) return undefined
  const [{ length }, name] = header
  const pairs = [...text.slice(length, -1).matchAll(KEY_VALUE)]
  if (pairs.reduce((sum, [pair]) => sum + pair.length, length) !== text.length - 1) return undefined
  const [auth, ...more] = pairs.filter(([, key]) => key === 'auth')
  if (!auth || more.length > 0 || (name !== undefined && !NAME.test(name))) return undefined
  const authzid = name?.replaceAll('=2C', ',').replaceAll('=3D', '=')
  const [, , value = ''] = auth
  if (value === '') return { authzid, token: '' }
  const token = BEARER.exec(value)?.[1]
  return token === undefined ? undefined : { authzid, token }
}

interface Where {
  readonly domain: string
  /** Whom the stream was opened for. */
  readonly from: string | undefined
}

type Failure = SaslStep & { readonly kind: 'failure' }

const failure = (condition: SaslFailure, name?: string, code?: ErrorCode): Failure => ({
  kind: 'failure',
  condition,
  name,
  // A signature cannot be guessed.
  isGuess: false,
  ...(code === undefined ? {} : { code }),
})

/** What another token would not change is said at once; for anything else the client is told where to get one. */
const FINAL: Partial<Readonly<Record<TokenRefusal, Failure>>> = {
  away: failure('temporary-auth-failure', undefined, 'token-issuer-away'),
  disabled: failure('account-disabled', undefined, 'account-disabled'),
  'no-account': failure('not-authorized', undefined, 'token-without-account'),
  'other-subject': failure('not-authorized', undefined, 'token-of-another'),
}

/** OAUTHBEARER (RFC 7628): who has the token may come in. */
export function oauthBearer(oidc: Oidc, { domain, from }: Where): SaslAttempt {
  let refused: Failure | undefined

  /** RFC 7628 §3.2.2: what is wrong, as a challenge; the exchange fails after the client has said that it has read it. */
  const tell = (status: 'invalid_token' | 'insufficient_scope'): SaslStep => {
    refused = failure('not-authorized', undefined, 'token-refused')
    const { discoveryUrl, scope } = oidc
    const said = { status, ...(scope === undefined ? {} : { scope }), 'openid-configuration': discoveryUrl }
    return { kind: 'challenge', bytes: Buffer.from(JSON.stringify(said)) }
  }

  const admit = ({ account, endsAt }: Admitted, authzid: string): SaslStep => {
    const { localpart } = account
    if (!isOwnAuthzid(authzid, { localpart, domain, from })) return failure('invalid-authzid', localpart)
    return { kind: 'success', bytes: undefined, account, proof: { kind: 'access-token', endsAt } }
  }

  return {
    async start(initial) {
      const request = parseBearer(utf8From(initial) ?? '')
      if (!request) return failure('malformed-request')
      if (request.token === '') return tell('invalid_token')
      const found = await oidc.identify(request.token)
      if ('account' in found) return admit(found, request.authzid ?? '')
      return FINAL[found.refusal] ?? tell(found.refusal === 'scope' ? 'insufficient_scope' : 'invalid_token')
    },
    /** Whatever it says: a client is to send `\x01` (RFC 7628 §3.2.3), and nothing else can help it. */
    next: () => Promise.resolve(refused ?? failure('malformed-request')),
  }
}
