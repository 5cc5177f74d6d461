import { mkdir } from 'node:fs/promises'
import type { Sanitize } from '@drawbridge/contract'
import type { Log } from '@drawbridge/runtime'
import { Budgets } from './budgets.ts'
import { healthOf } from './health.ts'
import { serveHttp } from './http.ts'
import { createInspector } from './inspector.ts'
import { Lanes } from './lanes.ts'
import { listen } from './listen.ts'
import { createPools } from './pools.ts'
import type { SanitizerConfig } from './sanitizer.config.ts'
import { startAtStrongestLevel, type Sandbox } from './sandbox/choose.ts'
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
  /** Instead of the strongest that works: for tests. */
  readonly sandbox?: Sandbox
}

/**
 * Starts the sanitizer: children in the strongest sandbox that works, self-test, then the socket. It takes requests only
 * when every accepted format has passed and every forbidden one was refused.
 */
export async function startSanitizer(config: SanitizerConfig, options: SanitizerOptions): Promise<Sanitizer> {
  const { log } = options
  // Kept from one start to the next, so that a process that is killed leaves nothing that piles up.
  const emptyDir = `${config.socket}.empty`
  await mkdir(emptyDir, { recursive: true, mode: 0o700 })
  const start = (at: Sandbox) => startPipeline(config, at, emptyDir, log)
  const { started, sandbox, skipped } = options.sandbox
    ? { started: await start(options.sandbox), sandbox: options.sandbox, skipped: [] }
    : await startAtStrongestLevel(config, { emptyDir, log }, start)
  const { pools, lanes, sanitize, formats } = started
  try {
    const health = () => healthOf({ pools: pools.byOrigin, lanes, formats, sandbox, skipped })
    const inspect = createInspector({ config, sandbox, log })
    const server = serveHttp({ config, sanitize, inspect, health, log })
    await listen(server, config.socket)
    return {
      socket: config.socket,
      sanitize,
      get pids() {
        const pairs = pools.all.flatMap((each) => each.pairs)
        const pids = (stage: 'decoder' | 'encoder') => pairs.flatMap((pair) => pair[stage].pid ?? [])
        return { decoder: pids('decoder'), encoder: pids('encoder') }
      },
      async [Symbol.asyncDispose]() {
        const closed = new Promise((resolve) => server.close(resolve))
        server.closeAllConnections()
        await closed
        await pools.close()
      },
    }
  } catch (error) {
    await pools.close()
    throw error
  }
}

/** Children that are ready and checked, and what has passed through them; or an error, and none of them. */
async function startPipeline(config: SanitizerConfig, sandbox: Sandbox, emptyDir: string, log: Log) {
  const pools = createPools(config, sandbox, emptyDir, log)
  const lanes = new Lanes(config.childrenPerStage, config.queueLength)
  try {
    await pools.start()
    const sanitize = createSanitizer({ config, pools, lanes, budgets: new Budgets(), log })
    return { pools, lanes, sanitize, formats: await selfTest(sanitize, pools.formats) }
  } catch (error) {
    await pools.close()
    throw error
  }
}
