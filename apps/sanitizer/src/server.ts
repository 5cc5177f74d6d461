import { mkdir } from 'node:fs/promises'
import type { Sanitize } from '@drawbridge/contract'
import type { Log } from '@drawbridge/runtime'
import { plainLauncher, type Launch } from './children/launch.ts'
import { Pool } from './children/pool.ts'
import { healthOf } from './health.ts'
import { listen, serveHttp } from './http.ts'
import { Lanes } from './lanes.ts'
import type { SanitizerConfig } from './sanitizer.config.ts'
import { createSanitizer } from './sanitize.ts'
import { selfTest } from './self-test.ts'

export interface Sanitizer extends AsyncDisposable {
  readonly socket: string
  /** The pipeline itself, for tests. */
  readonly sanitize: Sanitize
  /** Process ids of all living children, by stage. */
  readonly pids: { readonly decoder: readonly number[]; readonly encoder: readonly number[] }
}

export interface SanitizerOptions {
  readonly log: Log
  /** How children start. Absent: without a kernel sandbox. */
  readonly launch?: Launch
}

/**
 * Starts the sanitizer: children, self-test, then the socket. It takes requests only when every accepted format has
 * passed and every forbidden one was refused.
 */
export async function startSanitizer(config: SanitizerConfig, { log, launch }: SanitizerOptions): Promise<Sanitizer> {
  // Kept from one start to the next, so that a process that is killed leaves nothing that piles up.
  const emptyDir = `${config.socket}.empty`
  await mkdir(emptyDir, { recursive: true, mode: 0o700 })
  const start = launch ?? plainLauncher(emptyDir)
  const { childrenPerStage: size, reuse, idleMs } = config
  const decoders = new Pool({ stage: 'decoder', size, launch: start, reuse, idleMs, log })
  const encoders = new Pool({ stage: 'encoder', size, launch: start, reuse, idleMs, log })
  const lanes = new Lanes(size, config.queueLength)
  const closeChildren = () => Promise.all([decoders.close(), encoders.close()])
  try {
    await Promise.all([decoders.start(), encoders.start()])
    const sanitize = createSanitizer({ config, decoders, encoders, lanes, log })
    const formats = await selfTest(sanitize)
    const health = () => healthOf({ decoders, encoders, lanes, formats })
    const server = serveHttp({ config, sanitize, health, log })
    await listen(server, config.socket)
    return {
      socket: config.socket,
      sanitize,
      get pids() {
        return { decoder: decoders.pids, encoder: encoders.pids }
      },
      async [Symbol.asyncDispose]() {
        const closed = new Promise((resolve) => server.close(resolve))
        server.closeAllConnections()
        await closed
        await closeChildren()
      },
    }
  } catch (error) {
    await closeChildren()
    throw error
  }
}
