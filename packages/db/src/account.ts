import { and, asc, count, eq, gt, inArray, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { hasText } from './has-text.ts'
import { account, archive, archiveOwner, clientRuleHit, credential, message, unit, unitMember } from './schema/index.ts'
import { uuidv7 } from './uuid.ts'

export type Account = typeof account.$inferSelect

/** What an administrator may change. */
export type AccountChange = Partial<
  Pick<Account, 'displayName' | 'isAdmin' | 'isBreakGlass' | 'isDisabled' | 'roles' | 'administers'>
>

export interface NewAccount extends AccountChange {
  /** Prepared (RFC 7622 §3.3). */
  readonly localpart: string
  readonly credentials: readonly NewCredential[]
}

export interface NewCredential {
  readonly mechanism: string
  /** Encrypted by the caller, with account id, mechanism and key id as associated data. */
  readonly sealed: Uint8Array
}

/** Makes an account. `id` is given when the credentials were sealed for it. */
export async function insertAccount(
  db: Db,
  { credentials, ...row }: NewAccount,
  id: string = uuidv7(),
): Promise<Account | 'exists'> {
  return db.transaction(async (tx) => {
    const [made] = await tx
      .insert(account)
      .values({ id, ...row })
      .onConflictDoNothing()
      .returning()
    if (!made) return 'exists'
    await setCredentials(tx, id, credentials)
    return made
  })
}

export async function findAccount(db: Db, localpart: string): Promise<Account | undefined> {
  const [row] = await db.select().from(account).where(eq(account.localpart, localpart))
  return row
}

/** Ids of the accounts that have these names, in no order. */
export async function listAccountIds(db: Db, localparts: readonly string[]): Promise<string[]> {
  const rows = await db
    .select({ id: account.id })
    .from(account)
    .where(inArray(account.localpart, [...localparts]))
  return rows.map(({ id }) => id)
}

export async function findAccountById(db: Db, id: string): Promise<Account | undefined> {
  const [row] = await db.select().from(account).where(eq(account.id, id))
  return row
}

/** Accounts by localpart, from after `after`; only members of some units, if these are given by name. */
export function listAccounts(
  db: Db,
  limit: number,
  after?: string,
  units?: readonly string[],
  text?: string,
): Promise<Account[]> {
  const members = db
    .select({ accountId: unitMember.accountId })
    .from(unitMember)
    .innerJoin(unit, eq(unit.id, unitMember.unitId))
    .where(inArray(unit.name, [...(units ?? [])]))
  return db
    .select()
    .from(account)
    .where(
      and(
        after === undefined ? undefined : gt(account.localpart, after),
        units === undefined ? undefined : inArray(account.id, members),
        text === undefined ? undefined : hasText(text, account.localpart, account.displayName),
      ),
    )
    .orderBy(asc(account.localpart))
    .limit(limit)
}

export async function countAccounts(db: Db): Promise<number> {
  const [row] = await db.select({ n: count() }).from(account)
  return row!.n
}

/** How many administrators can sign in: the last one must not be removed. Locks their rows until the transaction ends. */
export async function countAdmins(db: Db): Promise<number> {
  const rows = await db
    .select({ id: account.id })
    .from(account)
    .where(and(eq(account.isAdmin, true), eq(account.isDisabled, false)))
    .for('update')
  return rows.length
}

/** Accounts that pass every suspension, by name. @param lock - `update` locks them until the transaction ends. */
export function listBreakGlass(db: Db, lock?: 'update'): Promise<Account[]> {
  const query = db.select().from(account).where(eq(account.isBreakGlass, true)).orderBy(account.localpart)
  return lock === undefined ? query : query.for(lock)
}

/** The account after the change, or undefined when there is none. */
export async function updateAccount(db: Db, localpart: string, change: AccountChange): Promise<Account | undefined> {
  const [row] = await db.update(account).set(change).where(eq(account.localpart, localpart)).returning()
  return row
}

/** Notes a successful sign-in. */
export async function noteSignIn(db: Db, id: string, at: Date): Promise<void> {
  await db.update(account).set({ signedInAt: at }).where(eq(account.id, id))
}

/**
 * Deletes an account with all it owns, its archive included. A message stays as long as another archive holds it.
 *
 * @param owner - bare JID of the account's archive
 */
export async function deleteAccount(db: Db, localpart: string, owner: string): Promise<'deleted' | 'absent'> {
  return db.transaction(async (tx) => {
    const gone = await tx.delete(account).where(eq(account.localpart, localpart)).returning({ id: account.id })
    if (gone.length === 0) return 'absent'
    // It is nobody who will come back with a client that is allowed.
    await tx.delete(clientRuleHit).where(eq(clientRuleHit.localpart, localpart))
    // Positions stay: they must not be given again while a client may remember one.
    await tx
      .update(archiveOwner)
      .set({ offlinePosition: archiveOwner.lastPosition })
      .where(eq(archiveOwner.owner, owner))
    await tx.execute(sql`
      with gone as (delete from ${archive} where owner = ${owner} returning message_id)
      delete from ${message} m using gone where m.id = gone.message_id
      and not exists (select from ${archive} a where a.message_id = m.id and a.owner <> ${owner})
      and not exists (select from held_message h where h.message_id = m.id)`)
    return 'deleted'
  })
}

const credentialsOf = (db: Db) =>
  db
    .select({ mechanism: credential.mechanism, sealed: credential.sealed })
    .from(credential)
    .where(eq(credential.accountId, sql.placeholder('accountId')))
    .prepare('credentials_of_account')
/** Asked at every sign-in: to build the query anew takes longer than to answer it. */
const prepared = new WeakMap<Db, ReturnType<typeof credentialsOf>>()

/** The sealed verifiers of an account, by mechanism. */
export async function listCredentials(db: Db, accountId: string): Promise<Map<string, Buffer>> {
  const query = prepared.get(db) ?? credentialsOf(db)
  prepared.set(db, query)
  const rows = await query.execute({ accountId })
  return new Map(rows.map(({ mechanism, sealed }) => [mechanism, sealed]))
}

/** Replaces every verifier of an account: after a change of password, no old one may work. */
export async function setCredentials(db: Db, accountId: string, credentials: readonly NewCredential[]): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.delete(credential).where(eq(credential.accountId, accountId))
    if (credentials.length === 0) return
    await tx
      .insert(credential)
      .values(credentials.map(({ mechanism, sealed }) => ({ accountId, mechanism, sealed: Buffer.from(sealed) })))
  })
}

/**
 * Adds or replaces verifiers that were made at a sign-in, as long as the one that it was proved with is still in force:
 * a password that was changed meanwhile must not come back. False when it is not.
 */
export async function putCredentials(
  db: Db,
  accountId: string,
  credentials: readonly NewCredential[],
  provedWith: NewCredential,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    const [inForce] = await tx
      .select({ sealed: credential.sealed })
      .from(credential)
      .where(and(eq(credential.accountId, accountId), eq(credential.mechanism, provedWith.mechanism)))
      .for('update')
    if (!inForce?.sealed.equals(provedWith.sealed)) return false
    for (const { mechanism, sealed } of credentials) {
      const value = { sealed: Buffer.from(sealed), updatedAt: new Date() }
      await tx
        .insert(credential)
        .values({ accountId, mechanism, ...value })
        .onConflictDoUpdate({ target: [credential.accountId, credential.mechanism], set: value })
    }
    return true
  })
}

/** Localparts by account id, for lists that show names. */
export async function localpartsOf(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .select({ id: account.id, localpart: account.localpart })
    .from(account)
    .where(inArray(account.id, [...ids]))
  return new Map(rows.map(({ id, localpart }) => [id, localpart]))
}
