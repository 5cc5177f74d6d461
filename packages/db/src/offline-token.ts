import { asc, eq, gt, lte } from 'drizzle-orm'
import type { Db } from './database.ts'
import { offlineTokenUse } from './schema/index.ts'

export type OfflineTokenUse = typeof offlineTokenUse.$inferSelect

/** More than anybody prints. */
const MAX_USES = 10_000

/** Uses of tokens that are not over yet. */
export function listOfflineTokenUses(db: Db, at: Date): Promise<OfflineTokenUse[]> {
  return db
    .select()
    .from(offlineTokenUse)
    .where(gt(offlineTokenUse.expiresAt, at))
    .orderBy(asc(offlineTokenUse.usedAt))
    .limit(MAX_USES)
}

export async function isOfflineTokenUsed(db: Db, nonce: string): Promise<boolean> {
  const rows = await db.select().from(offlineTokenUse).where(eq(offlineTokenUse.nonce, nonce))
  return rows.length > 0
}

/** Notes that a token was used, and forgets those that are over. `same`: just this was noted; `used`: another use was. */
export async function noteOfflineTokenUse(tx: Db, use: OfflineTokenUse): Promise<'noted' | 'same' | 'used'> {
  await tx.delete(offlineTokenUse).where(lte(offlineTokenUse.expiresAt, use.usedAt))
  const noted = await tx.insert(offlineTokenUse).values(use).onConflictDoNothing().returning()
  if (noted.length > 0) return 'noted'
  const [before] = await tx.select().from(offlineTokenUse).where(eq(offlineTokenUse.nonce, use.nonce))
  return before?.usedBy === use.usedBy && before.usedAt.getTime() === use.usedAt.getTime() ? 'same' : 'used'
}
