import { buildStanzaError, findClient, JidFault, jidFrom, NS_BIND, NS_CLIENT, serialize, xml } from '@drawbridge/xmpp'
import type { Element, StanzaErrorCondition } from '@drawbridge/xmpp'
import { claimFrom } from '@drawbridge/policy'
import { randomBytes } from 'node:crypto'
import type { Account } from '../routing/accounts.ts'
import type { Connection } from '../transport/connection.ts'
import { Session } from './session.ts'
import type { StreamServer } from './stream-server.ts'

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
): Session | undefined {
  const id = iq.attrs['id'] ?? ''
  const answer = (element: Element) =>
    connection.write(serialize(element, { parentNS: connection.framing === 'tcp' ? NS_CLIENT : '' }))
  const refuse = (condition: StanzaErrorCondition) => {
    answer(xml('iq', { xmlns: NS_CLIENT, type: 'error', id }, buildStanzaError({ condition })))
    return undefined
  }
  const current = server.accounts.find(account.localpart)
  if (current?.id !== account.id || current.isDisabled) return refuse('not-allowed')
  let jid
  try {
    const resourcepart = payload.getChildText('resource') || randomBytes(9).toString('base64url')
    jid = jidFrom({ localpart: account.localpart, domainpart: server.domain, resourcepart })
  } catch (error) {
    if (!(error instanceof JidFault)) throw error
    return refuse('bad-request')
  }
  const existing = server.sessions.of(account.bareJid)
  const same = server.sessions.find(jid)
  if (!same && existing.length >= server.config.maxSessionsPerAccount) {
    // One that waits for a client in vain makes room first.
    const away = existing.find((session) => !session.connection)
    if (!away) return refuse('resource-constraint')
    away.end()
  }
  // The newcomer wins: a client that lost its connection asks for its resource again before we notice (§7.7.2.2).
  same?.end('conflict', 'Replaced by a new connection.')
  const claim = findClient(payload)
  const claims = claim ? [claimFrom({ source: 'client-element', ...claim })] : []
  const session = new Session(server.host, current, jid, claims, connection)
  server.sessions.add(session)
  answer(
    xml(
      'iq',
      { xmlns: NS_CLIENT, type: 'result', id },
      xml('bind', { xmlns: NS_BIND }, xml('jid', {}, jid.toString())),
    ),
  )
  try {
    server.bound(session)
  } catch (error) {
    server.log.error('a session could not be announced', {
      error: error instanceof Error ? error.stack : String(error),
    })
    session.end('internal-server-error')
  }
  return session
}
