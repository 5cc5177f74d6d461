import { and, asc, desc, eq, gte, lt, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { account, clientDay, clientSighting } from './schema/index.ts'

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
  readonly seenAt: Date
}

/** Notes what was seen, in one statement. Of several sightings of one client the last one stays. */
export async function noteSightings(db: Db, sightings: readonly ClientSighting[]): Promise<void> {
  const latest = new Map<string, ClientSighting>()
  for (const sighting of sightings) {
    latest.set(`${sighting.accountId} ${Buffer.from(sighting.clientKey).toString('base64')}`, sighting)
  }
  if (latest.size === 0) return
  const rows = [...latest.values()]
  const column = <T>(pick: (row: (typeof rows)[number]) => T) => sql.param(rows.map(pick))
  // Joined: an account that was deleted meanwhile has no clients any more.
  await db.execute(sql`
    insert into client_sighting
      (account_id, client_key, family, version, identity, address, first_seen_at, last_seen_at)
    select s.account_id, s.client_key, s.family, s.version, s.identity::jsonb, s.address, s.seen_at, s.seen_at
    from unnest(
      ${column((row) => row.accountId)}::uuid[], ${column((row) => Buffer.from(row.clientKey))}::bytea[],
      ${column((row) => row.family)}::text[], ${column((row) => row.version)}::text[],
      ${column((row) => JSON.stringify(row.identity))}::text[], ${column((row) => row.address)}::text[],
      ${column((row) => row.seenAt.toISOString())}::timestamptz[]
    ) as s (account_id, client_key, family, version, identity, address, seen_at)
    join account on account.id = s.account_id
    on conflict (account_id, client_key) do update set
      identity = excluded.identity,
      address = excluded.address,
      last_seen_at = greatest(client_sighting.last_seen_at, excluded.last_seen_at)`)
}

export type StoredSighting = typeof clientSighting.$inferSelect & { readonly localpart: string }

/** Clients seen since `since`, the last one first, at most `limit`. */
export async function listSightings(
  db: Db,
  since: Date,
  limit: number,
  only: { readonly family?: string; readonly version?: string } = {},
): Promise<StoredSighting[]> {
  const rows = await db
    .select({ sighting: clientSighting, localpart: account.localpart })
    .from(clientSighting)
    .innerJoin(account, eq(account.id, clientSighting.accountId))
    .where(
      and(
        gte(clientSighting.lastSeenAt, since),
        only.family === undefined ? undefined : eq(clientSighting.family, only.family),
        only.version === undefined ? undefined : eq(clientSighting.version, only.version),
      ),
    )
    .orderBy(desc(clientSighting.lastSeenAt))
    .limit(limit)
  return rows.map(({ sighting, localpart }) => ({ ...sighting, localpart }))
}

/** Counts the people of each version of one UTC day, from what was seen in it. Counting twice changes nothing. */
export async function countClientDay(db: Db, day: string): Promise<void> {
  const from = new Date(`${day}T00:00:00Z`)
  await db.execute(sql`
    insert into client_day (day, family, version, people)
    select ${day}::date, coalesce(family, ''), coalesce(version, ''), count(distinct account_id)
    from client_sighting where last_seen_at >= ${from.toISOString()}
    group by 2, 3
    on conflict (day, family, version) do update set people = greatest(client_day.people, excluded.people)`)
}

export type ClientDay = typeof clientDay.$inferSelect

/** The history from `from` on (a UTC day), oldest first. */
export function listClientDays(db: Db, from: string): Promise<ClientDay[]> {
  return db
    .select()
    .from(clientDay)
    .where(gte(clientDay.day, from))
    .orderBy(asc(clientDay.day), asc(clientDay.family), asc(clientDay.version))
}

/** Forgets clients that were not seen since `seenBefore`, and days before `day`. */
export async function pruneSightings(db: Db, seenBefore: Date, day: string): Promise<void> {
  await db.delete(clientSighting).where(lt(clientSighting.lastSeenAt, seenBefore))
  await db.delete(clientDay).where(lt(clientDay.day, day))
}
