import { z } from 'zod'
import { clientException } from './admin-client-exceptions.ts'
import { clientRule } from './admin-client-rules.ts'
import type { AdminRoute } from './admin-route.ts'
import { suspension } from './admin-suspensions.ts'
import { approvalRequest, idParams, none, pageQuery } from './admin-values.ts'

/** Routes about what waits for a second person. */
export const APPROVAL_ROUTES = {
  listApprovals: {
    method: 'GET',
    path: '/api/v1/approvals',
    summary: 'List what waits for a second person, oldest first, one page at a time.',
    permission: 'policy.read',
    params: none,
    query: pageQuery,
    status: 200,
    response: z.strictObject({ requests: z.array(approvalRequest).readonly(), next: z.string().optional() }),
  },
  getApproval: {
    method: 'GET',
    path: '/api/v1/approvals/{id}',
    summary: 'One request for the agreement of a second person, while nobody has decided it.',
    permission: 'policy.read',
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ request: approvalRequest }),
  },
  approveRequest: {
    method: 'POST',
    path: '/api/v1/approvals/{id}/approve',
    summary: 'Agree to what another person asked for, which is then done.',
    permission: 'suspension.approve',
    edits: 'getApproval',
    isPolicyWrite: true,
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({
      suspensions: z.array(suspension).readonly(),
      rules: z.array(clientRule).readonly().meta({ description: 'Client rules that were changed.' }),
      exceptions: z.array(clientException).readonly().meta({ description: 'Exceptions that were made.' }),
    }),
  },
  refuseRequest: {
    method: 'POST',
    path: '/api/v1/approvals/{id}/refuse',
    summary: 'Refuse what another person asked for, or take back what one asked for oneself.',
    permission: 'policy.write',
    edits: 'getApproval',
    isPolicyWrite: true,
    params: idParams,
    query: none,
    status: 200,
    response: z.strictObject({ request: approvalRequest }),
  },
} as const satisfies Record<string, AdminRoute>

export type ApprovalRequestView = z.infer<typeof approvalRequest>
