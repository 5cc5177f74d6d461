import { listActiveSuspensions, listSuspensions } from '@drawbridge/db'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'
import { suspensionView } from './views.ts'

/** Suspensions that have ended and are still listed. */
const LISTED_ENDED = 100

/** Suspending and resuming. */
export function suspensionHandlers({
  db,
  policy: { operations },
}: AdminContext): AdminHandlers<'listSuspensions' | 'startSuspension' | 'endSuspension'> {
  return {
    async listSuspensions() {
      const active = await listActiveSuspensions(db)
      const ended = (await listSuspensions(db, active.length + LISTED_ENDED)).filter(({ endedAt }) => endedAt !== null)
      return { suspensions: [...active, ...ended].map(suspensionView) }
    },
    async startSuspension(request) {
      const { suspension, effect } = await operations.startSuspension(actorOf(request).name, request.body)
      return { suspension: suspensionView(suspension), effect }
    },
    async endSuspension(request) {
      const { suspension, ...rest } = await operations.endSuspension(actorOf(request).name, request.params.id)
      return { suspension: suspensionView(suspension), ...rest }
    },
  }
}
