import { buildAccessingClients, buildPasswordResetRequired, NS_CLIENT_ACCESS, StanzaFault } from '@drawbridge/xmpp'
import { defineFeature } from '../routing/feature.ts'

/** XEP-0494: Client Access Management. People see which clients can act for them, and sign one out from another. */
export const clientAccess = defineFeature({
  name: 'client-access',
  implements: [{ xep: 494, version: '0.1.0' }],
  accountDisco: [NS_CLIENT_ACCESS],
  iq: [
    {
      type: 'get',
      to: 'own',
      xmlns: NS_CLIENT_ACCESS,
      name: 'list',
      handle: async (_payload, { session }, { clients }) =>
        buildAccessingClients(await clients.list(session.account, session)),
    },
    {
      type: 'set',
      to: 'own',
      xmlns: NS_CLIENT_ACCESS,
      name: 'revoke',
      async handle({ attrs: { id = '' } }, { session: { account } }, { clients, emit }) {
        const outcome = await clients.revoke(account, id)
        if (outcome === 'unknown-client') throw new StanzaFault({ condition: 'item-not-found' })
        emit('client.revoked', { account, id })
        // §3.2: only another password keeps out whoever knows this one.
        if (outcome === 'password-known') {
          throw new StanzaFault({ condition: 'service-unavailable', app: buildPasswordResetRequired() })
        }
        return undefined
      },
    },
  ],
})
