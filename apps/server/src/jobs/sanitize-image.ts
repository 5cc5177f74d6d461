import type { FileRejectReason, ImageRejectReason } from '@drawbridge/contract'
import { findUpload, markUploadRefused, publishUpload, putImageMapping } from '@drawbridge/db'
import type { NewDerivative, PublishedFile, Upload } from '@drawbridge/db'
import type { Handler } from '@drawbridge/jobs'
import { ImageBudgetSpent } from '@drawbridge/runtime'
import { storeClean } from '../blobs/blobs.ts'
import { cleanFiles } from '../blobs/clean-files.ts'
import { claimsImage } from '../blobs/filename.ts'
import { StorageFull } from '../blobs/object-store.ts'
import { NO_ROOM, OVER_BUDGET, RECALLED, SUSPENDED } from '../blobs/reasons.ts'
import { storedReason } from '../files/rejections.ts'
import type { Context } from '../routing/feature.ts'
import { refusalToPublish } from '../routing/publication.ts'
import { sealOriginal } from '../routing/sealed.ts'
import { chargedTo } from '../routing/image-payer.ts'

/** Why there is no clean file: the image, another file's kind, no room or no budget for it, or that it must not be seen. */
type Refused =
  | ImageRejectReason
  | `file:${FileRejectReason}`
  | typeof NO_ROOM
  | typeof OVER_BUDGET
  | typeof SUSPENDED
  | typeof RECALLED

/** What becomes of an upload: a clean file with its thumbnails, or a reason. */
type Outcome =
  | { readonly state: 'clean'; readonly file: PublishedFile; readonly derivatives: readonly NewDerivative[] }
  | { readonly state: 'refused'; readonly reason: Refused }

type UploadContext = Pick<
  Context,
  | 'admitFile'
  | 'db'
  | 'sanitize'
  | 'emit'
  | 'blobs'
  | 'images'
  | 'mediaPolicy'
  | 'accounts'
  | 'now'
  | 'evidenceRetentionMs'
  | 'gate'
>

/**
 * Turns a quarantined upload into a clean file or a refusal; the sender's bytes are gone afterwards, or sealed. They are
 * never decoded in this process. Rejects while the sanitizer or the store cannot answer, so that the job is tried again;
 * each step may be done twice, and only the one that publishes shows anything to anybody.
 */
export function sanitizeImageHandler(ctx: UploadContext): Handler<{ uploadId: string }> {
  const { db, blobs } = ctx
  return async ({ uploadId }, { signal }) => {
    const upload = await findUpload(db, uploadId)
    // Settled by an earlier try, or given up by the client.
    if (upload?.state !== 'quarantined') return
    const bytes = await blobs.quarantine.read(uploadId)
    const isWhole = bytes?.length === upload.declaredBytes
    const outcome: Outcome = isWhole
      ? unlessForbidden(ctx, upload, bytes, await settle(ctx, upload, bytes, signal).catch(noFaultOfTheFile))
      : { state: 'refused', reason: 'failed' }
    if (isWhole) await seal(ctx, upload, bytes, outcome)
    if (outcome.state === 'refused') await markUploadRefused(db, uploadId, outcome.reason)
    else await publishUpload(db, uploadId, outcome.file, outcome.derivatives)
    // After the verdict: a crash in between leaves a file that the next start removes, never an upload without one.
    await blobs.quarantine.remove(uploadId)
    ctx.emit('upload.settled', { id: uploadId })
  }
}

async function settle(ctx: UploadContext, upload: Upload, bytes: Buffer, signal: AbortSignal): Promise<Outcome> {
  const { db, blobs } = ctx
  const onQueued = (ahead: number) => ctx.emit('upload.queued', { id: upload.id, ahead })
  const acceptsAvif = policyOf(ctx, upload).avif === 'accept'
  const owner = accountOf(ctx, upload)
  const charged = owner && chargedTo(owner.bareJid, ctx)
  const verdict = await ctx.sanitize(bytes, 'image', { signal, onQueued, acceptsAvif, ...charged })
  if (verdict.outcome === 'refused') return { state: 'refused', reason: verdict.reason }
  if (verdict.outcome === 'not-an-image') {
    // What says it is an image and is none has no business here (images §7 F).
    if (claimsImage(upload.filename, upload.declaredType)) return { state: 'refused', reason: 'unsupported' }
    const admission = await ctx.admitFile({ bytes, filename: upload.filename, owner: accountOf(ctx, upload) }, signal)
    if (admission.outcome === 'refused') return { state: 'refused', reason: storedReason(admission.reason) }
    const cleanSha256 = await storeClean(db, blobs, bytes)
    const cleanType = 'application/octet-stream'
    const file = { cleanSha256, cleanBytes: bytes.length, cleanType, fileClasses: admission.classes }
    return { state: 'clean', file, derivatives: [] }
  }
  const { file, derivatives } = await cleanFiles(ctx, verdict)
  const { widthPx, heightPx } = verdict
  const image = { raw: bytes, clean: verdict.bytes, profile: 'image', type: file.cleanType, widthPx, heightPx }
  // Nobody finds it by its hash: an upload is found by its link.
  await putImageMapping(db, image, [])
  return { state: 'clean', file, derivatives }
}

/** What must not be published never was. */
function unlessForbidden(ctx: UploadContext, upload: Upload, raw: Buffer, outcome: Outcome): Outcome {
  if (outcome.state === 'refused') return outcome
  const reason = refusalToPublish({ ...upload, ...outcome.file, raw, account: accountOf(ctx, upload) }, ctx)
  return reason === undefined ? outcome : { state: 'refused', reason }
}

/** Keeps the sender's bytes, sealed, where the media policy says so; before anybody sees what came of them. */
async function seal(ctx: UploadContext, upload: Upload, bytes: Buffer, outcome: Outcome): Promise<void> {
  if (policyOf(ctx, upload).originals !== 'seal') return
  const { id, filename, declaredType } = upload
  const isImage = outcome.state === 'clean' && outcome.file.cleanType.startsWith('image/')
  const reason = outcome.state === 'refused' ? outcome.reason : null
  const fate = outcome.state === 'refused' ? 'refused' : isImage ? 'clean' : 'not-an-image'
  const sender = accountOf(ctx, upload)?.bareJid ?? ''
  await sealOriginal({ id, sender, filename, declaredType, outcome: fate, reason, bytes }, ctx)
}

const accountOf = ({ accounts }: UploadContext, { accountId }: Upload) =>
  accountId === null ? undefined : accounts.findById(accountId)

const policyOf = (ctx: UploadContext, upload: Upload) => ctx.mediaPolicy(accountOf(ctx, upload))

/**
 * Waiting does not help against a full store; what was quarantined makes room. Who has spent a budget has to wait, and
 * that is longer than a request does.
 */
function noFaultOfTheFile(error: unknown): Outcome {
  if (error instanceof StorageFull) return { state: 'refused', reason: NO_ROOM }
  if (error instanceof ImageBudgetSpent) return { state: 'refused', reason: OVER_BUDGET }
  throw error
}
