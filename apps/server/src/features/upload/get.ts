import { Refusal } from '@drawbridge/contract'
import { findDerivative, findUpload } from '@drawbridge/db'
import type { Upload } from '@drawbridge/db'
import { refusedClass } from '@drawbridge/policy'
import type { ClientIdentity } from '@drawbridge/policy'
import { findJid } from '@drawbridge/xmpp'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { claimsImage, dispositionOf, withExtension } from '../../blobs/filename.ts'
import { isSecret, parsePath } from '../../blobs/link.ts'
import { StorageUnavailable } from '../../blobs/object-store.ts'
import { ask, refusalOf } from '../../policy/gate.ts'
import type { Account } from '../../routing/accounts.ts'
import { addressOf } from '../../routing/client-address.ts'
import type { Context } from '../../routing/feature.ts'
import { formatSubject, roomSubject, subjectsOf } from '../../routing/traffic-subjects.ts'
import { isOwnClient } from '../../stream/admission.ts'
import { fileProblem, problemOf, sendProblem } from './answer.ts'
import { pausedImage, prefersImage } from './placeholder.ts'
import { parseRange } from './range.ts'
import { readerOf } from './reader.ts'
import { OUR_TYPES, thumbnailName } from '../../blobs/thumbnails.ts'

/** A clean file: an upload's own, or one that is made of it. */
interface CleanFile {
  readonly upload: Upload
  readonly filename: string
  readonly type: string
  readonly sha256: Buffer
}

/**
 * Serves a clean file, under a type that is ours to say, to whoever the rules let read it now (control §3.4). Whatever is
 * not clean is not there: unknown, waiting, refused and mistyped links all get the same answer (threats UP-10); and who
 * may not read gets the same answer whether there is something or not.
 */
export async function giveFile(req: IncomingMessage, res: ServerResponse, url: URL, ctx: Context): Promise<void> {
  const file = await findClean(url, ctx)
  const isImage = file ? file.type in OUR_TYPES : claimsImage(url.pathname, '')
  const { account, client, room } = readerOf(url, ctx)
  if (account === 'gone') return refuse(req, res, new Refusal('account-disabled'))
  // Neither does it help to take the signature off, or to keep it for long.
  if (account === undefined && !ctx.hasPlainLinks) return refuse(req, res, new Refusal('link-expired'))
  const { gate } = ctx
  const address = addressOf(req)
  const facts = {
    at: ctx.now().getTime(),
    account,
    client,
    isImage,
    address,
    room,
    ...(file ? factsOf(file) : {}),
  }
  let known: { readonly epoch: number; readonly refusal: Refusal | undefined } | undefined
  const judge = (): Refusal | undefined => {
    const verdict = ask(gate, 'media.read', facts)
    if (verdict.action === 'pass') return undefined
    // Nobody is known here who could update; a fresh link says who asks.
    const isNameless = client === undefined && verdict.action === 'refuse' && verdict.code === 'client-unknown'
    return isNameless ? new Refusal('link-expired') : refusalOf(verdict)
  }
  // Under other rules it is judged anew, in the middle of a file, too (control §4.5).
  const refusal = (): Refusal | undefined => {
    if (known?.epoch !== gate.epoch || gate.isStale) known = { epoch: gate.epoch, refusal: judge() }
    return known.refusal
  }
  const refused = refusal()
  if (refused && isPaused(refused) && isImage && showsPicture(req, client)) return sendPaused(req, res, refused, ctx)
  if (refused) return refuse(req, res, refused)
  if (!file) return sendProblem(res, problemOf('item-not-found', req))
  const closed = refusedClass(ctx.mediaPolicy(account), file.upload.fileClasses ?? [], 'download')
  if (closed !== undefined) return sendProblem(res, { ...fileProblem(closed, req), status: 403 })
  try {
    await serve(req, res, { ...file, isImage, account, room, refusal }, ctx)
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error
    ctx.log.warn('a file cannot be read', { id: file.upload.id, error })
    sendProblem(res, problemOf('storage-unavailable', req), { 'Retry-After': '10' })
  }
}

/** What rules may want to know of a file that is there. */
function factsOf({ upload, type, sha256 }: CleanFile) {
  const senderId = upload.accountId ?? undefined
  const file = { id: upload.id, sha256: sha256.toString('hex'), senderId, sentAt: upload.createdAt.getTime() }
  const { cleanSha256, cleanType } = upload
  const isThumbnail = cleanSha256 !== null && !cleanSha256.equals(sha256)
  const source = isThumbnail ? { sha256: cleanSha256.toString('hex'), format: formatOf(cleanType) } : undefined
  return { file: { ...file, source }, format: formatOf(type) }
}

const formatOf = (type: string | null) => (type?.startsWith('image/') ? type.slice('image/'.length) : undefined)

const PARTS = { download: 'part of a download', 'image download': 'part of an image download' } as const

/** A file that may be read, as long as it may. */
interface OpenFile extends CleanFile {
  readonly isImage: boolean
  /** Who reads it, and where it was shared, as far as that is known. */
  readonly account: Account | undefined
  readonly room: string | undefined
  /** Why it may not be read any more. */
  refusal(): Refusal | undefined
}

