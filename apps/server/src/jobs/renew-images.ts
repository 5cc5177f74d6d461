import {
  addToImageRenewal,
  advanceImageRenewal,
  endImageRenewal,
  findImageRenewal,
  findLastImageRenewal,
  listImagesToRenew,
  markDescribedFiles,
  replaceUploadFile,
} from '@drawbridge/db'
import type { ImageRenewal, Upload } from '@drawbridge/db'
import { renewImages } from '@drawbridge/jobs'
import type { Handler } from '@drawbridge/jobs'
import { cleanFiles } from '../blobs/clean-files.ts'
import type { Context } from '../routing/feature.ts'
import { isUploadRecalled } from '../routing/recalled.ts'

/** Images of one job: some seconds of work that yields to everything else. */
const BATCH = 20

type RenewalContext = Pick<
  Context,
  'db' | 'blobs' | 'sanitize' | 'jobs' | 'log' | 'now' | 'gate' | 'accounts' | 'renewImages'
>

type Fate = 'renewed' | 'kept' | 'failed'

/**
 * Makes images anew from what is served now, uploads first and then what features keep, with the encoders of today (control §2, row 36). How far it is stands in
 * the database: whatever dies, it goes on from there, and a link works all the time, with the old file or the new one.
 */
export function renewImagesHandler(ctx: RenewalContext): Handler<{ readonly renewalId: string }> {
  return async ({ renewalId }, { signal }) => {
    const renewal = await findImageRenewal(ctx.db, renewalId)
    if (!renewal || renewal.endedAt) return
    const uploads = await listImagesToRenew(ctx.db, renewal, BATCH)
    const counts = { renewed: 0, kept: 0, failed: 0 }
    let version: string | undefined
    for (const upload of uploads) {
      const isCurrent = version !== undefined && upload.profileVersion === version
      if (isCurrent && !renewal.isEverything) {
        counts.kept += 1
        continue
      }
      const { fate, profileVersion } = await renew(ctx, upload, renewal, signal)
      counts[fate] += 1
      version ??= profileVersion
    }
    const last = uploads.at(-1)
    if (last) await advanceImageRenewal(ctx.db, renewal, { afterId: last.id, ...counts })
    if (uploads.length < BATCH) {
      await addToImageRenewal(ctx.db, renewalId, await ctx.renewImages(signal))
      await markDescribedFiles(ctx.db)
      const ended = await endImageRenewal(ctx.db, renewalId, 'done', ctx.now())
      if (ended) ctx.log.info('images were made anew', { renewal: renewalId, total: ended.total, failed: ended.failed })
      return
    }
    await enqueueRenewal(ctx, { ...renewal, afterId: last?.id ?? null })
  }
}

/** After a restart: what was under way goes on, even where the queue has lost it. */
export async function resumeRenewal(ctx: RenewalContext): Promise<void> {
  const renewal = await findLastImageRenewal(ctx.db)
  if (renewal && !renewal.endedAt) await enqueueRenewal(ctx, renewal)
}

/** Each batch is a job of its own, by where it begins. */
export async function enqueueRenewal({ jobs }: Pick<Context, 'jobs'>, { id, afterId }: ImageRenewal): Promise<void> {
  await jobs.enqueue(renewImages, { renewalId: id }, `${id}-${afterId ?? 'start'}`)
}

async function renew(
  ctx: RenewalContext,
  upload: Upload,
  renewal: ImageRenewal,
  signal: AbortSignal,
): Promise<{ readonly fate: Fate; readonly profileVersion?: string }> {
  const { db, blobs, sanitize, log } = ctx
  // A recall may know it by its hash, and nobody is served it meanwhile.
  if (isUploadRecalled(upload, ctx)) return { fate: 'kept' }
  const bytes = upload.cleanSha256 && (await blobs.clean.read(upload.cleanSha256.toString('hex')))
  if (!bytes) return { fate: 'failed' }
  const verdict = await sanitize(bytes, 'image', { signal, isBulk: true })
  if (verdict.outcome !== 'clean') {
    // Our own encoder wrote it: that it cannot be read is worth somebody's attention, and what is there stays.
    log.error('an image of ours cannot be made anew', { id: upload.id, outcome: verdict.outcome })
    return { fate: 'failed' }
  }
  const { profileVersion } = verdict
  if (profileVersion === upload.profileVersion && !renewal.isEverything) return { fate: 'kept', profileVersion }
  const { file, derivatives } = await cleanFiles({ db, blobs }, verdict)
  const isReplaced = await replaceUploadFile(db, upload, file, derivatives)
  return { fate: isReplaced ? 'renewed' : 'kept', profileVersion }
}
