import { listApprovalRequests } from '@drawbridge/db'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { approvalView, suspensionView } from './suspension-views.ts'
import { personOf } from './suspensions.ts'

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
      const done = await guarded.approve(personOf(actorOf(request)), request.params.id)
      return { suspensions: done.map((row) => suspensionView(row)) }
    },
    async refuseRequest(request) {
      return { request: approvalView(await guarded.refuse(personOf(actorOf(request)), request.params.id)) }
    },
  }
}
