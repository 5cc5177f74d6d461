import { and, count, eq, isNotNull, isNull, lt } from 'drizzle-orm'
import type { Db } from './database.ts'
import { recoveryCode, totp } from './schema/index.ts'

export type Totp = typeof totp.$inferSelect

/** The secret of an account's codes, confirmed or not. */
export async function findTotp(db: Db, accountId: string): Promise<Totp | undefined> {
  const [row] = await db.select().from(totp).where(eq(totp.accountId, accountId))
  return row
}

/** Begins to enroll: replaces an enrollment that nobody finished. A secret in force stays, and the answer is false. */
export async function putTotp(db: Db, accountId: string, sealed: Buffer, at: Date): Promise<boolean> {
  const value = { sealed, createdAt: at }
  const rows = await db
    .insert(totp)
    .values({ accountId, ...value })
    .onConflictDoUpdate({ target: totp.accountId, set: value, setWhere: isNull(totp.confirmedAt) })
    .returning({ accountId: totp.accountId })
  return rows.length > 0
}

/** Puts a secret in force, by the code of a period. False when it is in force already. */
export async function confirmTotp(db: Db, accountId: string, step: number, at: Date): Promise<boolean> {
  const rows = await db
    .update(totp)
    .set({ confirmedAt: at, lastStep: step })
    .where(and(eq(totp.accountId, accountId), isNull(totp.confirmedAt)))
    .returning({ accountId: totp.accountId })
  return rows.length > 0
}

/** Takes the code of a period. False when that one or a later one was taken before: each is good once. */
export async function takeTotpStep(db: Db, accountId: string, step: number): Promise<boolean> {
  const rows = await db
    .update(totp)
    .set({ lastStep: step })
    .where(and(eq(totp.accountId, accountId), isNotNull(totp.confirmedAt), lt(totp.lastStep, step)))
    .returning({ accountId: totp.accountId })
  return rows.length > 0
}

/** Takes the secret away. False when there was none. */
export async function deleteTotp(db: Db, accountId: string): Promise<boolean> {
  const rows = await db.delete(totp).where(eq(totp.accountId, accountId)).returning({ accountId: totp.accountId })
  return rows.length > 0
}

/** Replaces all codes on paper. */
export async function setRecoveryCodes(db: Db, accountId: string, hashes: readonly Buffer[]): Promise<void> {
  await db.delete(recoveryCode).where(eq(recoveryCode.accountId, accountId))
  if (hashes.length > 0) await db.insert(recoveryCode).values(hashes.map((codeHash) => ({ accountId, codeHash })))
}

/** Uses a code on paper up. False when there is no such code. */
export async function useRecoveryCode(db: Db, accountId: string, codeHash: Buffer): Promise<boolean> {
  const rows = await db
    .delete(recoveryCode)
    .where(and(eq(recoveryCode.accountId, accountId), eq(recoveryCode.codeHash, codeHash)))
    .returning({ accountId: recoveryCode.accountId })
  return rows.length > 0
}

export async function countRecoveryCodes(db: Db, accountId: string): Promise<number> {
  const [row] = await db.select({ n: count() }).from(recoveryCode).where(eq(recoveryCode.accountId, accountId))
  return row!.n
}
