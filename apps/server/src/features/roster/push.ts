import type { RosterItem } from '@drawbridge/db'
import { NS_CLIENT, NS_ROSTER, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { randomBytes } from 'node:crypto'
import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { noteOf } from './notes.ts'
import { versionText } from './version.ts'

/** `<item/>` of a roster result or push (RFC 6121 §2.1.2). */
export function buildItem({ jid, name, subscription, isAsk, isApproved, groups }: RosterItem): Element {
  return xml(
    'item',
    {
      jid,
      name,
      subscription,
      ask: isAsk ? 'subscribe' : undefined,
      approved: isApproved ? 'true' : undefined,
    },
    groups.map((group) => xml('group', {}, group)),
  )
}

/** Tells every session that has asked for the roster what has become of an item (RFC 6121 §2.1.6). */
export function push(ctx: Context, owner: string, item: RosterItem | undefined): void {
  if (!item) return
  const merged = ctx.rosters.merged(owner, item)
  for (const session of ctx.sessions.of(owner)) {
    if (!session.isInterested) continue
    const stanza = buildPush(session, merged, ctx)
    const { backlog } = noteOf(session)
    if (backlog) backlog.push(stanza)
    else session.send(stanza)
  }
}

/** A push for one session. Without `from`: clients believe only what comes from their own account. */
export function buildPush(session: Session, item: RosterItem, ctx: Context): Element {
  const ver = versionText(session, item.version, ctx)
  const query = xml('query', { xmlns: NS_ROSTER, ver }, buildItem(item))
  const id = `push-${randomBytes(6).toString('base64url')}`
  return xml('iq', { xmlns: NS_CLIENT, type: 'set', id, to: session.jid.toString() }, query)
}