async function serve(req: IncomingMessage, res: ServerResponse, file: OpenFile, ctx: Context) {
  const { isImage, refusal } = file
  const name = file.sha256.toString('hex')
  const etag = `"${name}"`
  const headers = { ...headersOf(file, isImage, ctx.hasMediaOrigin), ETag: etag, 'Accept-Ranges': 'bytes' }
  if (req.headers['if-none-match']?.includes(etag)) {
    res.writeHead(304, headers)
    return void res.end()
  }
  const blob = await ctx.blobs.clean.find(name)
  if (!blob) {
    ctx.log.error('a clean file is missing', { id: file.upload.id })
    return sendProblem(res, problemOf('item-not-found', req))
  }
  const refused = refusal()
  if (refused) return refuse(req, res, refused)
  // A part of another version is of no use (RFC 9110 §13.1.5); there is only ever one of ours.
  const isSame = req.headers['if-range'] === undefined || req.headers['if-range'] === etag
  const range = req.method === 'GET' && isSame ? parseRange(req.headers.range, blob.bytes) : undefined
  if (range === 'unsatisfiable') {
    res.writeHead(416, { ...headers, 'Content-Range': `bytes */${blob.bytes}`, 'Content-Length': 0 })
    return void res.end()
  }
  if (range) {
    const { start, end } = range
    const contentRange = `bytes ${start}-${end}/${blob.bytes}`
    res.writeHead(206, { ...headers, 'Content-Range': contentRange, 'Content-Length': end - start + 1 })
  } else res.writeHead(200, { ...headers, 'Content-Length': blob.bytes })
  if (req.method === 'HEAD') return void res.end()
  let bytes = 0
  // A reader that goes away is no fault; what cannot be read to its end is cut off.
  const whileAllowed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      if (refusal()) throw new Error('the rules have changed')
      bytes += chunk.length
      yield chunk
    }
  }
  await pipeline(blob.read(range), whileAllowed, res).catch((error: unknown) => {
    if (!res.destroyed) ctx.log.warn('a file was not read to its end', { id: file.upload.id, error })
    res.destroy()
  })
  countDownload(file, bytes, (range?.start ?? 0) === 0, ctx)
}

/** Who goes on to read a file has been counted when they began. */
function countDownload({ isImage, type, account, room }: OpenFile, bytes: number, isBegun: boolean, ctx: Context) {
  const event = isImage ? 'image download' : 'download'
  const place = room === undefined ? undefined : roomSubject(findJid(room), ctx)
  ctx.traffic.count(isBegun ? event : PARTS[event], bytes, ctx.now(), [
    ...subjectsOf(account, ctx),
    ...(place ? [place] : []),
    formatSubject(type),
  ])
}

async function findClean(url: URL, ctx: Context): Promise<CleanFile | undefined> {
  const path = parsePath(url.pathname)
  if (!path) return undefined
  const { id, secret } = path.link
  const upload = await findUpload(ctx.db, id)
  if (upload) {
    const { state, tokenHash, filename, cleanSha256: sha256, cleanType: type } = upload
    if (state !== 'clean' || !sha256 || type === null) return undefined
    return isSecret(secret, tokenHash) && filename === path.name ? { upload, filename, type, sha256 } : undefined
  }
  const found = ctx.mediaLinks.isLinkTo(path.link) ? await findDerivative(ctx.db, id) : undefined
  if (!found || thumbnailName(found.upload, found.derivative) !== path.name) return undefined
  const { type, sha256 } = found.derivative
  return { upload: found.upload, filename: path.name, type, sha256 }
}

function refuse(req: IncomingMessage, res: ServerResponse, refusal: Refusal): void {
  const body = problemOf(refusal, req)
  if (body.status !== 503) return sendProblem(res, body)
  sendProblem(res, body, { 'Retry-After': retryAfter(refusal) })
}

/** In seconds, as far as an end is announced. */
function retryAfter({ details: { until } }: Refusal): string {
  const seconds = typeof until === 'string' ? Math.ceil((Date.parse(until) - Date.now()) / 1000) : Number.NaN
  return String(seconds > 0 ? Math.min(seconds, 3600) : 60)
}

const isPaused = ({ code }: Refusal) => code === 'suspended'

/**
 * Whether a picture says it better than a text (control §4.4). Foreign clients show a broken image, or the problem as one,
 * and never its words; ours asks why, and says so in its own words in the place of the image.
 */
function showsPicture({ headers }: IncomingMessage, client: ClientIdentity | undefined): boolean {
  return prefersImage(headers.accept) && (client === undefined || !isOwnClient(client))
}

/** The status says to programs what the picture says to people. */
function sendPaused(req: IncomingMessage, res: ServerResponse, refusal: Refusal, { hasMediaOrigin }: Context): void {
  const picture = pausedImage()
  res.writeHead(503, {
    'Content-Type': 'image/png',
    'Content-Length': picture.length,
    'Content-Security-Policy': "default-src 'none'",
    'Cache-Control': 'no-store',
    'Cross-Origin-Resource-Policy': hasMediaOrigin ? 'same-site' : 'same-origin',
    'Retry-After': retryAfter(refusal),
    'X-Content-Type-Options': 'nosniff',
  })
  res.end(req.method === 'HEAD' ? undefined : picture)
}

function headersOf({ filename, type }: CleanFile, isImage: boolean, isOfOtherOrigin: boolean): Record<string, string> {
  const common = {
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': isOfOtherOrigin ? 'same-site' : 'same-origin',
    'Referrer-Policy': 'no-referrer',
    // Its bytes never change, but whether they may be read does: a recall or a lock-out reaches what a browser keeps, too.
    'Cache-Control': 'private, no-cache',
  }
  if (!isImage) {
    return {
      ...common,
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': dispositionOf('attachment', filename),
      'Content-Security-Policy': "sandbox; default-src 'none'",
    }
  }
  return {
    ...common,
    'Content-Type': type,
    'Content-Disposition': dispositionOf('inline', withExtension(filename, OUR_TYPES[type] ?? 'bin')),
    'Content-Security-Policy': "default-src 'none'",
  }
}
