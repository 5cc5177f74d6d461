import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import {
  CLEAN_IMAGE_TYPE,
  IMAGE_REJECT_REASONS,
  parseCleanAnswer,
  type ImageProfile,
  type ImageRejectReason,
  type Sanitize,
  type SanitizeOptions,
  type SanitizeVerdict,
} from '@drawbridge/contract'
import { readBounded } from './read-bounded.ts'

/** The sanitizer cannot answer now: not running, overloaded, too slow, or not understood. Never a verdict; try again. */
export class SanitizerUnavailable extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(`the sanitizer is not available: ${why}`, options)
    this.name = 'SanitizerUnavailable'
  }
}

/** The payer has used up the work of this minute. The image is neither clean nor refused. */
export class ImageBudgetSpent extends SanitizerUnavailable {
  /** After this long the same image fits. */
  readonly retryAfterMs: number

  constructor(retryAfterMs: number) {
    super('the budget of this minute is spent')
    this.name = 'ImageBudgetSpent'
    this.retryAfterMs = retryAfterMs
  }
}

export interface SanitizerClientOptions {
  /** Longest time for one image. Default 28 s: a little more than the sanitizer's own 25 s. */
  readonly timeoutMs?: number
}

/** No answer of the sanitizer is larger: raw pixels are bounded by 200 MB, and files are smaller. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024
const MAX_RETRY_AFTER_S = 60

/**
 * A client of the sanitizer's Unix socket. Connections are kept and shared.
 *
 * The function rejects with `SanitizerUnavailable`, or with the reason of its signal when that aborts; the sanitizer
 * then stops working on the image.
 */
export function createSanitize(socketPath: string, { timeoutMs = 28_000 }: SanitizerClientOptions = {}): Sanitize {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 8, timeout: 50_000 })

  return async (bytes, profile, options = {}) => {
    const { signal, onQueued } = options
    signal?.throwIfAborted()
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const response = await post(bytes, {
        agent,
        socketPath,
        path: `/sanitize?${queryOf(profile, options)}`,
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        onQueued,
      })
      return verdictFrom(response, await readAll(response))
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof SanitizerUnavailable) throw error
      const why = timeout.aborted
        ? `no answer after ${timeoutMs} ms`
        : error instanceof Error
          ? error.message
          : String(error)
      throw new SanitizerUnavailable(why, { cause: error })
    }
  }
}

function queryOf(profile: ImageProfile, { origin, isBulk, acceptsAvif, payer }: SanitizeOptions): string {
  return new URLSearchParams({
    profile,
    ...(origin && { origin }),
    ...(isBulk && { bulk: '1' }),
    ...(acceptsAvif && { avif: '1' }),
    ...(payer && {
      payer: payer.key,
      pixels: String(payer.pixelsPerMinute),
      'cpu-ms': String(payer.cpuMsPerMinute),
    }),
  }).toString()
}

interface Call {
  readonly agent: Agent
  readonly socketPath: string
  readonly path: string
  readonly signal: AbortSignal
  readonly onQueued: SanitizeOptions['onQueued']
}

function post(bytes: Uint8Array, { onQueued, ...call }: Call): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      ...call,
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', 'content-length': bytes.length },
    })
    request.once('response', resolve)
    if (onQueued !== undefined) {
      request.on('information', ({ headers }) => {
        const ahead = Number(headers['x-drawbridge-ahead'])
        if (Number.isSafeInteger(ahead) && ahead >= 0) onQueued(ahead)
      })
    }
    // An answer may come before the body is sent: the write then fails after the verdict is there.
    request.on('error', reject)
    request.end(bytes)
  })
}

async function readAll(response: IncomingMessage): Promise<Buffer> {
  const body = await readBounded(response, MAX_ANSWER_BYTES)
  if (body === undefined) throw new SanitizerUnavailable('its answer is too long')
  return body
}

function verdictFrom({ statusCode, headers }: IncomingMessage, body: Buffer): SanitizeVerdict {
  if (statusCode === 200 && headers['content-type'] === CLEAN_IMAGE_TYPE) return parseCleanAnswer(body)
  if (statusCode === 204) return { outcome: 'not-an-image' }
  if (statusCode === 413 || statusCode === 415 || statusCode === 422) return refusalFrom(body)
  if (statusCode === 429) throw new ImageBudgetSpent(retryAfterMs(headers['retry-after']))
  throw new SanitizerUnavailable(`it answered ${statusCode}`)
}

function retryAfterMs(seconds: string | undefined): number {
  const value = Number(seconds)
  return 1_000 * (value >= 1 && value <= MAX_RETRY_AFTER_S ? value : MAX_RETRY_AFTER_S)
}

function refusalFrom(body: Buffer): SanitizeVerdict {
  const { reason, inputFormat, policyVersion } = JSON.parse(body.toString()) as Readonly<Record<string, unknown>>
  if (!isReason(reason)) throw new SanitizerUnavailable('it refused without a reason')
  return {
    outcome: 'refused',
    reason,
    ...(typeof inputFormat === 'string' && { inputFormat }),
    ...(typeof policyVersion === 'string' && { policyVersion }),
  }
}

function isReason(value: unknown): value is ImageRejectReason {
  return (IMAGE_REJECT_REASONS as readonly unknown[]).includes(value)
}
