import { and, arrayContains, arrayOverlaps, asc, count, desc, eq, gt, inArray, isNull, min, or, sql } from 'drizzle-orm'
import { splitPeer } from './archive-batch.ts'
import { findRetractions } from './archive.ts'
import type { Retraction } from './archive.ts'
import type { Db } from './database.ts'
import { account, archive, type ArchiveTarget, heldMessage, message, room, suspension } from './schema/index.ts'

/** A message that a suspension keeps from its recipients. */
export interface HeldMessage {
  /** The stanza-id. */
  readonly id: string
  /** Order of acceptance, over all suspensions. */
  readonly position: number
  readonly suspensionId: string
  readonly stanza: string
  readonly filterVersion: number
  readonly sentAt: Date
  readonly recipients: readonly ArchiveTarget[]
  /** What the rules were asked about it when it was accepted; null for one of an older version. */
  readonly facts: unknown
  /** Ids of the accounts that it is between, and of its room; empty for one of an older version. */
  readonly parties: readonly string[]
  /** Bare JID. */
  readonly sender: string
  /** The first suspension that would have delivered it when it ended, where another one had it then. */
  readonly handedOverBy: string | null
}

/** How many messages suspensions hold, and since when. */
export async function countHeld(db: Db, suspensionId?: string): Promise<{ count: number; oldestAt: Date | undefined }> {
  const [row] = await db
    .select({
      count: sql<number>`count(*)::int`,
      oldestAt: sql<Date | null>`min(${message.sentAt})`.mapWith(message.sentAt),
    })
    .from(heldMessage)
    .innerJoin(message, eq(message.id, heldMessage.messageId))
    .where(suspensionId === undefined ? undefined : eq(heldMessage.suspensionId, suspensionId))
  return { count: row!.count, oldestAt: row!.oldestAt ?? undefined }
}

/** The same for each suspension that holds something. */
export async function countHeldEach(db: Db): Promise<Map<string, { count: number; oldestAt: Date }>> {
  const rows = await db
    .select({ id: heldMessage.suspensionId, count: count(), oldestAt: min(message.sentAt) })
    .from(heldMessage)
    .innerJoin(message, eq(message.id, heldMessage.messageId))
    .groupBy(heldMessage.suspensionId)
  return new Map(rows.map(({ id, count: held, oldestAt }) => [id, { count: held, oldestAt: oldestAt! }]))
}

/** How many messages of somebody suspensions hold, whether they are in force or have ended for review. */
export async function countHeldOf(db: Db, sender: string): Promise<number> {
  const [row] = await db.select({ count: count() }).from(heldMessage).where(eq(heldMessage.sender, sender))
  return row!.count
}

/** Those messages, the last ones first. @param limit - 1 to 1,000 */
export function listHeldOf(
  db: Db,
  sender: string,
  limit: number,
): Promise<{ readonly id: string; readonly suspensionId: string; readonly stanza: string }[]> {
  return db
    .select({ id: message.id, suspensionId: heldMessage.suspensionId, stanza: message.stanza })
    .from(heldMessage)
    .innerJoin(message, eq(message.id, heldMessage.messageId))
    .where(eq(heldMessage.sender, sender))
    .orderBy(desc(heldMessage.position))
    .limit(limit)
}

/** Suspensions that still hold messages, oldest first: what a start after a crash goes on releasing. */
export async function listHolding(db: Db): Promise<string[]> {
  const rows = await db
    .select({ id: heldMessage.suspensionId })
    .from(heldMessage)
    .groupBy(heldMessage.suspensionId)
    .orderBy(sql`min(${heldMessage.position})`)
  return rows.map(({ id }) => id)
}

/**
 * Held messages of a suspension in the order in which they were accepted; locks them, where `db` is a transaction.
 *
 * @param limit - most messages, 1 to 1,000.
 * @param only - of these only, whichever are there; `after` - beyond this position.
 */
export async function listHeld(
  db: Db,
  suspensionId: string,
  limit: number,
  { after = 0, only, isLocking = false }: { after?: number; only?: readonly string[]; isLocking?: boolean } = {},
): Promise<HeldMessage[]> {
  const query = db
    .select({
      id: message.id,
      position: heldMessage.position,
      suspensionId: heldMessage.suspensionId,
      stanza: message.stanza,
      filterVersion: message.filterVersion,
      sentAt: message.sentAt,
      recipients: heldMessage.recipients,
      facts: heldMessage.facts,
      parties: heldMessage.parties,
      sender: sql<string>`${heldMessage.sender}`,
      handedOverBy: heldMessage.handedOverBy,
    })
    .from(heldMessage)
    .innerJoin(message, eq(message.id, heldMessage.messageId))
    .where(
      and(
        eq(heldMessage.suspensionId, suspensionId),
        gt(heldMessage.position, after),
        only && inArray(heldMessage.messageId, [...only]),
      ),
    )
    .orderBy(asc(heldMessage.position))
    .limit(limit)
  return isLocking ? query.for('update', { of: heldMessage }) : query
}

/**
 * What the rules were asked about the messages that a suspension holds, in their order; those beyond a position.
 *
 * @param parties - of messages that one of these has a part in; of older versions nobody knows that. Absent: of all.
 */
export function listHeldFacts(
  db: Db,
  suspensionId: string,
  limit: number,
  { after, parties }: { readonly after: number; readonly parties?: readonly string[] | undefined },
): Promise<Pick<HeldMessage, 'id' | 'position' | 'facts'>[]> {
  const isOfThese =
    parties && or(arrayOverlaps(heldMessage.parties, [...parties]), sql`cardinality(${heldMessage.parties}) = 0`)
  return db
    .select({ id: heldMessage.messageId, position: heldMessage.position, facts: heldMessage.facts })
    .from(heldMessage)
    .where(and(eq(heldMessage.suspensionId, suspensionId), gt(heldMessage.position, after), isOfThese))
    .orderBy(asc(heldMessage.position))
    .limit(limit)
}

