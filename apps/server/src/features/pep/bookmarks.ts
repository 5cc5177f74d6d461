import { findPrivateXml, listPepItems, putPrivateXml, retractPepItem, findPepNode } from '@drawbridge/db'
import type { PepNode } from '@drawbridge/db'
import {
  buildLegacyBookmark,
  buildLegacyBookmarks,
  C2S_LIMITS,
  NS_BOOKMARKS,
  NS_BOOKMARKS_LEGACY,
  parseElement,
  parseLegacyBookmarks,
  StanzaFault,
  withExtensions,
} from '@drawbridge/xmpp'
import type { Bookmark, Element } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context } from '../../routing/feature.ts'
import { filterItem } from '../../routing/filter-stored.ts'
import { publishItem } from './store.ts'

// Bookmarks are kept once, as XEP-0402 has them: an item for each room. The two older ways, one element in private
// storage (XEP-0048 with XEP-0049) and the same element in a node of its own (XEP-0411), are views of that: read from
// the items, written as changes to them.

/** Where the bookmarks are, and the node under which older clients look for them. */
export const NODE_BOOKMARKS = NS_BOOKMARKS
export const LEGACY_BOOKMARKS = NS_BOOKMARKS_LEGACY

/** The node of the old bookmarks: it is there when that of the new ones is, and only the account itself reads it. */
export function asLegacyNode(node: PepNode): PepNode {
  return { ...node, node: LEGACY_BOOKMARKS, accessModel: 'whitelist', publishModel: 'publishers', maxItems: 1 }
}

async function listBookmarks(owner: Account, ctx: Context): Promise<Bookmark[]> {
  const items = await listPepItems(ctx.db, owner.id, NODE_BOOKMARKS, { limit: ctx.limits.maxPepItems })
  const filtered = await Promise.all(items.map((item) => filterItem(owner, item, ctx)))
  return filtered.map(({ itemId, payload }) => ({ jid: itemId, conference: parseElement(payload, C2S_LIMITS) }))
}

/** What older clients keep beside rooms, and rooms from before there was a node for them. */
async function readStored(owner: Account, ctx: Context): Promise<Element | undefined> {
  const text = await findPrivateXml(ctx.db, owner.id, LEGACY_BOOKMARKS, 'storage')
  return text === undefined ? undefined : parseElement(text, C2S_LIMITS)
}

const isRoom = (element: Element) => element.is('conference')

/** The bookmarks as older clients read them. */
export async function readLegacyBookmarks(owner: Account, ctx: Context): Promise<Element> {
  const stored = await readStored(owner, ctx)
  if (stored?.getChild('conference')) await importStored(owner, stored, ctx)
  return listLegacyBookmarks(owner, ctx, stored)
}

/** The same as it stands, for clients that hear of a change. */
export async function listLegacyBookmarks(owner: Account, ctx: Context, known?: Element): Promise<Element> {
  const stored = known ?? (await readStored(owner, ctx))
  const others = stored?.getChildElements().filter((element) => !isRoom(element)) ?? []
  return buildLegacyBookmarks(await listBookmarks(owner, ctx), others)
}

/** Rooms that were in private storage before it became a view join those in the node. */
async function importStored(owner: Account, stored: Element, ctx: Context): Promise<void> {
  const there = new Set((await listBookmarks(owner, ctx)).map(({ jid }) => jid))
  for (const { jid, conference } of parseLegacyBookmarks(stored)) {
    if (!there.has(jid)) await publishItem(owner, NODE_BOOKMARKS, { id: jid, payload: conference }, undefined, ctx)
  }
  await keepOthers(owner, stored, ctx)
}

async function keepOthers(owner: Account, storage: Element, ctx: Context): Promise<void> {
  const others = storage.getChildElements().filter((element) => !isRoom(element))
  const element = buildLegacyBookmarks([], others).toString()
  await putPrivateXml(ctx.db, owner.id, LEGACY_BOOKMARKS, 'storage', element)
}

/**
 * Writes the list of an older client as changes: what is new or different is published, what is missing is retracted, and
 * what is the same stays and nobody hears of it (XEP-0402 §5). What such a client does not know of a bookmark stays, too.
 */
export async function replaceBookmarks(owner: Account, storage: Element, ctx: Context): Promise<void> {
  const wanted = parseLegacyBookmarks(storage)
  if (wanted.length > ctx.limits.maxPepItems) {
    throw new StanzaFault({ type: 'cancel', condition: 'resource-constraint', text: 'You have too many bookmarks.' })
  }
  await keepOthers(owner, storage, ctx)
  const before = new Map((await listBookmarks(owner, ctx)).map((bookmark) => [bookmark.jid, bookmark]))
  for (const bookmark of wanted) {
    const known = before.get(bookmark.jid)
    before.delete(bookmark.jid)
    if (known && buildLegacyBookmark(known).toString() === buildLegacyBookmark(bookmark).toString()) continue
    const { jid, conference } = known ? withExtensions(bookmark, known.conference) : bookmark
    await publishItem(owner, NODE_BOOKMARKS, { id: jid, payload: conference }, undefined, ctx)
  }
  const node = before.size > 0 ? await findPepNode(ctx.db, owner.id, NODE_BOOKMARKS) : undefined
  for (const itemId of node ? before.keys() : []) {
    if (!node || (await retractPepItem(ctx.db, owner.id, NODE_BOOKMARKS, itemId)) !== 'retracted') continue
    ctx.emit('pep.changed', { owner, change: { node, what: 'retracted', itemId } })
  }
}
