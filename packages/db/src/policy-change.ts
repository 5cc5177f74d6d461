import { lt, or, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { policyChange } from './schema/index.ts'

/** Changes of the rules that are remembered at most, however young they are. */
const MAX_CHANGES = 100_000
/** Rows of the audit log that are named of one change: a policy document may have hundreds. */
const MAX_ENTRIES = 50
/** Nodes that are named for one change. */
const MAX_NODES = 200

/** One change of the rules. */
export interface PolicyChange {
  readonly epoch: number
  /** By the database's clock, like every instant here. */
  readonly committedAt: Date
  /** What it changed, and who did it: rows of the audit log, the first 50. */
  readonly entries: readonly PolicyChangeEntry[]
}

export interface PolicyChangeEntry {
  /** Number in the audit log. */
  readonly seq: number
  readonly actor: string
  readonly action: string
  readonly target: string
}

/** What became of one epoch on one node. */
export interface NodeEffect {
  readonly nodeId: string
  readonly name: string
  /**
   * `joined`: it started after the change, and began with it. `failed-closed`: it has not applied the change, and refuses
   * everything, since its lease is over. `stopped`: it was stopped before it applied the change.
   */
  readonly state: 'applied' | 'pending' | 'joined' | 'failed-closed' | 'stopped'
  readonly appliedAt: Date | undefined
  /** From the commit to its effect there, in milliseconds, rounded up by the time it took to report it. */
  readonly appliedMs: number | undefined
  /** It had lost its lease before it applied the change, and refused everything from then until it did. */
  readonly lapsedAt: Date | undefined
  /** Its lease is over: it refuses everything since then, whatever it had applied. */
  readonly failedClosedAt: Date | undefined
  readonly disconnected: number
  readonly notified: number
}

/** Changes of the rules, the last one first, from before `before`; with `target`, those of one thing. */
export async function listPolicyChanges(
  db: Db,
  limit: number,
  { before, target }: { readonly before?: number | undefined; readonly target?: string | undefined } = {},
): Promise<PolicyChange[]> {
  const about = sql`exists (select from policy_change_entry e where e.epoch = c.epoch and e.target = ${target ?? ''})`
  return readChanges(
    db,
    sql`${before === undefined ? sql`true` : sql`c.epoch < ${before}`} and ${target === undefined ? sql`true` : about}`,
    limit,
  )
}

/** One change. Undefined when there was none, or long ago. */
export async function findPolicyChange(db: Db, epoch: number): Promise<PolicyChange | undefined> {
  const [change] = await readChanges(db, sql`c.epoch = ${epoch}`, 1)
  return change
}

async function readChanges(db: Db, where: ReturnType<typeof sql>, limit: number): Promise<PolicyChange[]> {
  const { rows } = await db.execute<{ epoch: string; committed_at: Date | string; entries: PolicyChangeEntry[] }>(sql`
    select c.epoch, c.committed_at, coalesce(e.entries, '[]'::jsonb) as entries
    from (select * from policy_change c where ${where} order by c.epoch desc limit ${limit}) c
    left join lateral (
      select jsonb_agg(jsonb_build_object('seq', a.seq, 'actor', a.actor, 'action', a.action, 'target', a.target)
        order by a.seq) as entries
      from (select audit_seq from policy_change_entry where epoch = c.epoch order by audit_seq limit ${MAX_ENTRIES}) e
      join audit a on a.seq = e.audit_seq
    ) e on true
    order by c.epoch desc`)
  return rows.map(({ epoch, committed_at, entries }) => ({
    epoch: Number(epoch),
    committedAt: new Date(committed_at),
    entries,
  }))
}

/** The newest epoch that changed each of these; those that nothing is remembered of are absent. */
export async function findLatestEpochs(db: Db, targets: readonly string[]): Promise<ReadonlyMap<string, number>> {
  if (targets.length === 0) return new Map()
  const { rows } = await db.execute<{ target: string; epoch: string }>(sql`
    select target, max(epoch) as epoch from policy_change_entry
    where target = any(${sql.param([...targets])}::text[]) group by target`)
  return new Map(rows.map(({ target, epoch }) => [target, Number(epoch)]))
}

/** What became of an epoch on each node, by name. See `listNodeEffectsOf`. */
export async function listNodeEffects(db: Db, epoch: number): Promise<readonly NodeEffect[]> {
  return (await listNodeEffectsOf(db, [epoch])).get(epoch) ?? []
}

/**
 * What became of epochs on each node: those that were alive at the commit, those that had lost their lease and have not
 * been replaced since, and those that have started later and are alive. A later epoch contains an earlier one.
 */
export async function listNodeEffectsOf(
  db: Db,
  epochs: readonly number[],
): Promise<ReadonlyMap<number, readonly NodeEffect[]>> {
  if (epochs.length === 0) return new Map()
  const { rows } = await db.execute<{
    epoch: string
    id: string
    name: string
    state: NodeEffect['state']
    applied_at: Date | string | null
    applied_ms: string | null
    lapsed_at: Date | string | null
    failed_closed_at: Date | string | null
    disconnected: number
    notified: number
  }>(sql`
    select c.epoch, n.id, n.name,
      case when n.started_at > c.committed_at then 'joined'
           when a.epoch is not null then 'applied'
           when n.stopped_at is not null then 'stopped'
           when l.over_at < clock_timestamp() then 'failed-closed'
           else 'pending' end as state,
      a.applied_at,
      case when n.started_at <= c.committed_at
        then extract(epoch from a.applied_at - c.committed_at) * 1000 end as applied_ms,
      case when n.started_at <= c.committed_at then a.lapsed_at end as lapsed_at,
      case when n.stopped_at is null and l.over_at < clock_timestamp() then l.over_at end as failed_closed_at,
      coalesce(a.disconnected, 0) as disconnected, coalesce(a.notified, 0) as notified
    from policy_change c
    cross join policy_node n
    cross join lateral (select n.seen_at + n.lease_ms * interval '1 millisecond' as over_at) l
    left join lateral (
      select * from policy_application p where p.node_id = n.id and p.epoch >= c.epoch order by p.epoch limit 1
    ) a on true
    where c.epoch = any(${sql.param([...epochs])}::bigint[]) and case
      when n.started_at > c.committed_at then n.stopped_at is null and l.over_at >= clock_timestamp()
      when n.stopped_at < c.committed_at then false
      when l.over_at >= c.committed_at then true
      else l.over_at >= c.committed_at - interval '1 day'
        and not exists (select from policy_node later where later.name = n.name and later.started_at > n.started_at) end
    order by c.epoch, n.name, n.started_at
    limit ${MAX_NODES * epochs.length}`)
  const effects = rows.map((row) => ({
    epoch: Number(row.epoch),
    nodeId: row.id,
    name: row.name,
    state: row.state,
    appliedAt: instantFrom(row.applied_at),
    appliedMs: row.applied_ms === null ? undefined : Math.max(0, Number(row.applied_ms)),
    lapsedAt: instantFrom(row.lapsed_at),
    failedClosedAt: instantFrom(row.failed_closed_at),
    disconnected: row.disconnected,
    notified: row.notified,
  }))
  return Map.groupBy(effects, ({ epoch }) => epoch)
}

function instantFrom(at: Date | string | null): Date | undefined {
  return at === null ? undefined : new Date(at)
}

/** Forgets changes committed before then, and those beyond the number that is remembered. */
export async function prunePolicyChanges(db: Db, before: Date): Promise<void> {
  const oldest = sql`(select epoch from policy_epoch) - ${MAX_CHANGES}`
  await db.delete(policyChange).where(or(lt(policyChange.committedAt, before), sql`${policyChange.epoch} <= ${oldest}`))
}