/**
 * Hands messages over to another suspension, when the one that held them lets go of them earlier. Their order is kept.
 *
 * @param isPromised - the one that held them has ended, and would have delivered them: that is remembered.
 */
export async function transferHeld(
  tx: Db,
  ids: readonly string[],
  { to, isPromised }: { readonly to: string; readonly isPromised: boolean },
): Promise<void> {
  if (ids.length === 0) return
  const { handedOverBy, suspensionId } = heldMessage
  await tx
    .update(heldMessage)
    .set({ suspensionId: to, ...(isPromised && { handedOverBy: sql`coalesce(${handedOverBy}, ${suspensionId})` }) })
    .where(inArray(heldMessage.messageId, [...ids]))
}

/** Lets go of messages without delivering them: they stay in their senders' archives alone. */
export async function dropHeld(tx: Db, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await tx.delete(heldMessage).where(inArray(heldMessage.messageId, [...ids]))
}

/** A held message that nobody will get. */
export type DroppedMessage = Pick<HeldMessage, 'id' | 'suspensionId' | 'sender' | 'handedOverBy'>

/**
 * Lets go of everything that is held from or for an account, in the transaction that deletes it: the next one of that name
 * is somebody else.
 */
export function dropHeldOf(tx: Db, id: string, bareJid: string): Promise<DroppedMessage[]> {
  const isFor = sql`${heldMessage.recipients} @> ${JSON.stringify([{ owner: bareJid }])}::jsonb`
  return tx
    .delete(heldMessage)
    .where(or(arrayContains(heldMessage.parties, [id]), eq(heldMessage.sender, bareJid), isFor))
    .returning({
      id: heldMessage.messageId,
      suspensionId: heldMessage.suspensionId,
      sender: sql<string>`${heldMessage.sender}`,
      handedOverBy: heldMessage.handedOverBy,
    })
}

/** Locks suspensions that are in force, in one order: before anything that they hold. */
export async function lockSuspensions(tx: Db): Promise<void> {
  await tx
    .select({ id: suspension.id })
    .from(suspension)
    .where(isNull(suspension.endedAt))
    .orderBy(asc(suspension.id))
    .for('update')
}

/** Those of some ids that no account has and no room. */
export async function listGoneParties(db: Db, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const { rows } = await db.execute<{ id: string }>(sql`
    select id from unnest(${sql.param([...ids])}::uuid[]) as party (id)
    where not exists (select from ${account} a where a.id = party.id)
    and not exists (select from ${room} r where r.id = party.id)`)
  return new Set(rows.map(({ id }) => id))
}

/** A message that has just entered its recipients' archives: deliver it. */
export interface ReleasedMessage {
  readonly id: string
  readonly stanza: string
  readonly filterVersion: number
  /** When it was accepted: the XEP-0203 stamp. */
  readonly sentAt: Date
  readonly archives: readonly (ArchiveTarget & { readonly position: number })[]
  /** Present: it was retracted while it was held. Deliver nothing. */
  readonly retraction?: Retraction
}

/**
 * Moves held messages, given in their order, into their recipients' archives, in the caller's transaction.
 *
 * What it returns is no longer held once that is committed: a crash before the delivery leaves the messages undelivered
 * in the archives, where `listUndelivered` and XEP-0313 find them.
 */
export async function releaseHeld(tx: Db, held: readonly HeldMessage[]): Promise<ReleasedMessage[]> {
  if (held.length === 0) return []
  const released = await appendToArchives(tx, held)
  const ids = held.map(({ id }) => id)
  await dropHeld(tx, ids)
  const retractions = await findRetractions(tx, ids)
  return released.map((one) => {
    const retraction = retractions.get(one.id)
    return retraction ? { ...one, retraction } : one
  })
}

async function appendToArchives(tx: Db, held: readonly HeldMessage[]): Promise<ReleasedMessage[]> {
  const counts = new Map<string, number>()
  for (const { owner } of held.flatMap(({ recipients }) => recipients)) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  const next = await reservePositions(tx, counts)
  const released = held.map(({ recipients, id, stanza, filterVersion, sentAt }) => ({
    id,
    stanza,
    filterVersion,
    sentAt,
    archives: recipients.map((target) => {
      const position = next.get(target.owner)!
      next.set(target.owner, position + 1)
      return { ...target, position }
    }),
  }))
  const rows = released.flatMap(({ id, sentAt, archives }) =>
    archives.map(({ owner, position, direction, peer }) => ({
      owner,
      position,
      direction,
      messageId: id,
      sentAt,
      ...splitPeer(peer),
    })),
  )
  // PostgreSQL takes 65,535 parameters in a statement.
  for (let at = 0; at < rows.length; at += 5_000) await tx.insert(archive).values(rows.slice(at, at + 5_000))
  return released
}

/** The first of `count` new positions in each archive. Locks the owners in sorted order until the transaction ends. */
async function reservePositions(tx: Db, counts: ReadonlyMap<string, number>): Promise<Map<string, number>> {
  if (counts.size === 0) return new Map()
  const { rows } = await tx.execute<{ owner: string; last_position: string }>(sql`
    insert into archive_owner as o (owner, last_position)
    select * from unnest(${sql.param([...counts.keys()])}::text[], ${sql.param([...counts.values()])}::bigint[])
      as t (owner, count) order by owner
    on conflict (owner) do update set last_position = o.last_position + excluded.last_position
    returning owner, last_position`)
  return new Map(rows.map(({ owner, last_position: last }) => [owner, Number(last) - counts.get(owner)! + 1]))
}
