import { IMAGE_FORMATS, IMAGE_ORIGINS, INPUT_FORMATS, type ImageOrigin, type InputFormat } from '@drawbridge/contract'
import type { Log } from '@drawbridge/runtime'
import { Pool } from './children/pool.ts'
import type { SanitizerConfig } from './sanitizer.config.ts'
import { sandboxAt, type Sandbox } from './sandbox/choose.ts'

type PoolsByOrigin = Readonly<Record<ImageOrigin, Pool>>

/** All pairs of children there are. No pair ever works for two origins, so none can carry anything between them. */
export interface Pools {
  readonly byOrigin: PoolsByOrigin
  /** What can be read. */
  readonly formats: readonly InputFormat[]
  /** Undefined: nobody here reads this format. */
  for(format: InputFormat, origin: ImageOrigin): Pool | undefined
  readonly all: readonly Pool[]
  /** Starts the pairs that are kept warm: those for the images of this server. */
  start(): Promise<void>
  close(): Promise<void>
}

/** @param emptyDir - working directory of the children. */
export function createPools(config: SanitizerConfig, sandbox: Sandbox, emptyDir: string, log: Log): Pools {
  const { childrenPerStage, sparePairs, reuse, idleMs } = config
  const size = childrenPerStage + sparePairs
  const byOrigin = perOrigin(
    (origin) =>
      new Pool({
        name: origin,
        size,
        warm: origin === 'local' ? size : 0,
        sandbox,
        reuse,
        idleMs,
        log,
      }),
  )
  const avifSandbox = withAvifDecoder(sandbox, emptyDir)
  const avif =
    config.avif === 'wasm'
      ? perOrigin(
          (origin) =>
            new Pool({
              name: `avif ${origin}`,
              size: 1,
              // To start one takes seconds of CPU, on a busy machine longer than an image may wait.
              warm: origin === 'local' ? 1 : 0,
              sandbox: avifSandbox,
              reuse,
              idleMs,
              log,
            }),
        )
      : undefined
  const all = [...Object.values(byOrigin), ...Object.values(avif ?? {})]
  return {
    byOrigin,
    formats: avif ? INPUT_FORMATS : IMAGE_FORMATS,
    for: (format, origin) => (format === 'avif' ? avif : byOrigin)?.[origin],
    all,
    async start() {
      await byOrigin.local.start()
      // Images of other formats do not wait for it, and one that cannot start is said in the log.
      avif?.local.start().catch((error: unknown) => log.error('the decoder of AVIF did not start', { error }))
    },
    close: async () => void (await Promise.all(all.map((pool) => pool.close()))),
  }
}

function perOrigin(create: (origin: ImageOrigin) => Pool): PoolsByOrigin {
  return Object.fromEntries(IMAGE_ORIGINS.map((origin) => [origin, create(origin)])) as Record<ImageOrigin, Pool>
}

/** Pairs whose decoder reads AVIF, as WebAssembly; their encoders are like all others. */
function withAvifDecoder(sandbox: Sandbox, emptyDir: string): Sandbox {
  const wasm = sandboxAt({ level: 'C', emptyDir, ...(sandbox.uid !== undefined && { uid: sandbox.uid }) })
  return {
    ...sandbox,
    launch: (stage, stdio) => (stage === 'decoder' ? wasm.launch('avif-decoder', stdio) : sandbox.launch(stage, stdio)),
    faultsOf: (pid, hello) => ('avif' in hello.accepted ? wasm : sandbox).faultsOf(pid, hello),
  }
}
