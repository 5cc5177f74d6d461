import { Refusal } from '@drawbridge/contract'
import { deleteUpload, findUpload, insertOutbox, quarantineUpload } from '@drawbridge/db'
import type { Upload } from '@drawbridge/db'
import { sanitizeImage } from '@drawbridge/jobs'
import type { FileHandle } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { claimsImage } from '../../blobs/filename.ts'
import { isDiskFull, NO_ROOM } from '../../blobs/files.ts'
import { ask } from '../../policy/gate.ts'
import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { imageProblem, problemOf, refuseBody, sendProblem } from './answer.ts'
import { deskOf, verdictOn } from './desk.ts'
import { countRefusedUpload, countUpload } from './events.ts'
import { isSecret, parsePath, UPLOAD_PATH } from '../../blobs/link.ts'
import { refusalOf } from './slot.ts'

/** A sender that gives nothing for this long has gone. */
const IDLE_MS = 20_000
/** The whole file must be here after this time, and so much more as its size takes at the slowest rate allowed. */
const START_MS = 30_000
const SLOWEST_BYTES_PER_MS = 16
/** How long the sender waits for the verdict (images §2, 7). */
const VERDICT_MS = 30_000

/** XEP-0363 §5: takes the file of a slot, once, and answers when it is known to be harmless. */
export async function takeFile(req: IncomingMessage, res: ServerResponse, url: URL, ctx: Context): Promise<void> {
  let admitted: Admitted
  try {
    admitted = await admit(req, url, ctx)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return refuseBody(req, res, problemOf(error, req))
  }
  const { upload } = admitted
  const gone = new AbortController()
  res.once('close', () => gone.abort())
  let isKept = false
  try {
    if (!(await receive(req, res, upload, ctx, gone.signal))) return
    const verdict = await verdictOn(ctx, upload.id, AbortSignal.any([gone.signal, AbortSignal.timeout(VERDICT_MS)]))
    if (gone.signal.aborted) return
    isKept = await answer(req, res, url, verdict, admitted, ctx)
  } finally {
    // Whoever was not told 201 has no file here: not the one who went away, nor the one who waited too long.
    if (!isKept) await discard(ctx, upload)
  }
}

interface Admitted {
  readonly upload: Upload
  readonly session: Session
}

/** Checks everything that can be known before the first byte. @throws Refusal */
async function admit(req: IncomingMessage, url: URL, ctx: Context): Promise<Admitted> {
  const { slots } = deskOf(ctx)
  const path = parsePath(url.pathname)
  const slot = path && slots.get(path.link.id)
  const token = /^Bearer ([A-Za-z0-9_-]{43})$/.exec(req.headers.authorization ?? '')?.[1]
  if (!path || !slot || token === undefined || !isSecret(token, slot.tokenHash)) throw new Refusal('forbidden')
  if (slot.isUsed) throw new Refusal('conflict')
  if (slot.expiresAt <= ctx.now().getTime()) throw new Refusal('forbidden')
  const upload = await findUpload(ctx.db, path.link.id)
  if (!upload || upload.filename !== path.name || !isSecret(path.link.secret, upload.tokenHash)) {
    throw new Refusal('forbidden')
  }
  // Again, since the database was asked in between.
  if (slot.isUsed || upload.state !== 'slot') throw new Refusal('conflict')
  const length = req.headers['content-length']
  if (length === undefined || req.headers['transfer-encoding'] !== undefined) throw new Refusal('length-required')
  if (Number(length) > upload.declaredBytes) throw new Refusal('file-too-large')
  if (Number(length) !== upload.declaredBytes) throw new Refusal('bad-request')
  assertAllowed(slot.session, claimsImage(upload.filename, upload.declaredType), ctx)
  slot.isUsed = true
  return { upload, session: slot.session }
}

/** Asked at every PUT: the link belongs to the session that got it (control §3.4). @throws Refusal */
function assertAllowed({ account, client }: Session, isImage: boolean, ctx: Context): void {
  const current = ctx.accounts.find(account.localpart)
  if (!current || current.isDisabled) throw new Refusal('account-disabled')
  const verdict = ask(ctx.gate, 'upload.put', { at: ctx.now().getTime(), account: current, client, isImage })
  if (verdict.action !== 'pass') throw refusalOf(verdict)
}

