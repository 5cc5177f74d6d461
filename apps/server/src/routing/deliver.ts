import type { Jid, MessageStanza } from '@drawbridge/xmpp'
import { xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { NS_SID } from '@drawbridge/xmpp'
import { Outgoing } from './outgoing.ts'
import type { Session } from '../stream/session.ts'
import type { Account } from './accounts.ts'
import type { Draft } from './feature.ts'
import { hasFrom } from './rosters.ts'
import type { Rosters } from './rosters.ts'
import type { Sessions } from './sessions.ts'

/** Where a message for a local account goes (RFC 6121 §8.5). */
export type Delivery =
  | { readonly to: 'sessions'; readonly sessions: readonly Session[] }
  /** Nobody is there to take it: it waits in the archive (XEP-0160). */
  | { readonly to: 'archive' }
  | { readonly to: 'nobody' }
  | { readonly to: 'sender'; readonly condition: 'service-unavailable' }

const ARCHIVE: Delivery = { to: 'archive' }
const NOBODY: Delivery = { to: 'nobody' }
const UNAVAILABLE: Delivery = { to: 'sender', condition: 'service-unavailable' }

/** The delivery rules of RFC 6121 §8.5 as one function: what happens to this message, by its type and address. */
export function planDelivery(stanza: MessageStanza, account: Account | undefined, sessions: Sessions): Delivery {
  const { to, type } = stanza
  // §8.5.1, and the same answer for a disabled account: whether somebody exists is nobody's business.
  if (!account) return type === 'error' ? NOBODY : UNAVAILABLE
  if (to.isFull) {
    const session = sessions.find(to)
    if (session) return { to: 'sessions', sessions: [session] }
    // §8.5.3.2.1: only chat goes on as if it were for the bare JID.
    if (type === 'error') return NOBODY
    if (type !== 'chat') return UNAVAILABLE
  }
  const available = sessions.of(account.bareJid).filter(({ takesMessages }) => takesMessages)
  switch (type) {
    case 'chat':
    case 'normal':
      return available.length > 0 ? { to: 'sessions', sessions: available } : ARCHIVE
    case 'headline':
      return available.length > 0 ? { to: 'sessions', sessions: available } : NOBODY
    case 'groupchat':
      return UNAVAILABLE
    case 'error':
      return NOBODY
  }
}

/**
 * RFC 6121 §8.5.3.1: a request reaches a device only from people that it shares its presence with, by subscription or
 * directly. To anybody else it is not there: whether somebody is online is nobody's business (threats SP-12).
 */
export function isPresentTo(session: Session, from: Jid, rosters: Rosters): boolean {
  const { account, presence, directed } = session
  if (from.bareString === account.bareJid) return true
  if (directed?.has(from.toString()) || directed?.has(from.bareString)) return true
  return presence !== undefined && hasFrom(rosters.find(account.bareJid)?.items.get(from.bareString))
}

/** A copy of the message with the id it has in this owner's archive (XEP-0359 §3.2), if it is archived at all. */
export function stampedFor(draft: Draft, owner: string): Outgoing {
  const { element } = draft.stanza
  const position = draft.positions.get(owner)
  if (position === undefined) return new Outgoing(element)
  return new Outgoing(withStanzaId(element, owner, draft.id), { owner, position })
}

/** A shallow copy that ends with `<stanza-id/>`. */
export function withStanzaId(element: Element, by: string, id: string): Element {
  return xml(element.name, { ...element.attrs }, ...element.children, xml('stanza-id', { xmlns: NS_SID, by, id }))
}
