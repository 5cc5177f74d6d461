import { findLastActivity } from '@drawbridge/db'
import { buildDelay, C2S_LIMITS, NS_CLIENT, parseElement, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element, Jid, PresenceStanza, Stanza } from '@drawbridge/xmpp'
import { inTurns } from '../../routing/fanout.ts'
import type { Context, PresenceReach } from '../../routing/feature.ts'
import { filterRequest } from '../../routing/filter-stored.ts'
import { hasFrom } from '../../routing/rosters.ts'
import { Broadcast } from '../../routing/outgoing.ts'
import type { Session } from '../../stream/session.ts'
import { broadcastPresence, broadcastTo, directedTo, sendDirected, unavailable } from './fan-out.ts'
import { acceptPreauth } from './invited.ts'
import { noteOf, setPresence } from './notes.ts'
import { subscribe } from './subscribe.ts'
import type { SubscriptionType } from './subscription.ts'

/** Addresses one session may tell of its presence directly and be remembered for. */
const MAX_DIRECTED = 1_000

/** Presence from a client (RFC 6121 §3, §4). */
export async function handlePresence(
  stanza: PresenceStanza,
  session: Session,
  ctx: Context,
  reach: PresenceReach,
): Promise<void> {
  const { to, type } = stanza
  switch (type) {
    case 'available':
      return to ? direct(stanza, to, session, ctx) : announce(stanza, session, ctx, reach)
    case 'unavailable':
      if (to) return direct(stanza, to, session, ctx)
      await leave(session, ownCopy(stanza.element, session), ctx)
      return ctx.emit('session.unavailable', { session, farewell: stanza.element.getChildren('status') })
    case 'probe':
      return to && probe(to, session, ctx)
    case 'error':
      // An answer to a resource's presence; nobody else needs it.
      return to?.isFull ? direct(stanza, to, session, ctx) : undefined
    default:
      if (type === 'subscribe' && (await acceptPreauth(stanza, session.account, ctx))) return
      return subscribe(stanza as PresenceStanza & { readonly type: SubscriptionType }, session, ctx)
  }
}

/** Initial presence (§4.2) and its updates (§4.4). */
async function announce(
  stanza: PresenceStanza,
  session: Session,
  ctx: Context,
  { isShown, seesOthers }: PresenceReach,
): Promise<void> {
  const priority = parsePriority(stanza.element)
  const isInitial = session.presence === undefined
  const tookMessages = session.takesMessages
  const { account } = session
  await ctx.rosters.load(account)
  if (session.isEnded) {
    if (ctx.sessions.of(account.bareJid).length === 0) ctx.rosters.release(account.bareJid)
    return
  }
  // Of several updates that came together, the last is the state.
  if (!isInitial && isOwnState(session.next)) return
  const note = noteOf(session)
  const isNewcomer = isInitial || note.isBlind
  note.isSilent = !isShown
  note.isBlind = isNewcomer && !seesOthers
  setPresence(session, ownCopy(stanza.element, session), priority)
  if (note.broadcast && isShown) await broadcastPresence(ctx, session, note.broadcast)
  if (session.isEnded) return
  if (isNewcomer && seesOthers) await showOthers(session, ctx)
  if (isInitial) {
    for (const [jid, request] of ctx.rosters.find(account.bareJid)?.requests ?? []) {
      session.send(parseElement(await filterRequest(account, jid, request, ctx), C2S_LIMITS))
    }
  }
  // A priority that is no longer negative makes the session one that messages wait for (§8.5.2).
  if (isInitial || (session.takesMessages && !tookMessages)) ctx.emit('session.available', { session })
}

function isOwnState(stanza: Stanza | undefined): boolean {
  if (stanza?.kind !== 'presence' || stanza.to) return false
  return stanza.type === 'unavailable' || (stanza.type === 'available' && findPriority(stanza.element) !== undefined)
}

/** §4.2.3, §4.3: what the newcomer may see of its contacts, and of its account's other sessions. */
function showOthers(session: Session, ctx: Context): Promise<void> {
  const { bareJid } = session.account
  for (const other of ctx.sessions.of(bareJid)) if (other !== session) show(other, session)
  const contacts = ctx.rosters.find(bareJid)?.subscriptions ?? []
  return inTurns(
    contacts,
    (jid) => showTo(session, jid, ctx),
    () => !session.isEnded,
  )
}

