import { sql } from 'drizzle-orm'
import type { Db } from './database.ts'

/**
 * Runs something while nobody else holds the lock of this name, on whatever node. It costs a connection as long as it
 * lasts, beside those that `work` uses: let few wait at once, or they wait for each other.
 */
export async function holdLock<T>(db: Db, name: string, work: () => Promise<T>): Promise<T> {
  return db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`)
    return work()
  })
}
