import { buildStanzaError, findClient, JidFault, NS_BIND, NS_CLIENT, serialize, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { claimFrom, identify, NO_IDENTITY } from '@drawbridge/policy'
import { randomBytes } from 'node:crypto'
import type { Account } from '../routing/accounts.ts'
import type { Connection } from '../transport/connection.ts'
import { fullJid } from './c2s.ts'
import { Session } from './session.ts'
import type { StreamServer } from './stream-server.ts'

/**
 * Binds a resource (RFC 6120 §7) and lets the session in, or sends it away again: a client that may not connect is told
 * after binding, because a refusal while signing in makes clients drop the password or loop (control §3.3).
 */
export async function bind(
  server: StreamServer,
  connection: Connection,
  account: Account,
  iq: Element,
  payload: Element,
): Promise<Session | undefined> {
  const answer = (element: Element) => connection.write(serialize(element, { parentNS: connection.framing === 'tcp' ? NS_CLIENT : '' }))
  const id = iq.attrs['id'] ?? ''
  const current = server.accounts.find(account.localpart)
  if (!current || current.isDisabled) {
    answer(xml('iq', { xmlns: NS_CLIENT, type: 'error', id }, buildStanzaError({ condition: 'not-allowed' })))
    return undefined
  }
  let jid
  try {
    jid = fullJid(account, server.domain, payload.getChildText('resource') || randomBytes(9).toString('base64url'))
  } catch (error) {
    if (!(error instanceof JidFault)) throw error
    answer(xml('iq', { xmlns: NS_CLIENT, type: 'error', id }, buildStanzaError({ condition: 'bad-request' })))
    return undefined
  }
  const existing = server.sessions.of(account.bareJid)
  const same = server.sessions.find(jid)
  if (!same && existing.length >= server.config.maxSessionsPerAccount) {
    answer(xml('iq', { xmlns: NS_CLIENT, type: 'error', id }, buildStanzaError({ condition: 'resource-constraint' })))
    return undefined
  }
  // The newcomer wins: a client that lost its connection asks for its resource again before we notice (§7.7.2.2).
  same?.end('conflict', 'Replaced by a new connection.')
  const claim = findClient(payload)
  const client = claim ? identify([claimFrom({ source: 'client-element', ...claim })]) : NO_IDENTITY
  const session = new Session(server.host, current, jid, client, connection)
  server.sessions.add(session)
  answer(
    xml('iq', { xmlns: NS_CLIENT, type: 'result', id }, xml('bind', { xmlns: NS_BIND }, xml('jid', {}, jid.toString()))),
  )
  server.bound(session)
  return session.isEnded ? undefined : session
}
