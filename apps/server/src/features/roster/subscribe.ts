import type { RosterItem } from '@drawbridge/db'
import { NS_CLIENT, parseJid, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element, PresenceStanza } from '@drawbridge/xmpp'
import type { Account } from '../../routing/accounts.ts'
import type { Context } from '../../routing/feature.ts'
import type { RosterChange } from '../../routing/rosters.ts'
import type { Session } from '../../stream/session.ts'
import type { SharedContact } from '../../routing/units.ts'
import { push } from './push.ts'
import { sendCurrentPresence, sendUnavailable } from './fan-out.ts'
import { readRelation, refuseIfFull, rosterStateOf, writeRelation } from './states.ts'
import { inbound, NO_SUBSCRIPTION, outbound } from './subscription.ts'
import type { SubscriptionState, SubscriptionType } from './subscription.ts'

/** A stored request is given out at every sign-in, so it stays small; longer ones lose their content, not their meaning. */
const MAX_REQUEST_LENGTH = 4_096

const ENDS = ['unsubscribe', 'unsubscribed'] as const

/** What has happened to one account's roster, to be told once it is stored. */
interface Told {
  readonly owner: string
  /** Stanzas for it, each before the push that goes with it (RFC 6121 §3.1.6). */
  readonly stanza?: Element | undefined
  readonly item?: RosterItem | undefined
}

/** Whose presence begins or ceases to be seen by whom. */
interface Sight {
  readonly of: string
  readonly by: string
  readonly isGiven: boolean
}

interface Outcome {
  readonly told: Told[]
  readonly sights: Sight[]
}

/**
 * A subscription stanza of a client (RFC 6121 §3): against the user's own state, and, since the contact lives here, too,
 * against the contact's, in one transaction.
 */
export async function subscribe(
  stanza: PresenceStanza & { readonly type: SubscriptionType },
  session: Session,
  ctx: Context,
): Promise<void> {
  const { to, type } = stanza
  if (!to) throw new StanzaFault({ condition: 'bad-request', text: 'a subscription needs an address' })
  if (to.domainpart !== ctx.domain) throw new StanzaFault({ condition: 'remote-server-not-found' })
  const user = session.account
  // The server has no presence, and everybody sees the own one.
  if (to.localpart === undefined || to.bareString === user.bareJid) return
  const shared = ctx.units.shared(user.bareJid, to.bareString)
  if (shared && subscribeShared(session, to.bareString, type, shared)) return
  // §3.1.2: both addresses are bare, whatever the client wrote.
  const element = bareCopy(stanza.element, user.bareJid, to.bareString)
  const outcome = await ctx.rosters.change(together(user, to.bareString, ctx), (change) =>
    exchange(change, ctx, user, to.bareString, type, element),
  )
  tell(outcome, ctx)
}

/**
 * What a unit has settled needs no handshake: a request is answered at once, as §3.1.3 has it where the contact has
 * approved before, and nothing that is asked ends it. Returns whether it is settled.
 */
function subscribeShared(
  session: Session,
  jid: string,
  type: SubscriptionType,
  { hasTo, hasFrom }: SharedContact,
): boolean {
  if (type === 'subscribe' && hasTo) {
    session.send(xml('presence', { xmlns: NS_CLIENT, type: 'subscribed', from: jid, to: session.account.bareJid }))
  }
  return type === 'subscribe' || type === 'unsubscribe' ? hasTo : hasFrom
}

/** §2.5: removing a contact ends what there was in both directions. */
export async function removeContact(session: Session, jid: string, ctx: Context): Promise<undefined> {
  const user = session.account
  const outcome = await ctx.rosters.change(together(user, jid, ctx), async (change) => {
    const { item, state } = await readRelation(change, user, jid)
    if (!item) throw new StanzaFault({ condition: 'item-not-found' })
    const told: Told[] = []
    const sights: Sight[] = []
    const contact = ctx.accounts.findByBareJid(jid)
    if (contact) {
      const ends: SubscriptionType[] = []
      if (state.hasTo || state.isAsk) ends.push('unsubscribe')
      if (state.hasFrom) ends.push('unsubscribed')
      for (const type of ends) {
        const element = xml('presence', { xmlns: NS_CLIENT, type, from: user.bareJid, to: jid })
        const most = ctx.limits.maxPresenceRequests
        await receive(change, contact, { from: user.bareJid, type, element, most }, { told, sights })
      }
    }
    if (state.hasFrom) sights.push({ of: user.bareJid, by: jid, isGiven: false })
    const removed = await change.put(user, jid, { ...rosterStateOf(item), subscription: 'remove' })
    told.push({ owner: user.bareJid, item: removed })
    return { told, sights }
  })
  tell(outcome, ctx)
}

/** An account that is gone: nobody sees it, and it sees nobody. Its contacts hear it as if it had ended that itself. */
export async function forgetContact(owner: Account, jid: string, ctx: Context): Promise<void> {
  const outcome = await ctx.rosters.change([owner], async (change) => {
    const relation = await readRelation(change, owner, jid)
    const told: Told[] = ENDS.filter((type) => inbound(relation.state, type).isDelivered).map((type) => ({
      owner: owner.bareJid,
      stanza: xml('presence', { xmlns: NS_CLIENT, type, from: jid, to: owner.bareJid }),
    }))
    told.push({ owner: owner.bareJid, item: await writeRelation(change, owner, jid, relation, NO_SUBSCRIPTION) })
    return { told, sights: [] }
  })
  tell(outcome, ctx)
}

