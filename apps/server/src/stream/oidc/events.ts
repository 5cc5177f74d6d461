import { counter } from '@drawbridge/runtime'
import { TOKEN_FAULTS } from './access-token.ts'

/**
 * Why an access token signed nobody in: what is wrong with it, or with whom it stands for. `ended`: what was signed in
 * with it was ended here. `no-account`: none of that name, or none that is linked by its name. `other-subject`: the
 * account belongs to somebody else at the issuer.
 */
export const TOKEN_REFUSALS = [...TOKEN_FAULTS, 'ended', 'no-account', 'other-subject', 'disabled', 'away'] as const
export type TokenRefusal = (typeof TOKEN_REFUSALS)[number]

/** Whose they were goes into the log. */
export const countTokenRefusal = counter('drawbridge_access_token_refusals_total', 'Access tokens that were refused.', {
  reason: TOKEN_REFUSALS,
})

/** Rounds of fetching the keys of the OpenID Connect issuer. */
export const countIssuerFetch = counter(
  'drawbridge_issuer_fetches_total',
  'Times the keys of the issuer were fetched.',
  {
    outcome: ['success', 'failure'],
  },
)
