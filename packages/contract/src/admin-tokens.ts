import { z } from 'zod'
import type { AdminRoute } from './admin-route.ts'
import { accountName, instant, none, pageQuery } from './admin-values.ts'
import { GRANTED_PERMISSIONS } from './roles.ts'

// Tokens of programs: never more than the rights of the account whose they are.

const scopes = z.array(z.enum(GRANTED_PERMISSIONS)).min(1).max(GRANTED_PERMISSIONS.length).readonly()
const tokenName = z
  .string()
  .trim()
  .min(1)
  .max(64)
  .regex(/^[^\p{Cc}\p{Bidi_Control}]*$/u, 'contains characters that cannot be seen')

/** For how many days a token is good when nobody says otherwise, and at most. */
export const TOKEN_DAYS = { default: 90, max: 400 } as const

export const apiToken = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    account: accountName.meta({ description: 'Whose rights bound it.' }),
    scopes: z.array(z.string()).readonly(),
    createdBy: z.string(),
    createdAt: instant,
    expiresAt: instant,
    usedAt: instant.optional(),
    usedFrom: z.string().optional(),
    revokedAt: instant.optional(),
  })
  .meta({ id: 'ApiToken' })

export const newApiToken = z
  .strictObject({
    name: tokenName.meta({ description: 'What it is for, such as nightly-report.' }),
    scopes: scopes.meta({ description: 'What it may do: nothing that whoever makes it may not.' }),
    days: z.int().min(1).max(TOKEN_DAYS.max).optional().meta({ description: 'For how long it is good. Default 90.' }),
    account: accountName
      .optional()
      .meta({ description: 'Whose rights bound it. On the local socket only, and needed there.' }),
  })
  .meta({ id: 'NewApiToken' })

/** Routes about the tokens of programs. */
export const TOKEN_ROUTES = {
  listTokens: {
    method: 'GET',
    path: '/api/v1/tokens',
    summary: 'List your API tokens, newest first; those of everybody, for whoever gives roles. Never the secret.',
    permission: 'own-token',
    params: none,
    query: pageQuery,
    status: 200,
    response: z.strictObject({ tokens: z.array(apiToken).readonly(), next: z.string().optional() }),
  },
  getToken: {
    method: 'GET',
    path: '/api/v1/tokens/{id}',
    summary: 'One API token of yours, or of anybody for whoever gives roles. Never the secret.',
    permission: 'own-token',
    params: z.strictObject({ id: z.uuid() }),
    query: none,
    status: 200,
    response: z.strictObject({ token: apiToken }),
  },
  createToken: {
    method: 'POST',
    path: '/api/v1/tokens',
    summary: 'Make an API token. The secret is shown only here.',
    permission: 'own-token',
    isGuarded: true,
    params: none,
    query: none,
    body: newApiToken,
    status: 201,
    response: z.strictObject({
      token: apiToken,
      secret: z.string().meta({ description: 'Sent as `Authorization: Bearer …`.' }),
    }),
  },
  revokeToken: {
    method: 'DELETE',
    path: '/api/v1/tokens/{id}',
    summary: 'Revoke an API token; the next request with it is refused.',
    permission: 'own-token',
    edits: 'getToken',
    params: z.strictObject({ id: z.uuid() }),
    query: none,
    status: 200,
    response: z.strictObject({ token: apiToken }),
  },
} as const satisfies Record<string, AdminRoute>

export type ApiTokenView = z.infer<typeof apiToken>