/** One subscription stanza against both sides (§3.1 to §3.4); what it means is told once the change is stored. */
export async function exchange(
  change: RosterChange,
  ctx: Context,
  user: Account,
  jid: string,
  type: SubscriptionType,
  element: Element,
): Promise<Outcome> {
  const outcome: Outcome = { told: [], sights: [] }
  const mine = await readRelation(change, user, jid)
  const sent = outbound(mine.state, type)
  const contact = hearingContact(user, jid, type, ctx)
  let { state } = sent
  const later: Outcome = { told: [], sights: [] }
  if (sent.isRouted && contact) {
    const { maxPresenceRequests: most } = ctx.limits
    const isAnswered = await receive(change, contact, { from: user.bareJid, type, element, most }, later)
    if (isAnswered) {
      // §3.1.3, §3.4: the contact's server says yes at once, in the contact's name.
      const yes = inbound(state, 'subscribed')
      state = yes.state
      const answer = xml('presence', { xmlns: NS_CLIENT, type: 'subscribed', from: jid, to: user.bareJid })
      if (yes.isDelivered) outcome.told.push({ owner: user.bareJid, stanza: answer })
    }
  }
  if (!mine.item && isItem(state)) await refuseIfFull(change, user, ctx)
  const item = await writeRelation(change, user, jid, mine, state)
  outcome.told.push({ owner: user.bareJid, item }, ...later.told)
  outcome.sights.push(...later.sights)
  if (state.hasFrom !== mine.state.hasFrom) outcome.sights.push({ of: user.bareJid, by: jid, isGiven: state.hasFrom })
  return outcome
}

interface Incoming {
  readonly from: string
  readonly type: SubscriptionType
  readonly element: Element
  /** Requests that the contact may have unanswered. */
  readonly most: number
}

/**
 * The contact's side. Many strangers must not fill the memory of everybody: beyond the limit nobody asks. Returns whether
 * the contact's server answers `subscribed` by itself.
 */
async function receive(
  change: RosterChange,
  contact: Account,
  { from, type, element, most }: Incoming,
  { told, sights }: Outcome,
): Promise<boolean> {
  const theirs = await readRelation(change, contact, from)
  const { state, isDelivered, isAnswered } = inbound(theirs.state, type)
  if (state.isPendingIn && !theirs.state.isPendingIn && (await change.countRequests(contact)) >= most) {
    return false
  }
  const item = await writeRelation(change, contact, from, theirs, state, requestText(element))
  told.push({ owner: contact.bareJid, stanza: isDelivered ? element : undefined, item })
  if (state.hasFrom !== theirs.state.hasFrom) sights.push({ of: contact.bareJid, by: from, isGiven: state.hasFrom })
  return isAnswered
}

/** Tells what has happened. */
export function tell({ told, sights }: Outcome, ctx: Context): void {
  for (const { of, by, isGiven } of sights) if (!isGiven) sendUnavailable(ctx, of, by)
  for (const { owner, stanza, item } of told) {
    if (stanza) deliver(stanza, owner, ctx)
    push(ctx, owner, item)
  }
  for (const { of, by, isGiven } of sights) {
    if (!isGiven) continue
    sendCurrentPresence(ctx, of, by)
    ctx.emit('presence.granted', { of, to: by })
  }
}

/** §3.1.3: a request to every available session; §3.1.6 and so on: an answer to every one that keeps a roster. */
function deliver(stanza: Element, owner: string, ctx: Context): void {
  const isRequest = stanza.attrs['type'] === 'subscribe'
  for (const session of ctx.sessions.of(owner)) {
    if (isRequest ? session.presence !== undefined : session.isInterested) session.send(stanza)
  }
}

/**
 * The contact, if it is here. Of whoever is blocked its user hears nothing (XEP-0191 §3.3): a request is not even kept,
 * while what ends a subscription ends it, since it is nothing that the user could refuse (RFC 6121 §3.2.3, §3.3.3); its
 * devices get no more of it than the change of their roster.
 */
function hearingContact(user: Account, jid: string, type: SubscriptionType, ctx: Context): Account | undefined {
  const contact = ctx.accounts.findByBareJid(jid)
  const isVain = type === 'subscribe' && ctx.blockLists.blocks(jid, parseJid(user.bareJid))
  return isVain ? undefined : contact
}

function together(user: Account, jid: string, ctx: Context): Account[] {
  const contact = ctx.accounts.findByBareJid(jid)
  return contact ? [user, contact] : [user]
}

function isItem({ hasTo, hasFrom, isAsk, isApproved }: SubscriptionState): boolean {
  return hasTo || hasFrom || isAsk || isApproved
}

function requestText(element: Element): string {
  const text = element.toString()
  if (text.length <= MAX_REQUEST_LENGTH) return text
  return xml('presence', { ...element.attrs }).toString()
}

function bareCopy(element: Element, from: string, to: string): Element {
  return xml('presence', { ...element.attrs, xmlns: NS_CLIENT, from, to }, element.children)
}
