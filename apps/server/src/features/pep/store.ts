import { countPepBytes, countPepNodes, createPepNode, findPepNode, publishPepItem } from '@drawbridge/db'
import type { Db, NodeConfig } from '@drawbridge/db'
import { FILTER_VERSION } from '@drawbridge/image-filter'
import { StanzaFault } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context, PublishedItem } from '../../routing/feature.ts'
import { newNode, refuseMismatch } from './config.ts'
import { TELLING, whenShort } from './order.ts'

/** Makes a node, if there is room for one more. Another device may have made it meanwhile: then it is as that one said. */
export async function addNode(
  owner: Account,
  name: string,
  config: Partial<NodeConfig>,
  ctx: Context,
): Promise<'created' | 'exists'> {
  const { maxPepNodes, maxPepItems } = ctx.limits
  if ((await countPepNodes(ctx.db, owner.id)) >= maxPepNodes) {
    throw full('You have too many nodes.')
  }
  return createPepNode(ctx.db, owner.id, newNode(name, config, maxPepItems))
}

/** PE-05: there is an end to what one account may keep. */
function full(text: string): StanzaFault {
  return new StanzaFault({ type: 'cancel', condition: 'resource-constraint', text })
}

/**
 * Publishes an item, and makes the node if it is not there (XEP-0163 §3). Whoever is to hear of it does.
 *
 * @param options - what the node is to be, or must be already (XEP-0060 §7.1.5).
 * @param alongside - what else is written, in the same transaction.
 */
export async function publishItem(
  owner: Account,
  name: string,
  item: PublishedItem,
  options: Partial<NodeConfig> | undefined,
  ctx: Context,
  alongside?: (tx: Db) => Promise<void>,
): Promise<void> {
  // Whoever publishes faster than it can be told is slowed down; so is its stream, which waits for the answer.
  await whenShort(owner, TELLING, ctx)
  const there = await findPepNode(ctx.db, owner.id, name)
  if (!there) await addNode(owner, name, options ?? {}, ctx)
  const node = await ctx.db.transaction(async (tx) => {
    const { id: itemId, payload, publisher = null } = item
    const found = await publishPepItem(tx, owner.id, name, {
      itemId,
      payload: payload.toString(),
      publisher,
      filterVersion: FILTER_VERSION,
    })
    if (found === 'absent') throw new StanzaFault({ condition: 'item-not-found' })
    // Whoever may publish may still not put words into somebody else's mouth.
    if (found === 'foreign') throw new StanzaFault({ condition: 'forbidden' })
    // Nothing is stored where the node is not what the publisher takes it for, even if it was changed just now.
    if (options) refuseMismatch(found, options)
    if ((await countPepBytes(tx, owner.id)) > ctx.limits.maxPepBytes) throw full('You have published too much.')
    await alongside?.(tx)
    return found
  })
  ctx.emit('pep.changed', { owner, change: { node, what: 'published', item } })
}
