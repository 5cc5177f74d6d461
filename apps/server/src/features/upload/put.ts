import { Refusal } from '@drawbridge/contract'
import { abandonUpload, findUpload, insertOutbox, quarantineUpload, takeSlot } from '@drawbridge/db'
import type { Upload } from '@drawbridge/db'
import { sanitizeImage } from '@drawbridge/jobs'
import type { FileHandle } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { asFull } from '../../blobs/file-store.ts'
import { claimsImage } from '../../blobs/filename.ts'
import { StorageFull, StorageUnavailable } from '../../blobs/object-store.ts'
import { INTERRUPTED, NO_ROOM, OVER_BUDGET, UNCHECKED } from '../../blobs/reasons.ts'
import { ask, refusalOf } from '../../policy/gate.ts'
import { addressOf } from '../../routing/client-address.ts'
import type { Context } from '../../routing/feature.ts'
import { subjectsOf, formatSubject } from '../../routing/traffic-subjects.ts'
import { problemOf, refuseBody, sendProblem, uploadProblem } from './answer.ts'
import { verdictOn } from './desk.ts'
import { countRefusedUpload, countUpload } from './events.ts'
import { isSecret, keyOf, parsePath } from '../../blobs/link.ts'
import type { Link } from '../../blobs/link.ts'
import { SLOT_TTL_MS } from '../../blobs/quota.ts'
import type { KnownReader } from './reader.ts'
import { bearerOf } from './token.ts'
import { viewOf } from './view.ts'

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
  let isTold = false
  try {
    if (!(await receive(req, res, upload, ctx, gone.signal))) return
    const verdict = await verdictOn(ctx, upload.id, AbortSignal.any([gone.signal, AbortSignal.timeout(VERDICT_MS)]))
    countReceived(upload, verdict, admitted.sender, ctx)
    if (gone.signal.aborted) return
    isTold = await answer(req, res, verdict, admitted, ctx)
  } finally {
    // Whoever was not told 201 has no file here: not the one who went away, nor the one who waited too long.
    if (!isTold) await discard(ctx, upload, INTERRUPTED)
  }
}

interface Admitted {
  readonly upload: Upload
  readonly link: Link
  readonly sender: KnownReader
}

/** Checks everything that can be known before the first byte. @throws Refusal */
async function admit(req: IncomingMessage, url: URL, ctx: Context): Promise<Admitted> {
  const path = parsePath(url.pathname)
  const sender = path && bearerOf(req.headers.authorization, keyOf(path.link), ctx)
  if (!path || sender === undefined) throw new Refusal('forbidden')
  if (sender === 'gone') throw new Refusal('account-disabled')
  const upload = await findUpload(ctx.db, path.link.id)
  if (!upload || upload.filename !== path.name || !isSecret(path.link.secret, upload.tokenHash)) {
    throw new Refusal('forbidden')
  }
  if (upload.state !== 'slot' || upload.putAt) throw new Refusal('conflict')
  if (upload.createdAt.getTime() + SLOT_TTL_MS <= ctx.now().getTime()) throw new Refusal('forbidden')
  const length = req.headers['content-length']
  if (length === undefined || req.headers['transfer-encoding'] !== undefined) throw new Refusal('length-required')
  if (Number(length) > upload.declaredBytes) throw new Refusal('file-too-large')
  if (Number(length) !== upload.declaredBytes) throw new Refusal('bad-request')
  assertAllowed(sender, claimsImage(upload.filename, upload.declaredType), addressOf(req), ctx)
  // Once, whoever else asked at the same time, on whatever node.
  if (!(await takeSlot(ctx.db, upload.id, ctx.now()))) throw new Refusal('conflict')
  return { upload, link: path.link, sender }
}

