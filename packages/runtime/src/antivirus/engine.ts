import { connect, type Socket } from 'node:net'

/** What an engine says of a file. */
export type ScanVerdict =
  | { readonly outcome: 'clean' }
  /** `signature` is the engine's name for what it found; for the log, never for the sender. */
  | { readonly outcome: 'infected'; readonly signature: string }

/** An antivirus engine somewhere. Both functions reject when it cannot answer: that is never a verdict. */
export interface AntivirusEngine {
  /** For logs and status: the address without credentials. */
  readonly name: string
  /** Changes with the engine and its database: a verdict is good for one version. */
  version(signal: AbortSignal): Promise<string>
  scan(bytes: Uint8Array, signal: AbortSignal): Promise<ScanVerdict>
}

/** The engine said that it will not look at this file: too large for it, for instance. Asking again does not help. */
export class ScanRefused extends Error {}

/** No answer of an engine is longer, apart from a file that it sends back. */
const MAX_ANSWER_BYTES = 65_536

/** Opens a connection, says everything, and returns all that comes until the other side closes. */
export async function exchange(
  where: { readonly path: string } | { readonly host: string; readonly port: number },
  say: (socket: Socket) => void,
  { signal, maxBytes = MAX_ANSWER_BYTES }: { readonly signal: AbortSignal; readonly maxBytes?: number },
): Promise<Buffer> {
  signal.throwIfAborted()
  const socket = connect(where)
  const abort = () => socket.destroy(new Error('no answer in time'))
  signal.addEventListener('abort', abort, { once: true })
  const chunks: Buffer[] = []
  let length = 0
  try {
    say(socket)
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > maxBytes) throw new Error('the answer is too long')
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } catch (error) {
    // An engine that has seen enough answers and closes while bytes are still under way.
    if (length > 0 && !signal.aborted && isReset(error)) return Buffer.concat(chunks)
    throw error
  } finally {
    signal.removeEventListener('abort', abort)
    socket.destroy()
  }
}

function isReset(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE')
}