/** Spools the body to quarantine and leaves the job. False when that failed; the sender knows why, if it is still there. */
async function receive(
  req: IncomingMessage,
  res: ServerResponse,
  upload: Upload,
  ctx: Context,
  gone: AbortSignal,
): Promise<boolean> {
  try {
    const file = await deskOf(ctx).blobs.quarantine.create(upload.id)
    const bytes = await spool(req, file, upload.declaredBytes).finally(() => file.close())
    if (bytes !== upload.declaredBytes) throw new Error(`${bytes} bytes of ${upload.declaredBytes} came`)
    // The row and the job are one transaction: there is never one without the other.
    return await ctx.db.transaction(async (tx) => {
      if (!(await quarantineUpload(tx, upload.id))) return false
      await insertOutbox(tx, [{ kind: sanitizeImage.name, payload: { uploadId: upload.id } }])
      return true
    })
  } catch (error) {
    if (gone.aborted || req.destroyed) return false
    ctx.log.warn('an upload was not received', { id: upload.id, error: String(error) })
    await refuseBody(req, res, problemOf(isDiskFull(error) ? 'quota-exceeded' : 'internal', req))
    return false
  }
}

/** Writes the body to the file; returns how many bytes came. A sender that is too slow is cut off. */
async function spool(req: IncomingMessage, file: FileHandle, declaredBytes: number): Promise<number> {
  const cut = () => void req.destroy(new Error('the file came too slowly'))
  const late = setTimeout(cut, START_MS + declaredBytes / SLOWEST_BYTES_PER_MS)
  let idle = setTimeout(cut, IDLE_MS)
  let bytes = 0
  try {
    // The request stays open when writing fails, since it still has to be answered.
    for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      clearTimeout(idle)
      await file.writeFile(chunk)
      bytes += chunk.length
      idle = setTimeout(cut, IDLE_MS)
    }
    return bytes
  } finally {
    clearTimeout(late)
    clearTimeout(idle)
  }
}

/** Tells the verdict; true when the file may stay. One that may not is gone before that is said. */
async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  url: URL,
  verdict: Upload | undefined,
  { upload, session }: Admitted,
  ctx: Context,
): Promise<boolean> {
  if (!verdict) {
    countUpload({ outcome: 'unavailable' })
    await discard(ctx, upload)
    sendProblem(res, problemOf('resource-constraint', req), { 'Retry-After': '30' })
    return false
  }
  if (verdict.state === 'refused') {
    countRefusedUpload(verdict.reason)
    sendProblem(res, verdict.reason === NO_ROOM ? problemOf('quota-exceeded', req) : imageProblem(verdict.reason, req))
    return true
  }
  const { cleanType: type, cleanBytes: bytes, widthPx, heightPx } = verdict
  countUpload({ outcome: type?.startsWith('image/') === true ? 'clean' : 'not-an-image' })
  try {
    // An image that was not called one meets the rules for images now.
    const isImage = type?.startsWith('image/') === true
    if (isImage && !claimsImage(upload.filename, upload.declaredType)) assertAllowed(session, true, ctx)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    await discard(ctx, upload)
    sendProblem(res, problemOf(error, req))
    return false
  }
  const key = url.pathname.slice(UPLOAD_PATH.length).split('/', 1)[0] ?? ''
  const link = ctx.publicUrl() + url.pathname + ctx.mediaLinks.queryFor(key, session, ctx.now())
  const size = widthPx === null || heightPx === null ? {} : { widthPx, heightPx }
  const body = JSON.stringify({ url: link, type, ...size, bytes })
  res.writeHead(201, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    Location: link,
  })
  res.end(body)
  return true
}

/** Removes what is left of an upload. A clean blob may belong to others, too; the sweep decides about it. */
async function discard(ctx: Context, { id }: Upload): Promise<void> {
  try {
    await deleteUpload(ctx.db, id)
    await deskOf(ctx).blobs.quarantine.remove(id)
  } catch (error) {
    ctx.log.warn('an upload was not discarded; the sweep will', { id, error: String(error) })
  }
}
