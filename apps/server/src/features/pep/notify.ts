import { listLastPublished } from '@drawbridge/db'
import { C2S_LIMITS, NS_CLIENT, NS_PUBSUB_EVENT, parseElement, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context, DomainEvents, PepChange } from '../../routing/feature.ts'
import { Broadcast } from '../../routing/outgoing.ts'
import type { Session } from '../../stream/session.ts'

const SUFFIX = '+notify'
/** Accounts asked about in one query. */
const PAGE = 500

/** Nodes whose changes a client wants to hear of, out of its features (XEP-0163 §4.2). */
export function notifyNodes(features: ReadonlySet<string>): string[] {
  return [...features].filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length))
}

/** The event of a change (XEP-0060 §7.1.2.1, §7.2.2.1, §8.4.2). */
export function buildEvent({ node, item, retracted }: PepChange): Element {
  const content = item
    ? xml('items', { node }, xml('item', { id: item.id }, item.payload.clone()))
    : retracted === undefined
      ? xml('delete', { node })
      : xml('items', { node }, xml('retract', { id: retracted }))
  return xml('event', { xmlns: NS_PUBSUB_EVENT }, content)
}

/**
 * Tells whoever wants to know and may (XEP-0163 §4.3): the owner's own devices, and, unless the node is private, the
 * contacts that get the owner's presence. Who blocks or is blocked gets nothing (PE-03): that is seen to on the way out.
 */
export async function notify({ owner, change }: DomainEvents['pep.changed'], ctx: Context): Promise<void> {
  if (change.isSilent) return
  const broadcast = eventFrom(owner.bareJid, change)
  const wanted = change.node + SUFFIX
  tell(ctx, owner.bareJid, wanted, broadcast)
  if (change.access === 'whitelist') return
  const { subscribers } = await ctx.rosters.load(owner)
  if (ctx.sessions.of(owner.bareJid).length === 0) ctx.rosters.release(owner.bareJid)
  for (const jid of subscribers) tell(ctx, jid, wanted, broadcast)
}

function tell(ctx: Context, bareJid: string, wanted: string, broadcast: Broadcast): void {
  for (const session of ctx.sessions.of(bareJid)) {
    if (session.presence && featuresOf(session).has(wanted)) session.send(broadcast.to(session.jid.toString()))
  }
}

const NO_FEATURES: ReadonlySet<string> = new Set()

function featuresOf(session: Session): ReadonlySet<string> {
  return (session.notes.get('disco') as ReadonlySet<string> | undefined) ?? NO_FEATURES
}

/** XEP-0163 §4.3.4: the last item of each node a client wants, once it is there and its wishes are known. */
export async function sendLastItems({ session }: { readonly session: Session }, ctx: Context): Promise<void> {
  if (!session.presence) return
  const sent = (session.notes.get('pep') as Set<string> | undefined) ?? new Set<string>()
  session.notes.set('pep', sent)
  const nodes = notifyNodes(featuresOf(session)).filter((node) => !sent.has(node))
  if (nodes.length === 0) return
  for (const node of nodes) sent.add(node)
  const jids = ctx.rosters.find(session.account.bareJid)?.subscriptions ?? []
  const accounts = [session.account, ...jids.flatMap((jid) => ctx.accounts.findByBareJid(jid) ?? [])]
  for (let from = 0; from < accounts.length; from += PAGE) {
    await sendFrom(accounts.slice(from, from + PAGE), [session], nodes, ctx)
  }
}

/** The same for a contact that has just let somebody in. */
export async function sendGranted({ of, to }: DomainEvents['presence.granted'], ctx: Context): Promise<void> {
  const account = ctx.accounts.findByBareJid(of)
  if (!account) return
  for (const session of ctx.sessions.of(to)) {
    if (session.presence) await sendFrom([account], [session], notifyNodes(featuresOf(session)), ctx)
  }
}

async function sendFrom(
  accounts: readonly Account[],
  sessions: readonly Session[],
  nodes: readonly string[],
  ctx: Context,
): Promise<void> {
  const byId = new Map(accounts.map((account) => [account.id, account]))
  for (const row of await listLastPublished(ctx.db, [...byId.keys()], nodes)) {
    const owner = byId.get(row.accountId)
    if (!owner) continue
    const item = { id: row.itemId, payload: parseElement(row.payload, C2S_LIMITS) }
    const broadcast = eventFrom(owner.bareJid, { node: row.node, access: row.accessModel, item })
    for (const session of sessions) {
      const isOwn = session.account.bareJid === owner.bareJid
      if (isOwn || row.accessModel === 'open' || row.accessModel === 'presence') {
        session.send(broadcast.to(session.jid.toString()))
      }
    }
  }
}

/** §4.3: from the bare JID of the owner; a headline, so that nothing stores it. */
function eventFrom(owner: string, change: PepChange): Broadcast {
  return new Broadcast(xml('message', { xmlns: NS_CLIENT, type: 'headline', from: owner }, buildEvent(change)))
}
