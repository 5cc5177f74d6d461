import { problem, PROBLEM_MEDIA_TYPE, Refusal } from '@drawbridge/contract'
import type { ErrorCode, FileRejectReason, ImageRejectReason, Problem } from '@drawbridge/contract'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { INTERRUPTED, NO_ROOM, OVER_BUDGET, RECALLED, SUSPENDED, UNCHECKED } from '../../blobs/reasons.ts'
import { FILE_REJECTIONS, fileReasonFrom } from '../../files/rejections.ts'

/** How long a refused sender may go on sending before the connection is cut. */
const DRAIN_MS = 2_000

/** What a sender can do about a refused image. The words of the decoder are never among them. */
const REJECTIONS: Readonly<
  Record<ImageRejectReason, { readonly status: number; readonly en: string; readonly de: string }>
> = {
  unsupported: {
    status: 415,
    en: 'This is not a picture of a kind that is accepted here. Save it as JPEG, PNG, WebP or GIF and send that.',
    de: 'Das ist kein Bild einer hier zugelassenen Art. Speichern Sie es als JPEG, PNG, WebP oder GIF und senden Sie das.',
  },
  corrupt: {
    status: 422,
    en: 'This picture is damaged. Open it, save it again, and send the new file.',
    de: 'Dieses Bild ist beschädigt. Öffnen und speichern Sie es neu und senden Sie die neue Datei.',
  },
  'too-large': {
    status: 413,
    en: 'This picture is too large. Make it smaller and send it again.',
    de: 'Dieses Bild ist zu groß. Verkleinern Sie es und senden Sie es erneut.',
  },
  'too-many-frames': {
    status: 422,
    en: 'This animation is too long. Send a shorter one, or a single picture of it.',
    de: 'Diese Animation ist zu lang. Senden Sie eine kürzere oder ein einzelnes Bild daraus.',
  },
  failed: {
    status: 422,
    en: 'This picture could not be processed. Save it in another format and send that.',
    de: 'Dieses Bild konnte nicht verarbeitet werden. Speichern Sie es in einem anderen Format und senden Sie das.',
  },
}

/** Refusals that are no fault of the image. */
const OTHER_REASONS: Readonly<Record<string, ErrorCode>> = {
  [NO_ROOM]: 'quota-exceeded',
  [OVER_BUDGET]: 'image-budget',
  [INTERRUPTED]: 'upload-interrupted',
  [UNCHECKED]: 'upload-unchecked',
  [SUSPENDED]: 'suspended',
}

const SENT_AGAIN = {
  en: 'This file was recalled by the administrator, and cannot be sent again. Ask the administrator if you need it.',
  de: 'Diese Datei wurde vom Administrator zurückgerufen und kann nicht erneut gesendet werden. Wenden Sie sich an den Administrator, wenn Sie sie brauchen.',
} as const

/** The problem of an upload that was refused for this reason, as it is stored. */
export function uploadProblem(reason: string | null, req: IncomingMessage): Problem {
  const language = languageOf(req)
  if (reason === RECALLED) return problem('media-recalled', { detail: SENT_AGAIN[language], language })
  const code = reason !== null && Object.hasOwn(OTHER_REASONS, reason) ? OTHER_REASONS[reason] : undefined
  if (code !== undefined) return problemOf(code, req)
  const fileReason = fileReasonFrom(reason)
  return fileReason === undefined ? imageProblem(reason, req) : fileProblem(fileReason, req)
}

/** The problem of a file whose kind may not pass, or that no engine passed. */
export function fileProblem(reason: FileRejectReason, req: IncomingMessage): Problem {
  const language = languageOf(req)
  const detail = FILE_REJECTIONS[reason][language]
  const body = problem('file-type-refused', { details: { reason }, detail, language })
  return reason === 'unscanned' ? { ...body, status: 503 } : body
}

/** The problem of a refused image (images §2, errors). */
function imageProblem(reason: string | null, req: IncomingMessage): Problem {
  const known = reason !== null && Object.hasOwn(REJECTIONS, reason) ? (reason as ImageRejectReason) : 'failed'
  const language = languageOf(req)
  const { status, [language]: detail } = REJECTIONS[known]
  return { ...problem('image-rejected', { details: { reason: known }, detail, language }), status }
}

/** The problem of a code or of a refusal, in the reader's language. */
export function problemOf(cause: ErrorCode | Refusal, req: IncomingMessage, status?: number): Problem {
  const language = languageOf(req)
  const body =
    cause instanceof Refusal ? problem(cause.code, { details: cause.details, language }) : problem(cause, { language })
  return status === undefined ? body : { ...body, status }
}

export function sendProblem(res: ServerResponse, body: Problem, headers: Readonly<Record<string, string>> = {}): void {
  if (res.headersSent || res.destroyed) return
  const text = JSON.stringify(body)
  res.writeHead(body.status, {
    'Content-Type': PROBLEM_MEDIA_TYPE,
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  })
  res.end(res.req.method === 'HEAD' ? undefined : text)
}

/**
 * Refuses a request whose body is still coming. A client that is cut off while it sends never reads the answer, so it is
 * listened to for a moment; then the connection ends either way.
 */
export async function refuseBody(
  req: IncomingMessage,
  res: ServerResponse,
  body: Problem,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  if (!req.complete && !req.destroyed) {
    req.resume()
    await once(req, 'end', { signal: AbortSignal.timeout(DRAIN_MS) }).catch(() => undefined)
  }
  sendProblem(res, body, { Connection: 'close', ...headers })
}

function languageOf({ headers }: IncomingMessage): 'en' | 'de' {
  return /^\s*de\b/i.test(headers['accept-language'] ?? '') ? 'de' : 'en'
}
