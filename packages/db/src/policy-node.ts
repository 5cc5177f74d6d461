import { and, desc, eq, gte, isNull, lt, or, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { policyNode } from './schema/index.ts'

/** Channel that hears the number of each epoch that a node has applied. */
export const APPLIED_CHANNEL = 'drawbridge_policy_applied'

export type PolicyNode = typeof policyNode.$inferSelect

/** A server process, from its start to its end. */
export interface NodeIdentity {
  readonly id: string
  readonly name: string
  /** How long its lease lasts. */
  readonly leaseMs: number
}

/** One epoch that a node has applied. */
export interface Application {
  readonly epoch: number
  /** The epoch that it had applied before: those in between took effect with this one. */
  readonly after: number
  /** How long ago, when it is reported. */
  readonly agoMs: number
  /** For how long it had no lease then, and had refused everything; 0 when it had one. */
  readonly lapsedMs: number
  readonly disconnected: number
  readonly notified: number
}

/**
 * Renews a node's lease and reads the epoch, in one statement: no node can be alive without being seen, so one that is not
 * seen for `leaseMs` has refused everything since.
 *
 * @param epoch - the newest that it applies
 * @returns the epoch in force
 */
export async function renewLease(db: Db, { id, name, leaseMs }: NodeIdentity, epoch: number): Promise<number> {
  const { rows } = await db.execute<{ epoch: string }>(sql`
    insert into policy_node (id, name, lease_ms, epoch) values (${id}, ${name}, ${leaseMs}, ${epoch})
    on conflict (id) do update set seen_at = clock_timestamp(), epoch = excluded.epoch
    returning (select epoch from policy_epoch) as epoch`)
  return Number(rows[0]!.epoch)
}

/** Says that a node has stopped: nobody has to wait for its lease to run out. */
export async function noteNodeStopped(db: Db, id: string): Promise<void> {
  await db
    .update(policyNode)
    .set({ stoppedAt: sql`clock_timestamp()` })
    .where(eq(policyNode.id, id))
}

/** How long a change took to act on a node that was there when it was committed. */
export interface ApplicationDelay {
  readonly ms: number
  readonly hadLease: boolean
}

/** Records what a node has applied, and tells those who wait for it. @returns one delay for each change */
export async function noteApplications(
  db: Db,
  nodeId: string,
  applications: readonly Application[],
): Promise<readonly ApplicationDelay[]> {
  const { rows } = await db.execute<{ ms: string; had_lease: boolean }>(sql`
    with applied as (
      select t.epoch, t.after, t.disconnected, t.notified, i.at,
        case when t."lapsedMs" > 0 then i.at - t."lapsedMs" * interval '1 millisecond' end as lapsed_at
      from jsonb_to_recordset(${JSON.stringify(applications)}::jsonb) as t (epoch bigint, after bigint,
        "agoMs" double precision, "lapsedMs" double precision, disconnected integer, notified integer)
      cross join lateral (select clock_timestamp() - t."agoMs" * interval '1 millisecond' as at) i
    ), noted as (
      insert into policy_application (node_id, epoch, applied_at, lapsed_at, disconnected, notified)
      select ${nodeId}, epoch, at, lapsed_at, disconnected, notified from applied join policy_change using (epoch)
      on conflict do nothing
      returning epoch
    ), told as (
      select count(pg_notify(${APPLIED_CHANNEL}, epoch::text)) from noted
    )
    select extract(epoch from a.at - c.committed_at) * 1000 as ms, a.lapsed_at is null as had_lease
    from told cross join noted join applied a using (epoch)
    join policy_change c on c.epoch > a.after and c.epoch <= a.epoch
    join policy_node n on n.id = ${nodeId} and n.started_at <= c.committed_at`)
  return rows.map(({ ms, had_lease }) => ({ ms: Math.max(0, Number(ms)), hadLease: had_lease }))
}

/** Nodes seen since then that have not stopped, and those that stopped since; the ones seen last first. */
export function listNodes(db: Db, since: Date, limit: number): Promise<PolicyNode[]> {
  return db
    .select()
    .from(policyNode)
    .where(and(gte(policyNode.seenAt, since), or(isNull(policyNode.stoppedAt), gte(policyNode.stoppedAt, since))))
    .orderBy(desc(policyNode.seenAt), desc(policyNode.id))
    .limit(limit)
}

/** Forgets nodes not seen since then. */
export async function prunePolicyNodes(db: Db, before: Date): Promise<void> {
  await db.delete(policyNode).where(lt(policyNode.seenAt, before))
}
