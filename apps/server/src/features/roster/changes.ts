import { listPresenceRequestsFrom, listRostersWith } from '@drawbridge/db'
import { findJid, NS_CLIENT, setPhotoHash, stanzaFrom, xml } from '@drawbridge/xmpp'
import type { Jid } from '@drawbridge/xmpp'
import type { Context, DomainEvents } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import {
  broadcastPresence,
  broadcastTo,
  directedTo,
  sendCurrentPresence,
  sendDirected,
  unavailable,
} from './fan-out.ts'
import { noteOf, setPresence } from './notes.ts'
import { leave } from './presence.ts'
import { forgetContact } from './subscribe.ts'

/**
 * XEP-0191 §3.3, §3.4: whom the account blocks sees it leave, whom it unblocks sees it come. Blocking is announced before
 * the list is in force, or it would hold back its own announcement. All in this turn, therefore.
 */
export function followBlocking({ owner, blocked, unblocked }: DomainEvents['blocking.changed'], ctx: Context): void {
  for (const session of ctx.sessions.of(owner)) {
    const seers = [...broadcastTo(session, ctx).flatMap((jid) => findJid(jid) ?? []), ...directedTo(session, ctx)]
    for (const to of seers) if (isAmong(to.bareString, blocked)) sendDirected(ctx, to, unavailable(session))
  }
  const roster = ctx.rosters.find(owner)
  if (!roster) return
  for (const jid of roster.subscribers) if (isAmong(jid, unblocked)) sendCurrentPresence(ctx, owner, jid)
  // The account has missed what its contacts said meanwhile.
  for (const jid of roster.subscriptions) if (isAmong(jid, unblocked)) sendCurrentPresence(ctx, jid, owner)
}

/** Whether an entry of a block list is about this contact. */
function isAmong(contact: string, entries: readonly Jid[]): boolean {
  const jid = findJid(contact)
  return (
    jid !== undefined && entries.some((entry) => entry.bareString === contact || entry.bareString === jid.domainpart)
  )
}

/** XEP-0398 §3: a new avatar is announced in the presence of every session, whatever the client said in its own. */
export async function followAvatar({ owner, sha1 }: DomainEvents['avatar.changed'], ctx: Context): Promise<void> {
  for (const session of ctx.sessions.of(owner)) await announceAgain(session, sha1, ctx)
}

async function announceAgain(session: Session, sha1: string | undefined, ctx: Context): Promise<void> {
  const { presence, priority } = session
  if (!presence) return
  const next = xml('presence', { ...presence.attrs, xmlns: NS_CLIENT }, presence.children)
  setPhotoHash(next, sha1 ?? '')
  setPresence(session, next, priority)
  const { broadcast, isSilent } = noteOf(session)
  if (broadcast && !isSilent) await broadcastPresence(ctx, session, broadcast)
}

/** Presence was suspended, or is no more: whoever was not seen, or has not seen others, says what it said once more. */
export async function followSuspensions(_: DomainEvents['suspensions.changed'], ctx: Context): Promise<void> {
  for (const session of [...ctx.sessions.all()]) {
    const { presence } = session
    const { isSilent, isBlind } = noteOf(session)
    if (!presence || session.isEnded || (!isSilent && !isBlind)) continue
    await ctx.route(stanzaFrom(presence, { from: session.jid }), session)
  }
}

/**
 * A deleted account is seen to leave (RFC 6121 §4.5.2), then leaves every roster, so that a later one of the same name
 * inherits nobody's trust.
 */
export async function followDeletion({ localpart }: DomainEvents['account.deleted'], ctx: Context): Promise<void> {
  const jid = `${localpart}@${ctx.domain}`
  const farewells = ctx.sessions.of(jid).map((session) => leave(session, unavailable(session), ctx))
  ctx.rosters.release(jid)
  await Promise.all(farewells)
  const ids = new Set([
    ...(await listRostersWith(ctx.db, jid)).map(({ accountId }) => accountId),
    ...(await listPresenceRequestsFrom(ctx.db, jid)),
  ])
  if (ids.size === 0) return
  for (const owner of ctx.accounts.all()) if (ids.has(owner.id)) await forgetContact(owner, jid, ctx)
}
