import {
  buildCaps,
  buildCapsHashes,
  buildDiscoInfo,
  buildDiscoItems,
  buildRsm,
  capsHashNode,
  NS_CAPS,
  NS_CAPS2,
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  NS_RSM,
  pageOf,
  parseRsm,
  StanzaFault,
} from '@drawbridge/xmpp'
import type { DiscoItem, Element } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import { defineFeature } from '../../routing/feature.ts'
import type { Context, DiscoNode, IqRequest } from '../../routing/feature.ts'
import { capsHash, capsVersion, createCapsCache, followCaps } from './caps.ts'
import type { CapsCache } from './caps.ts'

/** Names this software in entity capabilities (XEP-0115 §4). */
const CAPS_NODE = 'urn:drawbridge:server:1'

/** Most items of one page. */
const MAX_PAGE = 500

const caches = new WeakMap<Context, CapsCache>()

/**
 * XEP-0030: Service Discovery, of the server and of its accounts, and XEP-0115 and XEP-0390: Entity Capabilities, ours in
 * the stream features, those of clients as `session.notes.get('disco')`, the set of their features, and `disco.identity`.
 */
export const disco = defineFeature({
  name: 'disco',
  implements: [
    { xep: 30, version: '2.5.0' },
    { xep: 115, version: '1.6.0' },
    { xep: 128, version: '1.0.1' },
    { xep: 232, version: '0.3', missing: 'read from clients, on purpose never said of ourselves' },
    { xep: 390, version: '0.3.2' },
  ],
  disco: [NS_DISCO_INFO, NS_DISCO_ITEMS, NS_CAPS, NS_CAPS2],
  accountDisco: [NS_DISCO_INFO, NS_DISCO_ITEMS],
  streamFeatures: [
    (ctx) => buildCaps({ node: CAPS_NODE, ver: ownCaps(ctx).ver, hash: 'sha-1' }),
    (ctx) => buildCapsHashes([ownCaps(ctx).hash]),
  ],
  iq: [
    {
      type: 'get',
      to: 'server',
      xmlns: NS_DISCO_INFO,
      name: 'query',
      handle: serverInfo,
      answerComponent: ({ attrs: { node } }, ctx) => ownInfo(node, ctx),
    },
    {
      type: 'get',
      to: 'server',
      xmlns: NS_DISCO_ITEMS,
      name: 'query',
      handle: serverItems,
      answerComponent({ attrs: { node } }, ctx) {
        if (node !== undefined) throw new StanzaFault({ condition: 'item-not-found' })
        return buildDiscoItems(ctx.disco.services)
      },
    },
    { type: 'get', to: 'account', xmlns: NS_DISCO_INFO, name: 'query', handle: accountInfo },
    { type: 'get', to: 'account', xmlns: NS_DISCO_ITEMS, name: 'query', handle: accountItems },
  ],
  enter(stanza, session, ctx) {
    const cache = caches.get(ctx)
    const isBroadcast = stanza.kind === 'presence' && stanza.type === 'available' && !stanza.to
    if (cache && session && isBroadcast) followCaps(stanza.element, session, cache, ctx)
    return undefined
  },
  on: {
    'session.presence-waits': ({ session, presence }, ctx) => {
      const cache = caches.get(ctx)
      if (cache && presence.attrs['type'] === undefined && presence.attrs['to'] === undefined) {
        followCaps(presence, session, cache, ctx)
      }
    },
  },
  start: (ctx) => void caches.set(ctx, createCapsCache()),
})

// --- the server -----------------------------------------------------------------------------------------------------

async function serverInfo({ attrs: { node } }: Element, request: IqRequest, ctx: Context): Promise<Element> {
  const known = node === undefined ? undefined : ctx.disco.findNode('server', node)
  if (known && node !== undefined) return buildDiscoInfo({ ...(await known.info(node, request, ctx)), node })
  return ownInfo(node, ctx)
}

