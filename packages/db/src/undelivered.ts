import { and, asc, eq, gt, inArray, lt, or, type SQL, sql } from 'drizzle-orm'
import { type ArchivedMessage, MESSAGE, withRetractions } from './archive.ts'
import type { Db } from './database.ts'
import { archive, archiveOwner, message } from './schema/index.ts'

// Which messages no device of their owner has had (XEP-0160 over the archive, durability §5.11): those behind the owner's
// cursor, and those that it went past because later ones were had. The latter are few, and marked.

/** A subquery, not a join: its value bounds the scan of the primary key. */
const cursorOf = (db: Db, owner: string) =>
  db.select({ position: archiveOwner.offlinePosition }).from(archiveOwner).where(eq(archiveOwner.owner, owner))

/**
 * Messages to `owner` that no device has had, and those at `also`, oldest first.
 *
 * @param after - position of the last message of the page before.
 */
export function listUndelivered(
  db: Db,
  owner: string,
  limit: number,
  { after = 0, also = [] }: { readonly after?: number; readonly also?: readonly number[] } = {},
): Promise<ArchivedMessage[]> {
  // Each of them from its own index, and no further than the page reaches.
  const page = (isWanted: SQL) => sql`(
    select ${archive.position} from ${archive} where ${archive.owner} = ${owner} and ${archive.direction} = 'in'
    and ${archive.position} > ${after} and ${isWanted} order by ${archive.position} limit ${limit})`
  const pages = [
    page(sql`${archive.position} > (${cursorOf(db, owner)})`),
    page(sql`${archive.isPassedOver}`),
    page(inArray(archive.position, listed(also))),
  ]
  return messagesAt(db, owner, sql`(${sql.join(pages, sql` union `)})`, limit)
}

/** Of the messages at these positions those that are to `owner`, oldest first; only those that no device has had. */
export function listStillUndelivered(db: Db, owner: string, positions: readonly number[]): Promise<ArchivedMessage[]> {
  const isUndelivered = or(gt(archive.position, cursorOf(db, owner)), sql`${archive.isPassedOver}`)
  return messagesAt(db, owner, listed(positions), positions.length, isUndelivered)
}

/** The messages to `owner` at these positions, oldest first. */
export function listIncoming(db: Db, owner: string, positions: readonly number[]): Promise<ArchivedMessage[]> {
  return messagesAt(db, owner, listed(positions), positions.length)
}

/** One parameter, however many there are. */
const listed = (positions: readonly number[]) => sql`(select unnest(${sql.param(positions)}::bigint[]))`

async function messagesAt(
  db: Db,
  owner: string,
  positions: SQL,
  limit: number,
  isWanted?: SQL,
): Promise<ArchivedMessage[]> {
  const isAt = inArray(archive.position, positions)
  const messages = await db
    .select(MESSAGE)
    .from(archive)
    .innerJoin(message, eq(message.id, archive.messageId))
    .where(and(eq(archive.owner, owner), eq(archive.direction, 'in'), isAt, isWanted))
    .orderBy(asc(archive.position))
    .limit(limit)
  return withRetractions(db, messages)
}

/**
 * Notes which messages devices have had, each by its owner and position there. The cursor goes to the last of them, and
 * what it passes over is marked. Never moves back. Takes any positions in any order, and each as often as it comes.
 */
export async function noteDelivered(db: Db, delivered: ReadonlyMap<string, ReadonlySet<number>>): Promise<void> {
  if (delivered.size === 0) return
  await db.transaction(async (tx) => {
    // Locked first: what the next statements read is what others have committed, and no position is being given below.
    const { rows } = await tx.execute<{ owner: string; cursor: string }>(sql`
      select owner, offline_position as cursor from archive_owner
      where owner = any(${sql.param([...delivered.keys()])}::text[]) order by owner for no key update`)
    const moves = rows.map((row) => moveOf(row.owner, Number(row.cursor), delivered.get(row.owner) ?? new Set()))
    const late = moves.flatMap(({ owner, late: positions }) => positions.map((at) => ({ owner, at })))
    if (late.length > 0) {
      await tx.execute(sql`
        update archive a set is_passed_over = null
        from unnest(${column(late, 'owner')}::text[], ${column(late, 'at')}::bigint[]) as t (owner, position)
        where a.owner = t.owner and a.position = t.position and a.is_passed_over`)
    }
    const gaps = moves.flatMap(({ gaps: own }) => own)
    if (gaps.length > 0) {
      await tx.execute(sql`
        update archive a set is_passed_over = true
        from unnest(${column(gaps, 'owner')}::text[], ${column(gaps, 'from')}::bigint[], ${column(gaps, 'to')}::bigint[])
          as t (owner, first, last)
        where a.owner = t.owner and a.position between t.first and t.last and a.direction = 'in'`)
    }
    const ahead = moves.filter(({ to, cursor }) => to > cursor)
    if (ahead.length > 0) {
      await tx.execute(sql`
        update archive_owner o set offline_position = t.position
        from unnest(${column(ahead, 'owner')}::text[], ${column(ahead, 'to')}::bigint[]) as t (owner, position)
        where o.owner = t.owner`)
    }
  })
}

const column = <Row, Key extends keyof Row>(rows: readonly Row[], key: Key) => sql.param(rows.map((row) => row[key]))

/** How one owner's cursor moves: what it had passed over and is had now, and between which positions something may be missing. */
function moveOf(owner: string, cursor: number, positions: ReadonlySet<number>) {
  const late: number[] = []
  const gaps: { owner: string; from: number; to: number }[] = []
  let to = cursor
  for (const position of [...positions].sort((a, b) => a - b)) {
    if (position <= cursor) late.push(position)
    else {
      if (position > to + 1) gaps.push({ owner, from: to + 1, to: position - 1 })
      to = position
    }
  }
  return { owner, cursor, to, late, gaps }
}

/** Everything in this archive counts as had. */
export async function skipUndelivered(db: Db, owner: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx
      .update(archiveOwner)
      .set({ offlinePosition: archiveOwner.lastPosition })
      .where(and(eq(archiveOwner.owner, owner), lt(archiveOwner.offlinePosition, archiveOwner.lastPosition)))
    await tx
      .update(archive)
      .set({ isPassedOver: null })
      .where(and(eq(archive.owner, owner), sql`${archive.isPassedOver}`))
  })
}
