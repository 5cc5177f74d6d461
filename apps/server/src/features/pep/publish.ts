import { putStickerPack, retractPepItem } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { imageRefused, NS_STICKERS, packId } from '@drawbridge/image-filter'
import {
  findJid,
  NS_AVATAR_DATA,
  NS_AVATAR_METADATA,
  NS_BOOKMARKS,
  NS_BOOKMARKS_LEGACY,
  NS_MDS,
  NS_PUBSUB,
  NS_VCARD4,
  StanzaFault,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { randomUUID } from 'node:crypto'
import type { Account } from '../../routing/accounts.ts'
import type { Context, IqRequest, PublishedItem } from '../../routing/feature.ts'
import { idOfPublisher, renameItem } from '../../routing/given-id.ts'
import { may, nodeName, openToChange } from './access.ts'
import { LEGACY_BOOKMARKS, NODE_BOOKMARKS, replaceBookmarks } from './bookmarks.ts'
import { parsePublishOptions } from './config.ts'
import { cleanItem } from './content.ts'
import { pubsubFault, unsupported } from './errors.ts'
import { TELLING, whenShort } from './order.ts'
import { publishItem } from './store.ts'
import { followVcard4, NODE_VCARD4 } from './vcard4.ts'

const MAX_ITEM_ID_LENGTH = 1_023

/** Nodes that say who the account is, or what its clients know: nobody publishes there in its place. */
const OWN_ONLY: ReadonlySet<string> = new Set([
  NS_AVATAR_DATA,
  NS_AVATAR_METADATA,
  NS_MDS,
  NODE_BOOKMARKS,
  LEGACY_BOOKMARKS,
  NODE_VCARD4,
])

/** What these nodes hold, as others than their readers rely on it: their other views are made from it. */
const PAYLOADS: ReadonlyMap<string, readonly [name: string, xmlns: string]> = new Map([
  [NODE_BOOKMARKS, ['conference', NS_BOOKMARKS]],
  [LEGACY_BOOKMARKS, ['storage', NS_BOOKMARKS_LEGACY]],
  [NODE_VCARD4, ['vcard', NS_VCARD4]],
])

/** XEP-0060 §7.1. */
export async function publish(
  pubsub: Element,
  publishing: Element,
  request: IqRequest,
  ctx: Context,
): Promise<Element> {
  const { isOwn, session } = request
  const name = nodeName(publishing)
  if (!isOwn && OWN_ONLY.has(name)) throw new StanzaFault({ condition: 'forbidden' })
  const owner = isOwn ? session.account : (await openToChange(name, request, 'publish', ctx)).owner
  const given = parseItem(publishing, isOwn ? undefined : session.account.bareJid)
  const expected = PAYLOADS.get(name)
  if (expected && !given.payload.is(...expected)) throw pubsubFault('bad-request', 'invalid-payload')
  // XEP-0402 §3: an item is named by the JID of its room, and the older views show it as that.
  if (name === NODE_BOOKMARKS && !isRoomAddress(given.id)) {
    throw new StanzaFault({ condition: 'bad-request', text: 'A bookmark has the address of its room as id.' })
  }
  const by = { publisher: session.account.bareJid, client: session.client }
  await cleanItem(owner, { node: name, ...by }, given.payload, ctx)
  const item = name === NS_STICKERS ? renamePack(given, publishing.getChild('item')) : given
  const options = parsePublishOptions(pubsub, ctx.limits.maxPepItems)
  if (name === LEGACY_BOOKMARKS) await replaceBookmarks(owner, item.payload, ctx)
  else if (name === NODE_VCARD4) await publishItem(owner, name, item, options, ctx, followVcard4(owner, item.payload))
  else if (name === NS_STICKERS) await publishItem(owner, name, item, options, ctx, rememberPack(owner, given, item))
  else await publishItem(owner, name, item, options, ctx)
  const id = idOfPublisher(publishing.getChild('item')) || item.id
  return xml('pubsub', { xmlns: NS_PUBSUB }, xml('publish', { node: name }, xml('item', { id })))
}

function isRoomAddress(id: string): boolean {
  const jid = findJid(id)
  return jid?.localpart !== undefined && !jid.isFull
}

/** XEP-0449 §4.1.2: a pack is named after the hash of what is in it, which is now what we made of it. */
function renamePack(item: PublishedItem, published: Element | undefined): PublishedItem {
  const id = packId(item.payload)
  if (id === undefined || item.payload.getChildren('item').length === 0) throw imageRefused('unsupported')
  if (published) renameItem(published, id)
  return { ...item, id }
}

/** Its publisher goes on calling it by the name that followed from the images as they were. */
function rememberPack(owner: Account, { id: rawId }: PublishedItem, { id }: PublishedItem) {
  return (tx: Db) => putStickerPack(tx, owner.id, rawId, id)
}

/** §7.1.3: exactly one item with exactly one payload; the id may be left to us. */
function parseItem(publishing: Element, publisher: string | undefined): PublishedItem {
  const [item, ...others] = publishing.getChildren('item')
  if (!item) throw pubsubFault('bad-request', 'item-required')
  if (others.length > 0) throw pubsubFault('not-allowed', 'max-items-exceeded', 'One item at a time.')
  const [payload, ...more] = item.getChildElements()
  if (!payload) throw pubsubFault('bad-request', 'payload-required')
  if (more.length > 0) throw pubsubFault('bad-request', 'invalid-payload')
  const id = item.attrs['id'] || randomUUID()
  if (id.length > MAX_ITEM_ID_LENGTH)
    throw new StanzaFault({ condition: 'not-acceptable', text: 'This id is too long.' })
  return { id, payload: payload.clone(), publisher }
}

/** XEP-0060 §7.2: the owner takes back anything, a publisher what it published. */
export async function retract(
  _pubsub: Element,
  retracting: Element,
  request: IqRequest,
  ctx: Context,
): Promise<undefined> {
  const name = nodeName(retracting)
  const access = await openToChange(name, request, 'retract', ctx)
  const { owner, node } = access
  const itemIds = retracting.getChildren('item').map(({ attrs }) => attrs['id'] ?? '')
  if (itemIds.length === 0 || itemIds.includes('')) throw pubsubFault('bad-request', 'item-required')
  if (!node.persistItems) throw unsupported('persistent-items')
  if (name === LEGACY_BOOKMARKS) throw new StanzaFault({ condition: 'not-allowed' })
  const by = may(access, 'own') ? undefined : request.session.account.bareJid
  const { notify } = retracting.attrs
  // §7.2.2.1: the request decides, and where it says nothing, the node.
  const isSilent = notify === undefined ? !node.notifyRetract : notify !== 'true' && notify !== '1'
  for (const itemId of itemIds) {
    await whenShort(owner, TELLING, ctx)
    const outcome = await retractPepItem(ctx.db, owner.id, name, itemId, by)
    if (outcome === 'absent') throw new StanzaFault({ condition: 'item-not-found' })
    if (outcome === 'foreign') throw new StanzaFault({ condition: 'forbidden' })
    ctx.emit('pep.changed', { owner, change: { node, what: 'retracted', itemId, isSilent } })
  }
  return undefined
}
