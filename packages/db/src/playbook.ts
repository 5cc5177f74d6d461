import { asc, eq } from 'drizzle-orm'
import type { Db } from './database.ts'
import { playbook } from './schema/index.ts'

export type Playbook = typeof playbook.$inferSelect

/** Playbooks by their names. */
export function listPlaybooks(db: Db): Promise<Playbook[]> {
  return db.select().from(playbook).orderBy(asc(playbook.name)).limit(500)
}

export async function findPlaybook(db: Db, name: string): Promise<Playbook | undefined> {
  const [row] = await db.select().from(playbook).where(eq(playbook.name, name))
  return row
}

/** Adds a playbook, or replaces the one of this name. */
export async function putPlaybook(tx: Db, row: typeof playbook.$inferInsert): Promise<Playbook> {
  const { playbook: document, changedBy, changedAt } = row
  const [made] = await tx
    .insert(playbook)
    .values(row)
    .onConflictDoUpdate({ target: playbook.name, set: { playbook: document, changedBy, changedAt } })
    .returning()
  return made!
}

export async function deletePlaybook(tx: Db, name: string): Promise<Playbook | undefined> {
  const [gone] = await tx.delete(playbook).where(eq(playbook.name, name)).returning()
  return gone
}
