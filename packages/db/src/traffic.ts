import { TRAFFIC_COUNTS } from '@drawbridge/contract'
import type { TrafficCount, TrafficKind } from '@drawbridge/contract'
import { and, asc, desc, eq, getTableColumns, gte, lt, sql } from 'drizzle-orm'
import { plainArray, textArray } from './array-literal.ts'
import type { Db } from './database.ts'
import { account, room, traffic, trafficName, unit } from './schema/index.ts'

/** What was counted of one subject in one hour. */
export interface TrafficRow {
  readonly hour: Date
  readonly kind: TrafficKind
  readonly subject: string
  /** What it is called, where that is not the subject itself. */
  readonly name?: string | undefined
  /** In the order of `TRAFFIC_COUNTS`. */
  readonly counts: ArrayLike<number>
}

/** Adds to what was counted before. Every row has a key of its own. */
export async function addTraffic(tx: Db, rows: readonly TrafficRow[]): Promise<void> {
  // In one order, so that two nodes never wait for each other.
  const sorted = rows.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
  const columns = sql.join(
    TRAFFIC_COUNTS.map((count) => sql.identifier(traffic[count].name)),
    sql`, `,
  )
  const values = sql.join(
    TRAFFIC_COUNTS.map((_, index) => sql`${plainArray(sorted.map(({ counts }) => counts[index] ?? 0))}::bigint[]`),
    sql`, `,
  )
  const sums = sql.join(
    TRAFFIC_COUNTS.map((count) => {
      const column = sql.identifier(traffic[count].name)
      return sql`${column} = traffic.${column} + excluded.${column}`
    }),
    sql`, `,
  )
  await tx.execute(sql`
      with counted as (
        select * from unnest(
          ${plainArray(sorted.map(({ hour }) => hour.toISOString()))}::timestamptz[],
          ${textArray(sorted.map(({ kind }) => kind))}::text[], ${textArray(sorted.map(({ subject }) => subject))}::text[],
          ${textArray(sorted.map(({ name }) => name ?? null))}::text[], ${values}
        ) as c (hour, kind, subject, name, ${columns})
      ), added as (
        insert into traffic (hour, kind, subject, ${columns}) select hour, kind, subject, ${columns} from counted
        on conflict (hour, kind, subject) do update set ${sums}
        returning hour, kind, subject, xmax = 0 as is_first
      )
      insert into traffic_name (kind, subject, name)
      -- Names are looked at where an hour begins, and not each time that something is added to it.
      select distinct kind, subject, name from counted join added using (hour, kind, subject)
      where is_first and name is not null
      on conflict do nothing`)
}

const keyOf = ({ hour, kind, subject }: TrafficRow) => `${hour.getTime()} ${kind} ${subject}`

/** Of how much something was counted. */
export type TrafficCounts = Readonly<Record<TrafficCount, number>>

const sums = Object.fromEntries(
  TRAFFIC_COUNTS.map((count) => [count, sql<number>`sum(${traffic[count]})::float8`]),
) as { readonly [Count in TrafficCount]: ReturnType<typeof sql<number>> }

/** From an instant (inclusive) to another (exclusive). */
export interface Span {
  readonly from: Date
  readonly until: Date
}

const within = ({ from, until }: Span) => and(gte(traffic.hour, from), lt(traffic.hour, until))

/** Who is known by an id here. Whoever is not there any more is a former one. */
const TABLES = { account, unit, room } as const
const hasTable = (kind: TrafficKind): kind is keyof typeof TABLES => Object.hasOwn(TABLES, kind)

/** Where a subject stands: those with the most come first. */
export interface TrafficPlace {
  readonly count: number
  readonly subject: string
}

export interface TrafficQuery extends Span {
  readonly kind: TrafficKind
  /** Of which count the most comes first. */
  readonly order: TrafficCount
  readonly limit: number
  readonly after?: TrafficPlace | undefined
}

export type TrafficTotal = TrafficCounts & {
  readonly id: string
  /** What it is, or was, called. */
  readonly subject: string
  readonly isFormer: boolean
}

/** Who or what sent how much, the most first, one page. */
export function listTraffic(db: Db, query: TrafficQuery): Promise<TrafficTotal[]> {
  const { kind, order, limit, after } = query
  // All of them once, and not one look-up for each subject.
  const isGone = hasTable(kind)
    ? sql<boolean>`${traffic.subject} <> '*' and ${traffic.subject} not in (select id::text from ${TABLES[kind]})`
    : sql<boolean>`false`
  return db
    .select({
      id: traffic.subject,
      subject: sql<string>`coalesce(${trafficName.name}, ${traffic.subject})`,
      isFormer: isGone,
      ...sums,
    })
    .from(traffic)
    .leftJoin(trafficName, and(eq(trafficName.kind, traffic.kind), eq(trafficName.subject, traffic.subject)))
    .where(and(eq(traffic.kind, kind), within(query)))
    .groupBy(traffic.subject, trafficName.name)
    .having(after && sql`(-${sums[order]}, ${traffic.subject}) > (${-after.count}::float8, ${after.subject}::text)`)
    .orderBy(desc(sums[order]), asc(traffic.subject))
    .limit(limit)
}

/** The subject of this id, or the one that has this name now. What is known by neither is its own name. */
export async function findTrafficSubject(db: Db, kind: TrafficKind, word: string): Promise<string> {
  if (!hasTable(kind)) return word
  const { id } = TABLES[kind]
  const [found] = await db
    .select({ subject: trafficName.subject })
    .from(trafficName)
    .innerJoin(TABLES[kind], eq(sql`${id}::text`, trafficName.subject))
    .where(and(eq(trafficName.kind, kind), eq(trafficName.name, word)))
  return found?.subject ?? word
}

/** Hour by hour, oldest first. Hours in which nothing was sent are not there. */
export function listTrafficHours(
  db: Db,
  kind: TrafficKind,
  subject: string,
  span: Span,
): Promise<(TrafficCounts & { readonly hour: Date })[]> {
  const { kind: _kind, subject: _subject, ...columns } = getTableColumns(traffic)
  return db
    .select(columns)
    .from(traffic)
    .where(and(eq(traffic.kind, kind), eq(traffic.subject, subject), within(span)))
    .orderBy(asc(traffic.hour))
}

/** Forgets hours before `before`, and the names of those of whom nothing is left. */
export async function pruneTraffic(db: Db, before: Date): Promise<void> {
  await db.execute(sql`
    with gone as (delete from traffic where hour < ${before.toISOString()} returning kind, subject, hour)
    delete from traffic_name using (select distinct kind, subject from gone) as g
    where traffic_name.kind = g.kind and traffic_name.subject = g.subject and not exists (
      select from traffic where traffic.kind = g.kind and traffic.subject = g.subject
        and traffic.hour >= ${before.toISOString()})`)
}
