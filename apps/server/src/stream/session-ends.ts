import type { SessionEndCode } from '@drawbridge/contract'
import type { Sessions } from '../routing/sessions.ts'
import type { Admission } from './admission.ts'
import type { Revocations } from './revocations.ts'
import type { Session } from './session.ts'

/** Ends sessions of an account; each way returns how many there were, unless it says otherwise. */
export interface SessionEnds {
  /** All but `keep`, and sign-ins that are under way: whoever was in has to prove again who it is. */
  closeSessions(localpart: string, why: SessionEndCode, keep?: Session): number
  /** Those that came of an issuer's token: the issuer has logged the person out. Returns them. */
  closeGrants(localpart: string): readonly Session[]
  /** One session, and nothing else: who has the account may go on, and sign in again. */
  closeSession(localpart: string, resource: string, why: SessionEndCode): number
}

export interface SessionEndParts {
  readonly domain: string
  readonly sessions: Sessions
  readonly revocations: Revocations
  readonly admission: Pick<Admission, 'dismiss'>
}

export function createSessionEnds({ domain, sessions, revocations, admission }: SessionEndParts): SessionEnds {
  const end = (localpart: string, why: SessionEndCode, isMeant: (session: Session) => boolean) => {
    const open = sessions.of(`${localpart}@${domain}`).filter(isMeant)
    for (const session of open) admission.dismiss(session, why)
    return open
  }
  return {
    closeSessions(localpart, why, keep) {
      revocations.revoke(localpart)
      return end(localpart, why, (session) => session !== keep).length
    },
    closeGrants(localpart) {
      revocations.revoke(localpart)
      return end(localpart, 'sign-in-ended', (session) => session.endsAt !== undefined)
    },
    closeSession: (localpart, resource, why) => end(localpart, why, ({ jid }) => jid.resourcepart === resource).length,
  }
}
