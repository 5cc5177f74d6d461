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
    listSessions: async ({ reach }) => ({
      sessions: [...sessions.list()].filter(({ account }) => isWithin(reach, account.localpart)).map(sessionView),
    }),
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
