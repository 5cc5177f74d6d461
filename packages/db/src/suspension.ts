import { and, asc, desc, eq, gte, inArray, isNotNull, isNull, lte, not, or, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { audit, suspension } from './schema/index.ts'

export type Suspension = typeof suspension.$inferSelect

/** Suspensions that have not ended, oldest first: planned ones, and those whose end has passed, too. */
export function listActiveSuspensions(db: Db): Promise<Suspension[]> {
  return db
    .select()
    .from(suspension)
    .where(isNull(suspension.endedAt))
    .orderBy(asc(suspension.sinceAt), asc(suspension.id))
}

/** Suspensions that have ended, the last one first, one page: those that come after `after`. */
export function listEndedSuspensions(
  db: Db,
  limit: number,
  after?: { readonly endedAt: Date; readonly id: string },
): Promise<Suspension[]> {
  const ms = sql`(extract(epoch from ${suspension.endedAt}) * 1000)::bigint`
  return db
    .select()
    .from(suspension)
    .where(
      and(
        isNotNull(suspension.endedAt),
        after && sql`(-${ms}, ${suspension.id}) > (${-after.endedAt.getTime()}::bigint, ${after.id}::uuid)`,
      ),
    )
    .orderBy(desc(ms), asc(suspension.id))
    .limit(limit)
}

export async function findSuspension(db: Db, id: string): Promise<Suspension | undefined> {
  const [row] = await db.select().from(suspension).where(eq(suspension.id, id))
  return row
}

/** Starts or plans a suspension; the caller bumps the epoch in the same transaction. */
export async function insertSuspension(tx: Db, row: typeof suspension.$inferInsert): Promise<Suspension> {
  const [made] = await tx.insert(suspension).values(row).returning()
  return made!
}

/** Changes one that has not ended; undefined when it is absent or has. */
export async function updateSuspension(
  tx: Db,
  id: string,
  set: Partial<typeof suspension.$inferInsert>,
): Promise<Suspension | undefined> {
  const [row] = await tx
    .update(suspension)
    .set(set)
    .where(and(eq(suspension.id, id), isNull(suspension.endedAt)))
    .returning()
  return row
}

/** Of several that begin what was planned, true for the first. */
export async function claimBeginning(tx: Db, id: string): Promise<boolean> {
  const claimed = await tx
    .update(suspension)
    .set({ isScheduled: false })
    .where(and(eq(suspension.id, id), isNull(suspension.endedAt), suspension.isScheduled))
    .returning({ id: suspension.id })
  return claimed.length > 0
}

/** Ends a suspension; the caller bumps the epoch in the same transaction. Undefined when it is absent or has ended. */
export function endSuspension(
  tx: Db,
  id: string,
  end: { readonly by: string; readonly at: Date; readonly release: Suspension['release'] },
): Promise<Suspension | undefined> {
  return updateSuspension(tx, id, { endedAt: end.at, endedBy: end.by, release: end.release, ...NOT_ENDING })
}

const NOT_ENDING = { endingId: null, endingBy: null, endingAt: null } as const

/**
 * Makes one end, of all that are tried on whatever node, the one that empties the queue, and says how. Undefined when the
 * suspension is absent or has ended, or when another end has it that was heard of within the last minute.
 *
 * @param isResumed - the node that had it has just started anew.
 */
export async function claimEnd(
  tx: Db,
  id: string,
  claim: { readonly id: string; readonly by: string; readonly release: Suspension['release'] },
  isResumed = false,
): Promise<Suspension | undefined> {
  const isFree = or(isNull(suspension.endingId), lte(suspension.endingAt, sql`now() - interval '1 minute'`))
  const [row] = await tx
    .update(suspension)
    .set({ endingId: claim.id, endingBy: claim.by, endingAt: sql`now()`, release: claim.release })
    .where(and(eq(suspension.id, id), isNull(suspension.endedAt), isResumed ? undefined : isFree))
    .returning()
  return row
}

/** Says that the end goes on, and locks the suspension until the transaction is over; false when another has taken over. */
export async function keepEnd(tx: Db, id: string, claimId: string): Promise<boolean> {
  const rows = await tx
    .update(suspension)
    .set({ endingAt: sql`clock_timestamp()` })
    .where(and(eq(suspension.id, id), eq(suspension.endingId, claimId)))
    .returning({ id: suspension.id })
  return rows.length > 0
}

/** Gives up an end that has failed: the suspension goes on, and what was said about its queue before counts again. */
export async function dropEnd(db: Db, id: string, claimId: string, release: Suspension['release']): Promise<void> {
  await db
    .update(suspension)
    .set({ ...NOT_ENDING, release })
    .where(and(eq(suspension.id, id), eq(suspension.endingId, claimId)))
}

/** Ends that nobody has brought through, of suspensions that are in force: what a start after a crash goes on with. */
export function listEnding(db: Db): Promise<Suspension[]> {
  return db
    .select()
    .from(suspension)
    .where(and(isNull(suspension.endedAt), isNotNull(suspension.endingId)))
    .orderBy(asc(suspension.endingAt))
}

/** Counts what has left a queue, by what became of it. */
export async function countReleased(
  tx: Db,
  id: string,
  { released = 0, discarded = 0 }: { readonly released?: number; readonly discarded?: number },
): Promise<void> {
  if (released === 0 && discarded === 0) return
  await tx
    .update(suspension)
    .set({
      released: sql`${suspension.released} + ${released}`,
      discarded: sql`${suspension.discarded} + ${discarded}`,
    })
    .where(eq(suspension.id, id))
}

/** Notes that people were alerted; false when somebody else has done so already, on whatever node. */
export async function takeAlert(db: Db, id: string, alert: string): Promise<boolean> {
  const rows = await db
    .update(suspension)
    .set({ alerted: sql`array_append(${suspension.alerted}, ${alert})` })
    .where(and(eq(suspension.id, id), not(sql`${alert} = any(${suspension.alerted})`)))
    .returning({ id: suspension.id })
  return rows.length > 0
}

/** What these did alone takes two people: it has to be looked at by then, also where it has ended. */
export async function noteActedAlone(
  tx: Db,
  id: string,
  { by, dueAt }: { readonly by: readonly string[]; readonly dueAt: Date },
): Promise<void> {
  await tx
    .update(suspension)
    .set({
      actedAlone: sql`array(select distinct unnest(${suspension.actedAlone} || ${sql.param([...by])}::text[]))`,
      ...{ reviewDueAt: dueAt, reviewedAt: null, reviewedBy: null, reviewNote: null },
    })
    .where(eq(suspension.id, id))
}

/** Records the review of a suspension that one person had started alone; undefined when there is nothing to review. */
export async function reviewSuspension(
  tx: Db,
  id: string,
  review: { readonly by: string; readonly at: Date; readonly note: string },
): Promise<Suspension | undefined> {
  const [row] = await tx
    .update(suspension)
    .set({ reviewedBy: review.by, reviewedAt: review.at, reviewNote: review.note })
    .where(and(eq(suspension.id, id), isNotNull(suspension.reviewDueAt), isNull(suspension.reviewedAt)))
    .returning()
  return row
}

/** Those that nobody has looked at in time. */
export function listOverdueReviews(db: Db, at: Date): Promise<Suspension[]> {
  return db
    .select()
    .from(suspension)
    .where(and(lte(suspension.reviewDueAt, at), isNull(suspension.reviewedAt)))
    .limit(100)
}

/** Keeps what a drill has measured. */
export async function putMeasured(db: Db, id: string, measured: unknown): Promise<void> {
  await db.update(suspension).set({ measured }).where(eq(suspension.id, id))
}

/** Adds to how often each exemption was used, on whatever node. */
export async function addExemptionUses(db: Db, id: string, uses: ReadonlyMap<string, number>): Promise<void> {
  await db.transaction(async (tx) => {
    const [row] = await tx
      .select({ known: suspension.exemptionUses })
      .from(suspension)
      .where(eq(suspension.id, id))
      .for('update')
    if (!row) return
    const exemptionUses = { ...row.known }
    for (const [who, count] of uses) exemptionUses[who] = (exemptionUses[who] ?? 0) + count
    await tx.update(suspension).set({ exemptionUses }).where(eq(suspension.id, id))
  })
}

/** Emergencies that somebody has started alone since then, with or without an end. */
export function listEmergenciesBy(db: Db, startedBy: string, since: Date): Promise<Suspension[]> {
  return db
    .select()
    .from(suspension)
    .where(and(eq(suspension.startedBy, startedBy), suspension.isEmergency, sql`${suspension.sinceAt} > ${since}`))
}

/** What somebody has begun alone since then, small each, and what goes on. */
export function listSmallBy(db: Db, startedBy: string, since: Date): Promise<Suspension[]> {
  const { isLarge, isDrill, approvedBy, sinceAt, endedAt } = suspension
  const isAlone = and(not(isLarge), not(isDrill), sql`cardinality(${approvedBy}) = 1`)
  return db
    .select()
    .from(suspension)
    .where(and(eq(suspension.startedBy, startedBy), isAlone, isNull(endedAt), sql`${sinceAt} > ${since}`))
}

/** How many held messages of a suspension somebody has released or discarded since then. */
export async function countSettledBy(db: Db, id: string, actor: string, since: Date): Promise<number> {
  const messages = sql<number>`coalesce(sum(coalesce((${audit.detail} ->> 'released')::int, 0)
    + coalesce((${audit.detail} ->> 'discarded')::int, 0)), 0)::int`
  const [row] = await db
    .select({ messages })
    .from(audit)
    .where(
      and(
        eq(audit.target, id),
        eq(audit.actor, actor),
        inArray(audit.action, ['release-held', 'discard-held']),
        gte(audit.at, since),
      ),
    )
  return row?.messages ?? 0
}
