import { and, eq, inArray } from 'drizzle-orm'
import type { Db } from './database.ts'
import { room, roomAffiliation, roomHat, type StoredAffiliation } from './schema/index.ts'

/** A room as it is kept (XEP-0045). */
export type RoomRow = typeof room.$inferSelect

export interface RoomAffiliationRow {
  readonly jid: string
  readonly affiliation: StoredAffiliation
  /** The reserved nick (§7.10), and as it is compared; both or neither. */
  readonly nick: string | null
  readonly nickKey: string | null
  readonly reason: string | null
}

export interface RoomHatRow {
  readonly jid: string
  readonly uri: string
  readonly title: string
}

/** A room with what belongs to it. */
export interface StoredRoom {
  readonly row: RoomRow
  readonly affiliations: readonly RoomAffiliationRow[]
  readonly hats: readonly RoomHatRow[]
}

/** Every room: they are all in memory while the server runs. */
export async function listRooms(db: Db): Promise<StoredRoom[]> {
  const [rows, affiliations, hats] = [
    await db.select().from(room),
    Map.groupBy(await db.select().from(roomAffiliation), ({ roomId }) => roomId),
    Map.groupBy(await db.select().from(roomHat), ({ roomId }) => roomId),
  ]
  return rows.map((row) => ({ row, affiliations: affiliations.get(row.id) ?? [], hats: hats.get(row.id) ?? [] }))
}

/** Makes a room with its first owner. */
export async function insertRoom(
  db: Db,
  row: Pick<RoomRow, 'id' | 'localpart' | 'createdBy' | 'createdAt' | 'config' | 'secret'>,
): Promise<'inserted' | 'exists'> {
  return db.transaction(async (tx) => {
    const made = await tx.insert(room).values(row).onConflictDoNothing().returning({ id: room.id })
    if (made.length === 0) return 'exists'
    await tx.insert(roomAffiliation).values({ roomId: row.id, jid: row.createdBy, affiliation: 'owner' })
    return 'inserted'
  })
}

/** Changes what is given. */
export async function updateRoom(
  db: Db,
  id: string,
  set: Partial<Pick<RoomRow, 'config' | 'subject' | 'subjectNick' | 'subjectAt' | 'vcard' | 'photoSha1'>>,
): Promise<void> {
  await db.update(room).set(set).where(eq(room.id, id))
}

/** Deletes a room with its affiliations. Its archive stays. */
export async function deleteRoom(db: Db, id: string): Promise<void> {
  await db.delete(room).where(eq(room.id, id))
}

/** Replaces affiliations, all or none of them; a JID without a row from now on is in `removed`. */
export async function changeRoomAffiliations(
  db: Db,
  roomId: string,
  { set, removed }: { readonly set: readonly RoomAffiliationRow[]; readonly removed: readonly string[] },
): Promise<void> {
  await db.transaction(async (tx) => {
    const jids = [...removed, ...set.map(({ jid }) => jid)]
    await tx.delete(roomAffiliation).where(and(eq(roomAffiliation.roomId, roomId), inArray(roomAffiliation.jid, jids)))
    if (set.length > 0) await tx.insert(roomAffiliation).values(set.map((row) => ({ roomId, ...row })))
  })
}

/** Replaces the hats of one JID. */
export async function putRoomHats(
  db: Db,
  roomId: string,
  jid: string,
  hats: readonly Omit<RoomHatRow, 'jid'>[],
): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.delete(roomHat).where(and(eq(roomHat.roomId, roomId), eq(roomHat.jid, jid)))
    if (hats.length > 0) await tx.insert(roomHat).values(hats.map((hat) => ({ roomId, jid, ...hat })))
  })
}

/** Forgets an account in every room. */
export async function forgetInRooms(db: Db, jid: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.delete(roomAffiliation).where(eq(roomAffiliation.jid, jid))
    await tx.delete(roomHat).where(eq(roomHat.jid, jid))
  })
}
