import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { approvalRequest } from './schema/index.ts'

export type ApprovalRequest = typeof approvalRequest.$inferSelect
type ApprovalRequestRow = typeof approvalRequest.$inferInsert

/** Requests that nobody has decided yet and that have not expired, oldest first. */
export function listApprovalRequests(db: Db, at: Date): Promise<ApprovalRequest[]> {
  return db
    .select()
    .from(approvalRequest)
    .where(and(isNull(approvalRequest.decidedAt), gt(approvalRequest.expiresAt, at)))
    .orderBy(asc(approvalRequest.requestedAt))
    .limit(500)
}

export async function findApprovalRequest(db: Db, id: string): Promise<ApprovalRequest | undefined> {
  const [row] = await db.select().from(approvalRequest).where(eq(approvalRequest.id, id))
  return row
}

/** Writes a request down, or finds the one for the very same that is open, whoever asked. */
export async function putApprovalRequest(
  tx: Db,
  row: ApprovalRequestRow,
): Promise<{ readonly request: ApprovalRequest; readonly isNew: boolean }> {
  const { action, target, payload, requestedAt } = row
  // Of two clicks at once the second one waits here, and finds what the first one wrote.
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`approval ${action} ${target}`}, 0))`)
  const [same] = await tx
    .select()
    .from(approvalRequest)
    .where(
      and(
        eq(approvalRequest.action, action),
        eq(approvalRequest.target, target),
        sql`${approvalRequest.payload} = ${JSON.stringify(payload)}::jsonb`,
        isNull(approvalRequest.decidedAt),
        gt(approvalRequest.expiresAt, requestedAt),
      ),
    )
    .limit(1)
  if (same) return { request: same, isNew: false }
  const [made] = await tx.insert(approvalRequest).values(row).returning()
  return { request: made!, isNew: true }
}

/** Decides a request, once; undefined when it is absent, expired, or decided. */
export async function decideApprovalRequest(
  tx: Db,
  id: string,
  decision: { readonly by: string; readonly at: Date; readonly outcome: 'approved' | 'refused' },
): Promise<ApprovalRequest | undefined> {
  const { by, at, outcome } = decision
  const [row] = await tx
    .update(approvalRequest)
    .set({ decidedBy: by, decidedAt: at, outcome })
    .where(and(eq(approvalRequest.id, id), isNull(approvalRequest.decidedAt), gt(approvalRequest.expiresAt, at)))
    .returning()
  return row
}

/** What is open about something that has ended lapses with it. */
export async function expireApprovalRequests(tx: Db, target: string, at: Date): Promise<void> {
  await tx
    .update(approvalRequest)
    .set({ expiresAt: at })
    .where(
      and(eq(approvalRequest.target, target), isNull(approvalRequest.decidedAt), gt(approvalRequest.expiresAt, at)),
    )
}

/** Requests about one thing, oldest first, whatever became of them. */
export function listApprovalRequestsAbout(db: Db, target: string): Promise<ApprovalRequest[]> {
  return db
    .select()
    .from(approvalRequest)
    .where(eq(approvalRequest.target, target))
    .orderBy(asc(approvalRequest.requestedAt))
    .limit(500)
}
