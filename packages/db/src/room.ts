import { and, asc, eq, inArray, or, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import {
  room,
  roomAffiliation,
  roomAffiliationChange,
  roomHat,
  roomHatKind,
  roomInvitation,
  type StoredAffiliation,
} from './schema/index.ts'

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

/** The latest change of one JID in the lists of a room (XEP-0463). */
export interface RoomAffiliationChange {
  readonly jid: string
  readonly version: number
  /** From which version on it was no owner, admin or member any longer; 0 for never. */
  readonly unlistedAt: number
}

/** What a change of the lists makes of their versions. */
export interface RoomAffiliationVersions {
  /** The version from now on. */
  readonly version: number
  readonly changes: readonly RoomAffiliationChange[]
  /** Every earlier version, and what changed since then, is forgotten. */
  readonly isNewEpoch: boolean
}

/** Who wears which hat. */
export interface RoomHatRow {
  readonly jid: string
  readonly uri: string
}

/** A hat of a room (XEP-0317). */
export interface RoomHatKind {
  readonly uri: string
  readonly title: string
  /** 0 to 360 (XEP-0392). */
  readonly hue: number | null
}

/** Who invited whom, by bare JIDs. */
export interface RoomInvitation {
  readonly invitee: string
  readonly inviter: string
}

/** A room with what belongs to it. */
export interface StoredRoom {
  readonly row: RoomRow
  readonly affiliations: readonly RoomAffiliationRow[]
  readonly affiliationChanges: readonly RoomAffiliationChange[]
  readonly hatKinds: readonly RoomHatKind[]
  readonly hats: readonly RoomHatRow[]
  /** Not answered yet, oldest first. */
  readonly invitations: readonly RoomInvitation[]
}

/** Every room: they are all in memory while the server runs. */
export async function listRooms(db: Db): Promise<StoredRoom[]> {
  const [rows, affiliations, changes, hatKinds, hats, invitations] = [
    await db.select().from(room),
    Map.groupBy(await db.select().from(roomAffiliation), ({ roomId }) => roomId),
    Map.groupBy(await db.select().from(roomAffiliationChange), ({ roomId }) => roomId),
    Map.groupBy(await db.select().from(roomHatKind), ({ roomId }) => roomId),
    Map.groupBy(await db.select().from(roomHat), ({ roomId }) => roomId),
    Map.groupBy(await db.select().from(roomInvitation).orderBy(asc(roomInvitation.invitedAt)), ({ roomId }) => roomId),
  ]
  return rows.map((row) => ({
    row,
    affiliations: affiliations.get(row.id) ?? [],
    affiliationChanges: changes.get(row.id) ?? [],
    hatKinds: hatKinds.get(row.id) ?? [],
    hats: hats.get(row.id) ?? [],
    invitations: invitations.get(row.id) ?? [],
  }))
}

/** Makes a room with its first owner, locked until that owner has configured it. */
export async function insertRoom(
  db: Db,
  row: Pick<RoomRow, 'id' | 'localpart' | 'createdBy' | 'createdAt' | 'config' | 'secret'>,
): Promise<'inserted' | 'exists'> {
  return db.transaction(async (tx) => {
    const made = await tx
      .insert(room)
      .values({ ...row, isLocked: true })
      .onConflictDoNothing()
      .returning({ id: room.id })
    if (made.length === 0) return 'exists'
    await tx.insert(roomAffiliation).values({ roomId: row.id, jid: row.createdBy, affiliation: 'owner' })
    return 'inserted'
  })
}

/** Changes what is given. */
export async function updateRoom(
  db: Db,
  id: string,
  set: Partial<Pick<RoomRow, 'config' | 'isLocked' | 'vcard' | 'photoSha1s' | 'vcardFilterVersion'>>,
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
  { version, changes, isNewEpoch }: RoomAffiliationVersions,
): Promise<void> {
  await db.transaction(async (tx) => {
    const jids = [...removed, ...set.map(({ jid }) => jid)]
    await tx.delete(roomAffiliation).where(and(eq(roomAffiliation.roomId, roomId), inArray(roomAffiliation.jid, jids)))
    if (set.length > 0) await tx.insert(roomAffiliation).values(set.map((row) => ({ roomId, ...row })))
    if (changes.length === 0) return
    await tx.update(room).set({ affiliationVersion: version }).where(eq(room.id, roomId))
    if (isNewEpoch) return forgetAffiliationChanges(tx, roomId)
    const of = eq(roomAffiliationChange.roomId, roomId)
    const changed = changes.map(({ jid }) => jid)
    await tx.delete(roomAffiliationChange).where(and(of, inArray(roomAffiliationChange.jid, changed)))
    await tx.insert(roomAffiliationChange).values(changes.map((change) => ({ roomId, ...change })))
  })
}

/** From now on, every earlier version of a room's lists is unknown (XEP-0463 §5.2.1). */
export async function forgetAffiliationChanges(db: Db, roomId: string): Promise<void> {
  await db
    .update(room)
    .set({ affiliationEpoch: sql`${room.affiliationEpoch} + 1` })
    .where(eq(room.id, roomId))
  await db.delete(roomAffiliationChange).where(eq(roomAffiliationChange.roomId, roomId))
}

/** Makes a hat, or changes the one with this URI. */
export async function putRoomHatKind(db: Db, roomId: string, kind: RoomHatKind): Promise<void> {
  const { title, hue } = kind
  const target = [roomHatKind.roomId, roomHatKind.uri]
  await db
    .insert(roomHatKind)
    .values({ roomId, ...kind })
    .onConflictDoUpdate({ target, set: { title, hue } })
}

/** Nobody wears it any longer. */
export async function deleteRoomHatKind(db: Db, roomId: string, uri: string): Promise<void> {
  await db.delete(roomHatKind).where(and(eq(roomHatKind.roomId, roomId), eq(roomHatKind.uri, uri)))
}

/** Replaces the hats that one JID wears, by their URIs. */
export async function putRoomHats(db: Db, roomId: string, jid: string, uris: readonly string[]): Promise<void> {
  await db.transaction(async (tx) => {
    await tx.delete(roomHat).where(and(eq(roomHat.roomId, roomId), eq(roomHat.jid, jid)))
    if (uris.length > 0) await tx.insert(roomHat).values(uris.map((uri) => ({ roomId, jid, uri })))
  })
}

/** Remembers invitations, and forgets others: answered ones, and the oldest of too many. */
export async function changeRoomInvitations(
  db: Db,
  roomId: string,
  { added, removed }: { readonly added: readonly RoomInvitation[]; readonly removed: readonly RoomInvitation[] },
  at: Date,
): Promise<void> {
  await db.transaction(async (tx) => {
    for (const { invitee, inviter } of removed) {
      const is = [eq(roomInvitation.invitee, invitee), eq(roomInvitation.inviter, inviter)]
      await tx.delete(roomInvitation).where(and(eq(roomInvitation.roomId, roomId), ...is))
    }
    const rows = added.map((invitation) => ({ roomId, ...invitation, invitedAt: at }))
    if (rows.length > 0) await tx.insert(roomInvitation).values(rows).onConflictDoNothing()
  })
}

/** Forgets an account in every room, also that it was ever on a list. */
export async function forgetInRooms(db: Db, jid: string): Promise<void> {
  await db.transaction(async (tx) => {
    const listed = tx.select({ roomId: roomAffiliation.roomId }).from(roomAffiliation)
    const changed = tx.select({ roomId: roomAffiliationChange.roomId }).from(roomAffiliationChange)
    const rooms = await listed
      .where(eq(roomAffiliation.jid, jid))
      .union(changed.where(eq(roomAffiliationChange.jid, jid)))
    for (const { roomId } of rooms) await forgetAffiliationChanges(tx, roomId)
    await tx.delete(roomAffiliation).where(eq(roomAffiliation.jid, jid))
    await tx.delete(roomHat).where(eq(roomHat.jid, jid))
    await tx.delete(roomInvitation).where(or(eq(roomInvitation.invitee, jid), eq(roomInvitation.inviter, jid)))
  })
}
