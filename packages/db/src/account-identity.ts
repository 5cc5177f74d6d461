import { and, eq } from 'drizzle-orm'
import type { Db } from './database.ts'
import { account, accountIdentity } from './schema/index.ts'

export type AccountIdentity = typeof accountIdentity.$inferSelect

/** Who somebody is at an OpenID Connect issuer (OpenID Connect Core §5.7: these two together, and nothing else). */
export type Identity = Pick<AccountIdentity, 'issuer' | 'subject'>

const is = ({ issuer, subject }: Identity) =>
  and(eq(accountIdentity.issuer, issuer), eq(accountIdentity.subject, subject))

/** Whose account it is that this issuer calls by this subject, and since when its tokens are to be. */
export async function findIdentity(
  db: Db,
  identity: Identity,
): Promise<{ readonly accountId: string; readonly tokensValidFrom: Date | null } | undefined> {
  const [row] = await db
    .select({ accountId: account.id, tokensValidFrom: account.tokensValidFrom })
    .from(accountIdentity)
    .innerJoin(account, eq(account.id, accountIdentity.accountId))
    .where(is(identity))
  return row
}

/** Who an account is, at each issuer where it is somebody. */
export function listIdentities(db: Db, accountId: string): Promise<AccountIdentity[]> {
  return db
    .select()
    .from(accountIdentity)
    .where(eq(accountIdentity.accountId, accountId))
    .orderBy(accountIdentity.issuer)
}

/** False when the account is somebody else at this issuer, or somebody else's is this subject. What is so already stays. */
export async function linkIdentity(db: Db, accountId: string, identity: Identity, at: Date): Promise<boolean> {
  const made = await db
    .insert(accountIdentity)
    .values({ ...identity, accountId, linkedAt: at })
    .onConflictDoNothing()
    .returning({ accountId: accountIdentity.accountId })
  if (made.length > 0) return true
  return (await findIdentity(db, identity))?.accountId === accountId
}

/** False when the account was nobody at this issuer. */
export async function unlinkIdentity(db: Db, accountId: string, issuer: string): Promise<boolean> {
  const { rowCount } = await db
    .delete(accountIdentity)
    .where(and(eq(accountIdentity.accountId, accountId), eq(accountIdentity.issuer, issuer)))
  return rowCount === 1
}

/** Access tokens issued until now sign nobody in as this account any more. */
export async function endAccessTokens(db: Db, accountId: string, at: Date): Promise<void> {
  await db.update(account).set({ tokensValidFrom: at }).where(eq(account.id, accountId))
}
