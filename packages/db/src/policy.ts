import { and, asc, eq, gt, isNull, sql } from 'drizzle-orm'
import { POLICY_LOCK } from './archive-batch.ts'
import type { Db } from './database.ts'
import { clientException, clientRule, mediaPolicy, policyEpoch, unit } from './schema/index.ts'
import { uuidv7 } from './uuid.ts'

/** Channel that hears the number of each new policy epoch. */
export const POLICY_CHANNEL = 'drawbridge_policy'

export type ClientRule = typeof clientRule.$inferSelect
export type ClientException = typeof clientException.$inferSelect

/** The policy epoch: raised by every change of client rules, suspensions and media policies. */
export async function getPolicyEpoch(db: Db): Promise<number> {
  const [row] = await db.select({ epoch: policyEpoch.epoch }).from(policyEpoch)
  return row!.epoch
}

/**
 * Raises the epoch in the caller's transaction; on commit, every node hears of it. What this transaction writes to the audit
 * log afterwards is kept as what the epoch changed.
 *
 * Waits for the archive batches under way and keeps new ones waiting until the transaction ends: from then on no message
 * that was decided under the old rules is written. So call it last, or before what must happen without a message in
 * between, and be quick.
 */
export async function bumpPolicyEpoch(tx: Db): Promise<number> {
  await tx.execute(sql`select pg_advisory_xact_lock(${POLICY_LOCK})`)
  const [row] = await tx
    .update(policyEpoch)
    .set({ epoch: sql`${policyEpoch.epoch} + 1`, at: new Date() })
    .returning({ epoch: policyEpoch.epoch })
  const { epoch } = row!
  await tx.execute(
    sql`select pg_notify(${POLICY_CHANNEL}, ${String(epoch)}), set_config('drawbridge.raised_epoch', ${String(epoch)}, true)`,
  )
  return epoch
}

/** Client rules, oldest first. */
export function listClientRules(db: Db): Promise<ClientRule[]> {
  return db.select().from(clientRule).orderBy(asc(clientRule.createdAt), asc(clientRule.id))
}

/** Adds a rule; the caller bumps the epoch in the same transaction. */
export async function insertClientRule(tx: Db, row: typeof clientRule.$inferInsert): Promise<ClientRule> {
  const [made] = await tx.insert(clientRule).values(row).returning()
  return made!
}

/** Removes a rule; the caller bumps the epoch in the same transaction. Returns it as it was. */
export async function deleteClientRule(tx: Db, id: string): Promise<ClientRule | undefined> {
  const [gone] = await tx.delete(clientRule).where(eq(clientRule.id, id)).returning()
  return gone
}

/**
 * Changes what became of a rule; the caller bumps the epoch in the same transaction. Undefined when it is gone, or not as
 * `where` says any more: somebody was faster.
 */
export async function updateClientRule(
  tx: Db,
  id: string,
  set: Partial<
    Pick<ClientRule, 'ceiling' | 'ceilingReason' | 'confirmedAt' | 'confirmedBy' | 'isGuarded' | 'withdrawnAt'>
  >,
  where: Partial<Pick<ClientRule, 'ceiling'>> = {},
): Promise<ClientRule | undefined> {
  const isAsExpected =
    where.ceiling === undefined ? undefined : sql`${clientRule.ceiling} is not distinct from ${where.ceiling}`
  const [row] = await tx
    .update(clientRule)
    .set(set)
    .where(and(eq(clientRule.id, id), isAsExpected))
    .returning()
  return row
}

/** Notes that a rule was not confirmed in time; false where that was noted before, or the rule is gone. */
export async function takeWithdrawal(db: Db, id: string, at: Date): Promise<boolean> {
  const noted = await db
    .update(clientRule)
    .set({ withdrawnAt: at })
    .where(and(eq(clientRule.id, id), isNull(clientRule.withdrawnAt), isNull(clientRule.confirmedAt)))
    .returning({ id: clientRule.id })
  return noted.length > 0
}

/** Notes that the end of an exception was announced; undefined where it was before, or the exception is gone. */
export async function takeReminder(db: Db, id: string, at: Date): Promise<ClientException | undefined> {
  const [row] = await db
    .update(clientException)
    .set({ remindedAt: at })
    .where(and(eq(clientException.id, id), isNull(clientException.remindedAt)))
    .returning()
  return row
}

export async function findClientRule(db: Db, id: string): Promise<ClientRule | undefined> {
  const [row] = await db.select().from(clientRule).where(eq(clientRule.id, id))
  return row
}

export async function findClientException(db: Db, id: string): Promise<ClientException | undefined> {
  const [row] = await db.select().from(clientException).where(eq(clientException.id, id))
  return row
}

/** Exceptions that have not expired, oldest first. */
export function listClientExceptions(db: Db, at: Date): Promise<ClientException[]> {
  return db
    .select()
    .from(clientException)
    .where(gt(clientException.untilAt, at))
    .orderBy(asc(clientException.createdAt), asc(clientException.id))
}

/** Adds an exception; the caller bumps the epoch in the same transaction. */
export async function insertClientException(
  tx: Db,
  row: typeof clientException.$inferInsert,
): Promise<ClientException> {
  const [made] = await tx.insert(clientException).values(row).returning()
  return made!
}

/** Removes an exception; the caller bumps the epoch in the same transaction. Returns it as it was. */
export async function deleteClientException(tx: Db, id: string): Promise<ClientException | undefined> {
  const [gone] = await tx.delete(clientException).where(eq(clientException.id, id)).returning()
  return gone
}

/** Every media policy as stored; the caller parses it. `unit` is a name, absent for the service. */
export async function listMediaPolicies(db: Db): Promise<{ unit: string | undefined; policy: unknown }[]> {
  const rows = await db
    .select({ unit: unit.name, policy: mediaPolicy.policy })
    .from(mediaPolicy)
    .leftJoin(unit, eq(unit.id, mediaPolicy.unitId))
  return rows.map(({ unit: name, policy }) => ({ unit: name ?? undefined, policy }))
}

/** The media policy of a unit, or of the service, as stored; the caller parses it. Undefined: there is none. */
export async function findMediaPolicy(db: Db, unitId: string | null): Promise<unknown> {
  const [row] = await db
    .select({ policy: mediaPolicy.policy })
    .from(mediaPolicy)
    .where(unitId === null ? isNull(mediaPolicy.unitId) : eq(mediaPolicy.unitId, unitId))
  return row?.policy
}

/** Sets the media policy of a unit, or of the service; the caller bumps the epoch in the same transaction. */
export async function putMediaPolicy(
  tx: Db,
  unitId: string | null,
  change: Pick<typeof mediaPolicy.$inferInsert, 'policy' | 'changedBy' | 'changedAt'>,
): Promise<void> {
  await tx
    .insert(mediaPolicy)
    .values({ id: uuidv7(), unitId, ...change })
    .onConflictDoUpdate({ target: mediaPolicy.unitId, set: change })
}
