import { asc, gte, lt, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { imageCensus } from './schema/index.ts'

/** Images of one kind that met one fate on one day. */
export type CensusRow = typeof imageCensus.$inferSelect

/** Adds to the census, in one statement. Every row has a key of its own. */
export async function addToCensus(tx: Db, rows: readonly CensusRow[]): Promise<void> {
  if (rows.length === 0) return
  // In one order, so that two nodes never wait for each other.
  const sorted = rows.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1))
  await tx
    .insert(imageCensus)
    .values(sorted)
    .onConflictDoUpdate({
      target: [
        imageCensus.day,
        imageCensus.profile,
        imageCensus.inputFormat,
        imageCensus.outcome,
        imageCensus.reason,
        imageCensus.features,
        imageCensus.decoder,
        imageCensus.encoder,
      ],
      set: {
        images: sql`${imageCensus.images} + excluded.images`,
        bytesIn: sql`${imageCensus.bytesIn} + excluded.bytes_in`,
        bytesOut: sql`${imageCensus.bytesOut} + excluded.bytes_out`,
      },
    })
}

/** The census from a UTC day on, oldest first. */
export function listCensus(db: Db, from: string): Promise<CensusRow[]> {
  return db
    .select()
    .from(imageCensus)
    .where(gte(imageCensus.day, from))
    .orderBy(asc(imageCensus.day), asc(imageCensus.profile), asc(imageCensus.inputFormat))
}

/** Forgets days before `day`. */
export async function pruneCensus(db: Db, day: string): Promise<void> {
  await db.delete(imageCensus).where(lt(imageCensus.day, day))
}
