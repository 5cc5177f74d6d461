import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { instant, nameParams, none } from './admin-values.ts'

// Who accounts are at OpenID Connect issuers.

const issuer = z
  .url({ protocol: /^https?$/ })
  .max(1024)
  .meta({ description: 'As its tokens spell it (`iss`).' })
const subject = z.string().min(1).max(255).meta({ description: 'What the issuer calls the person for good (`sub`).' })

const accountIdentity = z.strictObject({ issuer, subject, linkedAt: instant }).meta({ id: 'AccountIdentity' })

const accountIdentities = z
  .strictObject({ name: z.string(), identities: z.array(accountIdentity).readonly() })
  .meta({ id: 'AccountIdentities' })

/** Routes about who accounts are elsewhere. */
export const IDENTITY_ROUTES = {
  getIdentities: {
    method: 'GET',
    path: '/api/v1/accounts/{name}/identities',
    summary: 'Who an account is at each issuer whose tokens have signed it in, or may.',
    permission: 'account.read',
    about: 'account',
    params: nameParams,
    query: none,
    status: 200,
    response: accountIdentities,
  },
  setIdentity: {
    method: 'PUT',
    path: '/api/v1/accounts/{name}/identities',
    summary:
      'Say who an account is at an issuer, or with `null` that it is nobody there. Ends what anybody else had signed in.',
    permission: 'account.support',
    edits: 'getIdentities',
    about: 'account',
    params: nameParams,
    query: none,
    body: z.strictObject({ issuer, subject: subject.nullable() }),
    status: 200,
    response: accountIdentities,
  },
} as const satisfies Record<string, AdminRoute>
