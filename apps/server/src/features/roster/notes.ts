import type { Element } from '@drawbridge/xmpp'
import { Broadcast } from '../../routing/outgoing.ts'
import type { Session } from '../../stream/session.ts'

/** What this feature keeps about a session. */
export interface RosterNote {
  /** Its presence, ready to be sent to anybody. */
  broadcast: Broadcast | undefined
  /** Roster pushes that must not overtake the answer they follow (§2.6.3). */
  backlog: Element[] | undefined
  /** Pushes of a change of units are on the way; what it has so far is the roster of no moment (§2.6.2). */
  isCatchingUp: boolean
}

/** The note of a session. */
export function noteOf(session: Session): RosterNote {
  let note = session.notes.get('roster') as RosterNote | undefined
  if (!note) {
    note = { broadcast: undefined, backlog: undefined, isCatchingUp: false }
    session.notes.set('roster', note)
  }
  return note
}

/** Makes this the presence of the session; `undefined`: it is unavailable. */
export function setPresence(session: Session, presence: Element | undefined, priority: number | undefined): void {
  session.presence = presence
  session.priority = priority
  noteOf(session).broadcast = presence && new Broadcast(presence)
}
