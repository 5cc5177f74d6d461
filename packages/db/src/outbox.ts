import { and, asc, count, gt, inArray, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { outbox } from './schema/index.ts'
import { uuidv7 } from './uuid.ts'

/** Channel that hears of new outbox rows. */
export const OUTBOX_CHANNEL = 'drawbridge_outbox'

export interface OutboxRow {
  readonly id: string
  readonly kind: string
  readonly payload: unknown
}

/**
 * Notes work in the caller's transaction, so that it happens if and only if the transaction commits; wakes the relay
 * after the commit. Rows of messages go through the archive writer instead.
 *
 * @returns the ids, in the order of the rows. They become the ids of the jobs.
 */
export async function insertOutbox(db: Db, rows: readonly Omit<OutboxRow, 'id'>[]): Promise<string[]> {
  if (rows.length === 0) return []
  const values = rows.map((row) => ({ id: uuidv7(), ...row }))
  await db.insert(outbox).values(values)
  await db.execute(sql`select pg_notify(${OUTBOX_CHANNEL}, '')`)
  return values.map(({ id }) => id)
}

/** Rows of these kinds that are not done yet, oldest first, from after the row `after`. */
export function listOutbox(db: Db, kinds: readonly string[], limit: number, after?: string): Promise<OutboxRow[]> {
  return db
    .select({ id: outbox.id, kind: outbox.kind, payload: outbox.payload })
    .from(outbox)
    .where(
      and(
        isNull(outbox.doneAt),
        inArray(outbox.kind, [...kinds]),
        after === undefined ? undefined : gt(outbox.id, after),
      ),
    )
    .orderBy(asc(outbox.id))
    .limit(limit)
}

export async function markOutboxDone(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await db
    .update(outbox)
    .set({ doneAt: new Date() })
    .where(inArray(outbox.id, [...ids]))
}

/** Rows that are not done yet. */
export async function countOutbox(db: Db): Promise<number> {
  const [row] = await db.select({ count: count() }).from(outbox).where(isNull(outbox.doneAt))
  return row?.count ?? 0
}

/** Deletes rows done before `before`. Returns how many. */
export async function pruneOutbox(db: Db, before: Date): Promise<number> {
  const { rowCount } = await db.delete(outbox).where(and(isNotNull(outbox.doneAt), lt(outbox.doneAt, before)))
  return rowCount ?? 0
}
