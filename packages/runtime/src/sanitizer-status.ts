import { request, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { sanitizerStatus, type SanitizerStatus } from '@drawbridge/contract'
import { SanitizerUnavailable } from './sanitizer-client.ts'

/**
 * Asks a running sanitizer about itself: its sandbox, its self-test, its versions.
 *
 * Rejects with `SanitizerUnavailable` when it does not answer, or not what this release understands.
 *
 * @param timeoutMs - default 2 s: it answers from memory.
 */
export async function askSanitizer(socketPath: string, timeoutMs = 2_000): Promise<SanitizerStatus> {
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = request({ socketPath, path: '/health', signal: AbortSignal.timeout(timeoutMs) })
      call.once('response', resolve)
      call.once('error', reject)
      call.end()
    })
    return sanitizerStatus.parse(await json(response))
  } catch (error) {
    throw new SanitizerUnavailable(error instanceof Error ? error.message : String(error), { cause: error })
  }
}
