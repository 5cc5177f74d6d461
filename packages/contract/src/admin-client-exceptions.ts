import { z } from 'zod'
import { conditions } from './admin-client-rules.ts'
import type { AdminRoute } from './admin-route.ts'
import { appliedBy, approvalRequest, effect, id, idParams, instant, none, pageQuery, text } from './admin-values.ts'

// Clients that rules spare for a while.

export const newClientException = z
  .strictObject({
    ...conditions,
    rule: id.optional().meta({ description: 'Absent: any rule, the one for unknown clients included.' }),
    reason: text(500),
    until: instant.optional().meta({ description: 'At most a year from now. Default: 14 days.' }),
  })
  .meta({ id: 'NewClientException' })

export const clientException = z
  .strictObject({
    id: z.string(),
    ...conditions,
    rule: z.string().optional(),
    reason: z.string(),
    createdAt: instant,
    createdBy: z.string(),
    approvedBy: z.string().optional(),
    until: instant,
  })
  .meta({ id: 'ClientException' })

/** Routes about exceptions from client rules. */
export const CLIENT_EXCEPTION_ROUTES = {
  listClientExceptions: {
    method: 'GET',
    path: '/api/v1/client-exceptions',
    summary: 'List exceptions from client rules that have not expired, oldest first, one page at a time.',
    permission: 'policy.read',
    params: none,
    query: pageQuery,
    status: 200,
    response: z.strictObject({ exceptions: z.array(clientException).readonly(), next: z.string().optional() }),
  },
  getClientException: {
    method: 'GET',
    path: '/api/v1/client-exceptions/{id}',
    summary: 'One exception from client rules, and when each node applied it.',
    permission: 'policy.read',
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ exception: clientException, appliedBy: appliedBy.optional() }),
  },
  addClientException: {
    method: 'POST',
    path: '/api/v1/client-exceptions',
    summary:
      'Spare some clients from client rules for a while, a year at most; takes two people where the two-person rule is in force.',
    permission: 'policy.write',
    isPolicyWrite: true,
    params: none,
    query: none,
    body: newClientException,
    status: 201,
    response: z.strictObject({
      exception: clientException.optional(),
      effect: effect.optional(),
      request: approvalRequest.optional().meta({ description: 'Present: another person has to approve it first.' }),
    }),
  },
  removeClientException: {
    method: 'DELETE',
    path: '/api/v1/client-exceptions/{id}',
    summary: 'End an exception.',
    permission: 'policy.write',
    edits: 'getClientException',
    isPolicyWrite: true,
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ effect: effect }),
  },
} as const satisfies Record<string, AdminRoute>

export type NewClientException = z.infer<typeof newClientException>
export type ClientExceptionView = z.infer<typeof clientException>
