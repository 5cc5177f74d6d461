import type { SessionView } from '@drawbridge/contract'
import { identityView } from './views.ts'
import type { Reach } from './actor.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import type { LiveSession } from '../policy/enforce.ts'

/** The live inventory: who is here, with which client, and how well that is known. */
export function inventoryHandlers({ sessions, units, domain, policy }: AdminContext): AdminHandlers<'listSessions'> {
  const unitsOf = (localpart: string) => units.of(`${localpart}@${domain}`).map(({ name }) => name)
  const isWithin = (reach: Reach, localpart: string) =>
    reach === 'everywhere' || unitsOf(localpart).some((name) => reach.includes(name))
  return {
    async listSessions({ reach, query: { cursor = '', limit = 500 } }) {
      // By id, which a session keeps while others come and go.
      const rows = [...sessions.list()]
        .filter(({ id, account }) => id > cursor && isWithin(reach, account.localpart))
        .toSorted((one, other) => (one.id < other.id ? -1 : 1))
      const page = rows.slice(0, limit)
      const next = rows.length > limit ? page.at(-1)?.id : undefined
      const view = (session: LiveSession) => ({
        ...sessionView(session),
        node: policy.node.name,
        units: unitsOf(session.account.localpart),
      })
      return { sessions: page.map(view), ...(next === undefined ? {} : { next }) }
    },
  }
}

function sessionView({
  id,
  jid,
  state,
  account,
  client,
  entrance,
  remoteAddress,
  signedInAt,
}: LiveSession): Omit<SessionView, 'node' | 'units'> {
  return {
    id,
    jid,
    account: account.localpart,
    state,
    client: identityView(client),
    transport: entrance,
    ...(remoteAddress === undefined ? {} : { address: remoteAddress }),
    since: signedInAt.toISOString(),
  }
}