/** Both sides must agree: what counts is the contact's own roster, which is in memory while the contact is available. */
function showTo(session: Session, contact: string, ctx: Context): void {
  if (!hasFrom(ctx.rosters.find(contact)?.items.get(session.account.bareJid))) return
  for (const other of ctx.sessions.of(contact)) show(other, session)
}

function show(other: Session, to: Session): void {
  const { broadcast } = noteOf(other)
  if (broadcast) to.send(broadcast.to(to.jid.toString()))
}

/**
 * §4.3.2. Whoever may not see the contact hears nothing, as of an account that does not exist (threats SP-12). The RFC
 * would rather have "unsubscribed" said to strangers, which is also said for nobody: silence says as little.
 */
async function probe(to: Jid, session: Session, ctx: Context): Promise<void> {
  refuseRemote(to, ctx)
  const contact = ctx.accounts.findByBareJid(to.bareString)
  const { bareJid } = session.account
  if (!contact || contact.bareJid === bareJid || !(await ctx.rosters.isSubscriber(contact, bareJid))) return
  const isThere = ctx.sessions.of(contact.bareJid).some(({ presence }) => presence !== undefined)
  if (isThere) return showTo(session, contact.bareJid, ctx)
  // What is noted is of the last session that has ended; of one that only became unavailable there is nothing yet.
  const isGone = ctx.sessions.of(contact.bareJid).length === 0
  const last = isGone ? await findLastActivity(ctx.db, contact.id) : undefined
  const attrs = { xmlns: NS_CLIENT, type: 'unavailable', from: contact.bareJid, to: session.jid.toString() }
  // "MAY include" what the contact said on leaving; "SHOULD include information about the time".
  const status = last?.status ? xml('status', {}, last.status) : undefined
  session.send(xml('presence', attrs, status, last && buildDelay({ stamp: last.at, from: ctx.domain })))
}

/** §4.6: presence for somebody in particular, whether in the roster or not. */
function direct(stanza: PresenceStanza, to: Jid, session: Session, ctx: Context): void {
  refuseRemote(to, ctx)
  if (to.localpart === undefined) return
  const directed = (session.directed ??= new Set())
  if (stanza.type === 'available') {
    // Whoever only shows himself to this contact is remembered for that, as to a stranger (case 3).
    const isTold = broadcastTo(session, ctx).includes(to.bareString)
    if (!isTold && !directed.has(to.toString())) {
      if (directed.size >= MAX_DIRECTED) throw new StanzaFault({ condition: 'resource-constraint' })
      directed.add(to.toString())
    }
  } else directed.delete(to.toString())
  sendDirected(ctx, to, ownCopy(stanza.element, session))
}

/** §4.5: unavailable to all that saw the session, those of its directed presence included (§4.6.3). */
export async function leave(session: Session, presence: Element, ctx: Context): Promise<void> {
  const wasSeen = noteOf(session).broadcast !== undefined
  const directed = directedTo(session, ctx)
  session.directed = undefined
  setPresence(session, undefined, undefined)
  for (const to of directed) sendDirected(ctx, to, presence)
  if (wasSeen) await broadcastPresence(ctx, session, new Broadcast(presence))
}

/** The end of a session: what it did not say itself is said for it (§4.5.2). */
export async function endPresence(session: Session, ctx: Context): Promise<void> {
  await leave(session, unavailable(session), ctx)
  const { bareJid } = session.account
  if (ctx.sessions.of(bareJid).length === 0) ctx.rosters.release(bareJid)
}

/** §4.7.2.3: an integer between -128 and +127; 0 if absent. */
function parsePriority(presence: Element): number {
  const priority = findPriority(presence)
  if (priority !== undefined) return priority
  throw new StanzaFault({ condition: 'bad-request', text: 'priority is not between -128 and 127' })
}

function findPriority(presence: Element): number | undefined {
  const text = presence.getChildText('priority')?.trim()
  if (text === undefined || text === '') return 0
  const priority = /^[+-]?\d{1,3}$/.test(text) ? Number(text) : Number.NaN
  return priority >= -128 && priority <= 127 ? priority : undefined
}

function refuseRemote(to: Jid, ctx: Context): void {
  if (to.domainpart !== ctx.domain) throw new StanzaFault({ condition: 'remote-server-not-found' })
}

/** The presence as others get it: from the session's full JID, to whoever gets it. */
function ownCopy({ attrs, children }: Element, session: Session): Element {
  const { to: _, ...rest } = attrs
  return xml('presence', { ...rest, xmlns: NS_CLIENT, from: session.jid.toString() }, children)
}
