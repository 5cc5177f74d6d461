import { Refusal } from '@drawbridge/contract'
import { findApprovalRequest, listApprovalRequests } from '@drawbridge/db'
import { isId } from '../policy/client-rules.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { pageOf } from './page.ts'
import { approvalView, suspensionView } from './suspension-views.ts'
import { personOf } from './suspensions.ts'
import { clientExceptionView, clientRuleView } from './views.ts'

/** What waits for a second person. */
export function approvalHandlers({
  db,
  policy: { guarded },
  now,
}: AdminContext): AdminHandlers<'listApprovals' | 'getApproval' | 'approveRequest' | 'refuseRequest'> {
  return {
    async listApprovals({ query }) {
      const { page, more } = pageOf(await listApprovalRequests(db, now()), query, (row) => [
        row.requestedAt.getTime(),
        row.id,
      ])
      return { requests: page.map(approvalView), ...more }
    },
    async getApproval({ params: { id } }) {
      const row = isId(id) ? await findApprovalRequest(db, id) : undefined
      if (!row || row.decidedAt !== null || row.expiresAt <= now()) throw new Refusal('no-such-request')
      return { request: approvalView(row) }
    },
    async approveRequest(request) {
      const { suspensions, rules, exceptions } = await guarded.approve(personOf(actorOf(request)), request.params.id)
      const at = now().getTime()
      return {
        suspensions: suspensions.map((row) => suspensionView(row)),
        rules: rules.map((row) => clientRuleView(row, at)),
        exceptions: exceptions.map(clientExceptionView),
      }
    },
    async refuseRequest(request) {
      return { request: approvalView(await guarded.refuse(personOf(actorOf(request)), request.params.id)) }
    },
  }
}
