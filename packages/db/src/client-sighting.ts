import { and, asc, desc, eq, gte, lt, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import type { Db } from './database.ts'
import { account, clientDay, clientDayAccount, clientSighting } from './schema/index.ts'

/** A client of an account, as it was last seen. */
export interface ClientSighting {
  readonly accountId: string
  /** Tells one client of the account from another; 32 bytes. */
  readonly clientKey: Uint8Array
  readonly family: string | null
  readonly version: string | null
  /** Everything that is known about it, with where it comes from. */
  readonly identity: unknown
  readonly address: string | null
  /** Name of the node that it came to. */
  readonly node?: string
  /** Why nobody knows what it is; absent when it is known. */
  readonly unknownBecause?: string | undefined
  /** It was not let in, because of what it is. */
  readonly isRefused?: boolean
  readonly seenAt: Date
}

/** Clients that are remembered of one account: whoever says something else each time is not remembered for all of it. */
const MAX_PER_ACCOUNT = 50

/**
 * Notes what was seen. Of several sightings of one client the last one stays; each counts for its own UTC day, once per
 * person and version, whichever node it came to.
 */
export async function noteSightings(db: Db, sightings: readonly ClientSighting[]): Promise<void> {
  const latest = new Map<string, ClientSighting>()
  for (const sighting of sightings) {
    latest.set(`${sighting.accountId} ${Buffer.from(sighting.clientKey).toString('base64')}`, sighting)
  }
  if (latest.size === 0) return
  const rows = [...latest.values()]
  const column = <T>(pick: (row: (typeof rows)[number]) => T) => sql.param(rows.map(pick))
  const accounts = sql.param([...new Set(rows.map(({ accountId }) => accountId))])
  await db.transaction(async (tx) => {
    // Joined: an account that was deleted meanwhile has no clients any more.
    await tx.execute(sql`
      insert into client_sighting
        (account_id, client_key, family, version, identity, address, node, unknown_because, refused_at,
          first_seen_at, last_seen_at)
      select s.account_id, s.client_key, s.family, s.version, s.identity::jsonb, s.address, s.node, s.unknown_because,
        case when s.is_refused then s.seen_at end, s.seen_at, s.seen_at
      from unnest(
        ${column((row) => row.accountId)}::uuid[], ${column((row) => Buffer.from(row.clientKey))}::bytea[],
        ${column((row) => row.family)}::text[], ${column((row) => row.version)}::text[],
        ${column((row) => JSON.stringify(row.identity))}::text[], ${column((row) => row.address)}::text[],
        ${column((row) => row.node ?? '')}::text[], ${column((row) => row.unknownBecause ?? null)}::text[],
        ${column((row) => row.isRefused ?? false)}::boolean[],
        ${column((row) => row.seenAt.toISOString())}::timestamptz[]
      ) as s (account_id, client_key, family, version, identity, address, node, unknown_because, is_refused, seen_at)
      join account on account.id = s.account_id
      on conflict (account_id, client_key) do update set
        identity = excluded.identity,
        address = excluded.address,
        node = excluded.node,
        unknown_because = excluded.unknown_because,
        refused_at = excluded.refused_at,
        last_seen_at = greatest(client_sighting.last_seen_at, excluded.last_seen_at)`)
    await tx.execute(sql`
      delete from client_sighting using (
        select account_id, client_key,
          row_number() over (partition by account_id order by last_seen_at desc, client_key) as place
        from client_sighting where account_id = any(${accounts}::uuid[])
      ) as ranked
      where ranked.place > ${MAX_PER_ACCOUNT}
        and client_sighting.account_id = ranked.account_id and client_sighting.client_key = ranked.client_key`)
    await countDays(tx, sightings)
  })
}

/** Who is counted is remembered for the day, so that nobody is counted twice and every node counts the same. */
async function countDays(tx: Db, sightings: readonly ClientSighting[]): Promise<void> {
  const column = (pick: (row: ClientSighting) => string | null) => sql.param(sightings.map(pick))
  // In one order for all nodes: two that count at once wait for each other, and never in a circle.
  await tx.execute(sql`
    with counted as (
      insert into client_day_account (day, account_id, family, version)
      select distinct s.day, s.account_id, coalesce(s.family, ''), coalesce(s.version, '')
      from unnest(${column(({ seenAt }) => seenAt.toISOString().slice(0, 10))}::date[],
        ${column(({ accountId }) => accountId)}::uuid[], ${column(({ family }) => family)}::text[],
        ${column(({ version }) => version)}::text[]) as s (day, account_id, family, version)
      join account on account.id = s.account_id
      order by 1, 2, 3, 4
      on conflict do nothing
      returning day, family, version)
    insert into client_day (day, family, version, people)
    select day, family, version, count(*) from counted group by day, family, version order by day, family, version
    on conflict (day, family, version) do update set people = client_day.people + excluded.people`)
}

export type StoredSighting = typeof clientSighting.$inferSelect & { readonly localpart: string }

/** Clients seen since `since`, the last one first, at most `limit`. */
export async function listSightings(db: Db, since: Date, limit: number): Promise<StoredSighting[]> {
  const rows = await db
    .select({ sighting: clientSighting, localpart: account.localpart })
    .from(clientSighting)
    .innerJoin(account, eq(account.id, clientSighting.accountId))
    .where(gte(clientSighting.lastSeenAt, since))
    .orderBy(desc(clientSighting.lastSeenAt))
    .limit(limit)
  return rows.map(({ sighting, localpart }) => ({ ...sighting, localpart }))
}

/** Which rows of the inventory are wanted. */
export interface InventoryFilter {
  readonly since: Date
  readonly family?: string | undefined
  readonly version?: string | undefined
  readonly build?: string | undefined
  readonly os?: string | undefined
  readonly tier?: string | undefined
  readonly node?: string | undefined
  /** Localpart. */
  readonly account?: string | undefined
  /** Name of one that the account is in. */
  readonly unit?: string | undefined
  /** An address, or a network in CIDR notation. */
  readonly address?: string | undefined
  readonly isUnknown?: boolean | undefined
}

/** Where a row of the inventory stands: unknown ones first, then those seen last. */
export interface InventoryPlace {
  readonly isKnown: boolean
  readonly firstSeenAt: Date
  readonly accountId: string
  /** In hex. */
  readonly clientKey: string
}

export type InventoryRow = StoredSighting & { readonly units: readonly string[] }

/**
 * The inventory, one page: clients that nobody knows first, and of them, as of the others, those that were seen first not
 * so long ago. When they were seen last changes while somebody turns pages, and would hide some of them.
 */
export async function listInventory(
  db: Db,
  filter: InventoryFilter,
  limit: number,
  after?: InventoryPlace,
): Promise<InventoryRow[]> {
  const units = sql<readonly string[]>`array(
    select unit.name from unit join unit_member on unit_member.unit_id = unit.id
    where unit_member.account_id = ${clientSighting.accountId} order by unit.name)`
  const isKnown = sql`(${clientSighting.unknownBecause} is null)`
  const seenMs = sql`(extract(epoch from ${clientSighting.firstSeenAt}) * 1000)::bigint`
  const beyond =
    after &&
    sql`(${isKnown}, -${seenMs}, ${clientSighting.accountId}, ${clientSighting.clientKey}) >
      (${after.isKnown}::boolean, ${-after.firstSeenAt.getTime()}::bigint, ${after.accountId}::uuid,
        ${Buffer.from(after.clientKey, 'hex')}::bytea)`
  const rows = await db
    .select({ sighting: clientSighting, localpart: account.localpart, units })
    .from(clientSighting)
    .innerJoin(account, eq(account.id, clientSighting.accountId))
    .where(and(...conditionsOf(filter), beyond))
    .orderBy(isKnown, sql`-${seenMs}`, asc(clientSighting.accountId), asc(clientSighting.clientKey))
    .limit(limit)
  return rows.map(({ sighting, localpart, units: of }) => ({ ...sighting, localpart, units: of }))
}

function conditionsOf(filter: InventoryFilter): (SQL | undefined)[] {
  const { family, version, build, os, tier, node, account: localpart, unit, address, isUnknown } = filter
  const is = (key: string, value: string | undefined) =>
    value === undefined ? undefined : sql`${clientSighting.identity} ->> ${key} = ${value}`
  return [
    gte(clientSighting.lastSeenAt, filter.since),
    family === undefined ? undefined : eq(clientSighting.family, family),
    version === undefined ? undefined : eq(clientSighting.version, version),
    is('build', build),
    is('os', os),
    is('tier', tier),
    node === undefined ? undefined : eq(clientSighting.node, node),
    localpart === undefined ? undefined : eq(account.localpart, localpart),
    unit === undefined
      ? undefined
      : sql`exists (select 1 from unit_member join unit on unit.id = unit_member.unit_id
          where unit_member.account_id = ${clientSighting.accountId} and unit.name = ${unit})`,
    address === undefined
      ? undefined
      : sql`case when ${clientSighting.address} ~ '^[0-9A-Fa-f:.]+$'
          then ${clientSighting.address}::inet <<= ${address}::inet else false end`,
    isUnknown === undefined ? undefined : sql`(${clientSighting.unknownBecause} is not null) = ${isUnknown}`,
  ]
}

/** One version of a client, or what calls itself so, with those that use it. */
export interface UsedVersion extends Record<string, unknown> {
  readonly family: string | null
  readonly version: string | null
  readonly isUnknown: boolean
  readonly people: number
  /** Of those, who had been seen with it by the instant that was asked for: the same whenever it is asked. */
  readonly peopleThen: number
  readonly tiers: readonly string[]
  readonly firstSeenAt: Date
  readonly lastSeenAt: Date
}

/**
 * Every version seen since then. Whether it can be named tells apart what calls itself the same.
 *
 * @param then - for `peopleThen`. Default: now.
 */
export function listSeenVersions(db: Db, since: Date, then = new Date()): Promise<UsedVersion[]> {
  const isUnknown = sql<boolean>`${clientSighting.unknownBecause} is not null`
  return db
    .select({
      family: clientSighting.family,
      version: clientSighting.version,
      isUnknown,
      people: sql<number>`count(distinct ${clientSighting.accountId})::int`,
      peopleThen: sql<number>`(count(distinct ${clientSighting.accountId})
        filter (where ${clientSighting.firstSeenAt} <= ${then.toISOString()}))::int`,
      tiers: sql<readonly string[]>`array_agg(distinct ${clientSighting.identity} ->> 'tier')`,
      firstSeenAt: sql`min(${clientSighting.firstSeenAt})`.mapWith(clientSighting.firstSeenAt),
      lastSeenAt: sql`max(${clientSighting.lastSeenAt})`.mapWith(clientSighting.lastSeenAt),
    })
    .from(clientSighting)
    .where(gte(clientSighting.lastSeenAt, since))
    .groupBy(clientSighting.family, clientSighting.version, isUnknown)
}

export type ClientDay = typeof clientDay.$inferSelect

/** The history from `from` on (a UTC day), oldest first, one page. */
export function listClientDays(
  db: Db,
  from: string,
  limit: number,
  after?: Pick<ClientDay, 'day' | 'family' | 'version'>,
): Promise<ClientDay[]> {
  const { day, family, version } = clientDay
  return db
    .select()
    .from(clientDay)
    .where(
      and(
        gte(day, from),
        after && sql`(${day}, ${family}, ${version}) > (${after.day}::date, ${after.family}, ${after.version})`,
      ),
    )
    .orderBy(asc(day), asc(family), asc(version))
    .limit(limit)
}

/** Forgets clients that were not seen since `seenBefore`, days before `day`, and who was counted before `countedDay`. */
export async function pruneSightings(db: Db, seenBefore: Date, day: string, countedDay: string): Promise<void> {
  await db.delete(clientSighting).where(lt(clientSighting.lastSeenAt, seenBefore))
  await db.delete(clientDayAccount).where(lt(clientDayAccount.day, countedDay))
  await db.delete(clientDay).where(lt(clientDay.day, day))
}
