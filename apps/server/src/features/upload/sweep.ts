import {
  abandonUpload,
  adoptBlobs,
  collectBlob,
  deleteEvidence,
  deleteUpload,
  findEvidence,
  findUpload,
  insertOutbox,
  isUuid,
  listExpiredEvidence,
  listUnfinishedUploads,
  listUnwantedBlobs,
  markUploadRefused,
  pruneImageFailures,
  pruneImageMap,
  pruneRefusedUploads,
} from '@drawbridge/db'
import type { Upload } from '@drawbridge/db'
import { sanitizeImage } from '@drawbridge/jobs'
import type { Area } from '../../blobs/blobs.ts'
import { INTERRUPTED, UNCHECKED } from '../../blobs/reasons.ts'
import type { Context } from '../../routing/feature.ts'
import { FAILURE_TTL_MS } from '../../sanitize-memory.ts'
import { deskOf } from './desk.ts'
import { SLOT_TTL_MS } from '../../blobs/quota.ts'

const PAGE = 500
/** An upload without a verdict for this long never gets one, and a file nobody refers to for this long is not wanted. */
const STALE_MS = 3_600_000
/** A job that waits for so long may have been given up. */
const FORGOTTEN_MS = 120_000
const EVERY_MS = 600_000
const DAY_MS = 86_400_000
/** The latest instant that a Date can hold. */
const FOREVER = new Date(8.64e15)
const REFUSED_TTL_MS = 30 * DAY_MS
/** Images inside stanzas that are known of one sender, to be asked for by their hash; as sent and as cleaned. */
const MAX_IMAGES_PER_SENDER = 2_000

/**
 * Brings files and rows in step after a crash: what was received completely gets its job again, anything half-done is
 * refused, so that its sender finds out. Then starts the sweep that does so now and then.
 */
export async function recover(ctx: Context): Promise<void> {
  const { db, blobs, log } = ctx
  for (const id of await blobs.spool.list()) {
    if (isUuid(id)) await markUploadRefused(db, id, INTERRUPTED)
    await blobs.spool.remove(id)
  }
  try {
    if (!blobs.isShared) await clearQuarantine(ctx, FOREVER)
  } catch (error) {
    log.warn('leftovers of uploads were not looked for', { error: String(error) })
  }
  for (const upload of await unfinished(ctx, -1)) if (upload.state === 'quarantined') await checkAgain(ctx, upload)
  const desk = deskOf(ctx)
  desk.sweep = setInterval(() => {
    sweep(ctx).catch((error: unknown) => log.warn('uploads were not swept', { error: String(error) }))
  }, EVERY_MS)
  desk.sweep.unref()
}

/** Removes slots that were never used, uploads that got stuck, and files that nothing refers to. */
export async function sweep(ctx: Context): Promise<void> {
  const { db, blobs } = ctx
  const now = ctx.now().getTime()
  for (const upload of await unfinished(ctx, SLOT_TTL_MS)) await moveOn(ctx, upload, now)
  const stale = new Date(now - STALE_MS)
  await clearQuarantine(ctx, stale)
  await pruneRefusedUploads(db, new Date(now - REFUSED_TTL_MS))
  await pruneImageFailures(db, new Date(now - FAILURE_TTL_MS))
  const beforeLong = new Date(now - ctx.images.rememberedMs)
  await pruneImageMap(db, { before: beforeLong, maxPerSender: MAX_IMAGES_PER_SENDER })
  const desk = deskOf(ctx)
  if (now - desk.searchedAt > DAY_MS) {
    await adoptStrays(ctx)
    desk.searchedAt = now
  }
  for (const sha256 of await listUnwantedBlobs(db, stale, PAGE)) {
    await collectBlob(db, sha256, stale, (unwanted) => blobs.clean.remove(unwanted.toString('hex')))
  }
  await sweepEvidence(ctx, now)
}

/** Ends the sweep. */
export function stopSweep(ctx: Context): void {
  clearInterval(deskOf(ctx).sweep)
}

/** Nothing stays in between: what has waited for too long goes, or is refused, or gets another try. */
async function moveOn(ctx: Context, upload: Upload, now: number): Promise<void> {
  const { db, blobs } = ctx
  const { id, state, putAt, createdAt, updatedAt } = upload
  if (state === 'slot') {
    if (!putAt) return deleteUpload(db, id)
    // A file that is still coming has a time of its own (put.ts), well below this.
    if (now - putAt.getTime() < STALE_MS) return
    await markUploadRefused(db, id, INTERRUPTED)
    await blobs.spool.remove(id)
    return blobs.quarantine.remove(id)
  }
  if (now - createdAt.getTime() < STALE_MS) {
    if (now - updatedAt.getTime() > FORGOTTEN_MS) await checkAgain(ctx, upload)
    return
  }
  await abandonUpload(db, id, UNCHECKED)
  await blobs.quarantine.remove(id)
}

const unfinished = (ctx: Context, olderThanMs: number) =>
  listUnfinishedUploads(ctx.db, new Date(ctx.now().getTime() - olderThanMs), PAGE)

/** Twice does no harm: the job is known by its upload. */
async function checkAgain({ db }: Context, { id }: Upload): Promise<void> {
  await insertOutbox(db, [{ kind: sanitizeImage.name, payload: { uploadId: id } }])
}

/** A quarantined file whose upload waits for no verdict is what a crash left, before its row or after the verdict. */
async function clearQuarantine({ db, blobs }: Context, before: Date): Promise<void> {
  for await (const { name } of olderThan(blobs.quarantine, before)) {
    const upload = isUuid(name) ? await findUpload(db, name) : undefined
    if (upload?.state === 'quarantined') continue
    if (upload?.state === 'slot') await markUploadRefused(db, name, INTERRUPTED)
    await blobs.quarantine.remove(name)
  }
}

/** Files in the store that no row knows of: of a backup, for instance. They are swept from now on like the others. */
async function adoptStrays({ db, blobs }: Context): Promise<void> {
  let page: Buffer[] = []
  for await (const { name } of blobs.clean.list()) {
    if (/^[0-9a-f]{64}$/.test(name)) page.push(Buffer.from(name, 'hex'))
    if (page.length < PAGE) continue
    await adoptBlobs(db, page)
    page = []
  }
  await adoptBlobs(db, page)
}

/** Evidence whose time has passed goes, with the requests to see it; so does what a crash left without a row. */
async function sweepEvidence({ db, blobs, log }: Context, now: number): Promise<void> {
  if (!blobs.evidence) return
  for (const { id } of await listExpiredEvidence(db, new Date(now), PAGE)) {
    await blobs.evidence.remove(id)
    await deleteEvidence(db, id)
    log.info('sealed evidence has expired', { id })
  }
  for await (const { name } of olderThan(blobs.evidence, new Date(now - STALE_MS))) {
    if (!isUuid(name) || !(await findEvidence(db, name))) await blobs.evidence.remove(name)
  }
}

async function* olderThan(area: Area, before: Date) {
  for await (const entry of area.list()) if (entry.storedAt < before) yield entry
}
