import { Refusal } from '@drawbridge/contract'
import type { ImageRenewalView } from '@drawbridge/contract'
import { appendAudit, endImageRenewal, findLastImageRenewal, insertImageRenewal, uuidv7 } from '@drawbridge/db'
import type { ImageRenewal } from '@drawbridge/db'
import { transact } from '../policy/rehearsal.ts'
import { actorOf } from './api.ts'
import type { AdminContext, AdminHandlers } from './api.ts'

/** Making all images anew with the encoders of today. */
export function imageRenewalHandlers({
  db,
  now,
  enqueueRenewal,
}: AdminContext): AdminHandlers<'getImageRenewal' | 'startImageRenewal' | 'stopImageRenewal'> {
  return {
    async getImageRenewal() {
      const renewal = await findLastImageRenewal(db)
      return renewal ? { renewal: renewalView(renewal) } : {}
    },
    async startImageRenewal(request) {
      const { isEverything = false } = request.body
      const actor = actorOf(request).name
      const renewal = await transact(db, async (tx) => {
        const made = await insertImageRenewal(tx, { id: uuidv7(), isEverything, startedBy: actor, startedAt: now() })
        if (!made) throw new Refusal('renewal-running')
        const entry = { actor, action: 'start-image-renewal', target: made.id, detail: { isEverything } }
        await appendAudit(tx, entry, now())
        return made
      })
      if (!request.isDryRun) await enqueueRenewal(renewal)
      return { renewal: renewalView(renewal) }
    },
    async stopImageRenewal(request) {
      const actor = actorOf(request).name
      const stopped = await transact(db, async (tx) => {
        const running = await findLastImageRenewal(tx)
        const ended = running && (await endImageRenewal(tx, running.id, 'stopped', now()))
        if (!ended) throw new Refusal('renewal-not-running')
        await appendAudit(tx, { actor, action: 'stop-image-renewal', target: ended.id }, now())
        return ended
      })
      return { renewal: renewalView(stopped) }
    },
  }
}

function renewalView({ id, outcome, startedBy, startedAt, endedAt, store, ...counts }: ImageRenewal): ImageRenewalView {
  const { total, renewed, kept, failed } = counts
  return {
    id,
    state: outcome ?? 'running',
    startedBy,
    startedAt: startedAt.toISOString(),
    ...(endedAt === null ? {} : { endedAt: endedAt.toISOString() }),
    ...(outcome === 'done' ? {} : { store }),
    total,
    renewed,
    kept,
    failed,
  }
}
