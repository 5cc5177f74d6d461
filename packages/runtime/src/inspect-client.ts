import { FILE_CLASSES, type FileClass, type FileReport, type InspectFile } from '@drawbridge/contract'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { SanitizerUnavailable, type SanitizerClientOptions } from './sanitizer-client.ts'

/** A client of the sanitizer's Unix socket for files that are no images. Rejects as `createSanitize` does. */
export function createInspect(socketPath: string, { timeoutMs = 28_000 }: SanitizerClientOptions = {}): InspectFile {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 2, timeout: 50_000 })
  return async (bytes, extension, signal) => {
    signal?.throwIfAborted()
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        const call = httpRequest({
          agent,
          socketPath,
          method: 'POST',
          path: `/inspect?${new URLSearchParams({ extension })}`,
          signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
          headers: { 'content-type': 'application/octet-stream', 'content-length': bytes.length },
        })
        call.once('response', resolve)
        call.on('error', reject)
        call.end(bytes)
      })
      if (response.statusCode !== 200) {
        response.resume()
        throw new SanitizerUnavailable(`it answered ${response.statusCode}`)
      }
      return reportFrom(await json(response))
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof SanitizerUnavailable) throw error
      throw new SanitizerUnavailable(error instanceof Error ? error.message : String(error), { cause: error })
    }
  }
}

/** A class that this release does not know is none that it could let pass: the answer is not understood. */
function reportFrom(value: unknown): FileReport {
  const { kind, classes, entries } = value as Partial<Record<keyof FileReport, unknown>>
  if (typeof kind !== 'string' || !Array.isArray(classes) || !classes.every(isClass) || typeof entries !== 'number') {
    throw new SanitizerUnavailable('its report was not understood')
  }
  return { kind, classes, entries }
}

function isClass(value: unknown): value is FileClass {
  return (FILE_CLASSES as readonly unknown[]).includes(value)
}
