import { Refusal } from '@drawbridge/contract'
import { findUpload } from '@drawbridge/db'
import type { Upload } from '@drawbridge/db'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { dispositionOf, EXTENSIONS, withExtension } from '../../blobs/filename.ts'
import { ask } from '../../policy/gate.ts'
import type { Context } from '../../routing/feature.ts'
import { problemOf, sendProblem } from './answer.ts'
import { deskOf } from './desk.ts'
import { isSecret, parsePath } from '../../blobs/link.ts'
import { refusalOf } from './slot.ts'

/** Types that our encoder makes, and so the only ones a browser may ever show. */
const TYPES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(EXTENSIONS).map(([format, extension]) => [`image/${format}`, extension]),
)

/**
 * Serves a clean file, under a type that is ours to say. Whatever is not clean is not there: unknown, waiting, refused
 * and mistyped links all get the same answer (threats UP-10).
 */
export async function giveFile(req: IncomingMessage, res: ServerResponse, url: URL, ctx: Context): Promise<void> {
  const upload = await findClean(url, ctx)
  const sha256 = upload?.cleanSha256
  if (!upload || !sha256) return sendProblem(res, problemOf('item-not-found', req))
  const isImage = upload.cleanType !== null && upload.cleanType in TYPES
  const verdict = ask(ctx.gate, 'media.read', { at: ctx.now().getTime(), isImage })
  if (verdict.action !== 'pass') return refuse(req, res, refusalOf(verdict))

  const headers = { ...headersOf(upload, isImage), ETag: `"${Buffer.from(sha256).toString('hex')}"` }
  if (req.headers['if-none-match']?.includes(headers.ETag)) {
    res.writeHead(304, headers)
    res.end()
    return
  }
  const blob = await deskOf(ctx).blobs.clean.read(sha256)
  if (!blob) {
    ctx.log.error('a clean file is missing', { id: upload.id })
    return sendProblem(res, problemOf('item-not-found', req))
  }
  res.writeHead(200, { ...headers, 'Content-Length': blob.bytes })
  if (req.method === 'HEAD') return void res.end()
  // A reader that goes away is no fault.
  await pipeline(blob.stream(), res).catch(() => res.destroy())
}

async function findClean(url: URL, ctx: Context): Promise<Upload | undefined> {
  const path = parsePath(url.pathname)
  const upload = path && (await findUpload(ctx.db, path.link.id))
  if (upload?.state !== 'clean') return undefined
  return isSecret(path!.link.secret, upload.tokenHash) && upload.filename === path!.name ? upload : undefined
}

function refuse(req: IncomingMessage, res: ServerResponse, refusal: Refusal): void {
  const { until } = refusal.details
  const seconds = typeof until === 'string' ? Math.ceil((Date.parse(until) - Date.now()) / 1000) : Number.NaN
  sendProblem(res, problemOf(refusal, req), { 'Retry-After': String(seconds > 0 ? Math.min(seconds, 3600) : 60) })
}

function headersOf({ filename, cleanType }: Upload, isImage: boolean): Record<string, string> {
  const common = {
    'X-Content-Type-Options': 'nosniff',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    // Nothing of this URL ever changes; a suspension still has to reach proxies, so these keep no copy.
    'Cache-Control': 'private, max-age=31536000, immutable',
  }
  if (!isImage || cleanType === null) {
    return {
      ...common,
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': dispositionOf('attachment', filename),
      'Content-Security-Policy': "sandbox; default-src 'none'",
    }
  }
  return {
    ...common,
    'Content-Type': cleanType,
    'Content-Disposition': dispositionOf('inline', withExtension(filename, TYPES[cleanType] ?? 'bin')),
    'Content-Security-Policy': "default-src 'none'",
  }
}