/** Asked at every PUT: the slot belongs to the session that got it (control §3.4). @throws Refusal */
function assertAllowed({ account, client }: KnownReader, isImage: boolean, address: string, ctx: Context): void {
  const verdict = ask(ctx.gate, 'upload.put', { at: ctx.now().getTime(), account, client, isImage, address })
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
  const { spool } = ctx.blobs
  try {
    const file = await spool.create(upload.id)
    const bytes = await write(req, file, upload.declaredBytes).finally(() => file.close())
    if (bytes !== upload.declaredBytes) throw new Error(`${bytes} bytes of ${upload.declaredBytes} came`)
    await spool.quarantine(upload.id)
    // The row and the job are one transaction: there is never one without the other.
    return await ctx.db.transaction(async (tx) => {
      if (!(await quarantineUpload(tx, upload.id))) return false
      await insertOutbox(tx, [{ kind: sanitizeImage.name, payload: { uploadId: upload.id } }])
      return true
    })
  } catch (error) {
    // A request that has come whole is destroyed, too: its sender still waits.
    if (gone.aborted || (req.destroyed && !req.complete)) return false
    ctx.log.warn('an upload was not received', { id: upload.id, error: String(error) })
    const isFull = error instanceof StorageFull
    const isAway = error instanceof StorageUnavailable
    // What is said is so: the file is gone before.
    await discard(ctx, upload, isFull ? NO_ROOM : isAway ? UNCHECKED : INTERRUPTED)
    const code = isFull ? 'quota-exceeded' : isAway ? 'storage-unavailable' : 'internal'
    await refuseBody(req, res, problemOf(code, req), isAway ? { 'Retry-After': '30' } : {})
    return false
  }
}

/** Writes the body to the file and flushes it; returns how many bytes came. A sender that is too slow is cut off. */
async function write(req: IncomingMessage, file: FileHandle, declaredBytes: number): Promise<number> {
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
    await file.sync()
    return bytes
  } catch (error) {
    throw asFull(error)
  } finally {
    clearTimeout(late)
    clearTimeout(idle)
  }
}

/** What came has come, whatever becomes of it. The census knows as what it came; here it has the format it is given out in. */
function countReceived(upload: Upload, verdict: Upload | undefined, { account }: KnownReader, ctx: Context): void {
  const type = verdict?.cleanType ?? ''
  const isImage = type === '' ? claimsImage(upload.filename, upload.declaredType) : type.startsWith('image/')
  ctx.traffic.count(isImage ? 'image upload' : 'upload', upload.declaredBytes, ctx.now(), [
    ...subjectsOf(account, ctx),
    ...(type === '' ? [] : [formatSubject(type)]),
  ])
}

/** Tells the verdict; true once that is done. A file that may not stay is gone before that is said. */
async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  verdict: Upload | undefined,
  { upload, link, sender }: Admitted,
  ctx: Context,
): Promise<boolean> {
  if (!verdict) {
    countUpload({ outcome: 'unavailable' })
    await discard(ctx, upload, UNCHECKED)
    sendProblem(res, uploadProblem(UNCHECKED, req), { 'Retry-After': '30' })
    return true
  }
  if (verdict.state === 'refused') {
    countRefusedUpload(verdict.reason)
    sendProblem(res, uploadProblem(verdict.reason, req), verdict.reason === OVER_BUDGET ? { 'Retry-After': '60' } : {})
    return true
  }
  const isImage = verdict.cleanType?.startsWith('image/') === true
  countUpload({ outcome: isImage ? 'clean' : 'not-an-image' })
  try {
    // An image that was not called one meets the rules for images now.
    if (isImage && !claimsImage(upload.filename, upload.declaredType)) assertAllowed(sender, true, addressOf(req), ctx)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    await discard(ctx, upload, error.code)
    sendProblem(res, problemOf(error, req))
    return true
  }
  const view = await viewOf(verdict, link, sender, ctx)
  const body = JSON.stringify(view)
  res.writeHead(201, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    Location: view.url,
  })
  res.end(body)
  return true
}

/** Nobody was told that there is a file, so there is none. A clean blob may belong to others; the sweep decides about it. */
async function discard({ db, blobs, log }: Context, { id }: Upload, reason: string): Promise<void> {
  try {
    await abandonUpload(db, id, reason)
    await blobs.spool.remove(id)
    await blobs.quarantine.remove(id)
  } catch (error) {
    log.warn('an upload was not discarded; the sweep will', { id, error: String(error) })
  }
}
