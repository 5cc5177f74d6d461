import { eq, inArray, lt } from 'drizzle-orm'
import type { Db } from './database.ts'
import { dedup, smSession } from './schema/index.ts'

export type SmSession = typeof smSession.$inferSelect

/** Opens the record of a stream that can be resumed (XEP-0198 §3). Must be there before its first message is written. */
export async function insertSmSession(db: Db, id: string, accountId: string): Promise<void> {
  await db.insert(smSession).values({ id, accountId })
}

/** The record, with the durable `h`: what `<resumed/>` and `<failed/>` say, modulo 2³². */
export async function findSmSession(db: Db, id: string): Promise<SmSession | undefined> {
  const [row] = await db.select().from(smSession).where(eq(smSession.id, id))
  return row
}

export async function deleteSmSessions(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await db.delete(smSession).where(inArray(smSession.id, [...ids]))
}

/** Ends the streams of an account: after a change of password, none may be resumed. Returns their ids. */
export async function deleteSmSessionsOf(db: Db, accountId: string): Promise<string[]> {
  const gone = await db.delete(smSession).where(eq(smSession.accountId, accountId)).returning({ id: smSession.id })
  return gone.map(({ id }) => id)
}

/** Deletes stream records untouched since `before`. Returns how many. */
export async function pruneSmSessions(db: Db, before: Date): Promise<number> {
  const { rowCount } = await db.delete(smSession).where(lt(smSession.updatedAt, before))
  return rowCount ?? 0
}

/** Deletes dedup keys older than `before` (7 days are kept), at most `limit`. Returns how many; call it until 0. */
export async function pruneDedup(db: Db, before: Date, limit = 10_000): Promise<number> {
  const old = db.select({ key: dedup.key }).from(dedup).where(lt(dedup.at, before)).limit(limit)
  const { rowCount } = await db.delete(dedup).where(inArray(dedup.key, old))
  return rowCount ?? 0
}
