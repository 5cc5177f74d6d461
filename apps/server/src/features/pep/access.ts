import { findPepNode, listPepAffiliations, listPepSubscriptions } from '@drawbridge/db'
import type { Affiliation, PepNode, PepSubscription, RosterItem } from '@drawbridge/db'
import { StanzaFault } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context, IqRequest } from '../../routing/feature.ts'
import { hasFrom } from '../../routing/rosters.ts'
import { pubsubFault, unavailable } from './errors.ts'
import { asLegacyNode, LEGACY_BOOKMARKS, NODE_BOOKMARKS } from './bookmarks.ts'

const MAX_NODE_NAME_LENGTH = 1_023

/** What can be done with a node, as far as an affiliation decides about it (XEP-0060 §4.1, table 1). */
export type Act = 'read' | 'publish' | 'retract' | 'own'

const PRIVILEGES: { readonly [A in Affiliation | 'none']: readonly Act[] } = {
  owner: ['read', 'publish', 'retract', 'own'],
  publisher: ['read', 'publish', 'retract'],
  'publish-only': ['publish'],
  member: ['read'],
  none: [],
  outcast: [],
}

/** Who somebody is to a node. */
export interface Standing {
  readonly affiliation: Affiliation | 'none'
  /** Of the owner's roster: the contact, if it is one. */
  readonly contact: Pick<RosterItem, 'subscription' | 'groups'> | undefined
  /** Has a subscription that was approved, or needed no approval. */
  readonly isSubscribed: boolean
}

/** Somebody who asks about a node of an account. */
export interface Access extends Standing {
  readonly owner: Account
  readonly node: PepNode
  readonly subscriptions: readonly PepSubscription[]
}

/** The name of the node, which a client must not leave to the server (PE-05). */
export function nodeName({ attrs: { node } }: Element): string {
  if (node === undefined || node === '') throw pubsubFault('bad-request', 'nodeid-required')
  if (node.length > MAX_NODE_NAME_LENGTH)
    throw new StanzaFault({ condition: 'not-acceptable', text: 'This name is too long.' })
  return node
}

/**
 * PE-01, the five access models of XEP-0060 §4.5: what keeps somebody from reading a node or subscribing to it. Whom the
 * owner has named is judged by the affiliation alone.
 */
export function refusalToRead(node: PepNode, standing: Standing, act: 'read' | 'subscribe'): StanzaFault | undefined {
  const { affiliation, contact } = standing
  if (affiliation === 'outcast') return new StanzaFault({ condition: 'forbidden' })
  if (PRIVILEGES[affiliation].includes('read')) return undefined
  if (affiliation === 'publish-only') return new StanzaFault({ condition: 'forbidden' })
  switch (node.accessModel) {
    case 'open':
      return undefined
    case 'presence':
      return hasFrom(contact) ? undefined : pubsubFault('not-authorized', 'presence-subscription-required')
    case 'roster':
      return contact?.groups.some((group) => node.rosterGroups.includes(group))
        ? undefined
        : pubsubFault('not-authorized', 'not-in-roster-group')
    case 'authorize':
      // Anybody may ask; the owner decides.
      if (act === 'subscribe' || standing.isSubscribed) return undefined
      return pubsubFault('not-authorized', 'not-subscribed')
    case 'whitelist':
      return pubsubFault('not-allowed', 'closed-node')
  }
}

/** Whether somebody may publish, take back, or do as an owner does. */
export function may({ affiliation, node, isSubscribed }: Access, act: Act): boolean {
  if (affiliation === 'outcast') return false
  if (PRIVILEGES[affiliation].includes(act)) return true
  if (act !== 'publish') return false
  return node.publishModel === 'open' || (node.publishModel === 'subscribers' && isSubscribed)
}

/**
 * The node for somebody who wants to read it or subscribe to it. A stranger hears the same of every node that is closed
 * to strangers, and of an account that does not exist (SP-12); who sees the owner's presence, or was named by the owner,
 * is told what is wrong.
 *
 * @throws StanzaFault
 */
export async function openToRead(name: string, request: IqRequest, act: 'read' | 'subscribe', ctx: Context) {
  const { owner, contact, access } = await lookUp(name, request, ctx)
  if (!owner) throw unavailable()
  const isFriend = isKnown(request, contact)
  if (!access) throw isFriend ? new StanzaFault({ condition: 'item-not-found' }) : unavailable()
  const refusal = refusalToRead(access.node, access, act)
  if (!refusal) return access
  const isNamed = access.affiliation !== 'none' || access.subscriptions.length > 0
  throw isFriend || isNamed ? refusal : unavailable()
}

/** The node for somebody who wants to change it. Who may not hears the same of what exists and what does not. */
export async function openToChange(name: string, request: IqRequest, act: Act, ctx: Context): Promise<Access> {
  const { access } = await lookUp(name, request, ctx)
  if (access && may(access, act)) return access
  throw new StanzaFault({ condition: request.isOwn ? 'item-not-found' : 'forbidden' })
}

interface Found {
  readonly owner: Account | undefined
  readonly contact: Standing['contact']
  /** Absent where there is no such node. */
  readonly access: Access | undefined
}

const NOBODY: Found = { owner: undefined, contact: undefined, access: undefined }

/** Who somebody is to an account and to a node of it. Refuses nothing; `openToRead` and `openToChange` do. */
export async function lookUp(name: string, { to, isOwn, session }: IqRequest, ctx: Context): Promise<Found> {
  const owner = ctx.accounts.findByBareJid(to.bareString)
  if (!owner) return NOBODY
  const { bareJid } = session.account
  const [node, contact, affiliations, subscriptions] = await Promise.all([
    findNode(owner, name, ctx),
    isOwn ? undefined : ctx.rosters.findContact(owner, bareJid),
    isOwn ? [] : listPepAffiliations(ctx.db, owner.id, { node: name, jid: bareJid }),
    listPepSubscriptions(ctx.db, owner.id, { node: name, bareJid }),
  ])
  const affiliation = isOwn ? 'owner' : (affiliations[0]?.affiliation ?? 'none')
  const isStranger = !isOwn && !hasFrom(contact) && affiliation === 'none' && subscriptions.length === 0
  // SP-18: who is in a unit that keeps to itself is not there for those outside, not even with what is open.
  if (isStranger && !ctx.units.mayFind(bareJid, owner.bareJid)) return NOBODY
  if (!node) return { owner, contact, access: undefined }
  const isSubscribed = subscriptions.some(({ state }) => state === 'subscribed')
  return { owner, contact, access: { owner, node, affiliation, contact, isSubscribed, subscriptions } }
}

/** Whether the account itself asks, or somebody who sees its presence and so knows that it is there. */
export function isKnown({ isOwn }: IqRequest, contact: Standing['contact']): boolean {
  return isOwn || hasFrom(contact)
}

/** A node of an account; the old bookmarks are another view of the new ones. */
export async function findNode(owner: Account, name: string, ctx: Context): Promise<PepNode | undefined> {
  if (name !== LEGACY_BOOKMARKS) return findPepNode(ctx.db, owner.id, name)
  const node = await findPepNode(ctx.db, owner.id, NODE_BOOKMARKS)
  return node && asLegacyNode(node)
}
