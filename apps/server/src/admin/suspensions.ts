import { listActiveSuspensions, listSuspensions } from '@drawbridge/db'
import { LOCAL_ACTOR } from './actor.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { suspensionView } from './views.ts'

/** Suspensions that have ended and are still listed. */
const LISTED_ENDED = 100

/** Suspending and resuming. */
export function suspensionHandlers({
  db,
  policy: { operations, standalone },
}: AdminContext): AdminHandlers<'listSuspensions' | 'startSuspension' | 'endSuspension'> {
  return {
    async listSuspensions() {
      const active = await listActiveSuspensions(db)
      const ended = (await listSuspensions(db, active.length + LISTED_ENDED)).filter(({ endedAt }) => endedAt !== null)
      return { suspensions: [...active, ...ended].map(suspensionView) }
    },
    async startSuspension(request) {
      const { scope, mode, reason } = request.body
      const isLocal = actorOf(request).kind === 'local'
      // Whoever can open the local socket must not depend on the database (control §4.3).
      if (isLocal && !request.isDryRun && scope === 'service' && mode === 'cut' && !(await standalone.isReachable())) {
        const cut = standalone.cut(LOCAL_ACTOR.name, reason)
        return { ...cut, suspension: suspensionView(cut.suspension) }
      }
      const { suspension, effect } = await operations.startSuspension(actorOf(request).name, request.body)
      return { suspension: suspensionView(suspension), effect }
    },
    async endSuspension(request) {
      const isLocal = actorOf(request).kind === 'local'
      const here = isLocal && !request.isDryRun && standalone.end(LOCAL_ACTOR.name, request.params.id)
      if (here) return { ...here, suspension: suspensionView(here.suspension), released: 0 }
      const { suspension, ...rest } = await operations.endSuspension(actorOf(request).name, request.params.id)
      return { suspension: suspensionView(suspension), ...rest }
    },
  }
}
