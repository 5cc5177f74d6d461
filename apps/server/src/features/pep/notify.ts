import { listLastPublished, listPepAffiliations, listPepAffiliationsOf, listPepSubscriptions } from '@drawbridge/db'
import type { PepNode } from '@drawbridge/db'
import { C2S_LIMITS, findJid, parseElement } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context, DomainEvents, PepAudience, PepChange } from '../../routing/feature.ts'
import type { Broadcast } from '../../routing/outgoing.ts'
import { inTurns } from '../../routing/fanout.ts'
import { perSession } from '../../routing/kept.ts'
import { hasFrom } from '../../routing/rosters.ts'
import { filterItem } from '../../routing/filter-stored.ts'
import type { Session } from '../../stream/session.ts'
import { refusalToRead } from './access.ts'
import type { Standing } from './access.ts'
import { asLegacyNode, LEGACY_BOOKMARKS, listLegacyBookmarks, NODE_BOOKMARKS } from './bookmarks.ts'
import { buildEvent, isTold } from './event.ts'
import { isShown } from './names.ts'
import { inOrder, TELLING } from './order.ts'
import { expiry } from './retrieve.ts'

const SUFFIX = '+notify'
/** Accounts asked about in one query. */
const PAGE = 500

/** Nodes whose changes a client wants to hear of, out of its features (XEP-0163 §4.2). */
export function notifyNodes(features: ReadonlySet<string>): string[] {
  return [...features].filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length))
}

const NO_FEATURES: ReadonlySet<string> = new Set()

function featuresOf(session: Session): ReadonlySet<string> {
  return (session.notes.get('disco') as ReadonlySet<string> | undefined) ?? NO_FEATURES
}

const wants = (session: Session, node: string) => session.presence && featuresOf(session).has(node + SUFFIX)

// --- changes --------------------------------------------------------------------------------------------------------

/** Tells whoever wants to know and may (XEP-0163 §4.3), after everything that happened to the same account before. */
export function notify({ owner, change }: DomainEvents['pep.changed'], ctx: Context): Promise<void> {
  return inOrder(owner, TELLING, () => tellAll(owner, change, ctx), ctx)
}

async function tellAll(owner: Account, change: PepChange, ctx: Context): Promise<void> {
  if (!isTold(change)) return
  const audience = change.what === 'deleted' ? change.audience : await audienceOf(owner, change.node, ctx)
  for (const [to, subids] of groupsOf(audience)) await tell(to, buildEvent(owner.bareJid, change, { subids }))
  if (change.node.node === NODE_BOOKMARKS) await tellLegacy(owner, change.node, ctx)
}

/** Nearly everybody hears the same; who has several subscriptions also hears which of them it was. */
function groupsOf(audience: PepAudience): [Session[], readonly string[]][] {
  const groups = Map.groupBy(audience, ([, subids]) => subids.join(' '))
  return [...groups.values()].map((group) => [group.map(([session]) => session), group[0]?.[1] ?? []])
}

/** Serialized once, and nobody else waits for a long list (OV-06). */
function tell(audience: Iterable<Session>, event: Broadcast): Promise<void> {
  return inTurns([...audience], (session) => session.send(event.to(session.jid.toString())))
}

/**
 * Who hears of a change: the owner's own devices and the contacts that get the owner's presence, as far as their clients
 * want to (XEP-0163 §4.1, §4.2), and who has subscribed (XEP-0060 §6.1); always only those who may read the node now
 * (PE-03). Whom a block list keeps apart is seen to on the way out.
 */
export async function audienceOf(owner: Account, node: PepNode, ctx: Context): Promise<PepAudience> {
  const [affiliations, subscriptions] = await Promise.all([
    listPepAffiliations(ctx.db, owner.id, { node: node.node }),
    listPepSubscriptions(ctx.db, owner.id, { node: node.node, state: 'subscribed' }),
  ])
  // What only the own devices may read is the most frequent of all, and no contact is asked about it.
  const isPrivate = node.accessModel === 'whitelist' && affiliations.length === 0
  const roster = isPrivate ? undefined : await ctx.rosters.load(owner)
  if (roster && ctx.sessions.of(owner.bareJid).length === 0) ctx.rosters.release(owner.bareJid)
  const named = new Map(affiliations.map(({ jid, affiliation }) => [jid, affiliation]))
  const counts = new Map<string, number>()
  for (const { jid } of subscriptions) {
    const person = findJid(jid)?.bareString ?? jid
    counts.set(person, (counts.get(person) ?? 0) + 1)
  }
  const mayRead = (jid: string) =>
    jid === owner.bareJid ||
    !refusalToRead(
      node,
      {
        affiliation: named.get(jid) ?? 'none',
        contact: roster?.items.get(jid),
        isSubscribed: counts.has(jid),
      },
      'read',
    )
  const audience = new Map<Session, string[]>()
  for (const jid of [...(roster?.subscribers ?? []), owner.bareJid]) {
    const wanting = ctx.sessions.of(jid).filter((session) => wants(session, node.node))
    if (wanting.length > 0 && mayRead(jid)) for (const session of wanting) audience.set(session, [])
  }
  for (const { jid, subid, isDelivered } of subscriptions) {
    const to = isDelivered ? findJid(jid) : undefined
    if (!to || !mayRead(to.bareString)) continue
    const isOneOfSeveral = (counts.get(to.bareString) ?? 0) > 1
    for (const session of sessionsAt(jid, ctx)) {
      audience.set(session, [...(audience.get(session) ?? []), ...(isOneOfSeveral ? [subid] : [])])
    }
  }
  return audience
}

