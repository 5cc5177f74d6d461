import { z } from 'zod'
import type { Permission } from './roles.ts'

/** One route of the admin API: everything that the server, the clients and the OpenAPI document know about it. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With `{name}` for a parameter, which is one path segment. */
  readonly path: `/api/v1/${string}`
  readonly summary: string
  /** Mandatory: a route without a declared permission does not compile. */
  readonly permission: Permission
  /**
   * What it is about, for those who administer some units only: the account or the unit that the parameter `name` names,
   * or a list, which the handler shortens to what they may see. Absent: it is about the whole service, and refused to
   * them. Routes that change an account are refused for accounts of people with more rights than whoever asks.
   */
  readonly about?: 'account' | 'unit' | 'list'
  /** Wants that whoever asks has shown who they are a short time ago; refused to API tokens. */
  readonly isGuarded?: true
  /** Changes the rules, and nothing else: takes `dryRun=true`, which says what would happen and changes nothing. */
  readonly isPolicyWrite?: true
  /** Changes what this other route reads with the same parameters: takes `If-Match` with the `ETag` of that. */
  readonly edits?: string
  /** Shows what people have written or sent: each request is put on record before it is answered. */
  readonly isOnRecord?: true
  /** Answers with server-sent events for as long as whoever asks stays, each of them as `response` says. */
  readonly isStream?: true
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  /** Absent: the route takes no body. */
  readonly body?: z.ZodType
  readonly maxBodyBytes?: number
  /** Status of success; 204 has no body. */
  readonly status: 200 | 201 | 204
  readonly response: z.ZodType
}

/** Largest body of a request, in bytes, where the route does not say otherwise. */
export const DEFAULT_MAX_BODY_BYTES = 16_384

/** What every route that is a policy write takes beside its own query. A dry run answers 200, in the same shape. */
export const dryRunQuery = z.strictObject({
  dryRun: z
    .enum(['true', 'false'])
    .optional()
    .meta({ description: '`true`: says what would change, and changes nothing.' }),
})
