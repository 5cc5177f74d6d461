import { and, asc, eq, gt, inArray, ne, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { account, presenceRequest, rosterItem, type Subscription } from './schema/index.ts'

export type RosterItem = typeof rosterItem.$inferSelect

/** What a roster item says beside its jid and version. */
export interface RosterState {
  readonly name: string | null
  readonly groups: readonly string[]
  readonly subscription: Subscription
  /** A subscription request of ours is unanswered: `ask='subscribe'` (RFC 6121 §2.1.2.2). */
  readonly isAsk: boolean
  /** Pre-approved (RFC 6121 §3.4). */
  readonly isApproved: boolean
}

/** The whole roster without removed items, and its version. */
export async function getRoster(db: Db, accountId: string): Promise<{ version: number; items: RosterItem[] }> {
  // Version first: items that change in between come again with a later push, and are never missed.
  const version = await getRosterVersion(db, accountId)
  const items = await db
    .select()
    .from(rosterItem)
    .where(and(eq(rosterItem.accountId, accountId), ne(rosterItem.subscription, 'remove')))
    .orderBy(asc(rosterItem.jid))
  return { version, items }
}

/** Items changed after `version`, oldest change first, removed ones with subscription `remove` (RFC 6121 §2.6.3). */
export function listRosterChanges(db: Db, accountId: string, version: number): Promise<RosterItem[]> {
  return db
    .select()
    .from(rosterItem)
    .where(and(eq(rosterItem.accountId, accountId), gt(rosterItem.version, version)))
    .orderBy(asc(rosterItem.version))
}

/** The roster's version. 0: never changed. */
export async function getRosterVersion(db: Db, accountId: string): Promise<number> {
  const [row] = await db.select({ v: account.rosterVersion }).from(account).where(eq(account.id, accountId))
  return row?.v ?? 0
}

/** An item, unless it is absent or removed. */
export async function findRosterItem(db: Db, accountId: string, jid: string): Promise<RosterItem | undefined> {
  const [row] = await db
    .select()
    .from(rosterItem)
    .where(and(eq(rosterItem.accountId, accountId), eq(rosterItem.jid, jid), ne(rosterItem.subscription, 'remove')))
  return row
}

/**
 * Changes one item under the lock of its roster: changes of one roster happen one after the other, and their versions
 * follow their order.
 *
 * @param change - gets the item as it is (undefined: absent) and returns it as it shall be; subscription `remove`
 *   removes it; undefined leaves everything as it is. May run again if the transaction is tried again.
 * @returns the item with its new version, or undefined when nothing changed.
 */
export async function changeRosterItem(
  db: Db,
  accountId: string,
  jid: string,
  change: (item: RosterItem | undefined) => RosterState | undefined,
): Promise<RosterItem | undefined> {
  return db.transaction(async (tx) => {
    await lockRoster(tx, accountId)
    const state = change(await findRosterItem(tx, accountId, jid))
    return state && putRosterItem(tx, accountId, jid, state)
  })
}

/** Takes the lock of a roster until the transaction ends. Two rosters: lock both here, in any order. */
export async function lockRoster(db: Db, ...accountIds: string[]): Promise<void> {
  await db
    .select({ id: account.id })
    .from(account)
    .where(inArray(account.id, accountIds))
    .orderBy(asc(account.id))
    .for('no key update')
}

/** Writes an item with the next version. The caller holds the roster's lock. */
export async function putRosterItem(
  db: Db,
  accountId: string,
  jid: string,
  state: RosterState,
): Promise<RosterItem | undefined> {
  const [raised] = await db
    .update(account)
    .set({ rosterVersion: sql`${account.rosterVersion} + 1` })
    .where(eq(account.id, accountId))
    .returning({ version: account.rosterVersion })
  if (!raised) return undefined // the account is gone
  const { subscription } = state
  // Nothing of a removed item is kept but the fact.
  const kept = subscription === 'remove' ? REMOVED : { ...state, groups: [...state.groups] }
  const row = { ...kept, subscription, version: raised.version }
  const [item] = await db
    .insert(rosterItem)
    .values({ accountId, jid, ...row })
    .onConflictDoUpdate({ target: [rosterItem.accountId, rosterItem.jid], set: row })
    .returning()
  return item
}

const REMOVED = { name: null, groups: [], isAsk: false, isApproved: false }

/** Accounts whose roster holds `jid`, with the item: who must hear when it changes or goes. */
export function listRostersWith(db: Db, jid: string): Promise<RosterItem[]> {
  return db
    .select()
    .from(rosterItem)
    .where(and(eq(rosterItem.jid, jid), ne(rosterItem.subscription, 'remove')))
}

export async function countRosterItems(db: Db, accountId: string): Promise<number> {
  return db.$count(rosterItem, and(eq(rosterItem.accountId, accountId), ne(rosterItem.subscription, 'remove')))
}

/** A request for a contact's presence, serialized, and the version of the image filter that let it in; 0 for none. */
export type PresenceRequest = Pick<typeof presenceRequest.$inferSelect, 'stanza' | 'filterVersion'>

/** Keeps an inbound subscription request until it is answered; a newer one from the same contact replaces it. */
export async function putPresenceRequest(
  db: Db,
  accountId: string,
  jid: string,
  request: PresenceRequest,
): Promise<void> {
  const value = { ...request, receivedAt: new Date() }
  await db
    .insert(presenceRequest)
    .values({ accountId, jid, ...value })
    .onConflictDoUpdate({ target: [presenceRequest.accountId, presenceRequest.jid], set: value })
}

/** Requests that wait, oldest first: delivered with each initial presence (RFC 6121 §3.1.3). */
export function listPresenceRequests(db: Db, accountId: string): Promise<(PresenceRequest & { jid: string })[]> {
  const { jid, stanza, filterVersion } = presenceRequest
  return db
    .select({ jid, stanza, filterVersion })
    .from(presenceRequest)
    .where(eq(presenceRequest.accountId, accountId))
    .orderBy(asc(presenceRequest.receivedAt))
}

/** The request of this contact, serialized, if one waits. */
export async function findPresenceRequest(db: Db, accountId: string, jid: string): Promise<string | undefined> {
  const [row] = await db
    .select({ stanza: presenceRequest.stanza })
    .from(presenceRequest)
    .where(and(eq(presenceRequest.accountId, accountId), eq(presenceRequest.jid, jid)))
  return row?.stanza
}

/** Notes what the image filter in force has left of a request that waits. */
export async function putFilteredRequest(
  db: Db,
  accountId: string,
  jid: string,
  request: PresenceRequest,
): Promise<void> {
  await db
    .update(presenceRequest)
    .set(request)
    .where(and(eq(presenceRequest.accountId, accountId), eq(presenceRequest.jid, jid)))
}

/** Requests that nobody has answered: of one account, or of all. */
export async function countPresenceRequests(db: Db, accountId?: string): Promise<number> {
  return db.$count(presenceRequest, accountId === undefined ? undefined : eq(presenceRequest.accountId, accountId))
}

/** Accounts in which a request of this contact waits. */
export async function listPresenceRequestsFrom(db: Db, jid: string): Promise<string[]> {
  const rows = await db
    .select({ accountId: presenceRequest.accountId })
    .from(presenceRequest)
    .where(eq(presenceRequest.jid, jid))
  return rows.map(({ accountId }) => accountId)
}

/** Forgets an answered request. */
export async function deletePresenceRequest(db: Db, accountId: string, jid: string): Promise<'deleted' | 'absent'> {
  const gone = await db
    .delete(presenceRequest)
    .where(and(eq(presenceRequest.accountId, accountId), eq(presenceRequest.jid, jid)))
    .returning({ jid: presenceRequest.jid })
  return gone.length > 0 ? 'deleted' : 'absent'
}