/** XEP-0115 §6.2, XEP-0390 §4.3: under the nodes that the stream features name, the same answer. */
function ownInfo(node: string | undefined, ctx: Context): Element {
  if (node !== undefined && !ownCaps(ctx).nodes.includes(node)) throw new StanzaFault({ condition: 'item-not-found' })
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

/** What the server can do, as the stream features say it, and the nodes that they name by that. */
function ownCaps(ctx: Context) {
  const info = buildServerInfo(ctx)
  const ver = capsVersion(info, 'sha-1') ?? ''
  const hash = { algo: 'sha-256', value: capsHash(info, 'sha-256') ?? '' }
  return { ver, hash, nodes: [`${CAPS_NODE}#${ver}`, capsHashNode(hash)] }
}

async function serverItems({ attrs: { node } }: Element, request: IqRequest, ctx: Context): Promise<Element> {
  if (node === undefined) return buildDiscoItems(ctx.disco.services)
  const known = ctx.disco.findNode('server', node)
  if (!known) throw new StanzaFault({ condition: 'item-not-found' })
  return buildDiscoItems(await known.items(node, request, ctx), node)
}

// --- accounts -------------------------------------------------------------------------------------------------------

/**
 * §8: "service-unavailable" to whoever may not see the account's presence, whether the account exists or not. A node may
 * be open to more people than that (XEP-0060 §5.3).
 */
async function accountInfo({ attrs: { node } }: Element, request: IqRequest, ctx: Context): Promise<Element> {
  if (node !== undefined) {
    const known = findAccountNode(node, request, ctx)
    if (!known) throw new StanzaFault({ condition: 'service-unavailable' })
    return buildDiscoInfo({ ...(await known.info(node, request, ctx)), node })
  }
  const account = ctx.accounts.findByBareJid(request.to.bareString)
  if (!account || !(await isEntitled(account, request, ctx)))
    throw new StanzaFault({ condition: 'service-unavailable' })
  return buildDiscoInfo({
    identities: [{ category: 'account', type: 'registered' }, ...ctx.disco.identities.account],
    features: ctx.disco.account,
  })
}

/** §8: an empty result for an account that does not exist; its resources only for who may see its presence. */
async function accountItems(query: Element, request: IqRequest, ctx: Context): Promise<Element> {
  const { node } = query.attrs
  if (node !== undefined) {
    const items = await findAccountNode(node, request, ctx)?.items(node, request, ctx)
    return pageOfItems(query, items ?? [], node)
  }
  const account = ctx.accounts.findByBareJid(request.to.bareString)
  if (!account) return buildDiscoItems([])
  const mayLook = await isEntitled(account, request, ctx)
  const sessions = mayLook ? ctx.sessions.of(account.bareJid).filter(({ presence }) => presence) : []
  const resources = sessions.map(({ jid }): DiscoItem => ({ jid: jid.toString() }))
  return pageOfItems(query, [...resources, ...(await ctx.disco.accountItems(request))])
}

async function isEntitled(account: Account, { session, isOwn }: IqRequest, ctx: Context): Promise<boolean> {
  return isOwn || ctx.rosters.isSubscriber(account, session.account.bareJid)
}

function findAccountNode(node: string, { isOwn }: IqRequest, ctx: Context): DiscoNode | undefined {
  return (isOwn ? ctx.disco.findNode('own', node) : undefined) ?? ctx.disco.findNode('account', node)
}

/** A list is given in pages to who asks for them (XEP-0030 §10, XEP-0059). */
function pageOfItems(query: Element, items: readonly DiscoItem[], node?: string): Element {
  if (!query.getChild('set', NS_RSM)) return buildDiscoItems(items, node)
  const idOf = ({ jid, node: at, name }: DiscoItem) => at ?? name ?? jid
  const { page, firstIndex } = pageOf(items, idOf, parseRsm(query, MAX_PAGE))
  const [first, last] = [page[0], page.at(-1)]
  const ends = first && last ? { first: idOf(first), firstIndex, last: idOf(last) } : {}
  return buildDiscoItems(page, node).append(buildRsm({ ...ends, count: items.length }))
}
