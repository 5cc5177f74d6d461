import type { AuthorizationServer } from '@drawbridge/contract'
import type { Log } from '@drawbridge/runtime'
import { fetchIssuerMetadata, reasonOf } from './issuer-metadata.ts'
import { isTrustworthy } from './oidc.config.ts'
import type { OidcConfig } from './oidc.config.ts'

/** After a try that failed nobody waits for another one for so long, in milliseconds. */
const RETRY_MS = 5_000

/** Sign-in with the company account in our own web client. */
export interface WebSignIn {
  readonly issuer: string
  /** Undefined while the issuer cannot be reached and has never been; otherwise what it said last. Never rejects. */
  find(): Promise<AuthorizationServer | undefined>
}

export interface WebSignInOptions {
  readonly config: Pick<OidcConfig, 'scopes' | 'webScopes' | 'keysMaxAgeMs'> & {
    readonly issuer: string
    readonly webClient: string
  }
  readonly allowPlaintext: boolean
  readonly log: Log
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number
}

/** The issuer is asked when somebody wants to sign in, and what it says is kept for as long as its keys are. */
export function createWebSignIn(options: WebSignInOptions): WebSignIn {
  const { config, allowPlaintext, log, now = () => performance.now() } = options
  const { issuer, webClient: clientId, scopes, webScopes, keysMaxAgeMs } = config
  let known: { readonly server: AuthorizationServer; readonly at: number } | undefined
  let triedAt = Number.NEGATIVE_INFINITY
  let loading: Promise<void> | undefined

  const ask = async (): Promise<AuthorizationServer> => {
    const metadata = await fetchIssuerMetadata(issuer, { allowPlaintext })
    const addressOf = (name: 'authorization_endpoint' | 'token_endpoint') => {
      const address = metadata[name]
      if (address !== undefined && isTrustworthy(address, { allowPlaintext })) return address
      throw new Error(`it has no ${name} by https`)
    }
    return {
      issuer,
      clientId,
      // Without `openid` there is no ID token, and nothing that says that the answer is to our question.
      scope: [...new Set(['openid', ...(webScopes ?? scopes)])].join(' '),
      authorizationEndpoint: addressOf('authorization_endpoint'),
      tokenEndpoint: addressOf('token_endpoint'),
      // Who says nothing knows both (OpenID Connect Discovery §3).
      responseMode: metadata.response_modes_supported?.includes('fragment') === false ? 'query' : 'fragment',
      isNamedInResponse: metadata.authorization_response_iss_parameter_supported === true,
    }
  }
  const load = async () => {
    triedAt = now()
    try {
      known = { server: await ask(), at: triedAt }
    } catch (error) {
      log.warn('the web client cannot be told where to sign in', { issuer, error: reasonOf(error) })
    }
  }

  return {
    issuer,
    async find() {
      const isFresh = known !== undefined && now() - known.at < keysMaxAgeMs
      if (!isFresh && (loading || now() - triedAt >= RETRY_MS)) {
        loading ??= load().finally(() => (loading = undefined))
        if (!known) await loading
      }
      return known?.server
    },
  }
}
