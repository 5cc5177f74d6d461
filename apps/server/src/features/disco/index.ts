import { findPepNode, listPepNodes } from '@drawbridge/db'
import type { PepNode } from '@drawbridge/db'
import {
  buildCaps,
  buildDiscoInfo,
  buildDiscoItems,
  NS_CAPS,
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  NS_PUBSUB,
  StanzaFault,
} from '@drawbridge/xmpp'
import type { DiscoItem, Element } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import { defineFeature } from '../../routing/feature.ts'
import type { Context, IqRequest } from '../../routing/feature.ts'
import { capsVersion, createCapsCache, followCaps } from './caps.ts'
import type { CapsCache } from './caps.ts'

/** Names this software in entity capabilities (XEP-0115 §4). */
const CAPS_NODE = 'urn:drawbridge:server:1'

const caches = new WeakMap<Context, CapsCache>()

/**
 * XEP-0030: Service Discovery, of the server and of its accounts, and XEP-0115: Entity Capabilities, ours in the stream
 * features, those of clients as `session.notes.get('disco')`, the set of their features.
 */
export const disco = defineFeature({
  name: 'disco',
  implements: [
    { xep: 30, version: '2.5.0' },
    { xep: 115, version: '1.6.0' },
    { xep: 128, version: '1.0.1' },
  ],
  disco: [NS_DISCO_INFO, NS_DISCO_ITEMS, NS_CAPS],
  accountDisco: [NS_DISCO_INFO, NS_DISCO_ITEMS],
  streamFeatures: [(ctx) => buildCaps({ node: CAPS_NODE, ver: serverVersion(ctx), hash: 'sha-1' })],
  iq: [
    { type: 'get', to: 'server', xmlns: NS_DISCO_INFO, name: 'query', handle: serverInfo },
    { type: 'get', to: 'server', xmlns: NS_DISCO_ITEMS, name: 'query', handle: serverItems },
    { type: 'get', to: 'account', xmlns: NS_DISCO_INFO, name: 'query', handle: accountInfo },
    { type: 'get', to: 'account', xmlns: NS_DISCO_ITEMS, name: 'query', handle: accountItems },
  ],
  enter(stanza, session, ctx) {
    const cache = caches.get(ctx)
    const isBroadcast = stanza.kind === 'presence' && stanza.type === 'available' && !stanza.to
    if (cache && isBroadcast) followCaps(stanza.element, session, cache, ctx)
    return undefined
  },
  start: (ctx) => void caches.set(ctx, createCapsCache()),
})

// --- the server -----------------------------------------------------------------------------------------------------

async function serverInfo({ attrs: { node } }: Element, request: IqRequest, ctx: Context): Promise<Element> {
  const known = node === undefined ? undefined : ctx.disco.findNode('server', node)
  if (known && node !== undefined) return buildDiscoInfo({ ...(await known.info(node, request, ctx)), node })
  // XEP-0115 §6.2: under the node that the stream features name, the same answer.
  if (node !== undefined && node !== `${CAPS_NODE}#${serverVersion(ctx)}`)
    throw new StanzaFault({ condition: 'item-not-found' })
  return buildServerInfo(ctx, node)
}

function buildServerInfo(ctx: Context, node?: string): Element {
  return buildDiscoInfo({
    node,
    identities: [{ category: 'server', type: 'im', name: 'Drawbridge' }, ...ctx.disco.identities.server],
    features: ctx.disco.server,
    forms: ctx.disco.forms(),
  })
}

const serverVersion = (ctx: Context) => capsVersion(buildServerInfo(ctx), 'sha-1') ?? ''

async function serverItems({ attrs: { node } }: Element, request: IqRequest, ctx: Context): Promise<Element> {
  if (node === undefined) return buildDiscoItems(ctx.disco.services)
  const known = ctx.disco.findNode('server', node)
  if (!known) throw new StanzaFault({ condition: 'item-not-found' })
  return buildDiscoItems(await known.items(node, request, ctx), node)
}

// --- accounts -------------------------------------------------------------------------------------------------------

/** Who asks about whom. */
type Standing = 'own' | 'subscriber' | 'stranger'

async function standingOf(account: Account, { session, isOwn }: IqRequest, ctx: Context): Promise<Standing> {
  if (isOwn) return 'own'
  return (await ctx.rosters.isSubscriber(account, session.account.bareJid)) ? 'subscriber' : 'stranger'
}

/** §8: "service-unavailable" to whoever may not see the account's presence, whether the account exists or not. */
async function accountInfo({ attrs: { node } }: Element, request: IqRequest, ctx: Context): Promise<Element> {
  const account = ctx.accounts.findByBareJid(request.to.bareString)
  const standing = account ? await standingOf(account, request, ctx) : 'stranger'
  if (!account || standing === 'stranger') throw new StanzaFault({ condition: 'service-unavailable' })
  const known = node !== undefined && standing === 'own' ? ctx.disco.findNode('own', node) : undefined
  if (known && node !== undefined) return buildDiscoInfo({ ...(await known.info(node, request, ctx)), node })
  if (node !== undefined) return nodeInfo(account, node, standing, ctx)
  return buildDiscoInfo({
    identities: [
      { category: 'account', type: 'registered' },
      { category: 'pubsub', type: 'pep' },
      ...ctx.disco.identities.account,
    ],
    features: ctx.disco.account,
  })
}

/** XEP-0060 §5.3: a node of the account, to whoever may read it. */
async function nodeInfo(account: Account, name: string, standing: Standing, ctx: Context): Promise<Element> {
  const node = await findPepNode(ctx.db, account.id, name)
  if (!node || !isVisible(node, standing)) throw new StanzaFault({ condition: 'item-not-found' })
  return buildDiscoInfo({ node: name, identities: [{ category: 'pubsub', type: 'leaf' }], features: [NS_PUBSUB] })
}

/** §8: an empty result for an account that does not exist; its resources only for who may see its presence. */
async function accountItems({ attrs: { node } }: Element, request: IqRequest, ctx: Context): Promise<Element> {
  const account = ctx.accounts.findByBareJid(request.to.bareString)
  const known = node !== undefined && request.isOwn ? ctx.disco.findNode('own', node) : undefined
  if (known && node !== undefined) return buildDiscoItems(await known.items(node, request, ctx), node)
  if (!account || node !== undefined) return buildDiscoItems([], node)
  const standing = await standingOf(account, request, ctx)
  const sessions = standing === 'stranger' ? [] : ctx.sessions.of(account.bareJid).filter(({ presence }) => presence)
  const nodes = (await listPepNodes(ctx.db, account.id)).filter((pepNode) => isVisible(pepNode, standing))
  return buildDiscoItems([
    ...sessions.map(({ jid }): DiscoItem => ({ jid: jid.toString() })),
    ...nodes.map((pepNode): DiscoItem => ({ jid: account.bareJid, node: pepNode.node })),
  ])
}

function isVisible({ accessModel }: PepNode, standing: Standing): boolean {
  return standing === 'own' || accessModel === 'open' || (accessModel === 'presence' && standing === 'subscriber')
}
