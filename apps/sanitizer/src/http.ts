import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  buildCleanAnswer,
  CLEAN_IMAGE_TYPE,
  type FileReport,
  type ImageProfile,
  type ImageRejectReason,
  type InspectFile,
  type Sanitize,
  type SanitizeOptions,
  type SanitizeVerdict,
} from '@drawbridge/contract'
import type { Log } from '@drawbridge/runtime'
import { BudgetSpent } from './budgets.ts'
import type { SanitizerHealth } from './health.ts'
import { Overloaded } from './lanes.ts'
import { maxBytesOf } from './profiles.ts'
import { parseQuery } from './query.ts'
import type { SanitizerConfig } from './sanitizer.config.ts'
import { sniff } from './sniff.ts'

export interface HttpParts {
  readonly config: SanitizerConfig
  readonly sanitize: Sanitize
  readonly inspect: InspectFile
  readonly health: () => SanitizerHealth
  readonly log: Log
}

/** The body of an answer that is an error (RFC 9457). */
interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly reason?: ImageRejectReason
  readonly inputFormat?: string
  readonly policyVersion?: string
}

/** Bytes of uploads that wait or are worked on, together. */
const MAX_HELD_BYTES = 512 * 1024 * 1024
const BODY_TIMEOUT_MS = 15_000
const SNIFFED_BYTES = 1024 * 1024

/** Nobody looks into a file of this size. */
const TOO_LARGE: FileReport = { kind: 'unknown', classes: ['unreadable-archive'], entries: 0 }

const REASON_TEXT: Readonly<Record<ImageRejectReason, readonly [status: number, title: string]>> = {
  unsupported: [415, 'This kind of image is not accepted. Send a JPEG, PNG, WebP or GIF.'],
  corrupt: [422, 'This image is damaged.'],
  'too-large': [422, 'This image is too large.'],
  'too-many-frames': [422, 'This animation has too many frames.'],
  failed: [422, 'This image could not be processed.'],
}

/**
 * `POST /sanitize?profile=…` (`query.ts` has the rest) with the bytes as body: 200 and the clean files, 204 when the bytes
 * are not an image, 413, 415 or 422 when it is refused, 429 when its payer has to wait, 503 when there is no room. While
 * an image waits for its turn, each 102 says in `x-drawbridge-ahead` how many are ahead of it. `POST /inspect?extension=`
 * answers with a report about a file that is no image. `GET /health`.
 */
export function serveHttp(parts: HttpParts): Server {
  let heldBytes = 0

  /** Does `work` with the whole body while there is room for it; the work ends when the client goes, or after a time. */
  async function withBody(
    request: IncomingMessage,
    response: ServerResponse,
    length: number,
    work: (bytes: Buffer, signal: AbortSignal) => Promise<void>,
  ): Promise<void> {
    if (heldBytes + length > MAX_HELD_BYTES) throw new Overloaded('too many bytes are held')
    heldBytes += length
    const gone = new AbortController()
    response.once('close', () => gone.abort(new Error('the client is gone')))
    try {
      const bytes = await readBody(request, length)
      await work(bytes, AbortSignal.any([gone.signal, AbortSignal.timeout(parts.config.requestTimeoutMs)]))
    } finally {
      heldBytes -= length
    }
  }

  async function inspectRequest(request: IncomingMessage, response: ServerResponse, extension: string): Promise<void> {
    const { config, inspect } = parts
    const length = lengthOf(request)
    if (length === undefined) return sendProblem(response, problem(411, 'Content-Length is needed.'))
    if (length > config.maxInspectBytes) return sendJson(response, 200, 'application/json', TOO_LARGE)
    await withBody(request, response, length, async (bytes, signal) =>
      sendJson(response, 200, 'application/json', await inspect(bytes, extension, signal)),
    )
  }

  async function sanitizeRequest(
    request: IncomingMessage,
    response: ServerResponse,
    profile: ImageProfile,
    options: SanitizeOptions,
  ): Promise<void> {
    const { config, sanitize } = parts
    const maxBytes = maxBytesOf(profile, config)
    const length = lengthOf(request)
    if (length === undefined) return sendProblem(response, problem(411, 'Content-Length is needed.'))
    if (length > maxBytes) return sendVerdict(response, await judgeByStart(request), 413)
    await withBody(request, response, length, async (bytes, signal) => {
      const onQueued = (ahead: number) => {
        if (!response.destroyed) response.writeInformation(102, { 'x-drawbridge-ahead': String(ahead) })
      }
      sendVerdict(response, await sanitize(bytes, profile, { ...options, signal, onQueued }))
    })
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://sanitizer')
    if (url.pathname === '/health' && request.method === 'GET')
      return sendJson(response, 200, 'application/json', parts.health())
    const isInspection = url.pathname === '/inspect'
    if (url.pathname !== '/sanitize' && !isInspection)
      return sendProblem(response, problem(404, 'There is nothing here.'))
    if (request.method !== 'POST') return sendProblem(response, problem(405, 'Only POST is possible here.'))
    if (isInspection) {
      const extension = url.searchParams.get('extension') ?? ''
      if (!/^[^./\\]{0,24}$/.test(extension)) return sendProblem(response, problem(400, 'This is no extension.'))
      return inspectRequest(request, response, extension)
    }
    const query = parseQuery(url.searchParams)
    if (query === undefined) return sendProblem(response, problem(400, 'Something in the query is unknown.'))
    return sanitizeRequest(request, response, query.profile, query.options)
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      if (response.destroyed || response.headersSent) return response.destroy()
      if (error instanceof BudgetSpent) {
        response.setHeader('retry-after', Math.ceil(error.retryAfterMs / 1_000))
        return sendProblem(response, problem(429, 'The budget of this minute is spent.'))
      }
      const isExpected = error instanceof Overloaded || (error instanceof DOMException && error.name === 'TimeoutError')
      if (!isExpected) parts.log.error('a request failed', { error })
      response.setHeader('retry-after', '1')
      return sendProblem(response, problem(503, 'The sanitizer cannot take this image now.'))
    })
  })
  server.requestTimeout = BODY_TIMEOUT_MS
  server.keepAliveTimeout = 60_000
  return server
}

