import type { CleanImage, ImageRejectReason } from '@drawbridge/contract'
import { findUpload, markUploadClean, markUploadRefused, putImageMapping } from '@drawbridge/db'
import type { CleanFile, Upload } from '@drawbridge/db'
import type { Handler } from '@drawbridge/jobs'
import { createHash } from 'node:crypto'
import { createFileBlobs, isDiskFull, NO_ROOM } from '../blobs/files.ts'
import type { Blobs } from '../blobs/files.ts'
import { claimsImage } from '../blobs/filename.ts'
import type { Context } from '../routing/feature.ts'

/** Why there is no clean file: the image, or that there was no room for it. */
type Refused = ImageRejectReason | typeof NO_ROOM

/**
 * Turns a quarantined upload into a clean file or a refusal; the sender's bytes are gone afterwards. They are never
 * decoded in this process. Rejects while the sanitizer cannot answer, so that the job is tried again.
 */
export function sanitizeImageHandler(
  ctx: Pick<Context, 'db' | 'sanitize' | 'emit' | 'dataPaths'>,
): Handler<{ uploadId: string }> {
  const { db } = ctx
  const blobs = createFileBlobs(ctx.dataPaths)
  return async ({ uploadId }, { signal }) => {
    const upload = await findUpload(db, uploadId)
    // Settled by an earlier try, or given up by the client.
    if (upload?.state !== 'quarantined') return
    const bytes = await blobs.quarantine.read(uploadId, signal)
    const outcome = bytes ? await settle({ ...ctx, blobs }, upload, bytes, signal).catch(noRoom) : 'failed'
    if (typeof outcome === 'string') await markUploadRefused(db, uploadId, outcome)
    else await markUploadClean(db, uploadId, outcome)
    // After the verdict: a crash in between leaves a file that the next start removes, never an upload without one.
    await blobs.quarantine.remove(uploadId)
    ctx.emit('upload.settled', { id: uploadId })
  }
}

async function settle(
  { db, blobs, sanitize }: Pick<Context, 'db' | 'sanitize'> & { readonly blobs: Blobs },
  { filename, declaredType }: Upload,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<CleanFile | Refused> {
  const verdict = await sanitize(bytes, 'image', { signal })
  if (verdict.outcome === 'refused') return verdict.reason
  if (verdict.outcome === 'not-an-image') {
    // What says it is an image and is none has no business here (images §7 F).
    if (claimsImage(filename, declaredType)) return 'unsupported'
    const cleanSha256 = await blobs.clean.write(bytes)
    return { cleanSha256, cleanBytes: bytes.length, cleanType: 'application/octet-stream' }
  }
  const cleanSha256 = await blobs.clean.write(verdict.bytes)
  const { widthPx, heightPx } = verdict
  const cleanBytes = verdict.bytes.length
  const cleanType = `image/${verdict.format}`
  await putImageMapping(db, { ...hashesOf(bytes, verdict), cleanSha256, cleanType, cleanBytes, widthPx, heightPx })
  return { cleanSha256, cleanType, cleanBytes, widthPx, heightPx }
}

/** A full disk is no fault of the sender, but waiting does not help either; what was quarantined makes room. */
function noRoom(error: unknown): typeof NO_ROOM {
  if (isDiskFull(error)) return NO_ROOM
  throw error
}

function hashesOf(raw: Buffer, clean: CleanImage) {
  const sha1 = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest()
  return {
    rawSha256: createHash('sha256').update(raw).digest(),
    rawSha1: sha1(raw),
    cleanSha1: sha1(clean.bytes),
  }
}
