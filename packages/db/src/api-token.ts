import { and, count, desc, eq, gt, isNull, lt, or } from 'drizzle-orm'
import type { Account } from './account.ts'
import type { Db } from './database.ts'
import { account, apiToken } from './schema/index.ts'
import { uuidv7 } from './uuid.ts'

export type ApiToken = typeof apiToken.$inferSelect
export type NewApiToken = Omit<ApiToken, 'id' | 'usedAt' | 'usedFrom' | 'revokedAt'>

/** How long a token that is over is still listed. */
const LISTED_MS = 30 * 86_400_000

const isGood = (at: Date) => and(isNull(apiToken.revokedAt), gt(apiToken.expiresAt, at))

/** Makes a token, unless the account has `max` good ones already; forgets those that are long over. */
export async function insertApiToken(db: Db, wanted: NewApiToken, max: number): Promise<ApiToken | 'too-many'> {
  const { createdAt: at, accountId } = wanted
  const long = new Date(at.getTime() - LISTED_MS)
  return db.transaction(async (tx) => {
    // Two at once must not both be the last one.
    await tx.select({ id: account.id }).from(account).where(eq(account.id, accountId)).for('update')
    await tx.delete(apiToken).where(or(lt(apiToken.expiresAt, long), lt(apiToken.revokedAt, long)))
    const [row] = await tx
      .select({ n: count() })
      .from(apiToken)
      .where(and(eq(apiToken.accountId, accountId), isGood(at)))
    if (row!.n >= max) return 'too-many'
    const [made] = await tx
      .insert(apiToken)
      .values({ id: uuidv7(), ...wanted })
      .returning()
    return made!
  })
}

/** The token of a hash while it is good, with its account as it is now. */
export async function findApiToken(
  db: Db,
  tokenHash: Buffer,
  at: Date,
): Promise<{ token: ApiToken; account: Account } | undefined> {
  const [row] = await db
    .select({ token: apiToken, account })
    .from(apiToken)
    .innerJoin(account, eq(account.id, apiToken.accountId))
    .where(and(eq(apiToken.tokenHash, tokenHash), isGood(at)))
  return row
}

/** Notes that a token is in use, and from where. */
export async function touchApiToken(db: Db, id: string, at: Date, from: string): Promise<void> {
  await db.update(apiToken).set({ usedAt: at, usedFrom: from }).where(eq(apiToken.id, id))
}

/** Tokens, newest first, from before one with this id, or this one; of one account only, if it is given. */
export function listApiTokens(
  db: Db,
  limit: number,
  {
    id,
    before,
    accountId,
  }: {
    readonly id?: string
    readonly before?: string | undefined
    readonly accountId?: string | undefined
  } = {},
): Promise<(ApiToken & { localpart: string })[]> {
  return db
    .select({ token: apiToken, localpart: account.localpart })
    .from(apiToken)
    .innerJoin(account, eq(account.id, apiToken.accountId))
    .where(
      and(
        id === undefined ? undefined : eq(apiToken.id, id),
        before === undefined ? undefined : lt(apiToken.id, before),
        accountId === undefined ? undefined : eq(apiToken.accountId, accountId),
      ),
    )
    .orderBy(desc(apiToken.id))
    .limit(limit)
    .then((rows) => rows.map(({ token, localpart }) => ({ ...token, localpart })))
}

/** Ends a token; of one account only, if it is given. Undefined when there is no such one that is good. */
export async function revokeApiToken(db: Db, id: string, at: Date, accountId?: string): Promise<ApiToken | undefined> {
  const isTheirs = accountId === undefined ? undefined : eq(apiToken.accountId, accountId)
  const [row] = await db
    .update(apiToken)
    .set({ revokedAt: at })
    .where(and(eq(apiToken.id, id), isGood(at), isTheirs))
    .returning()
  return row
}
