import {
  buildStreamError,
  buildSmEnabled,
  buildSmFailed,
  buildSmResumed,
  findSmH,
  findSmResume,
  parseSmEnable,
  smAdvance,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { randomBytes } from 'node:crypto'
import type { Account } from '../routing/accounts.ts'
import type { Connection } from '../transport/connection.ts'
import type { Proof } from './client-proofs.ts'
import { countStreamError } from './events.ts'
import { HandledTooMuch, OutboundQueue } from './resume.ts'
import { REPLACED, sayGoodbye } from './session.ts'
import type { Session } from './session.ts'
import type { StreamServer } from './stream-server.ts'

// XEP-0198, for whoever asks by itself and for whoever asks while signing in (XEP-0198 §5, XEP-0386 §2.2).

/** A resumption waits so long for what the old connection had sent, in milliseconds. */
const RESUME_WAIT_MS = 10_000

/** A session that is ready to go on here, or the answer to a client that must begin anew. */
export type Resumption =
  | { readonly session: Session; readonly resumed: Element; readonly h: number }
  | { readonly failed: Element }

/** Where a resumption is asked for. */
export interface ResumeRequest {
  readonly account: Account
  readonly connection: Connection
  readonly element: Element
  /** What the client that asks has proved. */
  readonly proofs: readonly Proof[]
  /** Whether the asking stream is gone meanwhile. */
  isClosed(): boolean
}

/**
 * XEP-0198 §5. What cannot be resumed is told the durable count, so that nothing is sent twice or lost. The caller takes
 * the session from whoever was faster meanwhile, and attaches it.
 */
export async function prepareResumption(server: StreamServer, request: ResumeRequest): Promise<Resumption> {
  const { account, connection, element, proofs } = request
  const { previousId: id = '', h } = findSmResume(element) ?? {}
  const found = server.sessions.findResumable(id)
  const session = found?.account.id === account.id ? found : undefined
  // What the session had proved was of the client that it had.
  session?.prove(proofs)
  const refusal = server.refusalFor(account, session?.client, 'resume', connection)
  const failed = async () => ({ failed: buildSmFailed('item-not-found', await server.findHandled(id, account)) })
  if (h === undefined || !session || session.isEnded || refusal) return failed()
  takeFromOther(server, session)
  const isIdle = await within(
    RESUME_WAIT_MS,
    session.idle().then(() => session.persistHandled()),
  )
  if (!isIdle || session.isEnded || request.isClosed()) return failed()
  return { session, h, resumed: buildSmResumed({ previousId: id, h: smAdvance(0, session.handled) }) }
}

/**
 * Takes a session from the connection it may still have; until it has another, it is one that lost its client. "If the
 * former stream is resumed and the server still has the stream for the previously-identified session open at this time,
 * the server SHOULD send a 'conflict' stream error and close that stream" (XEP-0198 §5).
 */
export function takeFromOther(server: StreamServer, session: Session): void {
  const { connection } = session
  server.detached(session)
  if (!connection) return
  countStreamError({ condition: 'conflict' })
  sayGoodbye(connection, buildStreamError('conflict', REPLACED).toString())
}

/** Stream management as it will be for a session: what it remembers, and what the client is told. */
export interface Management {
  readonly queue: OutboundQueue
  readonly enabled: Element
}

/** Answers `<enable/>`; for a stream that can be resumed, its durable count is opened first. */
export async function prepareManagement(
  server: StreamServer,
  account: Account,
  element: Element,
): Promise<Management | { readonly failed: Element }> {
  const { wantsResume } = parseSmEnable(element)
  const id = randomBytes(18).toString('base64url')
  const maxSeconds = Math.round(server.config.resumeTimeoutMs / 1_000)
  if (!wantsResume) return { queue: new OutboundQueue(id, false), enabled: buildSmEnabled() }
  try {
    // The count is kept in the database from the first stanza on, so its row comes first.
    await server.keepCount(id, account)
  } catch (error) {
    server.log.warn('a stream cannot be made resumable', { error: String(error) })
    return { failed: buildSmFailed('internal-server-error') }
  }
  return { queue: new OutboundQueue(id, true), enabled: buildSmEnabled({ id, maxSeconds }) }
}

/** From here on the session counts. */
export function manage(server: StreamServer, session: Session, { queue }: Management): void {
  session.enableManagement(queue)
  if (queue.canResume) server.sessions.canResume(queue.id, session)
}

/** Takes the client's `<a/>`. Throws `HandledTooMuch`; false for a count that is none. */
export function takeAnswer(session: Session, element: Element): boolean {
  const h = findSmH(element)
  if (h !== undefined) session.acknowledged(h)
  // A number that does not fit into 32 bits is none that we sent (threats DS-22).
  else if (/^-?\d+$/.test(element.attrs['h'] ?? '')) throw new HandledTooMuch(0xffff_ffff, session.outbound?.sent ?? 0)
  else return false
  return true
}

/** True when the work is done in time; false when it fails or takes longer. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => (timer = setTimeout(resolve, ms, false)))
  try {
    return await Promise.race([
      work.then(
        () => true,
        () => false,
      ),
      late,
    ])
  } finally {
    clearTimeout(timer)
  }
}
