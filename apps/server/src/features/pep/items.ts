import { findPepNode, listPepItems, publishPepItem, retractPepItem } from '@drawbridge/db'
import type { PepNode } from '@drawbridge/db'
import { C2S_LIMITS, NS_PUBSUB, parseElement, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { randomUUID } from 'node:crypto'
import type { Account } from '../../routing/accounts.ts'
import type { Context, IqRequest } from '../../routing/feature.ts'
import { refuseContent } from './content.ts'
import { pubsubFault, unsupported } from './errors.ts'
import { MAX_ITEMS, newNode, parsePublishOptions, refuseMismatch } from './options.ts'
import { addNode, createNode, nodeName, refuseForeign } from './owner.ts'

const MAX_ITEM_ID_LENGTH = 1_023
/** Payloads in one answer, in characters; what comes after that has to be asked for by id. */
const MAX_ANSWER_LENGTH = 1_048_576

/** Reading (XEP-0060 §6.5). */
export async function getPubsub(pubsub: Element, request: IqRequest, ctx: Context): Promise<Element> {
  const items = pubsub.getChild('items')
  if (!items) throw unsupported(pubsub.getChildElements()[0]?.getName() ?? 'retrieve-items')
  const name = nodeName(items)
  const owner = ctx.accounts.findByBareJid(request.to.bareString)
  const node = owner && (await findPepNode(ctx.db, owner.id, name))
  await refuseReader(owner, node, request, ctx)
  if (!owner || !node) throw new StanzaFault({ condition: 'item-not-found' })
  const itemIds = items.getChildren('item').flatMap(({ attrs }) => attrs['id'] ?? [])
  const found = await listPepItems(ctx.db, owner.id, name, {
    limit: parseLimit(items.attrs['max_items']),
    ...(itemIds.length > 0 ? { itemIds: itemIds.slice(0, MAX_ITEMS) } : {}),
  })
  let length = 0
  const fitting = found.filter(({ payload }) => (length += payload.length) <= MAX_ANSWER_LENGTH)
  const elements = fitting.map(({ itemId, payload }) => xml('item', { id: itemId }, parseElement(payload, C2S_LIMITS)))
  return xml('pubsub', { xmlns: NS_PUBSUB }, xml('items', { node: name }, elements))
}

/**
 * PE-01, the access models of XEP-0060 §4.5 that are here. A stranger hears the same of every node that is not open, and
 * of an account that does not exist: whether somebody is here is nobody's business (threats SP-12).
 */
async function refuseReader(
  owner: Account | undefined,
  node: PepNode | undefined,
  { isOwn, session }: IqRequest,
  ctx: Context,
): Promise<void> {
  if (isOwn || node?.accessModel === 'open') return
  if (!owner || !(await ctx.rosters.isSubscriber(owner, session.account.bareJid))) {
    throw new StanzaFault({ condition: 'service-unavailable' })
  }
  if (node && node.accessModel !== 'presence') throw pubsubFault('not-allowed', 'closed-node')
}

function parseLimit(text: string | undefined): number {
  if (text === undefined) return MAX_ITEMS
  if (!/^\d{1,6}$/.test(text) || Number(text) < 1)
    throw new StanzaFault({ condition: 'bad-request', text: 'max_items' })
  return Math.min(Number(text), MAX_ITEMS)
}

/** Writing (XEP-0060 §7.1, §7.2, §8.1). */
export async function setPubsub(pubsub: Element, request: IqRequest, ctx: Context): Promise<Element | undefined> {
  const [publish, retract, create] = ['publish', 'retract', 'create'].map((name) => pubsub.getChild(name))
  if (publish) return publishItem(pubsub, publish, request, ctx)
  if (retract) return retractItem(retract, request, ctx)
  if (create) return createNode(pubsub, create, request, ctx)
  // Who gets what is a matter of capabilities and presence here (XEP-0163 §4), not of subscriptions to nodes.
  throw unsupported(pubsub.getChildElements()[0]?.getName() ?? 'publish')
}

async function publishItem(pubsub: Element, publish: Element, request: IqRequest, ctx: Context): Promise<Element> {
  refuseForeign(request)
  const owner = request.session.account
  const name = nodeName(publish)
  const { id, payload } = parseItem(publish)
  const text = payload.clone().toString()
  await refuseContent(name, payload, text, ctx)
  const options = parsePublishOptions(pubsub)
  let node = await findPepNode(ctx.db, owner.id, name)
  if (!node) {
    await addNode(owner, newNode(name, options), ctx)
    node = await findPepNode(ctx.db, owner.id, name)
  }
  if (!node) throw new StanzaFault({ condition: 'item-not-found' })
  if (options) refuseMismatch(node, options)
  const outcome = await publishPepItem(ctx.db, owner.id, name, { itemId: id, payload: text })
  if (outcome === 'no-such-node') throw new StanzaFault({ condition: 'item-not-found' })
  ctx.emit('pep.changed', {
    owner,
    change: { node: name, access: node.accessModel, item: { id, payload: payload.clone() } },
  })
  return xml('pubsub', { xmlns: NS_PUBSUB }, xml('publish', { node: name }, xml('item', { id })))
}

/** §7.1.3: exactly one item with exactly one payload; the id may be left to us. */
function parseItem(publish: Element): { id: string; payload: Element } {
  const [item, ...others] = publish.getChildren('item')
  if (!item) throw pubsubFault('bad-request', 'item-required')
  if (others.length > 0) throw pubsubFault('not-allowed', 'max-items-exceeded', 'One item at a time.')
  const [payload, ...more] = item.getChildElements()
  if (!payload) throw pubsubFault('bad-request', 'payload-required')
  if (more.length > 0) throw pubsubFault('bad-request', 'invalid-payload')
  const id = item.attrs['id'] || randomUUID()
  if (id.length > MAX_ITEM_ID_LENGTH)
    throw new StanzaFault({ condition: 'not-acceptable', text: 'This id is too long.' })
  return { id, payload }
}

async function retractItem(retract: Element, request: IqRequest, ctx: Context): Promise<undefined> {
  refuseForeign(request)
  const owner = request.session.account
  const name = nodeName(retract)
  const id = retract.getChild('item')?.attrs['id']
  if (id === undefined || id === '') throw pubsubFault('bad-request', 'item-required')
  const node = await findPepNode(ctx.db, owner.id, name)
  if (!node || (await retractPepItem(ctx.db, owner.id, name, id)) === 'absent') {
    throw new StanzaFault({ condition: 'item-not-found' })
  }
  const { notify } = retract.attrs
  const isSilent = notify !== 'true' && notify !== '1'
  ctx.emit('pep.changed', { owner, change: { node: name, access: node.accessModel, retracted: id, isSilent } })
  return undefined
}
