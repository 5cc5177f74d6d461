import { deleteUpload, findUpload, insertOutbox, listUnfinishedUploads, listUnreferencedBlobs } from '@drawbridge/db'
import { sanitizeImage } from '@drawbridge/jobs'
import type { Context } from '../../routing/feature.ts'
import { deskOf } from './desk.ts'
import { SLOT_TTL_MS } from './slot.ts'

const PAGE = 500
/** An upload without a verdict for this long never gets one, and a file nobody refers to for this long is not wanted. */
const STALE_MS = 3_600_000
const EVERY_MS = 600_000

/**
 * Brings files and rows in step after a crash: what was received completely gets its job again, anything half-done goes.
 * Then starts the sweep that does so now and then.
 */
export async function recover(ctx: Context): Promise<void> {
  const { quarantine } = deskOf(ctx).blobs
  // A quarantined file whose upload is not waiting for a verdict is what a crash in mid-PUT, or after a verdict, left.
  for (const id of await quarantine.list()) {
    const upload = isUuid(id) ? await findUpload(ctx.db, id) : undefined
    if (upload?.state !== 'quarantined') await quarantine.remove(id)
  }
  for (const { id, state, declaredBytes } of await listUnfinishedUploads(
    ctx.db,
    new Date(ctx.now().getTime() + 1),
    PAGE,
  )) {
    if (state === 'slot') continue
    if ((await quarantine.size(id)) !== declaredBytes) {
      await quarantine.remove(id)
      await deleteUpload(ctx.db, id)
      continue
    }
    // Twice does no harm: the job is known by its upload.
    await insertOutbox(ctx.db, [{ kind: sanitizeImage.name, payload: { uploadId: id } }])
  }
  const desk = deskOf(ctx)
  desk.sweep = setInterval(() => {
    sweep(ctx).catch((error: unknown) => ctx.log.warn('uploads were not swept', { error: String(error) }))
  }, EVERY_MS)
  desk.sweep.unref()
}

/** Removes slots that were never used, uploads that got stuck, and files that nothing refers to. */
export async function sweep(ctx: Context): Promise<void> {
  const { blobs, slots } = deskOf(ctx)
  const now = ctx.now().getTime()
  for (const [id, { expiresAt }] of slots) if (expiresAt + STALE_MS < now) slots.delete(id)
  for (const { id, state, createdAt } of await listUnfinishedUploads(ctx.db, new Date(now - SLOT_TTL_MS), PAGE)) {
    const slot = slots.get(id)
    // A slot in use has its file still coming.
    if (state === 'slot' ? slot?.isUsed && createdAt.getTime() > now - STALE_MS : createdAt.getTime() > now - STALE_MS)
      continue
    await blobs.quarantine.remove(id)
    await deleteUpload(ctx.db, id)
  }
  const older = await blobs.clean.listOlder(new Date(now - STALE_MS))
  for (const sha256 of await listUnreferencedBlobs(ctx.db, older)) await blobs.clean.remove(sha256)
}

/** Ends the sweep. */
export function stopSweep(ctx: Context): void {
  clearInterval(deskOf(ctx).sweep)
}

const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
