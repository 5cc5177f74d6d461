import type { Log } from '@drawbridge/runtime'
import { createLocalJWKSet, errors } from 'jose'
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose'
import * as z from 'zod'
import { countIssuerFetch } from './events.ts'
import { fetchIssuerMetadata, fetchJson, reasonOf } from './issuer-metadata.ts'
import type { Fetching } from './issuer-metadata.ts'
import type { OidcConfig } from './oidc.config.ts'

const MAX_KEYS = 100
/** A token that names a key we have never seen makes us look so often at most: anybody can write such a token. */
const COOLDOWN_MS = 30_000
/** So long after a try that failed, those who wait for keys are told to come back, and no further try is made. */
const RETRY_MS = 5_000

/** No key can be had, and it is not the token's fault: the issuer did not answer for too long. */
export class IssuerAway extends Error {}

/** Which of them signs what is jose's business: it takes no shared secret from a set, and no key for encryption. */
const keySet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(MAX_KEYS) })

export interface IssuerKeysOptions {
  readonly config: Pick<OidcConfig, 'keysMaxAgeMs' | 'keysMaxStaleMs'> & { readonly issuer: string }
  readonly allowPlaintext: boolean
  readonly log: Log
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number
}

/**
 * The key of the issuer that a token says it was signed with. Keys are kept: fetched again in the background when they are
 * old, at once when a token names one that is not among them, and used on for a while when the issuer cannot be reached.
 * Only the operator says where that is: what a token says of keys and addresses (`jku`, `x5u`, `jwk`) is not looked at.
 *
 * The function rejects with `IssuerAway`, or with an error of jose about the token.
 */
export function createIssuerKeys(options: IssuerKeysOptions): JWTVerifyGetKey {
  const { config, allowPlaintext, log, now = () => performance.now() } = options
  const { issuer, keysMaxAgeMs, keysMaxStaleMs } = config
  let known: { readonly find: JWTVerifyGetKey; readonly at: number } | undefined
  let triedAt = Number.NEGATIVE_INFINITY
  let loading: Promise<boolean> | undefined

  const fetchKeys = async (): Promise<boolean> => {
    triedAt = now()
    try {
      known = { find: createLocalJWKSet(await loadKeySet(issuer, { allowPlaintext })), at: triedAt }
      countIssuerFetch({ outcome: 'success' })
      return true
    } catch (error) {
      countIssuerFetch({ outcome: 'failure' })
      log.warn('the keys of the issuer cannot be had', { issuer, error: reasonOf(error) })
      return false
    }
  }
  const load = () => (loading ??= fetchKeys().finally(() => (loading = undefined)))

  return async (header, token) => {
    const age = () => (known ? now() - known.at : Number.POSITIVE_INFINITY)
    const mayTry = now() - triedAt >= RETRY_MS
    if (age() > keysMaxStaleMs) {
      if (mayTry || loading) await load()
      if (age() > keysMaxStaleMs) throw new IssuerAway('no keys')
    } else if (age() > keysMaxAgeMs && mayTry) void load()
    try {
      return await known!.find(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      if (!loading && now() - triedAt < COOLDOWN_MS) throw error
      if (!(await load())) throw new IssuerAway('a key that is not known')
      return known!.find(header, token)
    }
  }
}

async function loadKeySet(issuer: string, fetching: Fetching): Promise<JSONWebKeySet> {
  const { jwks_uri: address } = await fetchIssuerMetadata(issuer, fetching)
  return keySet.parse(await fetchJson(address, fetching))
}
