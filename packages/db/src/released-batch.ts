import { and, asc, gt, inArray, max, ne, sql } from 'drizzle-orm'
import { findRetractions } from './archive.ts'
import type { Db } from './database.ts'
import type { ReleasedMessage } from './held-message.ts'
import { message, releasedBatch } from './schema/index.ts'

/** Channel that hears of messages that have just left a hold queue. */
export const RELEASED_CHANNEL = 'drawbridge_released'

/** Advisory lock of whoever releases: positions become visible in their order. */
const RELEASE_LOCK = 7_236_103

/** Batches that are read at once. */
const PAGE = 20

/**
 * Makes releases of other nodes wait until the transaction is over. Before anything else of a release is locked but the
 * suspension itself.
 */
export async function lockReleases(tx: Db): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${RELEASE_LOCK})`)
}

/** Tells all nodes of messages that the caller's transaction releases, under `lockReleases`. What is old is forgotten. */
export async function noteReleased(tx: Db, nodeId: string, messages: readonly ReleasedMessage[]): Promise<void> {
  const live = messages.flatMap(({ id, archives, retraction }) => (retraction ? [] : [{ id, archives }]))
  if (live.length === 0) return
  await tx.delete(releasedBatch).where(sql`${releasedBatch.at} < now() - interval '10 minutes'`)
  await tx.insert(releasedBatch).values({ nodeId, messages: live })
  await tx.execute(sql`select pg_notify(${RELEASED_CHANNEL}, '')`)
}

/** How far releases have come. */
export async function lastReleasePosition(db: Db): Promise<number> {
  const [row] = await db.select({ last: max(releasedBatch.position) }).from(releasedBatch)
  return row?.last ?? 0
}

/** What other nodes have released after a position, batch by batch in their order, one page. */
export async function listReleasedElsewhere(
  db: Db,
  nodeId: string,
  after: number,
): Promise<{ readonly position: number; readonly messages: readonly ReleasedMessage[] }[]> {
  const batches = await db
    .select({ position: releasedBatch.position, messages: releasedBatch.messages })
    .from(releasedBatch)
    .where(and(gt(releasedBatch.position, after), ne(releasedBatch.nodeId, nodeId)))
    .orderBy(asc(releasedBatch.position))
    .limit(PAGE)
  const ids = batches.flatMap(({ messages }) => messages.map(({ id }) => id))
  if (ids.length === 0) return []
  const { id, stanza, filterVersion, sentAt } = message
  const rows = await db.select({ id, stanza, filterVersion, sentAt }).from(message).where(inArray(message.id, ids))
  const retractions = await findRetractions(db, ids)
  const byId = new Map(rows.map((row) => [row.id, row]))
  return batches.map(({ position, messages }) => ({
    position,
    messages: messages.flatMap(({ id: one, archives }) => {
      const row = byId.get(one)
      return row && !retractions.has(one) ? [{ ...row, archives }] : []
    }),
  }))
}
