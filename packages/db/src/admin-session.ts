import { and, desc, eq, gt, inArray, lt, or } from 'drizzle-orm'
import type { Account } from './account.ts'
import type { Db } from './database.ts'
import { account, adminSession } from './schema/index.ts'
import { uuidv7 } from './uuid.ts'

export type AdminSession = typeof adminSession.$inferSelect
export type NewAdminSession = Omit<AdminSession, 'id' | 'seenAt' | 'provedAt'>

/** Sign-ins that one account may have; one more ends the oldest. */
const MAX_PER_ACCOUNT = 10

/** How far back a session may last have been used, and still be one. */
export interface Liveness {
  readonly now: Date
  readonly seenAfter: Date
}

/** Begins a session; those of the account that are too many end, and so do all that nobody can use any more. */
export async function insertAdminSession(db: Db, wanted: NewAdminSession, seenAfter: Date): Promise<AdminSession> {
  const { createdAt: at, accountId } = wanted
  return db.transaction(async (tx) => {
    await tx.delete(adminSession).where(or(lt(adminSession.expiresAt, at), lt(adminSession.seenAt, seenAfter)))
    const tooMany = tx
      .select({ id: adminSession.id })
      .from(adminSession)
      .where(eq(adminSession.accountId, accountId))
      .orderBy(desc(adminSession.createdAt))
      .offset(MAX_PER_ACCOUNT - 1)
    await tx.delete(adminSession).where(inArray(adminSession.id, tooMany))
    const [made] = await tx
      .insert(adminSession)
      .values({ ...wanted, id: uuidv7(), seenAt: at, provedAt: at })
      .returning()
    return made!
  })
}

/** The session of a token, with its account as it is now; undefined when it has ended. */
export async function findAdminSession(
  db: Db,
  tokenHash: Buffer,
  { now, seenAfter }: Liveness,
): Promise<{ session: AdminSession; account: Account } | undefined> {
  const [row] = await db
    .select({ session: adminSession, account })
    .from(adminSession)
    .innerJoin(account, eq(account.id, adminSession.accountId))
    .where(
      and(eq(adminSession.tokenHash, tokenHash), gt(adminSession.expiresAt, now), gt(adminSession.seenAt, seenAfter)),
    )
  return row
}

/** Notes that a session is in use. */
export async function touchAdminSession(db: Db, id: string, at: Date): Promise<void> {
  await db.update(adminSession).set({ seenAt: at }).where(eq(adminSession.id, id))
}

/** Somebody has shown in a session who they are, once more, or has enrolled a second factor in it. */
export async function proveAdminSession(db: Db, id: string, at: Date, hasSecondFactor: boolean): Promise<void> {
  await db.update(adminSession).set({ provedAt: at, hasSecondFactor }).where(eq(adminSession.id, id))
}

export async function deleteAdminSession(db: Db, id: string): Promise<void> {
  await db.delete(adminSession).where(eq(adminSession.id, id))
}

/** Ends every session of an account but one: its password or its rights are others now. */
export async function deleteAdminSessions(db: Db, accountId: string, keep?: string): Promise<void> {
  const kept = keep === undefined ? undefined : or(lt(adminSession.id, keep), gt(adminSession.id, keep))
  await db.delete(adminSession).where(and(eq(adminSession.accountId, accountId), kept))
}
