import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import {
  IMAGE_FORMATS,
  IMAGE_REJECT_REASONS,
  type ImageFormat,
  type ImageProfile,
  type ImageRejectReason,
  type Sanitize,
  type SanitizeVerdict,
} from '@drawbridge/contract'

/** The sanitizer cannot answer now: not running, overloaded, too slow, or not understood. Never a verdict; try again. */
export class SanitizerUnavailable extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(`the sanitizer is not available: ${why}`, options)
    this.name = 'SanitizerUnavailable'
  }
}

export interface SanitizerClientOptions {
  /** Longest time for one image. Default 28 s: a little more than the sanitizer's own 25 s. */
  readonly timeoutMs?: number
}

/** No answer of the sanitizer is larger: raw pixels are bounded by 200 MB, and files are smaller. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024

/**
 * A client of the sanitizer's Unix socket. Connections are kept and shared.
 *
 * The function rejects with `SanitizerUnavailable`, or with the reason of its signal when that aborts; the sanitizer
 * then stops working on the image.
 */
export function createSanitize(socketPath: string, { timeoutMs = 28_000 }: SanitizerClientOptions = {}): Sanitize {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 8, timeout: 50_000 })

  return async (bytes, profile, signal) => {
    signal?.throwIfAborted()
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const response = await post(
        agent,
        socketPath,
        bytes,
        profile,
        signal ? AbortSignal.any([signal, timeout]) : timeout,
      )
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

function post(
  agent: Agent,
  socketPath: string,
  bytes: Uint8Array,
  profile: ImageProfile,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      agent,
      socketPath,
      signal,
      method: 'POST',
      path: `/sanitize?profile=${profile}`,
      headers: { 'content-type': 'application/octet-stream', 'content-length': bytes.length },
    })
    request.once('response', resolve)
    // An answer may come before the body is sent: the write then fails after the verdict is there.
    request.on('error', reject)
    request.end(bytes)
  })
}

async function readAll(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_ANSWER_BYTES) throw new SanitizerUnavailable('its answer is too long')
    chunks.push(chunk)
  }
  const [only] = chunks
  return chunks.length === 1 && only ? only : Buffer.concat(chunks, length)
}

function verdictFrom({ statusCode, headers }: IncomingMessage, body: Buffer): SanitizeVerdict {
  if (statusCode === 200) {
    const format = IMAGE_FORMATS.find((name) => `image/${name}` === headers['content-type'])
    const inputFormat = IMAGE_FORMATS.find((name) => name === headers['x-drawbridge-input-format'])
    if (format === undefined || inputFormat === undefined || body.length === 0)
      throw new SanitizerUnavailable('no such answer')
    return cleanImage(format, inputFormat, body, (name) => Number(headers[`x-drawbridge-${name}`]))
  }
  if (statusCode === 204) return { outcome: 'not-an-image' }
  if (statusCode === 413 || statusCode === 415 || statusCode === 422) return refusalFrom(body)
  throw new SanitizerUnavailable(`it answered ${statusCode}`)
}

function cleanImage(
  format: ImageFormat,
  inputFormat: ImageFormat,
  bytes: Uint8Array,
  numberIn: (name: string) => number,
): SanitizeVerdict {
  const widthPx = numberIn('width')
  const heightPx = numberIn('height')
  const frames = numberIn('frames')
  if (![widthPx, heightPx, frames].every((value) => Number.isSafeInteger(value) && value > 0)) {
    throw new SanitizerUnavailable('no size in its answer')
  }
  return { outcome: 'clean', format, inputFormat, widthPx, heightPx, frames, bytes }
}

function refusalFrom(body: Buffer): SanitizeVerdict {
  const { reason, inputFormat } = JSON.parse(body.toString()) as Readonly<Record<string, unknown>>
  if (!isReason(reason)) throw new SanitizerUnavailable('it refused without a reason')
  return { outcome: 'refused', reason, ...(typeof inputFormat === 'string' && { inputFormat }) }
}

function isReason(value: unknown): value is ImageRejectReason {
  return (IMAGE_REJECT_REASONS as readonly unknown[]).includes(value)
}
