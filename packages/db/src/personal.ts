import { and, asc, eq, gt, inArray, isNotNull } from 'drizzle-orm'
import type { Db } from './database.ts'
import { account, blockItem, privateXml, vcard } from './schema/index.ts'

/** Blocked addresses, oldest first (XEP-0191 §3.2). */
export async function listBlocked(db: Db, accountId: string): Promise<string[]> {
  const rows = await db
    .select({ jid: blockItem.jid })
    .from(blockItem)
    .where(eq(blockItem.accountId, accountId))
    .orderBy(asc(blockItem.createdAt), asc(blockItem.jid))
  return rows.map(({ jid }) => jid)
}

/** Every block list, oldest entries first: small, and needed whole. */
export function listAllBlocked(db: Db): Promise<{ localpart: string; jid: string }[]> {
  return db
    .select({ localpart: account.localpart, jid: blockItem.jid })
    .from(blockItem)
    .innerJoin(account, eq(account.id, blockItem.accountId))
    .orderBy(asc(blockItem.createdAt), asc(blockItem.jid))
}

/** Blocks addresses; those blocked already stay. */
export async function block(db: Db, accountId: string, jids: readonly string[]): Promise<void> {
  if (jids.length === 0) return
  await db
    .insert(blockItem)
    .values(jids.map((jid) => ({ accountId, jid })))
    .onConflictDoNothing()
}

/** Unblocks addresses, or all of them. Returns those that were blocked. */
export async function unblock(db: Db, accountId: string, jids: readonly string[] | 'all'): Promise<string[]> {
  const mine = eq(blockItem.accountId, accountId)
  const gone = await db
    .delete(blockItem)
    .where(jids === 'all' ? mine : and(mine, inArray(blockItem.jid, [...jids])))
    .returning({ jid: blockItem.jid })
  return gone.map(({ jid }) => jid)
}

/** A stored element (XEP-0049), serialized. */
export async function findPrivateXml(db: Db, accountId: string, xmlns: string, name: string) {
  const [row] = await db
    .select({ element: privateXml.element })
    .from(privateXml)
    .where(and(eq(privateXml.accountId, accountId), eq(privateXml.xmlns, xmlns), eq(privateXml.name, name)))
  return row?.element
}

/** Stores an element in place of the one before it. */
export async function putPrivateXml(db: Db, accountId: string, xmlns: string, name: string, element: string) {
  await db
    .insert(privateXml)
    .values({ accountId, xmlns, name, element })
    .onConflictDoUpdate({ target: [privateXml.accountId, privateXml.xmlns, privateXml.name], set: { element } })
}

/** The `<vCard/>` of an account (XEP-0054), serialized, and the SHA-1 of its photo in hex, if it has one. */
export interface Vcard {
  readonly element: string
  readonly photoSha1: string | null
  /** By which version of the image filter it was let in; 0 for none. */
  readonly filterVersion: number
  /** When it was written. */
  readonly updatedAt: Date
}

export async function findVcard(db: Db, accountId: string): Promise<Vcard | undefined> {
  const [row] = await db
    .select({
      element: vcard.element,
      photoSha1: vcard.photoSha1,
      filterVersion: vcard.filterVersion,
      updatedAt: vcard.updatedAt,
    })
    .from(vcard)
    .where(eq(vcard.accountId, accountId))
  return row
}

export async function putVcard(db: Db, accountId: string, card: Omit<Vcard, 'updatedAt'>): Promise<void> {
  const value = { ...card, updatedAt: new Date() }
  await db
    .insert(vcard)
    .values({ accountId, ...value })
    .onConflictDoUpdate({ target: vcard.accountId, set: value })
}

/** Accounts whose vCard has a photo, in the order of their ids: the photo's SHA-1 in hex, and when it was written. */
export async function listPhotos(
  db: Db,
  after: string | undefined,
  limit: number,
): Promise<{ accountId: string; photoSha1: string; updatedAt: Date }[]> {
  const rows = await db
    .select({ accountId: vcard.accountId, photoSha1: vcard.photoSha1, updatedAt: vcard.updatedAt })
    .from(vcard)
    .where(and(isNotNull(vcard.photoSha1), after === undefined ? undefined : gt(vcard.accountId, after)))
    .orderBy(asc(vcard.accountId))
    .limit(limit)
  return rows.map(({ photoSha1, ...row }) => ({ ...row, photoSha1: photoSha1! }))
}

/** Stored elements of an account. */
export async function countPrivateXml(db: Db, accountId: string): Promise<number> {
  return db.$count(privateXml, eq(privateXml.accountId, accountId))
}
