import type { RosterItem, RosterState, Subscription } from '@drawbridge/db'
import { StanzaFault } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context } from '../../routing/feature.ts'
import { hasFrom, hasTo } from '../../routing/rosters.ts'
import type { RosterChange } from '../../routing/rosters.ts'
import type { SubscriptionState } from './subscription.ts'

/** A contact as one side has it stored. */
export interface Relation {
  readonly item: RosterItem | undefined
  readonly state: SubscriptionState
}

/** What an item says, or what a new one would. */
export function rosterStateOf(item: RosterItem | undefined): RosterState {
  const { name = null, groups = [], subscription = 'none', isAsk = false, isApproved = false } = item ?? {}
  return { name, groups, subscription, isAsk, isApproved }
}

/** Reads one side of a subscription. */
export async function readRelation(change: RosterChange, owner: Account, jid: string): Promise<Relation> {
  const item = await change.find(owner, jid)
  const isPendingIn = (await change.findRequest(owner, jid)) !== undefined
  return {
    item,
    state: {
      hasTo: hasTo(item),
      hasFrom: hasFrom(item),
      isAsk: item?.isAsk ?? false,
      isApproved: item?.isApproved ?? false,
      isPendingIn,
    },
  }
}

/**
 * Writes one side of a subscription; returns the item if it changed. A relation that only waits for our answer is no
 * item (RFC 6121 §3.1.3): it is stored as the request.
 */
export async function writeRelation(
  change: RosterChange,
  owner: Account,
  jid: string,
  { item, state: before }: Relation,
  after: SubscriptionState,
  request?: string,
): Promise<RosterItem | undefined> {
  if (after.isPendingIn && !before.isPendingIn && request !== undefined) await change.putRequest(owner, jid, request)
  if (before.isPendingIn && !after.isPendingIn) await change.deleteRequest(owner, jid)
  const subscription = subscriptionOf(after)
  const { isAsk, isApproved } = after
  const was = rosterStateOf(item)
  if (was.subscription === subscription && was.isAsk === isAsk && was.isApproved === isApproved) return undefined
  return change.put(owner, jid, { ...was, subscription, isAsk, isApproved })
}

function subscriptionOf({ hasTo: to, hasFrom: from }: SubscriptionState): Subscription {
  if (to) return from ? 'both' : 'to'
  return from ? 'from' : 'none'
}

/** Throws when there is no room for another contact. */
export async function refuseIfFull(change: RosterChange, owner: Account, ctx: Context): Promise<void> {
  if ((await change.count(owner)) < ctx.limits.maxRosterItems) return
  throw new StanzaFault({ type: 'cancel', condition: 'resource-constraint', text: 'Your contact list is full.' })
}
