import { Refusal } from '@drawbridge/contract'
import type { ImageRenewalView } from '@drawbridge/contract'
import { appendAudit, endImageRenewal, findLastImageRenewal, insertImageRenewal, uuidv7 } from '@drawbridge/db'
import type { ImageRenewal } from '@drawbridge/db'
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
      const renewal = await db.transaction(async (tx) => {
        const made = await insertImageRenewal(tx, { id: uuidv7(), isEverything, startedBy: actor, startedAt: now() })
        if (!made) throw new Refusal('renewal-running')
        const entry = { actor, action: 'start-image-renewal', target: made.id, detail: { isEverything } }
        await appendAudit(tx, entry, now())
        return made
      })
      await enqueueRenewal(renewal)
      return { renewal: renewalView(renewal) }
    },
    async stopImageRenewal(request) {
      const running = await findLastImageRenewal(db)
      const stopped = running && (await endImageRenewal(db, running.id, 'stopped', now()))
      if (!stopped) throw new Refusal('renewal-not-running')
      await appendAudit(db, { actor: actorOf(request).name, action: 'stop-image-renewal', target: stopped.id }, now())
      return { renewal: renewalView(stopped) }
    },
  }
}

function renewalView({ id, outcome, startedBy, startedAt, endedAt, ...counts }: ImageRenewal): ImageRenewalView {
  const { total, renewed, kept, failed } = counts
  return {
    id,
    state: outcome ?? 'running',
    startedBy,
    startedAt: startedAt.toISOString(),
    ...(endedAt === null ? {} : { endedAt: endedAt.toISOString() }),
    total,
    renewed,
    kept,
    failed,
  }
}
