import type { Element } from '@drawbridge/xmpp'
import { perSession } from '../../routing/kept.ts'
import { Broadcast } from '../../routing/outgoing.ts'
import type { Session } from '../../stream/session.ts'

/** What this feature keeps about a session. */
export interface RosterNote {
  /** Its presence as others see it, ready to be sent to anybody. */
  broadcast: Broadcast | undefined
  /** Presence is suspended: what it says of itself now is not shown, and what was shown before stays. */
  isSilent: boolean
  /** It has not been shown the presence of others for that. */
  isBlind: boolean
  /** Roster pushes that must not overtake the answer they follow (§2.6.3). */
  backlog: Element[] | undefined
  /** Pushes of a change of units are on the way; what it has so far is the roster of no moment (§2.6.2). */
  isCatchingUp: boolean
}

/** The note of a session. */
export const noteOf = perSession((): RosterNote => ({
  broadcast: undefined,
  isSilent: false,
  isBlind: false,
  backlog: undefined,
  isCatchingUp: false,
}))

/** Makes this the presence of the session; `undefined`: it is unavailable. */
export function setPresence(session: Session, presence: Element | undefined, priority: number | undefined): void {
  session.presence = presence
  session.priority = priority
  const note = noteOf(session)
  if (!presence) note.broadcast = undefined
  else if (!note.isSilent) note.broadcast = new Broadcast(presence)
}
