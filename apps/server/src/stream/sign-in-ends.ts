import { SESSION_END } from '@drawbridge/contract'
import { refusalWords } from '../policy/words.ts'
import type { Session } from './session.ts'

/** Sessions whose sign-in ends by itself, because the token that it came of did not come for good. */
export interface SignIns {
  /** Now that it has a stream: this one's sign-in counts, and no earlier one's. */
  watch(session: Session): void
  forget(session: Session): void
}

export interface SignInParts {
  /** A session has lost its stream by this, and waits for its client. */
  interrupted(session: Session): void
  /** Milliseconds since 1970. */
  readonly now: () => number
}

const CODE = 'sign-in-ended'

/**
 * Ends the stream of a session when its sign-in ends: RFC 6120 §4.9.3.16 has `<reset/>` for credentials that expired "during
 * the life of the stream". The session stays for as long as one whose connection was lost, so that a client which comes
 * back with another token goes on where it was (XEP-0198 §5).
 */
export function watchSignIns({ interrupted, now }: SignInParts): SignIns {
  const timers = new Map<Session, NodeJS.Timeout>()
  const forget = (session: Session) => {
    clearTimeout(timers.get(session))
    timers.delete(session)
  }
  const end = (session: Session) => {
    timers.delete(session)
    const { connection } = session
    // Whoever has none has to sign in anyway.
    if (!connection) return
    session.interrupt(SESSION_END[CODE], refusalWords(CODE, {}, connection.language))
    if (!session.isEnded) interrupted(session)
  }
  return {
    watch(session) {
      forget(session)
      const { endsAt } = session
      if (endsAt) timers.set(session, setTimeout(end, endsAt.getTime() - now(), session))
    },
    forget,
  }
}
