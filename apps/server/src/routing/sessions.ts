import type { Jid } from '@drawbridge/xmpp'
import type { Session } from '../stream/session.ts'

const NONE: readonly Session[] = []

/** Bound sessions of this node, connected or waiting for their client to come back (XEP-0198 §5). */
export interface Sessions {
  readonly size: number
  all(): Iterable<Session>
  /** Sessions of an account, oldest first. */
  of(bareJid: string): readonly Session[]
  find(jid: Jid): Session | undefined
  add(session: Session): void
  remove(session: Session): void
  /** From now on the session can be found by its XEP-0198 id. */
  canResume(id: string, session: Session): void
  /** A session that can be resumed, by its XEP-0198 id. */
  findResumable(id: string): Session | undefined
}

/** An empty registry. The lists it hands out are replaced, never changed, so one can be kept while sending. */
export function createSessions(): Sessions {
  const byAccount = new Map<string, readonly Session[]>()
  const byResumeId = new Map<string, Session>()
  let size = 0
  const of = (bareJid: string) => byAccount.get(bareJid) ?? NONE
  return {
    get size() {
      return size
    },
    *all() {
      for (const list of byAccount.values()) yield* list
    },
    of,
    find: (jid) => of(jid.bareString).find((session) => session.jid.resourcepart === jid.resourcepart),
    add(session) {
      const key = session.account.bareJid
      byAccount.set(key, [...of(key), session])
      size++
    },
    remove(session) {
      const key = session.account.bareJid
      const before = of(key)
      const after = before.filter((other) => other !== session)
      if (after.length === before.length) return
      size--
      if (session.outbound) byResumeId.delete(session.outbound.id)
      if (after.length > 0) byAccount.set(key, after)
      else byAccount.delete(key)
    },
    canResume: (id, session) => void byResumeId.set(id, session),
    findResumable(id) {
      const session = byResumeId.get(id)
      return session?.resumeId === id ? session : undefined
    },
  }
}
