import { and, asc, eq, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { blob, imageMap } from './schema/index.ts'

/**
 * Says that somebody is about to refer to a clean file: no sweep takes it away for a while. Called before the store is
 * asked whether it has the file: a sweep that is taking it away right now is waited for, and then the file is not there.
 */
export async function claimBlob(db: Db, sha256: Uint8Array): Promise<void> {
  await db
    .insert(blob)
    .values({ sha256: Buffer.from(sha256) })
    .onConflictDoUpdate({ target: blob.sha256, set: { claimedAt: sql`now()` } })
}

/** Takes files that the store has and no row knows of into the care of the sweep. */
export async function adoptBlobs(db: Db, sha256s: readonly Uint8Array[]): Promise<void> {
  if (sha256s.length === 0) return
  await db
    .insert(blob)
    .values(sha256s.map((sha256) => ({ sha256: Buffer.from(sha256) })))
    .onConflictDoNothing()
}

/**
 * Nobody refers to it, and nobody has said lately that they will. What an upload became is remembered (image_map) only
 * while there is an upload of it; avatars and what comes inside stanzas have no other place that refers to them.
 */
const isUnwanted = (before: Date) => sql`${blob.claimedAt} < ${before.toISOString()}
  and not exists (select from upload where clean_sha256 = ${blob.sha256})
  and not exists (select from upload_derivative d where d.sha256 = ${blob.sha256})
  and not exists (select from image_map i where i.clean_sha256 = ${blob.sha256} and i.profile <> 'image')`

/** Clean files that nobody wants and nobody has claimed since `before`, by SHA-256, oldest claim first. */
export async function listUnwantedBlobs(db: Db, before: Date, limit: number): Promise<Buffer[]> {
  const rows = await db
    .select({ sha256: blob.sha256 })
    .from(blob)
    .where(isUnwanted(before))
    .orderBy(asc(blob.claimedAt))
    .limit(limit)
  return rows.map(({ sha256 }) => sha256)
}

/**
 * Removes a clean file that nobody wants. Whoever claims it meanwhile waits for the row's lock until it is gone, and
 * stores it anew; whoever claimed it before keeps it. False when it is wanted after all.
 *
 * @param remove - takes the file out of the store; when it rejects, all is as before.
 */
export function collectBlob(
  db: Db,
  sha256: Uint8Array,
  before: Date,
  remove: (sha256: Buffer) => Promise<void>,
): Promise<boolean> {
  const value = Buffer.from(sha256)
  return db.transaction(async (tx) => {
    const [row] = await tx
      .select({ sha256: blob.sha256 })
      .from(blob)
      .where(and(eq(blob.sha256, value), isUnwanted(before)))
      .for('update')
    if (!row) return false
    await tx.delete(imageMap).where(eq(imageMap.cleanSha256, value))
    await tx.delete(blob).where(eq(blob.sha256, value))
    await remove(value)
    return true
  })
}
