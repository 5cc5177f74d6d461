import { NS_PING, xml } from '@drawbridge/xmpp'
import type { Connection } from '../transport/connection.ts'
import type { Session } from './session.ts'

/** How often all are looked at, as a part of the time that a client may be silent. */
const LOOKS_PER_TIMEOUT = 4

interface Silence {
  readonly connection: Connection
  readonly bytesRead: number
  /** Looks since then. */
  looks: number
}

/**
 * Finds clients that are gone without a word (RFC 6120 §4.6, XEP-0478 §3.1): one that has been silent for `timeoutMs` is
 * asked (XEP-0199), and one that stays silent has lost its connection. White space counts as a sign of life.
 *
 * One timer for all: a session costs an entry here and no more.
 *
 * @returns ends the watch.
 */
export function watchIdle(
  sessions: () => Iterable<Session>,
  { domain, timeoutMs }: { readonly domain: string; readonly timeoutMs: number },
): () => void {
  let known = new Map<Session, Silence>()
  const look = () => {
    const next = new Map<Session, Silence>()
    for (const session of sessions()) {
      const { connection } = session
      const bytesRead = connection?.bytesRead
      if (!connection || bytesRead === undefined) continue
      const before = known.get(session)
      const isSilent = before?.connection === connection && before.bytesRead === bytesRead
      const silence = isSilent ? before : { connection, bytesRead, looks: 0 }
      if (isSilent) silence.looks++
      if (silence.looks === LOOKS_PER_TIMEOUT)
        void session.query(xml('ping', { xmlns: NS_PING }), domain).catch(() => undefined)
      if (silence.looks > LOOKS_PER_TIMEOUT) session.lostClient()
      else next.set(session, silence)
    }
    known = next
  }
  const timer = setInterval(look, Math.ceil(timeoutMs / LOOKS_PER_TIMEOUT))
  timer.unref()
  return () => clearInterval(timer)
}
