import { lt } from 'drizzle-orm'
import type { Db } from './database.ts'
import { countedBatch } from './schema/index.ts'

/** One batch of what a process has counted. */
export interface BatchNumber {
  /** UUID of whoever counts. */
  readonly writer: string
  /** Grows from batch to batch. */
  readonly number: number
}

/**
 * Does `work` in a transaction, once for each batch: a batch that is in already changes nothing, so that it can be tried
 * again when it is not known what became of it.
 */
export async function writeOnce(
  db: Db,
  { writer, number }: BatchNumber,
  at: Date,
  work: (tx: Db) => Promise<void>,
): Promise<void> {
  await db.transaction(async (tx) => {
    const taken = await tx
      .insert(countedBatch)
      .values({ writer, number, writtenAt: at })
      .onConflictDoUpdate({
        target: countedBatch.writer,
        set: { number, writtenAt: at },
        setWhere: lt(countedBatch.number, number),
      })
      .returning({ number: countedBatch.number })
    if (taken.length > 0) await work(tx)
  })
}

/** Forgets who has written nothing since `before`: nothing of theirs is tried again. */
export async function pruneCountedBatches(db: Db, before: Date): Promise<void> {
  await db.delete(countedBatch).where(lt(countedBatch.writtenAt, before))
}
