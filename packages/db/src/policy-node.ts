import { and, desc, eq, gte, isNull, lt, or, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { policyChange, policyNode } from './schema/index.ts'

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
  /** How long ago, when it is reported. */
  readonly agoMs: number
  readonly disconnected: number
  readonly notified: number
}

/** What became of one epoch on one node. */
export interface NodeEffect {
  readonly nodeId: string
  readonly name: string
  /** `expired`: it has not applied it, and it cannot act either: its lease is over, or it was stopped. */
  readonly state: 'applied' | 'pending' | 'expired'
  /** From the commit to its effect there, in milliseconds, rounded up by the time it took to report it. */
  readonly appliedMs: number | undefined
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

/** Records what a node has applied, and tells those who wait for it. */
export async function noteApplications(db: Db, nodeId: string, applications: readonly Application[]): Promise<void> {
  const rows = applications.map(({ epoch, agoMs, disconnected, notified }) => ({
    epoch,
    agoMs,
    disconnected,
    notified,
  }))
  await db.execute(sql`
    with noted as (
      insert into policy_application (node_id, epoch, applied_at, disconnected, notified)
      select ${nodeId}, c.epoch, clock_timestamp() - t."agoMs" * interval '1 millisecond', t.disconnected, t.notified
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        as t (epoch bigint, "agoMs" double precision, disconnected integer, notified integer)
      join policy_change c on c.epoch = t.epoch
      on conflict do nothing
      returning epoch
    )
    select pg_notify(${APPLIED_CHANNEL}, epoch::text) from noted`)
}

/** An epoch's commit, by the database's clock. Undefined when there was none, or long ago. */
export async function findPolicyChange(db: Db, epoch: number): Promise<typeof policyChange.$inferSelect | undefined> {
  const [row] = await db.select().from(policyChange).where(eq(policyChange.epoch, epoch))
  return row
}

/** What became of an epoch on every node that was alive at its commit, by name. A later epoch contains it. */
export async function listNodeEffects(db: Db, epoch: number): Promise<NodeEffect[]> {
  const { rows } = await db.execute<{
    id: string
    name: string
    state: NodeEffect['state']
    applied_ms: string | null
    disconnected: number
    notified: number
  }>(sql`
    select n.id, n.name,
      case when a.epoch is not null then 'applied'
           when n.stopped_at is not null or n.seen_at + l.lease < clock_timestamp() then 'expired'
           else 'pending' end as state,
      extract(epoch from a.applied_at - c.committed_at) * 1000 as applied_ms,
      coalesce(a.disconnected, 0) as disconnected, coalesce(a.notified, 0) as notified
    from policy_change c
    cross join policy_node n
    cross join lateral (select n.lease_ms * interval '1 millisecond' as lease) l
    left join lateral (
      select * from policy_application p where p.node_id = n.id and p.epoch >= c.epoch order by p.epoch limit 1
    ) a on true
    where c.epoch = ${epoch} and n.started_at <= c.committed_at and n.seen_at + l.lease >= c.committed_at
      and (n.stopped_at is null or n.stopped_at >= c.committed_at)
    order by n.name, n.started_at`)
  return rows.map(({ id, name, state, applied_ms, disconnected, notified }) => ({
    nodeId: id,
    name,
    state,
    appliedMs: applied_ms === null ? undefined : Math.max(0, Number(applied_ms)),
    disconnected,
    notified,
  }))
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

/** Forgets epochs committed before then, and nodes not seen since. */
export async function prunePolicyNodes(db: Db, before: Date): Promise<void> {
  await db.delete(policyChange).where(lt(policyChange.committedAt, before))
  await db.delete(policyNode).where(lt(policyNode.seenAt, before))
}
