import { findJid, NS_CLIENT, xml } from '@drawbridge/xmpp'
import type { Element, Jid } from '@drawbridge/xmpp'
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

/** Directed presence (§4.6): to one session, or to an account like any other presence. */
export function sendDirected(ctx: Context, to: Jid, presence: Element): void {
  const broadcast = new Broadcast(presence)
  if (to.isFull) ctx.sessions.find(to)?.send(broadcast.to(to.toString()))
  else sendTo(ctx, to.bareString, broadcast)
}

/** The contacts that have been told of this session by its own broadcast: none while it only shows itself to some. */
export function broadcastTo(session: Session, ctx: Context): readonly string[] {
  if (!noteOf(session).broadcast) return []
  return ctx.rosters.find(session.account.bareJid)?.subscribers ?? []
}

/** Whom else it has told that it is available, directly. */
export function directedTo(session: Session, ctx: Context): Jid[] {
  const told = new Set(broadcastTo(session, ctx))
  return [...(session.directed ?? [])].flatMap((text) => findJid(text) ?? []).filter((to) => !told.has(to.bareString))
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
