import { and, arrayContains, asc, count, eq, gt, inArray, isNotNull, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { hasText } from './has-text.ts'
import { account, unit, unitMember } from './schema/index.ts'
import { uuidv7 } from './uuid.ts'

export type UnitRow = typeof unit.$inferSelect
export type UnitSettings = Pick<UnitRow, 'displayName' | 'roster' | 'directory' | 'minimumTier' | 'minimumTierChange'>

export interface NewUnit extends Partial<UnitSettings> {
  readonly name: string
  readonly displayName: string
}

/** Makes a unit without members. */
export async function insertUnit(db: Db, wanted: NewUnit): Promise<UnitRow | 'exists'> {
  const [made] = await db
    .insert(unit)
    .values({ id: uuidv7(), ...wanted })
    .onConflictDoNothing()
    .returning()
  return made ?? 'exists'
}

/** The unit after the change, or undefined when there is none. */
export async function updateUnit(db: Db, name: string, change: Partial<UnitSettings>): Promise<UnitRow | undefined> {
  const [row] = await db.update(unit).set(change).where(eq(unit.name, name)).returning()
  return row
}

export async function findUnit(db: Db, name: string): Promise<UnitRow | undefined> {
  const [row] = await db.select().from(unit).where(eq(unit.name, name))
  return row
}

/** Units that ask for a minimum tier. */
export function listProtectedUnits(db: Db): Promise<UnitRow[]> {
  return db.select().from(unit).where(isNotNull(unit.minimumTier))
}

export async function deleteUnit(db: Db, name: string): Promise<'deleted' | 'absent'> {
  const gone = await db.delete(unit).where(eq(unit.name, name)).returning({ id: unit.id })
  if (gone.length === 0) return 'absent'
  // A unit that is made anew under this name is another one.
  await db
    .update(account)
    .set({ administers: sql`array_remove(${account.administers}, ${name})` })
    .where(arrayContains(account.administers, [name]))
  return 'deleted'
}

/** Units by name, from after `after`, with how many members each has; only some, if these are given by name. */
export function listUnits(
  db: Db,
  limit: number,
  after?: string,
  names?: readonly string[],
  text?: string,
): Promise<(UnitRow & { members: number })[]> {
  return db
    .select({
      id: unit.id,
      name: unit.name,
      displayName: unit.displayName,
      roster: unit.roster,
      directory: unit.directory,
      createdAt: unit.createdAt,
      minimumTier: unit.minimumTier,
      minimumTierChange: unit.minimumTierChange,
      members: count(unitMember.accountId),
    })
    .from(unit)
    .leftJoin(unitMember, eq(unitMember.unitId, unit.id))
    .where(
      and(
        after === undefined ? undefined : gt(unit.name, after),
        names === undefined ? undefined : inArray(unit.name, [...names]),
        text === undefined ? undefined : hasText(text, unit.name, unit.displayName),
      ),
    )
    .groupBy(unit.id)
    .orderBy(asc(unit.name))
    .limit(limit)
}

/** Every unit with the ids of its members, as the server keeps them in memory. */
export async function loadUnits(db: Db): Promise<{ row: UnitRow; memberIds: string[] }[]> {
  const rows = await db.select().from(unit)
  const members = new Map<string, string[]>(rows.map(({ id }) => [id, []]))
  for (const { unitId, accountId } of await db.select().from(unitMember)) members.get(unitId)?.push(accountId)
  return rows.map((row) => ({ row, memberIds: members.get(row.id) ?? [] }))
}

/** Localparts of a unit's members, from after `after`. */
export async function listUnitMembers(db: Db, unitId: string, limit: number, after?: string): Promise<string[]> {
  const rows = await db
    .select({ localpart: account.localpart })
    .from(unitMember)
    .innerJoin(account, eq(account.id, unitMember.accountId))
    .where(and(eq(unitMember.unitId, unitId), after === undefined ? undefined : gt(account.localpart, after)))
    .orderBy(asc(account.localpart))
    .limit(limit)
  return rows.map(({ localpart }) => localpart)
}

/** Adds members; returns the ids of those who were not in it. */
export async function addUnitMembers(db: Db, unitId: string, accountIds: readonly string[]): Promise<string[]> {
  if (accountIds.length === 0) return []
  const rows = await db
    .insert(unitMember)
    .values(accountIds.map((accountId) => ({ unitId, accountId })))
    .onConflictDoNothing()
    .returning({ accountId: unitMember.accountId })
  return rows.map(({ accountId }) => accountId)
}

/** Removes members; returns the ids of those who were in it. */
export async function removeUnitMembers(db: Db, unitId: string, accountIds: readonly string[]): Promise<string[]> {
  if (accountIds.length === 0) return []
  const rows = await db
    .delete(unitMember)
    .where(and(eq(unitMember.unitId, unitId), inArray(unitMember.accountId, [...accountIds])))
    .returning({ accountId: unitMember.accountId })
  return rows.map(({ accountId }) => accountId)
}
