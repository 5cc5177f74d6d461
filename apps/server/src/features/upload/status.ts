import { countAhead, findUpload } from '@drawbridge/db'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { isSecret, linkOfKey } from '../../blobs/link.ts'
import type { Context } from '../../routing/feature.ts'
import { problemOf, sendProblem, uploadProblem } from './answer.ts'
import { deskOf } from './desk.ts'
import { viewOf } from './view.ts'
import { bearerOf } from './token.ts'

/** The path below which the sender of a file asks what becomes of it. */
export const STATUS_PATH = '/upload-status/'

/**
 * Tells whoever has the slot's token how far the upload is: `waiting` for the file, `queued` behind so many others,
 * `clean` with what a PUT would have been told, `refused` with the same problem. So a client shows that it is in the
 * queue while its PUT waits, and finds out what became of it when the connection broke. For anybody else there is nothing.
 */
export async function giveStatus(req: IncomingMessage, res: ServerResponse, url: URL, ctx: Context): Promise<void> {
  const key = url.pathname.slice(STATUS_PATH.length)
  const link = linkOfKey(key)
  const sender = link && bearerOf(req.headers.authorization, key, ctx)
  const upload = sender && sender !== 'gone' ? await findUpload(ctx.db, link.id) : undefined
  if (!link || !sender || sender === 'gone' || !upload || !isSecret(link.secret, upload.tokenHash)) {
    return sendProblem(res, problemOf('item-not-found', req))
  }
  if (upload.state === 'refused') {
    return sendJson(res, { state: 'refused', problem: uploadProblem(upload.reason, req) })
  }
  if (upload.state === 'clean') return sendJson(res, { state: 'clean', ...(await viewOf(upload, link, sender, ctx)) })
  if (upload.state === 'slot') return sendJson(res, { state: 'waiting' })
  // Where the sanitizer has it already, it knows better than the order in which files came.
  const ahead = deskOf(ctx).ahead.get(upload.id) ?? (await countAhead(ctx.db, upload))
  sendJson(res, { state: 'queued', ahead })
}

function sendJson(res: ServerResponse, value: unknown): void {
  const body = JSON.stringify(value)
  res.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
  res.end(res.req.method === 'HEAD' ? undefined : body)
}
