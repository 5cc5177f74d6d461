import { and, asc, desc, eq, gte, lt, sql } from 'drizzle-orm'
import type { SQLWrapper } from 'drizzle-orm'
import type { Db } from './database.ts'
import { account, traffic, unit, unitMember } from './schema/index.ts'

export type TrafficRow = typeof traffic.$inferSelect

/** Rows that go into one statement. */
const CHUNK = 5_000

/** Adds to what was counted before. Every row has a key of its own. */
export async function addTraffic(db: Db, rows: readonly TrafficRow[]): Promise<void> {
  for (let start = 0; start < rows.length; start += CHUNK) {
    await db
      .insert(traffic)
      .values(rows.slice(start, start + CHUNK))
      .onConflictDoUpdate({
        target: [traffic.hour, traffic.kind, traffic.subject],
        set: {
          messages: sql`${traffic.messages} + excluded.messages`,
          bytes: sql`${traffic.bytes} + excluded.bytes`,
          files: sql`${traffic.files} + excluded.files`,
          images: sql`${traffic.images} + excluded.images`,
        },
      })
  }
}

const sums = {
  messages: sql<number>`sum(${traffic.messages})::float8`,
  bytes: sql<number>`sum(${traffic.bytes})::float8`,
  files: sql<number>`sum(${traffic.files})::float8`,
  images: sql<number>`sum(${traffic.images})::float8`,
}

/** From an instant (inclusive) to another (exclusive). */
export interface Span {
  readonly from: Date
  readonly until: Date
}

const within = ({ from, until }: Span) => and(gte(traffic.hour, from), lt(traffic.hour, until))

/** Where a subject stands: those with the most messages first. */
export interface TrafficPlace {
  readonly messages: number
  readonly subject: string
}

const beyond = (subject: SQLWrapper, after: TrafficPlace | undefined) =>
  after && sql`(-${sums.messages}, ${subject}) > (${-after.messages}::float8, ${after.subject}::text)`

/** Who or what sent how much, the most first, one page. */
export function listTraffic(db: Db, kind: TrafficRow['kind'], span: Span, limit: number, after?: TrafficPlace) {
  return db
    .select({ subject: traffic.subject, ...sums })
    .from(traffic)
    .where(and(eq(traffic.kind, kind), within(span)))
    .groupBy(traffic.subject)
    .having(beyond(traffic.subject, after))
    .orderBy(desc(sums.messages), asc(traffic.subject))
    .limit(limit)
}

/** The same by unit, as its members are now: whoever is in two units counts in both. */
export function listUnitTraffic(db: Db, span: Span, limit: number, after?: TrafficPlace) {
  return db
    .select({ subject: unit.name, ...sums })
    .from(traffic)
    .innerJoin(account, eq(account.localpart, traffic.subject))
    .innerJoin(unitMember, eq(unitMember.accountId, account.id))
    .innerJoin(unit, eq(unit.id, unitMember.unitId))
    .where(and(eq(traffic.kind, 'account'), within(span)))
    .groupBy(unit.name)
    .having(beyond(unit.name, after))
    .orderBy(desc(sums.messages), asc(unit.name))
    .limit(limit)
}

/** Hour by hour, oldest first. Hours in which nothing was sent are not there. */
export function listTrafficHours(db: Db, kind: TrafficRow['kind'], subject: string, span: Span): Promise<TrafficRow[]> {
  return db
    .select()
    .from(traffic)
    .where(and(eq(traffic.kind, kind), eq(traffic.subject, subject), within(span)))
    .orderBy(asc(traffic.hour))
}

/** The same of a unit, as its members are now. */
export function listUnitTrafficHours(db: Db, name: string, span: Span) {
  return db
    .select({ hour: traffic.hour, ...sums })
    .from(traffic)
    .innerJoin(account, eq(account.localpart, traffic.subject))
    .innerJoin(unitMember, eq(unitMember.accountId, account.id))
    .innerJoin(unit, eq(unit.id, unitMember.unitId))
    .where(and(eq(traffic.kind, 'account'), eq(unit.name, name), within(span)))
    .groupBy(traffic.hour)
    .orderBy(asc(traffic.hour))
}

/** Forgets hours before `before`. */
export async function pruneTraffic(db: Db, before: Date): Promise<void> {
  await db.delete(traffic).where(lt(traffic.hour, before))
}
