import { FILE_CLASSES, type FileReport, type InspectFile } from '@drawbridge/contract'
import type { Log } from '@drawbridge/runtime'
import * as z from 'zod'
import { Child, ChildFault } from './children/child.ts'
import type { InspectRequest } from './children/protocol.ts'
import { Lanes } from './lanes.ts'
import type { Sandbox } from './sandbox/choose.ts'
import type { SanitizerConfig } from './sanitizer.config.ts'

export interface InspectorParts {
  readonly config: SanitizerConfig
  readonly sandbox: Sandbox
  readonly log: Log
}

/** Files that are looked into at once. */
const PLACES = 2
const HELLO_TIMEOUT_MS = 8_000
/** Starting it included. */
const TIMEOUT_MS = 10_000
const MEMORY_POLL_MS = 100
const MAX_REPORT_BYTES = 4_096

const reportSchema = z.strictObject({
  kind: z.string().regex(/^[a-z0-9-]{1,20}$/),
  classes: z.array(z.enum(FILE_CLASSES)).max(FILE_CLASSES.length),
  entries: z.int().min(0).max(1_000_000),
})

/** What nobody can look into and live. */
const KILLER: FileReport = { kind: 'unknown', classes: ['unsafe-archive'], entries: 0 }

/**
 * Looks into files that are no images, each in a child that is started for it and killed afterwards: so none can leave
 * anything behind for the next. A file over which two children die is reported as `unsafe-archive`.
 */
export function createInspector({ config, sandbox, log }: InspectorParts): InspectFile {
  const lanes = new Lanes(PLACES, config.queueLength)

  const lookOnce = async (bytes: Uint8Array, extension: string, signal: AbortSignal): Promise<FileReport> => {
    const child = new Child('inspector', sandbox.launch('inspector', ['pipe', 'pipe', 'pipe', 'pipe']))
    const abort = () => child.kill('aborted', 'nobody waits for this any more')
    const timer = setTimeout(() => child.kill('timeout', `no answer after ${TIMEOUT_MS} ms`), TIMEOUT_MS)
    const watch = setInterval(() => void watchMemory(child, config.maxMemoryBytes), MEMORY_POLL_MS)
    signal.addEventListener('abort', abort, { once: true })
    try {
      await lockedDown(child, sandbox).catch((cause: unknown) => {
        // No fault of the file.
        throw new Error(`no inspector could be started: ${child.lastWords}`, { cause })
      })
      child.send(Buffer.from(JSON.stringify({ extension } satisfies InspectRequest)), bytes)
      return reportFrom(await child.readFrame(MAX_REPORT_BYTES))
    } finally {
      clearTimeout(timer)
      clearInterval(watch)
      signal.removeEventListener('abort', abort)
      child.kill('aborted', 'done')
    }
  }

  return (bytes, extension, signal = AbortSignal.timeout(config.requestTimeoutMs)) =>
    lanes.run({ lane: 'photo', isHeavy: false }, { signal }, async () => {
      for (let tries = 0; tries < 2; tries++) {
        try {
          return await lookOnce(bytes, extension, signal)
        } catch (error) {
          signal.throwIfAborted()
          if (!(error instanceof ChildFault)) throw error
          log.warn('a file could not be looked into', { kind: error.kind, error, bytes: bytes.length })
        }
      }
      return KILLER
    })
}

async function lockedDown(child: Child, { faultsOf }: Sandbox): Promise<void> {
  const hello = await child.hello(HELLO_TIMEOUT_MS)
  const faults = faultsOf(child.pid ?? 0, hello)
  if (faults.length > 0) throw child.kill('malformed', faults.join(', '))
}

/** @throws ChildFault: a child that speaks nonsense is one that was taken over. */
function reportFrom(body: Buffer): FileReport {
  try {
    return reportSchema.parse(JSON.parse(body.toString()))
  } catch (cause) {
    throw new ChildFault('malformed', `a report that is none: ${String(cause)}`)
  }
}

async function watchMemory(child: Child, maxBytes: number): Promise<void> {
  const bytes = await child.residentBytes()
  if (bytes > maxBytes) child.kill('memory', `it holds ${bytes} bytes`)
}
