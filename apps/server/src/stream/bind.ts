import {
  buildStanzaError,
  findClient,
  holdsDataImage,
  holdsEncodedImage,
  JidFault,
  jidFrom,
  NS_BIND,
  NS_CLIENT,
  serialize,
  xml,
} from '@drawbridge/xmpp'
import type { Element, StanzaErrorCondition } from '@drawbridge/xmpp'
import { claimFrom } from '@drawbridge/policy'
import type { Claim } from '@drawbridge/policy'
import { randomBytes } from 'node:crypto'
import type { Account } from '../routing/accounts.ts'
import type { Connection } from '../transport/connection.ts'
import type { Proof } from './client-proofs.ts'
import { REPLACED, Session } from './session.ts'
import type { StreamServer } from './stream-server.ts'

/** What is known of a client before it binds. */
export interface KnownClient {
  readonly claims: readonly Claim[]
  /** What it has shown to be so. */
  readonly proofs?: readonly Proof[]
  /** Where it has one (XEP-0388 §2.3). */
  readonly clientId?: string | undefined
  /** When its sign-in ends; absent: not by itself. */
  readonly endsAt?: Date | undefined
}

/** What a session is made of. */
export interface NewSession extends KnownClient {
  readonly account: Account
  readonly resourcepart: string
  /** XEP-0386 §2.2: with Bind 2, a client has one session. By RFC 6120 §7 it may have several, such as tabs of a browser. */
  readonly isOnlyOne?: boolean
}

/**
 * Makes a session and puts it among the others, or returns why it cannot be had. The newcomer wins: a client that lost
 * its connection asks for its resource again before we notice (RFC 6120 §7.7.2.2).
 */
export function openSession(
  server: StreamServer,
  connection: Connection,
  { account, resourcepart, isOnlyOne = false, ...known }: NewSession,
): Session | StanzaErrorCondition {
  const current = server.accounts.find(account.localpart)
  if (current?.id !== account.id || current.isDisabled) return 'not-allowed'
  let jid
  try {
    jid = jidFrom({ localpart: account.localpart, domainpart: server.domain, resourcepart })
  } catch (error) {
    if (!(error instanceof JidFault)) throw error
    return 'bad-request'
  }
  // Everybody gets it with all that this client says (images §6, row 9).
  if (holdsEncodedImage(resourcepart) || holdsDataImage(resourcepart)) return 'bad-request'
  const others = server.sessions.of(account.bareJid)
  const replaced = others.filter(
    (session) =>
      session.jid.equals(jid) || (isOnlyOne && known.clientId !== undefined && session.clientId === known.clientId),
  )
  if (replaced.length === 0 && others.length >= server.config.maxSessionsPerAccount) {
    // One that waits for a client in vain makes room first.
    const away = others.find((session) => !session.connection)
    if (!away) return 'resource-constraint'
    away.end()
  }
  for (const session of replaced) session.end('conflict', REPLACED)
  const session = new Session(server.host, current, jid, known, connection)
  server.sessions.add(session)
  return session
}

/** Lets a session in, or sends it away again. Never throws. */
export function announce(server: StreamServer, session: Session): void {
  try {
    server.bound(session)
  } catch (error) {
    server.log.error('a session could not be announced', {
      error: error instanceof Error ? error.stack : String(error),
    })
    session.end('internal-server-error')
  }
}

/** A resource that says nothing and that nobody can guess. */
export function randomResource(): string {
  return randomBytes(9).toString('base64url')
}

/**
 * Binds a resource (RFC 6120 §7) and lets the session in, or sends it away again: a client that may not connect is told
 * after binding, because a refusal while signing in makes clients drop the password or loop (control §3.3). Then the
 * session that is returned has ended already. Nothing is returned after an error that the client may do better about.
 */
export function bind(
  server: StreamServer,
  connection: Connection,
  account: Account,
  iq: Element,
  payload: Element,
  known: KnownClient = { claims: [] },
): Session | undefined {
  const id = iq.attrs['id'] ?? ''
  const answer = (type: 'result' | 'error', content: Element) => {
    const reply = xml('iq', { xmlns: NS_CLIENT, type, id }, content)
    connection.write(serialize(reply, { parentNS: connection.framing === 'tcp' ? NS_CLIENT : '' }))
  }
  const claim = findClient(payload)
  const claims = claim ? [...known.claims, claimFrom({ source: 'client-element', ...claim })] : known.claims
  const proofs = claim?.proof ? server.proofs.check(claim, { account, connection }) : (known.proofs ?? [])
  const resourcepart = payload.getChildText('resource') || randomResource()
  const session = openSession(server, connection, { ...known, account, resourcepart, claims, proofs })
  if (typeof session === 'string') {
    answer('error', buildStanzaError({ condition: session }))
    return undefined
  }
  answer('result', xml('bind', { xmlns: NS_BIND }, xml('jid', {}, session.jid.toString())))
  announce(server, session)
  return session
}
