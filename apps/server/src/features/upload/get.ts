import { Refusal } from '@drawbridge/contract'
import { findUpload } from '@drawbridge/db'
import type { Upload } from '@drawbridge/db'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { claimsImage, dispositionOf, EXTENSIONS, withExtension } from '../../blobs/filename.ts'
import { ask } from '../../policy/gate.ts'
import type { Context } from '../../routing/feature.ts'
import { problemOf, sendProblem } from './answer.ts'
import { deskOf } from './desk.ts'
import { isSecret, parsePath } from '../../blobs/link.ts'
import { readerOf } from './reader.ts'
import { refusalOf } from './slot.ts'

/** Types that our encoder makes, and so the only ones a browser may ever show. */
const TYPES: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(EXTENSIONS).map(([format, extension]) => [`image/${format}`, extension]),
)

/**
 * Serves a clean file, under a type that is ours to say, to whoever the rules let read it now (control §3.4). Whatever is
 * not clean is not there: unknown, waiting, refused and mistyped links all get the same answer (threats UP-10); and who
 * may not read gets the same answer whether there is something or not.
 */
export async function giveFile(req: IncomingMessage, res: ServerResponse, url: URL, ctx: Context): Promise<void> {
  const upload = await findClean(url, ctx)
  const isImage = upload ? isOurImage(upload) : claimsImage(url.pathname, '')
  const { account, client } = readerOf(url, ctx)
  if (account === 'gone') return refuse(req, res, new Refusal('account-disabled'))
  const verdict = ask(ctx.gate, 'media.read', { at: ctx.now().getTime(), account, client, isImage })
  if (verdict.action !== 'pass') {
    // Nobody is known here who could update; a fresh link says who asks.
    const isNameless = client === undefined && verdict.action === 'refuse' && verdict.code === 'client-unknown'
    return refuse(req, res, isNameless ? new Refusal('link-expired') : refusalOf(verdict))
  }
  const sha256 = upload?.cleanSha256
  if (!upload || !sha256) return sendProblem(res, problemOf('item-not-found', req))

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

const isOurImage = ({ cleanType }: Upload) => cleanType !== null && cleanType in TYPES

async function findClean(url: URL, ctx: Context): Promise<Upload | undefined> {
  const path = parsePath(url.pathname)
  const upload = path && (await findUpload(ctx.db, path.link.id))
  if (upload?.state !== 'clean') return undefined
  return isSecret(path!.link.secret, upload.tokenHash) && upload.filename === path!.name ? upload : undefined
}

function refuse(req: IncomingMessage, res: ServerResponse, refusal: Refusal): void {
  const body = problemOf(refusal, req)
  if (body.status !== 503) return sendProblem(res, body)
  const { until } = refusal.details
  const seconds = typeof until === 'string' ? Math.ceil((Date.parse(until) - Date.now()) / 1000) : Number.NaN
  sendProblem(res, body, { 'Retry-After': String(seconds > 0 ? Math.min(seconds, 3600) : 60) })
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
