import { and, asc, desc, eq, gt, inArray, lt, lte, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { type AccessModel, type NodeOptions, pepItem, pepNode } from './schema/index.ts'

/** What a node is told about itself (XEP-0060 §8.2). */
export interface NodeConfig extends NodeOptions {
  readonly accessModel: AccessModel
  readonly maxItems: number
}

export interface PepNode extends NodeConfig {
  readonly node: string
}

/** What a node is when nothing is said of it (XEP-0163 §3: seen by who sees presence; the last item only). */
export const DEFAULT_NODE_CONFIG: NodeConfig = {
  title: '',
  description: '',
  type: '',
  accessModel: 'presence',
  rosterGroups: [],
  publishModel: 'publishers',
  persistItems: true,
  maxItems: 1,
  itemExpireS: 'max',
  sendLast: 'on_sub_and_presence',
  deliverNotifications: true,
  deliverPayloads: true,
  notifyConfig: false,
  notifyDelete: true,
  notifyRetract: true,
}

export interface PepItem {
  readonly node: string
  readonly itemId: string
  /** The payload element, serialized. */
  readonly payload: string
  /** Bare JID of whoever published it, if that was not the owner of the account. */
  readonly publisher: string | null
  readonly publishedAt: Date
  /** By which version of the image filter it was let in; 0 for none. */
  readonly filterVersion: number
}

export type NewPepItem = Pick<PepItem, 'itemId' | 'payload'> & {
  readonly publisher?: string | null
  readonly filterVersion?: number
}

const ITEM = {
  node: pepItem.node,
  itemId: pepItem.itemId,
  payload: pepItem.payload,
  publisher: pepItem.publisher,
  publishedAt: pepItem.publishedAt,
  filterVersion: pepItem.filterVersion,
}
const NODE = {
  node: pepNode.node,
  accessModel: pepNode.accessModel,
  maxItems: pepNode.maxItems,
  options: pepNode.options,
}

const nodeIs = (accountId: string, node: string) => and(eq(pepNode.accountId, accountId), eq(pepNode.node, node))
const itemsOf = (accountId: string, node: string) => and(eq(pepItem.accountId, accountId), eq(pepItem.node, node))

type NodeRow = Omit<PepNode, keyof NodeOptions> & { readonly options: NodeOptions }

function nodeFrom({ options, ...row }: NodeRow): PepNode {
  return { ...options, ...row }
}

function rowFrom({ node, accessModel, maxItems, ...options }: PepNode): NodeRow {
  return { node, accessModel, maxItems, options }
}

// --- nodes ----------------------------------------------------------------------------------------------------------

export async function findPepNode(db: Db, accountId: string, node: string): Promise<PepNode | undefined> {
  const [row] = await db.select(NODE).from(pepNode).where(nodeIs(accountId, node))
  return row && nodeFrom(row)
}

export async function listPepNodes(db: Db, accountId: string): Promise<PepNode[]> {
  const rows = await db.select(NODE).from(pepNode).where(eq(pepNode.accountId, accountId)).orderBy(asc(pepNode.node))
  return rows.map(nodeFrom)
}

export async function countPepNodes(db: Db, accountId: string): Promise<number> {
  return db.$count(pepNode, eq(pepNode.accountId, accountId))
}

/** Makes a node, or leaves it as it is (auto-create, XEP-0163 §3). */
export async function createPepNode(db: Db, accountId: string, node: PepNode): Promise<'created' | 'exists'> {
  const made = await db
    .insert(pepNode)
    .values({ accountId, ...rowFrom(node) })
    .onConflictDoNothing()
    .returning({ node: pepNode.node })
  return made.length > 0 ? 'created' : 'exists'
}

/** Reconfigures a node; items beyond a smaller `maxItems` go, and all of them where none are kept any longer. */
export async function configurePepNode(db: Db, accountId: string, config: PepNode): Promise<'done' | 'absent'> {
  return db.transaction(async (tx) => {
    const { node, ...set } = rowFrom(config)
    const done = await tx.update(pepNode).set(set).where(nodeIs(accountId, node)).returning({ node: pepNode.node })
    if (done.length === 0) return 'absent'
    if (config.persistItems) await trim(tx, accountId, node, config.maxItems)
    else await purgePepNode(tx, accountId, node)
    return 'done'
  })
}

/** Deletes a node with its items, affiliations and subscriptions. */
export async function deletePepNode(db: Db, accountId: string, node: string): Promise<'deleted' | 'absent'> {
  const gone = await db.delete(pepNode).where(nodeIs(accountId, node)).returning({ node: pepNode.node })
  return gone.length > 0 ? 'deleted' : 'absent'
}

// --- items ----------------------------------------------------------------------------------------------------------

/**
 * Publishes an item and keeps the newest of the node. The node must exist; its row is locked, so publications to one
 * node are ordered. Publishing an id again replaces that item and makes it the newest.
 *
 * @returns the node as it was at that moment; `foreign`: an item of this id is somebody else's, and a `publisher` who is
 *   not the owner replaces only its own.
 */
export async function publishPepItem(
  db: Db,
  accountId: string,
  node: string,
  { itemId, payload, filterVersion = 0, publisher = null }: NewPepItem,
): Promise<PepNode | 'absent' | 'foreign'> {
  return db.transaction(async (tx) => {
    const [found] = await tx.select(NODE).from(pepNode).where(nodeIs(accountId, node)).for('update')
    if (!found) return 'absent'
    if (!found.options.persistItems) return nodeFrom(found)
    const isItem = and(itemsOf(accountId, node), eq(pepItem.itemId, itemId))
    const [before] = await tx.select({ publisher: pepItem.publisher }).from(pepItem).where(isItem)
    if (before && publisher !== null && before.publisher !== publisher) return 'foreign'
    await tx.delete(pepItem).where(isItem)
    await tx.insert(pepItem).values({ accountId, node, itemId, payload, publisher, filterVersion })
    await trim(tx, accountId, node, found.maxItems)
    return nodeFrom(found)
  })
}

/** Replaces the payload of an item by what a newer version of the image filter leaves of it. */
export async function putFilteredPepItem(
  db: Db,
  accountId: string,
  { node, itemId, payload, filterVersion }: Pick<PepItem, 'node' | 'itemId' | 'payload' | 'filterVersion'>,
): Promise<void> {
  await db
    .update(pepItem)
    .set({ payload, filterVersion })
    .where(and(itemsOf(accountId, node), eq(pepItem.itemId, itemId), lt(pepItem.filterVersion, filterVersion)))
}

/**
 * Puts another item in the place of one that is still there, with the time at which that was published; of two with the
 * same id, the other one stays.
 *
 * @returns the node as it is; `absent`: the item has gone, or is another one.
 */
export async function replacePepItem(
  db: Db,
  accountId: string,
  node: string,
  before: Pick<PepItem, 'itemId' | 'payload'>,
  after: Pick<PepItem, 'itemId' | 'payload'>,
): Promise<PepNode | 'absent'> {
  return db.transaction(async (tx) => {
    const [found] = await tx.select(NODE).from(pepNode).where(nodeIs(accountId, node)).for('update')
    const idIs = (itemId: string) => and(itemsOf(accountId, node), eq(pepItem.itemId, itemId))
    const isBefore = and(idIs(before.itemId), eq(pepItem.payload, before.payload))
    if (!found || (await tx.$count(pepItem, isBefore)) === 0) return 'absent'
    const isTaken = before.itemId !== after.itemId && (await tx.$count(pepItem, idIs(after.itemId))) > 0
    if (isTaken) await tx.delete(pepItem).where(isBefore)
    else await tx.update(pepItem).set(after).where(isBefore)
    return nodeFrom(found)
  })
}

async function trim(tx: Db, accountId: string, node: string, maxItems: number): Promise<void> {
  await tx.delete(pepItem).where(
    and(
      itemsOf(accountId, node),
      sql`${pepItem.revision} <= (select i.revision from pep_item i where i.account_id = ${accountId}
        and i.node = ${node} order by i.revision desc offset ${maxItems} limit 1)`,
    ),
  )
}

/** Which items of a node are meant. */
export interface PepItemFilter {
  readonly limit?: number | undefined
  readonly itemIds?: readonly string[] | undefined
  /** Only items published after this; what is older has expired. */
  readonly since?: Date | undefined
  /** As many of the newest as have payloads of so many bytes together. */
  readonly maxBytes?: number
}

/** Items of a node, newest first. */
export function listPepItems(
  db: Db,
  accountId: string,
  node: string,
  { limit = 1_000, itemIds, since, maxBytes = Number.MAX_SAFE_INTEGER }: PepItemFilter = {},
): Promise<PepItem[]> {
  const bytes = sql<number>`sum(octet_length(${pepItem.payload})) over (order by ${pepItem.revision} desc)`
  const sized = db
    .select({ ...ITEM, revision: pepItem.revision, bytes: bytes.as('bytes') })
    .from(pepItem)
    .where(
      and(
        itemsOf(accountId, node),
        itemIds && inArray(pepItem.itemId, [...itemIds]),
        since && gt(pepItem.publishedAt, since),
      ),
    )
    .orderBy(desc(pepItem.revision))
    .limit(limit)
    .as('sized')
  const { revision, bytes: upToHere, ...item } = sized._.selectedFields
  return db.select(item).from(sized).where(lte(upToHere, maxBytes)).orderBy(desc(revision))
}

/** Payloads of all items of an account together. */
export async function countPepBytes(db: Db, accountId: string): Promise<number> {
  const bytes = sql<string | null>`sum(octet_length(${pepItem.payload}))`
  const [row] = await db.select({ bytes }).from(pepItem).where(eq(pepItem.accountId, accountId))
  return Number(row?.bytes ?? 0)
}

/** The ids of a node's items, newest first, to find a page among them (XEP-0059). */
export async function listPepItemIds(db: Db, accountId: string, node: string, since?: Date): Promise<string[]> {
  const rows = await db
    .select({ itemId: pepItem.itemId })
    .from(pepItem)
    .where(and(itemsOf(accountId, node), since && gt(pepItem.publishedAt, since)))
    .orderBy(desc(pepItem.revision))
  return rows.map(({ itemId }) => itemId)
}

/** The newest item of each of these nodes. */
export function listLastPepItems(db: Db, accountId: string, nodes: readonly string[]): Promise<PepItem[]> {
  if (nodes.length === 0) return Promise.resolve([])
  return db
    .selectDistinctOn([pepItem.node], ITEM)
    .from(pepItem)
    .where(and(eq(pepItem.accountId, accountId), inArray(pepItem.node, [...nodes])))
    .orderBy(asc(pepItem.node), desc(pepItem.revision))
}

/**
 * The newest item of each of these nodes at each of these accounts, as far as the node tells those who come online
 * (XEP-0163 §4.3.4); with the node, which says who may have it.
 */
export async function listLastPublished(
  db: Db,
  accountIds: readonly string[],
  nodes: readonly string[],
): Promise<{ accountId: string; node: PepNode; item: PepItem }[]> {
  if (accountIds.length === 0 || nodes.length === 0) return []
  const rows = await db
    .selectDistinctOn([pepItem.accountId, pepItem.node], {
      accountId: pepItem.accountId,
      node: NODE,
      item: ITEM,
    })
    .from(pepItem)
    .innerJoin(pepNode, and(eq(pepNode.accountId, pepItem.accountId), eq(pepNode.node, pepItem.node)))
    .where(
      and(
        inArray(pepItem.accountId, [...accountIds]),
        inArray(pepItem.node, [...nodes]),
        sql`${pepNode.options}->>'sendLast' = 'on_sub_and_presence'`,
      ),
    )
    .orderBy(asc(pepItem.accountId), asc(pepItem.node), desc(pepItem.revision))
  return rows.map(({ accountId, node, item }) => ({ accountId, node: nodeFrom(node), item }))
}

/** Removes an item; with `publisher`, only one that this person published. */
export async function retractPepItem(
  db: Db,
  accountId: string,
  node: string,
  itemId: string,
  publisher?: string,
): Promise<'retracted' | 'absent' | 'foreign'> {
  const isItem = and(itemsOf(accountId, node), eq(pepItem.itemId, itemId))
  const gone = await db
    .delete(pepItem)
    .where(and(isItem, publisher === undefined ? undefined : eq(pepItem.publisher, publisher)))
    .returning({ itemId: pepItem.itemId })
  if (gone.length > 0) return 'retracted'
  return (await db.$count(pepItem, isItem)) > 0 ? 'foreign' : 'absent'
}

/** Removes all items of a node (XEP-0060 §8.5). */
export async function purgePepNode(db: Db, accountId: string, node: string): Promise<void> {
  await db.delete(pepItem).where(itemsOf(accountId, node))
}
