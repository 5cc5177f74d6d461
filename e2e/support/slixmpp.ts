import { join } from 'node:path'
import { startLineClient } from './line-client.ts'
import type { LineClient } from './line-client.ts'

const SCRIPT = join(import.meta.dirname, 'slixmpp_client.py')

export interface SlixmppOptions {
  readonly jid: string
  readonly password: string
  readonly port: number
  /** The server's certificate, to be trusted as it is. */
  readonly ca?: string
  /** What it says about itself (XEP-0092). */
  readonly name?: string
  readonly version?: string
  /** The only SASL mechanism it may use. */
  readonly mechanism?: 'SCRAM-SHA-256' | 'PLAIN'
  /** TLS from the first byte. */
  readonly direct?: boolean
  /** Requests for its presence are told, not granted. */
  readonly asks?: boolean
}

/** Debian's slixmpp as a process of its own. */
export interface Slixmpp extends LineClient {
  send(to: string, body: string, more?: Readonly<Record<string, unknown>>): Promise<void>
}

/** Starts a client; it is signed in once its event `ready` has come. */
export function startSlixmpp(options: SlixmppOptions): Slixmpp {
  const client = startLineClient('slixmpp', SCRIPT, options)
  return { ...client, send: (to, body, more = {}) => client.run('send', { to, body, ...more }) }
}
