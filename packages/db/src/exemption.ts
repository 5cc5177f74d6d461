import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { Db } from './database.ts'
import { bumpPolicyEpoch } from './policy.ts'

/** Names that policy spares somebody by. */
export interface ExemptNames {
  /** Localpart. */
  readonly accounts?: string
  /** Name of a unit. */
  readonly units?: string
  /** Bare JID. */
  readonly bots?: string
}

/** What spared whom these names meant: exceptions from client rules, and suspensions that have not ended, by their ids. */
export interface Exempted {
  readonly exceptions: readonly string[]
  readonly suspensions: readonly string[]
}

/**
 * Takes these names out of everything that spares somebody: whoever has the name next is somebody else. An exception that
 * would name nobody any more goes, as it would spare everybody. Where there is anything to do, it raises the epoch, like
 * every change of the rules before anything else: call it first.
 */
export async function endExempted(tx: Db, names: ExemptNames): Promise<Exempted> {
  const ended = await findExempted(tx, names)
  if (ended.exceptions.length === 0 && ended.suspensions.length === 0) return ended
  await bumpPolicyEpoch(tx)
  for (const [kind, name] of entriesOf(names)) {
    const without = (document: SQL) =>
      sql`jsonb_set(${document}, array[${kind}::text], (${document} -> ${kind}::text) - ${name}::text)`
    await tx.execute(
      sql`delete from client_exception where conditions -> ${kind}::text = jsonb_build_array(${name}::text)`,
    )
    await tx.execute(sql`update client_exception set conditions = ${without(sql`conditions`)}
      where ${isNamedIn(sql`conditions`, kind, name)}`)
    await tx.execute(sql`update suspension set exemptions = ${without(sql`exemptions`)}
      where ended_at is null and ${isNamedIn(sql`exemptions`, kind, name)}`)
  }
  return ended
}

async function findExempted(db: Db, names: ExemptNames): Promise<Exempted> {
  const exceptions = new Set<string>()
  const suspensions = new Set<string>()
  for (const [kind, name] of entriesOf(names)) {
    const { rows } = await db.execute<{ id: string; isException: boolean }>(sql`
      select id, true as "isException" from client_exception where ${isNamedIn(sql`conditions`, kind, name)}
      union all
      select id, false from suspension where ended_at is null and ${isNamedIn(sql`exemptions`, kind, name)}`)
    for (const { id, isException } of rows) (isException ? exceptions : suspensions).add(id)
  }
  return { exceptions: [...exceptions], suspensions: [...suspensions] }
}

const entriesOf = (names: ExemptNames) => Object.entries(names) as (readonly [keyof ExemptNames, string])[]
const isNamedIn = (document: SQL, kind: string, name: string) =>
  sql`${document} -> ${kind}::text @> jsonb_build_array(${name}::text)`