/** Where a headline to this address arrives (RFC 6121 §8.5). */
export function sessionsAt(jid: string, ctx: Context): readonly Session[] {
  const to = findJid(jid)
  if (!to) return []
  const session = to.isFull ? ctx.sessions.find(to) : undefined
  if (to.isFull) return session?.presence ? [session] : []
  return ctx.sessions.of(to.bareString).filter(({ takesMessages }) => takesMessages)
}

/** XEP-0402 §5: clients that know only the old bookmarks get them as a whole. */
async function tellLegacy(owner: Account, node: PepNode, ctx: Context): Promise<void> {
  const wanting = ctx.sessions.of(owner.bareJid).filter((session) => wants(session, LEGACY_BOOKMARKS))
  if (wanting.length === 0) return
  const item = { id: 'current', payload: await listLegacyBookmarks(owner, ctx) }
  await tell(wanting, buildEvent(owner.bareJid, { node: asLegacyNode(node), what: 'published', item }))
}

// --- last items -----------------------------------------------------------------------------------------------------

/** The nodes of which a session has the last items, and hears of changes since. */
const followedBy = perSession((): { nodes: ReadonlySet<string> } => ({ nodes: new Set() }))

/** XEP-0163 §4.3.4: the last item of each node a client wants, once it is there and its wishes are known. */
export async function sendLastItems({ session }: { readonly session: Session }, ctx: Context): Promise<void> {
  if (!session.presence) return
  const followed = followedBy(session)
  const wanted = notifyNodes(featuresOf(session))
  const nodes = wanted.filter((node) => !followed.nodes.has(node))
  followed.nodes = new Set(wanted)
  if (nodes.length === 0) return
  const jids = ctx.rosters.find(session.account.bareJid)?.subscriptions ?? []
  const accounts = [session.account, ...jids.flatMap((jid) => ctx.accounts.findByBareJid(jid) ?? [])]
  for (let from = 0; from < accounts.length; from += PAGE) {
    await sendFrom(accounts.slice(from, from + PAGE), session.account.bareJid, [session], nodes, ctx)
  }
}

/** While it is unavailable it hears of no change: once it is back, it gets all last items again. */
export function stopFollowing({ session }: { readonly session: Session }): void {
  followedBy(session).nodes = new Set()
}

/** The same for a contact that has just let somebody in. */
export async function sendGranted({ of, to }: DomainEvents['presence.granted'], ctx: Context): Promise<void> {
  const account = ctx.accounts.findByBareJid(of)
  if (!account) return
  for (const session of ctx.sessions.of(to)) {
    if (session.presence) await sendFrom([account], to, [session], notifyNodes(featuresOf(session)), ctx)
  }
}

/** The last item of these nodes of these accounts, as far as one person may read them. */
async function sendFrom(
  accounts: readonly Account[],
  reader: string,
  sessions: readonly Session[],
  nodes: readonly string[],
  ctx: Context,
): Promise<void> {
  const byId = new Map(accounts.map((account) => [account.id, account]))
  const ids = [...byId.keys()]
  const [rows, affiliations] = await Promise.all([
    listLastPublished(ctx.db, ids, nodes),
    listPepAffiliationsOf(ctx.db, ids, reader),
  ])
  const keyOf = (accountId: string, node: string) => `${accountId} ${node}`
  const named = new Map(affiliations.map((row) => [keyOf(row.accountId, row.node), row.affiliation]))
  for (const { accountId, node, item } of rows) {
    const owner = byId.get(accountId)
    if (!owner || !isShown(item.itemId) || (expiry(node, ctx) ?? item.publishedAt) > item.publishedAt) continue
    const affiliation = named.get(keyOf(accountId, node.node)) ?? 'none'
    if (owner.bareJid !== reader) {
      // Presence is shared with the reader, or nobody would ask (§4.1); groups are looked up only where they decide.
      const contact = node.accessModel === 'roster' ? await ctx.rosters.findContact(owner, reader) : SEES_PRESENCE
      if (!hasFrom(contact) || refusalToRead(node, { affiliation, contact, isSubscribed: false }, 'read')) continue
    }
    const last = lastItem(node, await filterItem(owner, item, ctx))
    const event = buildEvent(owner.bareJid, last, { publishedAt: item.publishedAt })
    for (const session of sessions) session.send(event.to(session.jid.toString()))
  }
}

const SEES_PRESENCE: Standing['contact'] = { subscription: 'from', groups: [] }

/** What was published last, as if it were published now. */
export function lastItem(
  node: PepNode,
  {
    itemId,
    payload,
    publisher,
  }: { readonly itemId: string; readonly payload: string; readonly publisher: string | null },
): PepChange {
  const item = { id: itemId, payload: parseElement(payload, C2S_LIMITS), publisher: publisher ?? undefined }
  return { node, what: 'published', item }
}
