import { configurePepNode, deletePepNode, purgePepNode } from '@drawbridge/db'
import { findJid, NS_PUBSUB, NS_PUBSUB_OWNER, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context, IqRequest } from '../../routing/feature.ts'
import { nodeName, openToChange } from './access.ts'
import { LEGACY_BOOKMARKS } from './bookmarks.ts'
import { buildNodeConfig, parseNodeConfig } from './config.ts'
import { pubsubFault, unsupported } from './errors.ts'
import { audienceOf } from './notify.ts'
import { addNode } from './store.ts'

const MAX_URI_LENGTH = 4_096

/** XEP-0060 §8.1. Nobody makes nodes in the name of somebody else. */
export async function create(
  pubsub: Element,
  asked: Element,
  { isOwn, session }: IqRequest,
  ctx: Context,
): Promise<Element> {
  if (!isOwn) throw new StanzaFault({ condition: 'forbidden' })
  if (!asked.attrs['node']) throw pubsubFault('not-acceptable', 'nodeid-required')
  const node = nodeName(asked)
  if (node === LEGACY_BOOKMARKS) throw new StanzaFault({ condition: 'conflict' })
  const configure = pubsub.getChild('configure')
  const config = configure && parseNodeConfig(configure, ctx.limits.maxPepItems)
  const outcome = await addNode(session.account, node, config ?? {}, ctx)
  if (outcome === 'exists') throw new StanzaFault({ condition: 'conflict' })
  return xml('pubsub', { xmlns: NS_PUBSUB }, xml('create', { node }))
}

/** What a node is if nothing is said of it (XEP-0060 §8.3). */
export function getDefaultConfig(_pubsub: Element, _asked: Element, { isOwn }: IqRequest): Element {
  if (!isOwn) throw new StanzaFault({ condition: 'forbidden' })
  return xml('pubsub', { xmlns: NS_PUBSUB_OWNER }, xml('default', {}, buildNodeConfig()))
}

/** XEP-0060 §8.2. */
export async function getConfig(_pubsub: Element, asked: Element, request: IqRequest, ctx: Context): Promise<Element> {
  const { node } = await openToChange(nodeName(asked), request, 'own', ctx)
  return xml('pubsub', { xmlns: NS_PUBSUB_OWNER }, xml('configure', { node: node.node }, buildNodeConfig(node)))
}

/** XEP-0060 §8.2.4. */
export async function configure(
  _pubsub: Element,
  asked: Element,
  request: IqRequest,
  ctx: Context,
): Promise<undefined> {
  const { owner, node: before } = await openRealNode(asked, request, ctx)
  const config = parseNodeConfig(asked, ctx.limits.maxPepItems)
  if (!config) return undefined
  const node = { ...before, ...config }
  await configurePepNode(ctx.db, owner.id, node)
  ctx.emit('pep.changed', { owner, change: { node, what: 'configured' } })
  return undefined
}

/** XEP-0060 §8.4; its subscribers hear where the owner goes on. */
export async function remove(_pubsub: Element, asked: Element, request: IqRequest, ctx: Context): Promise<undefined> {
  const redirect = parseRedirect(asked)
  const { owner, node } = await openRealNode(asked, request, ctx)
  const audience = await audienceOf(owner, node, ctx)
  await deletePepNode(ctx.db, owner.id, node.node)
  ctx.emit('pep.changed', { owner, change: { node, what: 'deleted', audience, redirect } })
  return undefined
}

/** Another node, and nothing else: what a client opens unasked must not lead out of the network. */
function parseRedirect(asked: Element): string | undefined {
  const uri = asked.getChild('redirect')?.attrs['uri']
  if (uri === undefined || (uri.length <= MAX_URI_LENGTH && findJid(/^xmpp:([^?]+)\?/.exec(uri)?.[1]))) return uri
  throw new StanzaFault({ condition: 'bad-request', text: 'A node is redirected to xmpp:address?;node=name.' })
}

/** XEP-0060 §8.5. */
export async function purge(_pubsub: Element, asked: Element, request: IqRequest, ctx: Context): Promise<undefined> {
  const { owner, node } = await openRealNode(asked, request, ctx)
  if (!node.persistItems) throw unsupported('persistent-items')
  await purgePepNode(ctx.db, owner.id, node.node)
  ctx.emit('pep.changed', { owner, change: { node, what: 'purged' } })
  return undefined
}

/** A node that is more than a view of another one. */
async function openRealNode(asked: Element, request: IqRequest, ctx: Context) {
  const access = await openToChange(nodeName(asked), request, 'own', ctx)
  if (access.node.node === LEGACY_BOOKMARKS) throw new StanzaFault({ condition: 'not-allowed' })
  return access
}
