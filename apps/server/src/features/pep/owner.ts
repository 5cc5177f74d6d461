import { configurePepNode, createPepNode, deletePepNode, findPepNode, listPepNodes } from '@drawbridge/db'
import type { PepNode } from '@drawbridge/db'
import { NS_PUBSUB, NS_PUBSUB_OWNER, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context, IqRequest } from '../../routing/feature.ts'
import { pubsubFault, unsupported } from './errors.ts'
import { buildNodeConfig, newNode, parseNodeConfig } from './options.ts'

const MAX_NODES = 200
const MAX_NODE_NAME_LENGTH = 1_023

/** Throws unless the account is the sender's: nobody else writes (XEP-0163 §3), whether the account exists or not. */
export function refuseForeign({ isOwn }: IqRequest): void {
  if (!isOwn) throw new StanzaFault({ condition: 'forbidden' })
}

/** The name of the node, which a client must not leave to the server (PE-05). */
export function nodeName({ attrs: { node } }: Element): string {
  if (node === undefined || node === '') throw pubsubFault('bad-request', 'nodeid-required')
  if (node.length > MAX_NODE_NAME_LENGTH)
    throw new StanzaFault({ condition: 'not-acceptable', text: 'This name is too long.' })
  return node
}

/** Makes a node, if there is room for one more. Another device may have made it meanwhile: then it is as that one said. */
export async function addNode(owner: Account, node: PepNode, ctx: Context): Promise<'created' | 'exists'> {
  if ((await listPepNodes(ctx.db, owner.id)).length >= MAX_NODES) {
    throw new StanzaFault({ type: 'cancel', condition: 'resource-constraint', text: 'You have too many nodes.' })
  }
  return createPepNode(ctx.db, owner.id, node)
}

/** XEP-0060 §8.1. */
export async function createNode(pubsub: Element, create: Element, request: IqRequest, ctx: Context): Promise<Element> {
  refuseForeign(request)
  const node = nodeName(create)
  const configure = pubsub.getChild('configure')
  const outcome = await addNode(request.session.account, newNode(node, configure && parseNodeConfig(configure)), ctx)
  if (outcome === 'exists') throw new StanzaFault({ condition: 'conflict' })
  return xml('pubsub', { xmlns: NS_PUBSUB }, xml('create', { node }))
}

/** What owners ask of their nodes (XEP-0060 §8.2). */
export async function getOwner(pubsub: Element, request: IqRequest, ctx: Context): Promise<Element> {
  refuseForeign(request)
  const configure = pubsub.getChild('configure')
  if (!configure) throw unsupported(featureOf(pubsub))
  const node = await getNode(request.session.account, nodeName(configure), ctx)
  return xml('pubsub', { xmlns: NS_PUBSUB_OWNER }, xml('configure', { node: node.node }, buildNodeConfig(node)))
}

/** What owners do to their nodes (XEP-0060 §8.2, §8.4). */
export async function setOwner(pubsub: Element, request: IqRequest, ctx: Context): Promise<undefined> {
  refuseForeign(request)
  const owner = request.session.account
  const configure = pubsub.getChild('configure')
  const remove = pubsub.getChild('delete')
  if (configure) {
    const node = await getNode(owner, nodeName(configure), ctx)
    await configurePepNode(ctx.db, owner.id, { ...node, ...parseNodeConfig(configure) })
    return undefined
  }
  if (!remove) throw unsupported(featureOf(pubsub))
  const { node, accessModel: access } = await getNode(owner, nodeName(remove), ctx)
  await deletePepNode(ctx.db, owner.id, node)
  ctx.emit('pep.changed', { owner, change: { node, access } })
  return undefined
}

async function getNode(owner: Account, name: string, ctx: Context): Promise<PepNode> {
  const node = await findPepNode(ctx.db, owner.id, name)
  if (!node) throw new StanzaFault({ condition: 'item-not-found' })
  return node
}

/** The feature of XEP-0060 §10 that a request is about, as far as it needs a name in an error. */
function featureOf(pubsub: Element): string {
  const name = pubsub.getChildElements()[0]?.getName()
  switch (name) {
    case 'purge':
      return 'purge-nodes'
    case 'affiliations':
      return 'modify-affiliations'
    case 'subscriptions':
      return 'manage-subscriptions'
    case 'default':
      return 'retrieve-default'
    default:
      return name ?? 'config-node'
  }
}
