import { and, eq, inArray, lt, notInArray, sql } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import type { Db } from './database.ts'
import { clientRuleHit, policyNode, upload } from './schema/index.ts'

/** Somebody whom a rule keeps out, or would if it were not a break-glass account. */
export interface RuleHit {
  readonly ruleId: string
  readonly localpart: string
  readonly firstAt: Date
  readonly lastAt: Date
  readonly isBreakGlass: boolean
}

/** How one rule does, on all nodes together. */
export interface RuleHitCounts {
  /** People matched since `matchedAfter`. */
  readonly matched: number
  readonly isBreakGlassMatched: boolean
  /** People kept out for the first time before `dueBefore`, and how many of them have come back since. */
  readonly dueBack: number
  readonly returned: number
}

/** What a node says of itself, of its last minutes. */
export interface NodeStrain {
  /** People who were connected or tried to be. */
  readonly activePeople: number
  /** Null: too few to say. */
  readonly signInP95Ms: number | null
  readonly pageRequests: number
  readonly pageErrors: number
}

/** Adds what a node saw. Hits of rules that are gone are dropped. */
export async function noteRuleHits(db: Db, hits: readonly RuleHit[]): Promise<void> {
  if (hits.length === 0) return
  await db.execute(sql`
    insert into client_rule_hit (rule_id, localpart, first_at, last_at, is_break_glass)
    select r.id, t.localpart, t."firstAt", t."lastAt", t."isBreakGlass"
    from jsonb_to_recordset(${JSON.stringify(hits)}::jsonb) as t
      ("ruleId" uuid, localpart text, "firstAt" timestamptz, "lastAt" timestamptz, "isBreakGlass" boolean)
    join client_rule r on r.id = t."ruleId"
    order by r.id, t.localpart
    on conflict (rule_id, localpart) do update set
      last_at = greatest(client_rule_hit.last_at, excluded.last_at),
      is_break_glass = client_rule_hit.is_break_glass or excluded.is_break_glass`)
}

/** These people are here with a client that is allowed. */
export async function noteReturned(db: Db, localparts: readonly string[]): Promise<void> {
  if (localparts.length === 0) return
  await db.execute(sql`
    update client_rule_hit set has_returned = true
    where not has_returned and localpart in (select jsonb_array_elements_text(${JSON.stringify(localparts)}::jsonb))`)
}

export async function countRuleHits(
  db: Db,
  ruleId: string,
  { matchedAfter, dueBefore }: { readonly matchedAfter: Date; readonly dueBefore: Date },
): Promise<RuleHitCounts> {
  const is = (condition: ReturnType<typeof sql>) => sql<number>`count(*) filter (where ${condition})`.mapWith(Number)
  const { lastAt, firstAt, isBreakGlass, hasReturned } = clientRuleHit
  const [row] = await db
    .select({
      matched: is(sql`not ${isBreakGlass} and ${lastAt} > ${matchedAfter.toISOString()}`),
      breakGlass: is(sql`${isBreakGlass}`),
      dueBack: is(sql`not ${isBreakGlass} and ${firstAt} <= ${dueBefore.toISOString()}`),
      returned: is(sql`not ${isBreakGlass} and ${firstAt} <= ${dueBefore.toISOString()} and ${hasReturned}`),
    })
    .from(clientRuleHit)
    .where(eq(clientRuleHit.ruleId, ruleId))
  const { breakGlass, ...counts } = row!
  return { ...counts, isBreakGlassMatched: breakGlass > 0 }
}

/** Counting begins anew. */
export async function forgetRuleHits(db: Db, ruleId: string): Promise<void> {
  await db.delete(clientRuleHit).where(eq(clientRuleHit.ruleId, ruleId))
}

/** Forgets people last seen before then, and all of those rules that are not among `kept`. */
export async function pruneRuleHits(db: Db, kept: readonly string[], before: Date): Promise<void> {
  if (kept.length === 0) return void (await db.delete(clientRuleHit))
  await db.delete(clientRuleHit).where(notInArray(clientRuleHit.ruleId, [...kept]))
  await db.delete(clientRuleHit).where(and(inArray(clientRuleHit.ruleId, [...kept]), lt(clientRuleHit.lastAt, before)))
}

export async function noteNodeStrain(db: Db, nodeId: string, strain: NodeStrain): Promise<void> {
  await db.update(policyNode).set(strain).where(eq(policyNode.id, nodeId))
}

/** All nodes that hold their lease, together: sums, and the slowest sign-in. */
export async function sumNodeStrain(db: Db): Promise<NodeStrain> {
  const { activePeople, signInP95Ms, pageRequests, pageErrors, stoppedAt, seenAt, leaseMs } = policyNode
  const sum = (column: PgColumn) => sql<number>`coalesce(sum(${column}), 0)`.mapWith(Number)
  const [row] = await db
    .select({
      activePeople: sum(activePeople),
      signInP95Ms: sql<number | null>`max(${signInP95Ms})`,
      pageRequests: sum(pageRequests),
      pageErrors: sum(pageErrors),
    })
    .from(policyNode)
    .where(sql`${stoppedAt} is null and ${seenAt} + ${leaseMs} * interval '1 millisecond' >= clock_timestamp()`)
  return row!
}

/** Since when the oldest file waits for the sanitizer; undefined when none does. */
export async function findOldestQuarantined(db: Db): Promise<Date | undefined> {
  const [row] = await db
    .select({ since: sql<Date | null>`min(${upload.updatedAt})`.mapWith(upload.updatedAt) })
    .from(upload)
    .where(eq(upload.state, 'quarantined'))
  return row?.since ?? undefined
}
