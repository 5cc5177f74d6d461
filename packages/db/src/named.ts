import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { Db } from './database.ts'
import { bumpPolicyEpoch } from './policy.ts'

/** Names that policy means somebody by. */
export interface Names {
  /** Localpart. */
  readonly accounts?: string
  /** Name of a unit. */
  readonly units?: string
  /** Bare JID. */
  readonly bots?: string
}

/** A client rule that named somebody: as it was, and whether it named nobody else. */
export interface ForgottenRule {
  readonly id: string
  readonly rule: unknown
  readonly isRemoved: boolean
}

/** What named whom these names meant: exceptions, suspensions that have not ended, recalls, all by their ids, and rules. */
export interface Forgotten {
  readonly exceptions: readonly string[]
  readonly suspensions: readonly string[]
  readonly recalls: readonly string[]
  readonly rules: readonly ForgottenRule[]
}

/**
 * Takes these names out of everything that is about somebody by name: whoever has the name next is somebody else. What
 * would name nobody any more goes, as it would be about everybody. A recall stays about what was sent under the name until
 * now. Where there is anything to do, it raises the epoch, like every change of the rules before anything else: call it
 * first.
 */
export async function forgetNames(tx: Db, names: Names, at: Date): Promise<Forgotten> {
  const found = await findNamed(tx, names)
  if (Object.values(found).every((list: readonly unknown[]) => list.length === 0)) return found
  await bumpPolicyEpoch(tx)
  for (const [kind, name] of entriesOf(names)) {
    const without = (document: SQL) =>
      sql`jsonb_set(${document}, array[${kind}::text], (${document} -> ${kind}::text) - ${name}::text)`
    for (const [table, document] of BY_CONDITIONS) {
      await tx.execute(sql`delete from ${table} where ${document} -> ${kind}::text = jsonb_build_array(${name}::text)`)
      await tx.execute(sql`update ${table} set ${document} = ${without(document)}
        where ${isNamedIn(document, kind, name)}`)
    }
    await tx.execute(sql`update suspension set exemptions = ${without(sql`exemptions`)}
      where ended_at is null and ${isNamedIn(sql`exemptions`, kind, name)}`)
  }
  if (names.accounts !== undefined) {
    const until = sql`jsonb_build_object(${names.accounts}::text, ${at.getTime()}::bigint)`
    await tx.execute(sql`update recall
      set scope = scope || jsonb_build_object('sendersUntil', coalesce(scope -> 'sendersUntil', '{}') || ${until})
      where ${isRecalled(names.accounts)}`)
  }
  return found
}

const BY_CONDITIONS = [
  [sql`client_exception`, sql`conditions`],
  [sql`client_rule`, sql`rule`],
] as const

async function findNamed(db: Db, names: Names): Promise<Forgotten> {
  const exceptions = new Set<string>()
  const suspensions = new Set<string>()
  const rules = new Map<string, ForgottenRule>()
  for (const [kind, name] of entriesOf(names)) {
    const { rows } = await db.execute<{ id: string; isException: boolean }>(sql`
      select id, true as "isException" from client_exception where ${isNamedIn(sql`conditions`, kind, name)}
      union all
      select id, false from suspension where ended_at is null and ${isNamedIn(sql`exemptions`, kind, name)}`)
    for (const { id, isException } of rows) (isException ? exceptions : suspensions).add(id)
    const named = await db.execute<ForgottenRule & Record<string, unknown>>(sql`
      select id, rule, rule -> ${kind}::text = jsonb_build_array(${name}::text) as "isRemoved"
      from client_rule where ${isNamedIn(sql`rule`, kind, name)}`)
    for (const rule of named.rows) rules.set(rule.id, rule)
  }
  const recalls =
    names.accounts === undefined
      ? []
      : (await db.execute<{ id: string }>(sql`select id from recall where ${isRecalled(names.accounts)}`)).rows
  return {
    exceptions: [...exceptions],
    suspensions: [...suspensions],
    recalls: recalls.map(({ id }) => id),
    rules: [...rules.values()],
  }
}

const entriesOf = (names: Names) => Object.entries(names) as (readonly [keyof Names, string])[]
const isNamedIn = (document: SQL, kind: string, name: string) =>
  sql`${document} -> ${kind}::text @> jsonb_build_array(${name}::text)`
/** Whether a recall in force is about this sender, and has not been told yet that they are gone. */
const isRecalled = (localpart: string) =>
  sql`ended_at is null and scope -> 'senders' @> jsonb_build_array(${localpart}::text)
    and not coalesce(scope -> 'sendersUntil', '{}') ? ${localpart}::text`
