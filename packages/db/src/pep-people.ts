import { and, asc, eq, inArray, or, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { type Affiliation, pepAffiliation, pepSubscription, type SubscriptionState } from './schema/index.ts'

/** What the owner of a node says of somebody (XEP-0060 §4.1). */
export interface PepAffiliation {
  readonly node: string
  /** Bare JID. */
  readonly jid: string
  readonly affiliation: Affiliation
}

/** A subscription that somebody asked for (XEP-0060 §6.1). */
export interface PepSubscription {
  readonly node: string
  /** Bare or full JID that gets the notifications. */
  readonly jid: string
  readonly subid: string
  readonly state: SubscriptionState
  readonly isDelivered: boolean
}

const AFFILIATION = { node: pepAffiliation.node, jid: pepAffiliation.jid, affiliation: pepAffiliation.affiliation }
const SUBSCRIPTION = {
  node: pepSubscription.node,
  jid: pepSubscription.jid,
  subid: pepSubscription.subid,
  state: pepSubscription.state,
  isDelivered: pepSubscription.isDelivered,
}

// --- affiliations ---------------------------------------------------------------------------------------------------

/** Affiliations with the nodes of an account: with one node, of one person, or both. */
export function listPepAffiliations(
  db: Db,
  accountId: string,
  { node, jid }: { readonly node?: string | undefined; readonly jid?: string | undefined },
): Promise<PepAffiliation[]> {
  const { accountId: of, node: at, jid: who } = pepAffiliation
  return db
    .select(AFFILIATION)
    .from(pepAffiliation)
    .where(
      and(
        eq(of, accountId),
        node === undefined ? undefined : eq(at, node),
        jid === undefined ? undefined : eq(who, jid),
      ),
    )
    .orderBy(asc(at), asc(who))
}

/** What the owners of these accounts say of one person. */
export function listPepAffiliationsOf(
  db: Db,
  accountIds: readonly string[],
  jid: string,
): Promise<(PepAffiliation & { accountId: string })[]> {
  if (accountIds.length === 0) return Promise.resolve([])
  return db
    .select({ accountId: pepAffiliation.accountId, ...AFFILIATION })
    .from(pepAffiliation)
    .where(and(inArray(pepAffiliation.accountId, [...accountIds]), eq(pepAffiliation.jid, jid)))
}

/** Sets an affiliation; `none` forgets it. The node must exist. */
export async function putPepAffiliation(
  db: Db,
  accountId: string,
  { node, jid, affiliation }: Omit<PepAffiliation, 'affiliation'> & { readonly affiliation: Affiliation | 'none' },
): Promise<void> {
  const { accountId: of, node: at, jid: who } = pepAffiliation
  if (affiliation === 'none') {
    await db.delete(pepAffiliation).where(and(eq(of, accountId), eq(at, node), eq(who, jid)))
    return
  }
  await db
    .insert(pepAffiliation)
    .values({ accountId, node, jid, affiliation })
    .onConflictDoUpdate({ target: [of, at, who], set: { affiliation } })
}

export async function countPepAffiliations(db: Db, accountId: string, node: string): Promise<number> {
  return db.$count(pepAffiliation, and(eq(pepAffiliation.accountId, accountId), eq(pepAffiliation.node, node)))
}

// --- subscriptions --------------------------------------------------------------------------------------------------

/** Which subscriptions are meant. */
export interface PepSubscriptionFilter {
  readonly node?: string | undefined
  readonly state?: SubscriptionState | undefined
  /** Whose: by this address, or by one of its resources. */
  readonly bareJid?: string | undefined
}

/** Subscriptions to the nodes of an account, oldest first. */
export function listPepSubscriptions(
  db: Db,
  accountId: string,
  { node, state, bareJid }: PepSubscriptionFilter,
): Promise<PepSubscription[]> {
  const { accountId: of, node: at, state: is, jid } = pepSubscription
  return db
    .select(SUBSCRIPTION)
    .from(pepSubscription)
    .where(
      and(
        eq(of, accountId),
        node === undefined ? undefined : eq(at, node),
        state === undefined ? undefined : eq(is, state),
        bareJid === undefined ? undefined : or(eq(jid, bareJid), sql`starts_with(${jid}, ${`${bareJid}/`})`),
      ),
    )
    .orderBy(asc(pepSubscription.createdAt), asc(pepSubscription.jid))
}

export async function countPepSubscriptions(db: Db, accountId: string, node: string): Promise<number> {
  return db.$count(pepSubscription, and(eq(pepSubscription.accountId, accountId), eq(pepSubscription.node, node)))
}

/** Subscribes, or changes the subscription that this address has already; its SubID stays. The node must exist. */
export async function putPepSubscription(
  db: Db,
  accountId: string,
  { subid, node, jid, state, isDelivered }: PepSubscription,
): Promise<PepSubscription> {
  const [row] = await db
    .insert(pepSubscription)
    .values({ accountId, node, jid, subid, state, isDelivered })
    .onConflictDoUpdate({
      target: [pepSubscription.accountId, pepSubscription.node, pepSubscription.jid],
      set: { state, isDelivered },
    })
    .returning(SUBSCRIPTION)
  if (!row) throw new Error('an upsert returned no row')
  return row
}

export async function deletePepSubscription(
  db: Db,
  accountId: string,
  node: string,
  jid: string,
): Promise<'deleted' | 'absent'> {
  const { accountId: of, node: at, jid: who } = pepSubscription
  const gone = await db
    .delete(pepSubscription)
    .where(and(eq(of, accountId), eq(at, node), eq(who, jid)))
    .returning({ jid: who })
  return gone.length > 0 ? 'deleted' : 'absent'
}

/** Forgets somebody everywhere: whoever has this address tomorrow is another person. */
export async function deletePepTraces(db: Db, bareJid: string): Promise<void> {
  const { jid } = pepSubscription
  await db.delete(pepSubscription).where(or(eq(jid, bareJid), sql`starts_with(${jid}, ${`${bareJid}/`})`))
  await db.delete(pepAffiliation).where(eq(pepAffiliation.jid, bareJid))
}
