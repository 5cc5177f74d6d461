import { advanceImageRenewal, endImageRenewal, findImageRenewal, findLastImageRenewal } from '@drawbridge/db'
import type { ImageRenewal } from '@drawbridge/db'
import { renewImages } from '@drawbridge/jobs'
import type { Handler } from '@drawbridge/jobs'
import { createHash } from 'node:crypto'
import type { Context, RenewalRun } from '../routing/feature.ts'
import { imageStores } from './image-stores.ts'

/** For so long one job goes on: it yields to everything else then. */
const JOB_MS = 5_000

/**
 * Makes images anew from what is served now, with the encoders of today, store after store (control §2, row 36). How far it
 * is stands in the database: whatever dies, it goes on from there, and a link works all the time, with the old file or the
 * new one.
 */
export function renewImagesHandler(ctx: Context): Handler<{ readonly renewalId: string }> {
  return async ({ renewalId }, { signal }) => {
    let renewal = await findImageRenewal(ctx.db, renewalId)
    if (!renewal || renewal.endedAt) return
    const run: RenewalRun = { startedAt: renewal.startedAt, isEverything: renewal.isEverything, signal }
    const until = performance.now() + JOB_MS
    do {
      const moved = await renewNext(renewal, run, ctx)
      if (!moved) return
      renewal = moved
    } while (performance.now() < until)
    await enqueueRenewal(ctx, renewal)
  }
}

/** Does the next part. Nothing when that was the last, or the renewal is elsewhere by now. */
async function renewNext(renewal: ImageRenewal, run: RenewalRun, ctx: Context): Promise<ImageRenewal | undefined> {
  run.signal.throwIfAborted()
  const stores = imageStores(ctx)
  const at = stores.findIndex(({ name }) => name === renewal.store)
  const store = stores[at]
  // Of a feature that is switched off by now.
  if (!store) return end(renewal, ctx)
  const { next, ...counts } = await store.renewNext(renewal.after ?? [], run, ctx)
  const following = next ? store : stores[at + 1]
  if (!following) return end(renewal, ctx)
  const place = { store: following.name, after: next ? [...next] : null }
  const found = store.isCounted ? 0 : counts.renewed + counts.kept + counts.failed
  const isMoved = await advanceImageRenewal(ctx.db, renewal, { ...counts, ...place, found })
  return isMoved ? { ...renewal, ...place } : undefined
}

async function end({ id }: ImageRenewal, ctx: Context): Promise<undefined> {
  const ended = await endImageRenewal(ctx.db, id, 'done', ctx.now())
  if (ended) ctx.log.info('images were made anew', { renewal: id, total: ended.total, failed: ended.failed })
  return undefined
}

/** After a restart: what was under way goes on, even where the queue has lost it. */
export async function resumeRenewal(ctx: Pick<Context, 'db' | 'jobs'>): Promise<void> {
  const renewal = await findLastImageRenewal(ctx.db)
  if (renewal && !renewal.endedAt) await enqueueRenewal(ctx, renewal)
}

/** Each job has an id of its own, by where it begins. */
export async function enqueueRenewal(
  { jobs }: Pick<Context, 'jobs'>,
  { id, store, after }: ImageRenewal,
): Promise<void> {
  const place = createHash('sha256')
    .update(JSON.stringify([store, after]))
    .digest('hex')
    .slice(0, 16)
  await jobs.enqueue(renewImages, { renewalId: id }, `${id}-${place}`)
}
