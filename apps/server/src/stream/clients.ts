import { endAccessTokens, isUuid, listClients, revokeClient } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { buildSignedOut } from '@drawbridge/xmpp'
import type { AccessingClient } from '@drawbridge/xmpp'
import type { Account } from '../routing/accounts.ts'
import type { Sessions } from '../routing/sessions.ts'
import type { Revocations } from './revocations.ts'
import type { Session } from './session.ts'

/**
 * What became of a client's access. `password-known`: its tokens and sessions ended, and yet it can come back, because it
 * was given the password that is in force.
 */
export type Revoked = 'revoked' | 'password-known' | 'unknown-client'

/** The clients with access to an account (XEP-0494), remembered or connected. */
export interface Clients {
  list(account: Account, asking: Session): Promise<AccessingClient[]>
  /** Takes the access of a client back, at once and everywhere (threats §3.4). */
  revoke(account: Account, id: string): Promise<Revoked>
}

export interface ClientsParts {
  readonly db: Db
  readonly sessions: Sessions
  readonly revocations: Revocations
  readonly now: () => Date
}

/** Before the resource of a client that gave no id of its own: it is known as long as it is connected. */
const SESSION = 'session:'
/** The id of a client in the list of an account's clients. */
export const listedId = (clientId: string | undefined, resource = '') => clientId ?? SESSION + resource

export function createClients({ db, sessions, revocations, now }: ClientsParts): Clients {
  const end = (open: readonly Session[]) => {
    for (const session of open) session.end('reset', 'This client was signed out.', buildSignedOut())
  }
  return {
    async list(account, asking) {
      const at = now()
      const remembered = await listClients(db, account.id, at)
      const open = sessions.of(account.bareJid)
      const connected = new Map(open.map((session) => [session.clientId, session]))
      return [
        ...remembered.map(
          ({ id, software, device, knowsPassword, hasGrant, hasToken, firstSeenAt, lastSeenAt }): AccessingClient => ({
            id,
            isConnected: connected.has(id),
            isAsking: asking.clientId === id,
            firstSeenAt,
            lastSeenAt: connected.has(id) ? at : lastSeenAt,
            software: software ?? undefined,
            device: device ?? undefined,
            identity: connected.get(id)?.client,
            hasPassword: knowsPassword,
            hasGrant,
            hasToken,
          }),
        ),
        ...open
          .filter(({ clientId }) => clientId === undefined)
          .map((session) => unnamed(session, session === asking, at)),
      ]
    },
    async revoke(account, id) {
      const open = sessions.of(account.bareJid)
      if (id.startsWith(SESSION)) {
        const session = open.find(({ clientId, jid }) => clientId === undefined && SESSION + jid.resourcepart === id)
        if (!session) return 'unknown-client'
        end([session])
        if (!session.endsAt) return 'password-known'
        await endAccessTokens(db, account.id, now())
        return 'revoked'
      }
      const client = isUuid(id) ? await revokeClient(db, account.id, id, now()) : undefined
      if (!client) return 'unknown-client'
      // Whoever is just signing in with a token that was good a moment ago is told now; whoever is in, goes.
      revocations.revoke(id)
      end(sessions.of(account.bareJid).filter(({ clientId }) => clientId === id))
      return client.knowsPassword ? 'password-known' : 'revoked'
    },
  }
}

function unnamed(session: Session, isAsking: boolean, at: Date): AccessingClient {
  const { jid, signedInAt, client } = session
  return {
    id: listedId(undefined, jid.resourcepart),
    isConnected: true,
    isAsking,
    firstSeenAt: signedInAt,
    lastSeenAt: at,
    software: client.family,
    device: undefined,
    identity: client,
    hasPassword: session.endsAt === undefined,
    hasGrant: session.endsAt !== undefined,
    hasToken: false,
  }
}
