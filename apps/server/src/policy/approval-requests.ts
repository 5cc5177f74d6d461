import { Refusal } from '@drawbridge/contract'
import { appendAudit, decideApprovalRequest, findSuspension, putApprovalRequest, uuidv7 } from '@drawbridge/db'
import type { ApprovalRequest, Db } from '@drawbridge/db'
import { isId } from './client-rules.ts'

/** How long a request waits for a second person, in milliseconds. */
const REQUEST_MS = 24 * 3_600_000

export interface RequestOptions {
  readonly db: Db
  /** Tells approvers of something that they have to look at. */
  readonly alert: (text: string) => void
  readonly now: () => Date
}

/** What waits until another person agrees (control §4.6). */
export interface ApprovalRequests {
  /** Asks for something, once: whoever asks for the very same again gets the request that is open. */
  ask(
    by: string,
    action: ApprovalRequest['action'],
    target: string,
    wanted: unknown,
  ): Promise<{ readonly request: ApprovalRequest }>
  /**
   * Decides a request, in the transaction that does what it asks for: what cannot be done is not on record as agreed to.
   *
   * @throws Refusal `no-such-request` when it is absent, over, or decided; `suspension-ended` when it ended with that
   */
  decide(tx: Db, request: ApprovalRequest, by: string, outcome: 'approved' | 'refused'): Promise<ApprovalRequest>
}

export function createApprovalRequests({ db, alert, now }: RequestOptions): ApprovalRequests {
  return {
    async ask(by, action, target, wanted) {
      const at = now()
      const expiresAt = new Date(at.getTime() + REQUEST_MS)
      const row = { id: uuidv7(), action, target, payload: wanted, requestedBy: by, requestedAt: at, expiresAt }
      const { request, isNew } = await db.transaction(async (tx) => {
        const put = await putApprovalRequest(tx, row)
        const detail = { request: row.id, wanted }
        const entry = { actor: by, action: `request-${action}`, target: target || row.id, detail }
        if (put.isNew) await appendAudit(tx, entry, at)
        return put
      })
      const { id } = request
      if (isNew) alert(`${by} asks for approval: ${action} (${id}). Approve with: drawbridge suspension approve ${id}`)
      return { request }
    },
    async decide(tx, { id, action, target, requestedBy, expiresAt }, by, outcome) {
      const at = now()
      const decided = await decideApprovalRequest(tx, id, { by, at, outcome })
      if (!decided) {
        const about = isId(target) ? await findSuspension(tx, target) : undefined
        const hasLapsed = about?.endedAt?.getTime() === expiresAt.getTime()
        throw new Refusal(hasLapsed ? 'suspension-ended' : 'no-such-request')
      }
      const detail = { request: id, action, requestedBy }
      const verb = outcome === 'approved' ? 'approve-request' : 'refuse-request'
      await appendAudit(tx, { actor: by, action: verb, target: target || id, detail }, at)
      return decided
    },
  }
}
