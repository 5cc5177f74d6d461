import { listPepAffiliations, listPepItemIds, listPepNodes } from '@drawbridge/db'
import { NS_PUBSUB, NS_PUBSUB_META_DATA } from '@drawbridge/xmpp'
import type { DiscoInfo, DiscoItem, FormField } from '@drawbridge/xmpp'
import type { Context, DiscoNode, IqRequest } from '../../routing/feature.ts'
import { openToRead, refusalToRead } from './access.ts'
import { LEGACY_BOOKMARKS } from './bookmarks.ts'
import { isShown, shownText } from './names.ts'
import { expiry } from './retrieve.ts'

/** A node of an account, to whoever may read it (XEP-0060 §5.3 to §5.5). */
export const accountNodes: DiscoNode = { to: 'account', matches: () => true, info: nodeInfo, items: nodeItems }

async function nodeInfo(name: string, request: IqRequest, ctx: Context): Promise<DiscoInfo> {
  // Whoever may ask to subscribe may know what for.
  const { owner, node } = await openToRead(name, request, 'subscribe', ctx)
  const text = (field: string, value: string): FormField => ({ name: field, type: 'text-single', values: [value] })
  const fields = [
    ...(['title', 'description', 'type'] as const).flatMap((key) =>
      node[key] === '' ? [] : [text(`pubsub#${key}`, shownText(node[key]))],
    ),
    { name: 'pubsub#owner', type: 'jid-multi', values: [owner.bareJid] } as const,
    text('pubsub#access_model', node.accessModel),
    text('pubsub#publish_model', node.publishModel),
  ]
  return {
    identities: [{ category: 'pubsub', type: 'leaf', ...(node.title === '' ? {} : { name: shownText(node.title) }) }],
    features: [NS_PUBSUB],
    forms: [{ formType: NS_PUBSUB_META_DATA, fields }],
  }
}

/** §5.5: the items of a node, by their ids. Of a node that is not for the requester, nothing (XEP-0030 §8). */
async function nodeItems(name: string, request: IqRequest, ctx: Context): Promise<readonly DiscoItem[]> {
  const access = await openToRead(name, request, 'read', ctx).catch(() => undefined)
  if (!access || name === LEGACY_BOOKMARKS) return []
  const { owner, node } = access
  const ids = await listPepItemIds(ctx.db, owner.id, name, expiry(node, ctx))
  return ids.filter(isShown).map((id) => ({ jid: owner.bareJid, name: id }))
}

/** §5.2: the nodes of an account that the requester may read or ask to read. */
export async function listNodes({ to, isOwn, session }: IqRequest, ctx: Context): Promise<readonly DiscoItem[]> {
  const owner = ctx.accounts.findByBareJid(to.bareString)
  if (!owner) return []
  const { bareJid } = session.account
  const [nodes, affiliations, contact] = await Promise.all([
    listPepNodes(ctx.db, owner.id),
    isOwn ? [] : listPepAffiliations(ctx.db, owner.id, { jid: bareJid }),
    isOwn ? undefined : ctx.rosters.findContact(owner, bareJid),
  ])
  // SP-18, as in `lookUp`.
  if (!isOwn && !contact && !ctx.units.mayFind(bareJid, owner.bareJid)) return []
  const named = new Map(affiliations.map(({ node, affiliation }) => [node, affiliation]))
  const visible = nodes.filter((node) => {
    const affiliation = isOwn ? 'owner' : (named.get(node.node) ?? 'none')
    return isShown(node.node) && !refusalToRead(node, { affiliation, contact, isSubscribed: false }, 'subscribe')
  })
  return visible.map(({ node, title }) => ({
    jid: owner.bareJid,
    node,
    ...(title === '' ? {} : { name: shownText(title) }),
  }))
}