function lengthOf(request: IncomingMessage): number | undefined {
  const length = Number(request.headers['content-length'])
  return Number.isSafeInteger(length) && length >= 0 ? length : undefined
}

async function readBody(request: IncomingMessage, length: number): Promise<Buffer> {
  const body = await readStart(request, length)
  if (body.length !== length) throw new Error('the body is shorter than its Content-Length')
  return body
}

/** At most the first `length` bytes of the body. Node drops the rest when the answer is out. */
async function readStart(request: IncomingMessage, length: number): Promise<Buffer> {
  const start = Buffer.allocUnsafeSlow(length)
  let at = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    at += chunk.copy(start, at)
    if (at === length) break
  }
  return start.subarray(0, at)
}

/** A file over the limit is not kept, only looked at: the limit is one of images, and other files may be larger. */
async function judgeByStart(request: IncomingMessage): Promise<SanitizeVerdict> {
  const sniffed = sniff(await readStart(request, SNIFFED_BYTES))
  if (sniffed.kind === 'not-an-image') return { outcome: 'not-an-image' }
  return { outcome: 'refused', reason: 'too-large', inputFormat: sniffed.format }
}

function sendVerdict(response: ServerResponse, verdict: SanitizeVerdict, status?: number): void {
  if (verdict.outcome === 'not-an-image') {
    response.writeHead(204).end()
    return
  }
  if (verdict.outcome === 'refused') {
    const [usual, title] = REASON_TEXT[verdict.reason]
    const { reason, inputFormat, policyVersion } = verdict
    sendProblem(response, {
      type: '/problems/image-rejected',
      title,
      status: status ?? usual,
      reason,
      ...(inputFormat !== undefined && { inputFormat }),
      ...(policyVersion !== undefined && { policyVersion }),
    })
    return
  }
  const parts = buildCleanAnswer(verdict)
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  response.writeHead(200, { 'content-type': CLEAN_IMAGE_TYPE, 'content-length': length })
  for (const part of parts) response.write(part)
  response.end()
}

function problem(status: number, title: string): Problem {
  return { type: 'about:blank', title, status }
}

/**
 * The connection stays open: Node reads and drops the rest of a body that is answered early. To close it would throw the
 * answer away together with what the client has still under way.
 */
function sendProblem(response: ServerResponse, body: Problem): void {
  sendJson(response, body.status, 'application/problem+json', body)
}

function sendJson(response: ServerResponse, status: number, type: string, value: unknown): void {
  const body = JSON.stringify(value)
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
}
