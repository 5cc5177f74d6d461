import { NS_CLIENT, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { inTurns } from '../../routing/fanout.ts'
import type { Context } from '../../routing/feature.ts'
import { hasFrom } from '../../routing/rosters.ts'
import { Broadcast } from '../../routing/outgoing.ts'
import type { Session } from '../../stream/session.ts'
import { noteOf } from './notes.ts'

/** Sends to every available session of an account; presence is nothing for a session that has none (RFC 6121 §8.5.2.1.2). */
export function sendTo(ctx: Context, bareJid: string, broadcast: Broadcast): void {
  const sessions = ctx.sessions.of(bareJid)
  if (sessions.length === 0) return
  const outgoing = broadcast.to(bareJid)
  for (const session of sessions) if (session.presence) session.send(outgoing)
}

/**
 * Sends one presence to everybody who may see it: subscribers and the account's own sessions (§4.2.2, §4.4.2, §4.5.2).
 * Presence is a state: where it takes several turns and there is another by then, or somebody may not see it any more,
 * it is told to nobody further.
 */
export function broadcastPresence(ctx: Context, session: Session, broadcast: Broadcast): Promise<void> {
  const { bareJid } = session.account
  const roster = ctx.rosters.find(bareJid)
  const note = noteOf(session)
  // Once it is gone, the session has none; its farewell is for all that may have seen it.
  const isFarewell = note.broadcast === undefined
  sendTo(ctx, bareJid, broadcast)
  return inTurns(
    roster?.subscribers ?? [],
    (jid, turn) => {
      if (turn === 0 || isFarewell || hasFrom(roster?.items.get(jid))) sendTo(ctx, jid, broadcast)
    },
    () => note.broadcast === (isFarewell ? undefined : broadcast),
  )
}

/** §3.1.5, §4.3.2: one account's presence, of all its sessions, to another's. */
export function sendCurrentPresence(ctx: Context, of: string, to: string): void {
  for (const session of ctx.sessions.of(of)) {
    const { broadcast } = noteOf(session)
    if (broadcast) sendTo(ctx, to, broadcast)
  }
}

/** §3.2.2, §3.3.3: takes back what another account has seen of this one. */
export function sendUnavailable(ctx: Context, of: string, to: string): void {
  for (const session of ctx.sessions.of(of)) {
    if (noteOf(session).broadcast) sendTo(ctx, to, new Broadcast(unavailable(session)))
  }
}

/** What a session leaves behind. */
export function unavailable(session: Session): Element {
  return xml('presence', { xmlns: NS_CLIENT, type: 'unavailable', from: session.jid.toString() })
}
