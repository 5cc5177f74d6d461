import { and, asc, eq, lt, lte, or, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { passkey, spentChallenge } from './schema/index.ts'

export type Passkey = typeof passkey.$inferSelect

/** The passkeys of an account, the oldest first. */
export function listPasskeys(db: Db, accountId: string): Promise<Passkey[]> {
  return db.select().from(passkey).where(eq(passkey.accountId, accountId)).orderBy(asc(passkey.createdAt))
}

export async function findPasskey(db: Db, credentialId: Buffer): Promise<Passkey | undefined> {
  const [row] = await db.select().from(passkey).where(eq(passkey.credentialId, credentialId))
  return row
}

/** Adds one. False when this credential is there already, whoever has it. */
export async function insertPasskey(db: Db, row: Omit<Passkey, 'usedAt'>): Promise<boolean> {
  const rows = await db.insert(passkey).values(row).onConflictDoNothing().returning({ id: passkey.id })
  return rows.length > 0
}

/**
 * Notes that one was used. False when its count of signatures did not go on, for an authenticator that counts
 * (WebAuthn §7.2, step 22): somebody has a copy of it.
 */
export async function notePasskeyUse(db: Db, id: string, signCount: number, at: Date): Promise<boolean> {
  const goesOn = or(lt(passkey.signCount, signCount), and(eq(passkey.signCount, 0), sql`${signCount}::bigint = 0`))
  const rows = await db
    .update(passkey)
    .set({ signCount, usedAt: at })
    .where(and(eq(passkey.id, id), goesOn))
    .returning({ id: passkey.id })
  return rows.length > 0
}

/** Takes one away. False when the account has no such one. */
export async function deletePasskey(db: Db, accountId: string, id: string): Promise<boolean> {
  const rows = await db
    .delete(passkey)
    // As text: what is no id at all names none, either.
    .where(and(eq(passkey.accountId, accountId), eq(sql`${passkey.id}::text`, id)))
    .returning({ id: passkey.id })
  return rows.length > 0
}

/** Takes all of an account away. Returns how many there were. */
export async function deletePasskeys(db: Db, accountId: string): Promise<number> {
  const rows = await db.delete(passkey).where(eq(passkey.accountId, accountId)).returning({ id: passkey.id })
  return rows.length
}

/** Uses a challenge up, and forgets those that expired. False when it was used before. */
export async function spendChallenge(db: Db, nonce: Buffer, expiresAt: Date, at: Date): Promise<boolean> {
  await db.delete(spentChallenge).where(lte(spentChallenge.expiresAt, at))
  const rows = await db
    .insert(spentChallenge)
    .values({ nonce, expiresAt })
    .onConflictDoNothing()
    .returning({ nonce: spentChallenge.nonce })
  return rows.length > 0
}
