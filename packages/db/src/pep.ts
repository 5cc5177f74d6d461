import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm'
import type { Db } from './database.ts'
import { type AccessModel, pepItem, pepNode } from './schema/index.ts'

export interface PepNode {
  readonly node: string
  readonly accessModel: AccessModel
  readonly maxItems: number
}

export interface PepItem {
  readonly node: string
  readonly itemId: string
  /** The payload element, serialized. */
  readonly payload: string
  readonly publishedAt: Date
}

const ITEM = {
  node: pepItem.node,
  itemId: pepItem.itemId,
  payload: pepItem.payload,
  publishedAt: pepItem.publishedAt,
}
const NODE = { node: pepNode.node, accessModel: pepNode.accessModel, maxItems: pepNode.maxItems }

const nodeIs = (accountId: string, node: string) => and(eq(pepNode.accountId, accountId), eq(pepNode.node, node))
const itemsOf = (accountId: string, node: string) => and(eq(pepItem.accountId, accountId), eq(pepItem.node, node))

export async function findPepNode(db: Db, accountId: string, node: string): Promise<PepNode | undefined> {
  const [row] = await db.select(NODE).from(pepNode).where(nodeIs(accountId, node))
  return row
}

export function listPepNodes(db: Db, accountId: string): Promise<PepNode[]> {
  return db.select(NODE).from(pepNode).where(eq(pepNode.accountId, accountId)).orderBy(asc(pepNode.node))
}

/** Makes a node, or leaves it as it is (auto-create, XEP-0163 §3). */
export async function createPepNode(db: Db, accountId: string, row: PepNode): Promise<'created' | 'exists'> {
  const made = await db
    .insert(pepNode)
    .values({ accountId, ...row })
    .onConflictDoNothing()
    .returning({ node: pepNode.node })
  return made.length > 0 ? 'created' : 'exists'
}

/** Reconfigures a node; items beyond a smaller `maxItems` go. */
export async function configurePepNode(db: Db, accountId: string, row: PepNode): Promise<'done' | 'absent'> {
  return db.transaction(async (tx) => {
    const { node, ...set } = row
    const done = await tx.update(pepNode).set(set).where(nodeIs(accountId, node)).returning({ node: pepNode.node })
    if (done.length === 0) return 'absent'
    await trim(tx, accountId, node, row.maxItems)
    return 'done'
  })
}

/**
 * Publishes an item and keeps the newest of the node. The node must exist; its row is locked, so publications to one
 * node are ordered. Publishing an id again replaces that item and makes it the newest.
 */
export async function publishPepItem(
  db: Db,
  accountId: string,
  node: string,
  item: { readonly itemId: string; readonly payload: string },
): Promise<'published' | 'no-such-node'> {
  return db.transaction(async (tx) => {
    const [found] = await tx.select(NODE).from(pepNode).where(nodeIs(accountId, node)).for('update')
    if (!found) return 'no-such-node'
    await tx.delete(pepItem).where(and(itemsOf(accountId, node), eq(pepItem.itemId, item.itemId)))
    await tx.insert(pepItem).values({ accountId, node, ...item })
    await trim(tx, accountId, node, found.maxItems)
    return 'published'
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

/** Items of a node, newest first; only those with `itemIds`, if given. */
export function listPepItems(
  db: Db,
  accountId: string,
  node: string,
  { limit = 1_000, itemIds }: { readonly limit?: number; readonly itemIds?: readonly string[] } = {},
): Promise<PepItem[]> {
  return db
    .select(ITEM)
    .from(pepItem)
    .where(and(itemsOf(accountId, node), itemIds && inArray(pepItem.itemId, [...itemIds])))
    .orderBy(desc(pepItem.revision))
    .limit(limit)
}

/** The newest item of each of these nodes: what a contact gets who asks for `+notify` (XEP-0163 §4.3.4). */
export function listLastPepItems(db: Db, accountId: string, nodes: readonly string[]): Promise<PepItem[]> {
  if (nodes.length === 0) return Promise.resolve([])
  return db
    .selectDistinctOn([pepItem.node], ITEM)
    .from(pepItem)
    .where(and(eq(pepItem.accountId, accountId), inArray(pepItem.node, [...nodes])))
    .orderBy(asc(pepItem.node), desc(pepItem.revision))
}

/** The newest item of each of these nodes at each of these accounts, with who may read it, as far as a node keeps one item only. */
export function listLastPublished(
  db: Db,
  accountIds: readonly string[],
  nodes: readonly string[],
): Promise<(PepItem & { accountId: string; accessModel: AccessModel })[]> {
  if (accountIds.length === 0 || nodes.length === 0) return Promise.resolve([])
  return db
    .select({ accountId: pepItem.accountId, accessModel: pepNode.accessModel, ...ITEM })
    .from(pepItem)
    .innerJoin(pepNode, and(eq(pepNode.accountId, pepItem.accountId), eq(pepNode.node, pepItem.node)))
    .where(and(inArray(pepItem.accountId, [...accountIds]), inArray(pepItem.node, [...nodes]), eq(pepNode.maxItems, 1)))
    .orderBy(asc(pepItem.revision))
}

export async function retractPepItem(
  db: Db,
  accountId: string,
  node: string,
  itemId: string,
): Promise<'retracted' | 'absent'> {
  const gone = await db
    .delete(pepItem)
    .where(and(itemsOf(accountId, node), eq(pepItem.itemId, itemId)))
    .returning({ itemId: pepItem.itemId })
  return gone.length > 0 ? 'retracted' : 'absent'
}

/** Deletes a node with its items. */
export async function deletePepNode(db: Db, accountId: string, node: string): Promise<'deleted' | 'absent'> {
  const gone = await db.delete(pepNode).where(nodeIs(accountId, node)).returning({ node: pepNode.node })
  return gone.length > 0 ? 'deleted' : 'absent'
}
