import type { Pool, PoolStatus } from './children/pool.ts'
import type { Lanes } from './lanes.ts'

/** What `GET /health` answers. */
export interface SanitizerHealth {
  readonly status: 'ok' | 'degraded'
  readonly versions: { readonly node: string; readonly sharp: string; readonly libvips: string }
  readonly formats: readonly string[]
  /** What a hostile decoder is denied by the kernel. `none`: only its own process, an empty environment and limits. */
  readonly sandbox: { readonly level: 'none'; readonly denied: readonly string[] }
  readonly selfTest: {
    readonly accepted: Readonly<Record<string, boolean>>
    readonly refused: Readonly<Record<string, boolean>>
  }
  readonly children: { readonly decoder: PoolStatus; readonly encoder: PoolStatus }
  readonly queue: Lanes['status']
}

/** Gathers the state of the process. `degraded` when a stage has no living child. */
export function healthOf(parts: {
  readonly decoders: Pool
  readonly encoders: Pool
  readonly lanes: Lanes
  readonly formats: readonly string[]
}): SanitizerHealth {
  const { decoders, encoders, lanes, formats } = parts
  const children = { decoder: decoders.status, encoder: encoders.status }
  const isAlive = Object.values(children).every(({ busy, idle }) => busy + idle > 0)
  return {
    status: isAlive ? 'ok' : 'degraded',
    versions: {
      node: process.versions.node,
      sharp: decoders.hello?.sharp ?? '',
      libvips: decoders.hello?.libvips ?? '',
    },
    formats,
    sandbox: { level: 'none', denied: [] },
    selfTest: { accepted: decoders.hello?.accepted ?? {}, refused: decoders.hello?.refused ?? {} },
    children,
    queue: lanes.status,
  }
}
