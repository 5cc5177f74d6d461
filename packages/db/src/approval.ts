import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { approvalRequest } from './schema/index.ts'

export type ApprovalRequest = typeof approvalRequest.$inferSelect

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

export async function insertApprovalRequest(
  tx: Db,
  row: typeof approvalRequest.$inferInsert,
): Promise<ApprovalRequest> {
  const [made] = await tx.insert(approvalRequest).values(row).returning()
  return made!
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

/** The same that somebody has asked for before, and that is still open. */
export async function findSameRequest(
  db: Db,
  { action, target, payload, requestedBy }: Pick<ApprovalRequest, 'action' | 'target' | 'payload' | 'requestedBy'>,
  at: Date,
): Promise<ApprovalRequest | undefined> {
  const [row] = await db
    .select()
    .from(approvalRequest)
    .where(
      and(
        eq(approvalRequest.action, action),
        eq(approvalRequest.target, target),
        eq(approvalRequest.requestedBy, requestedBy),
        sql`${approvalRequest.payload} = ${JSON.stringify(payload)}::jsonb`,
        isNull(approvalRequest.decidedAt),
        gt(approvalRequest.expiresAt, at),
      ),
    )
    .limit(1)
  return row
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

/** Lets a request wait again: it was agreed to and could not be done. */
export async function reopenApprovalRequest(db: Db, id: string): Promise<void> {
  await db
    .update(approvalRequest)
    .set({ decidedBy: null, decidedAt: null, outcome: null })
    .where(eq(approvalRequest.id, id))
}
