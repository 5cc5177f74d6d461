import { eq } from 'drizzle-orm'
import type { Db } from './database.ts'
import { setting } from './schema/index.ts'

/** A setting's value as stored; the caller parses it. Undefined: never set. */
export async function findSetting(db: Db, key: string): Promise<unknown> {
  const [row] = await db.select({ value: setting.value }).from(setting).where(eq(setting.key, key))
  return row?.value
}

export async function putSetting(db: Db, key: string, value: unknown): Promise<void> {
  const set = { value, updatedAt: new Date() }
  await db
    .insert(setting)
    .values({ key, ...set })
    .onConflictDoUpdate({ target: setting.key, set })
}
