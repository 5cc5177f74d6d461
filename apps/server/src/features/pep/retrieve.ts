import { listPepItemIds, listPepItems } from '@drawbridge/db'
import type { PepItem, PepNode } from '@drawbridge/db'
import { FILTER_VERSION } from '@drawbridge/image-filter'
import {
  buildRsm,
  C2S_LIMITS,
  NS_PUBSUB,
  NS_RSM,
  pageOf,
  parseElement,
  parseRsm,
  StanzaFault,
  xml,
} from '@drawbridge/xmpp'
import type { Element, RsmResult } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context, IqRequest } from '../../routing/feature.ts'
import { filterItem } from '../../routing/filter-stored.ts'
import { nodeName, openToRead } from './access.ts'
import { LEGACY_BOOKMARKS, readLegacyBookmarks } from './bookmarks.ts'
import { isShown } from './names.ts'
import { currentIds } from './renamed.ts'
import { adoptVcard, NODE_VCARD4 } from './vcard4.ts'

/** Payloads in one answer; what comes after that has to be asked for. */
const MAX_ANSWER_BYTES = 1_048_576

/** XEP-0060 §6.5. */
export async function retrieve(pubsub: Element, items: Element, request: IqRequest, ctx: Context): Promise<Element> {
  const name = nodeName(items)
  if (name === NODE_VCARD4) await adoptVcard(ctx.accounts.findByBareJid(request.to.bareString), ctx)
  const { owner, node } = await openToRead(name, request, 'read', ctx)
  const { found: rows, page } = await select(owner, node, pubsub, items, ctx)
  const shown = rows.filter(({ itemId }) => isShown(itemId))
  const found = await Promise.all(shown.map((item) => filterItem(owner, item, ctx)))
  return xml('pubsub', { xmlns: NS_PUBSUB }, xml('items', { node: name }, found.map(buildItem)), page && buildRsm(page))
}

function buildItem({ itemId, payload, publisher }: Pick<PepItem, 'itemId' | 'payload' | 'publisher'>): Element {
  return xml('item', { id: itemId, publisher }, parseElement(payload, C2S_LIMITS))
}

interface Selection {
  readonly found: readonly Omit<PepItem, 'publishedAt'>[]
  /** Which part of the node's items these are, where they are not all of them (§6.5.4). */
  readonly page?: RsmResult
}

async function select(
  owner: Account,
  node: PepNode,
  pubsub: Element,
  items: Element,
  ctx: Context,
): Promise<Selection> {
  if (node.node === LEGACY_BOOKMARKS) {
    const payload = (await readLegacyBookmarks(owner, ctx)).toString()
    // Made of items that have been filtered.
    const filterVersion = FILTER_VERSION
    return { found: [{ node: node.node, itemId: 'current', payload, publisher: null, filterVersion }] }
  }
  const { maxPepItems } = ctx.limits
  const since = expiry(node, ctx)
  const list = (itemIds: readonly string[]) =>
    listPepItems(ctx.db, owner.id, node.node, { itemIds, since, maxBytes: MAX_ANSWER_BYTES, limit: maxPepItems })
  const named = items.getChildren('item').flatMap(({ attrs }) => attrs['id'] ?? [])
  if (named.length > 0) return { found: await listNamed(owner, node, named.slice(0, maxPepItems), list, ctx) }
  const limit = parseLimit(items.attrs['max_items'], maxPepItems)
  const isPaged = pubsub.getChild('set', NS_RSM) !== undefined
  const all = await listPepItemIds(ctx.db, owner.id, node.node, since)
  const { page, firstIndex } = pageOf(all, (id) => id, isPaged ? parseRsm(pubsub, limit) : { max: limit })
  const found = page.length === 0 ? [] : await list(page)
  if (!isPaged && found.length === page.length) return { found }
  const [first, last] = [found[0], found.at(-1)]
  const ends = first && last ? { first: first.itemId, firstIndex, last: last.itemId } : {}
  return { found, page: { ...ends, count: all.length } }
}

/** Items by their ids, or by those that they had. */
async function listNamed(
  owner: Account,
  { node }: PepNode,
  ids: readonly string[],
  list: (ids: readonly string[]) => Promise<readonly PepItem[]>,
  ctx: Context,
): Promise<readonly PepItem[]> {
  const found = await list(ids)
  const unknown = ids.filter((id) => !found.some(({ itemId }) => itemId === id))
  if (unknown.length === 0) return found
  const renamed = await currentIds(owner, node, unknown, ctx)
  const others = renamed.filter((id) => !found.some(({ itemId }) => itemId === id))
  return others.length === 0 ? found : [...found, ...(await list(others))]
}

/** Since when items of a node count; what is older has expired (§16.4.4, pubsub#item_expire). */
export function expiry({ itemExpireS }: PepNode, ctx: Context): Date | undefined {
  return itemExpireS === 'max' ? undefined : new Date(ctx.now().getTime() - itemExpireS * 1_000)
}

/** PE-06: a number, or nothing. */
function parseLimit(text: string | undefined, max: number): number {
  if (text === undefined) return max
  if (!/^\d{1,6}$/.test(text) || Number(text) < 1)
    throw new StanzaFault({ condition: 'bad-request', text: 'max_items' })
  return Math.min(Number(text), max)
}
