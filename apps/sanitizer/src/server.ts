import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
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
  const emptyDir = await mkdtemp(join(tmpdir(), 'drawbridge-sanitizer-'))
  const start = launch ?? plainLauncher(emptyDir)
  const { childrenPerStage: size, reuse, idleMs } = config
  const decoders = new Pool({ stage: 'decoder', size, launch: start, reuse, idleMs, log })
  const encoders = new Pool({ stage: 'encoder', size, launch: start, reuse, idleMs, log })
  const lanes = new Lanes(size, config.queueLength)
  const closeChildren = async () => {
    await Promise.all([decoders.close(), encoders.close()])
    await rm(emptyDir, { recursive: true, force: true })
  }
  try {
    await Promise.all([decoders.start(), encoders.start()])
    const sanitize = createSanitizer({ config, decoders, encoders, lanes, log })
    const formats = await selfTest(sanitize)
    await mkdir(dirname(config.socket), { recursive: true })
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
