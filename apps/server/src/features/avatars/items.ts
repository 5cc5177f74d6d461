import { createPepNode, DEFAULT_NODE_CONFIG, publishPepItem } from '@drawbridge/db'
import { FILTER_VERSION } from '@drawbridge/image-filter'
import type { Element } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context } from '../../routing/feature.ts'

/** Publishes an item of the avatar as the account itself, and tells whoever is to hear of it. */
export async function putItem(
  owner: Account,
  name: string,
  itemId: string,
  payload: Element,
  ctx: Context,
): Promise<void> {
  await createPepNode(ctx.db, owner.id, { ...DEFAULT_NODE_CONFIG, node: name })
  const node = await publishPepItem(ctx.db, owner.id, name, {
    itemId,
    payload: payload.toString(),
    filterVersion: FILTER_VERSION,
  })
  if (typeof node === 'string') return
  ctx.emit('pep.changed', { owner, change: { node, what: 'published', item: { id: itemId, payload } } })
}
