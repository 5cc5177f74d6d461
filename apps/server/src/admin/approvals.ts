import { listApprovalRequests } from '@drawbridge/db'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { approvalView, suspensionView } from './suspension-views.ts'
import { personOf } from './suspensions.ts'
import { clientRuleView } from './views.ts'

/** What waits for a second person. */
export function approvalHandlers({
  db,
  policy: { guarded },
  now,
}: AdminContext): AdminHandlers<'listApprovals' | 'approveRequest' | 'refuseRequest'> {
  return {
    async listApprovals() {
      return { requests: (await listApprovalRequests(db, now())).map(approvalView) }
    },
    async approveRequest(request) {
      const { suspensions, rules } = await guarded.approve(personOf(actorOf(request)), request.params.id)
      const at = now().getTime()
      return {
        suspensions: suspensions.map((row) => suspensionView(row)),
        rules: rules.map((row) => clientRuleView(row, at)),
      }
    },
    async refuseRequest(request) {
      return { request: approvalView(await guarded.refuse(personOf(actorOf(request)), request.params.id)) }
    },
  }
}
