import type { ImageOrigin } from '@drawbridge/contract'
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
  /** Pairs of children, by what they read. */
  readonly children: Readonly<Record<ImageOrigin, PoolStatus>>
  readonly queue: Lanes['status']
}

/** Gathers the state of the process. `degraded` when no pair of children lives. */
export function healthOf(parts: {
  readonly pools: Readonly<Record<ImageOrigin, Pool>>
  readonly lanes: Lanes
  readonly formats: readonly string[]
}): SanitizerHealth {
  const { pools, lanes, formats } = parts
  const { local, remote, fetched } = pools
  const { busy, idle } = local.status
  return {
    status: busy + idle > 0 ? 'ok' : 'degraded',
    versions: {
      node: process.versions.node,
      sharp: local.hello?.decoder.sharp ?? '',
      libvips: local.hello?.decoder.libvips ?? '',
    },
    formats,
    sandbox: { level: 'none', denied: [] },
    selfTest: { accepted: local.hello?.decoder.accepted ?? {}, refused: local.hello?.decoder.refused ?? {} },
    children: { local: local.status, remote: remote.status, fetched: fetched.status },
    queue: lanes.status,
  }
}
