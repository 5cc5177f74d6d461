import type { SessionView } from '@drawbridge/contract'
import { identityView } from './views.ts'
import type { Reach } from './actor.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import type { LiveSession } from '../policy/enforce.ts'

/** The live inventory: who is here, with which client, and how well that is known. */
export function inventoryHandlers({ sessions, units, domain }: AdminContext): AdminHandlers<'listSessions'> {
  const isWithin = (reach: Reach, localpart: string) =>
    reach === 'everywhere' || units.of(`${localpart}@${domain}`).some(({ name }) => reach.includes(name))
  return {
    async listSessions({ reach, query: { cursor = '', limit = 500 } }) {
      // By id, which a session keeps while others come and go.
      const rows = [...sessions.list()]
        .filter(({ id, account }) => id > cursor && isWithin(reach, account.localpart))
        .toSorted((one, other) => (one.id < other.id ? -1 : 1))
      const page = rows.slice(0, limit)
      const next = rows.length > limit ? page.at(-1)?.id : undefined
      return { sessions: page.map(sessionView), ...(next === undefined ? {} : { next }) }
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
}: LiveSession): SessionView {
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
