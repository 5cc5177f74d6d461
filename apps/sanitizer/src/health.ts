import { closeSync, openSync, readSync } from 'node:fs'
import { release } from 'node:os'
import { SANDBOX_PROBES, type ImageOrigin, type SandboxStatus } from '@drawbridge/contract'
import { rlimitsOf } from './children/launch.ts'
import type { Pool, PoolStatus } from './children/pool.ts'
import type { Lanes } from './lanes.ts'
import type { Sandbox, SkippedLevel } from './sandbox/choose.ts'
import { undenied } from './sandbox/levels.ts'

/** What `GET /health` answers. */
export interface SanitizerHealth {
  readonly status: 'ok' | 'degraded'
  readonly versions: { readonly node: string; readonly sharp: string; readonly libvips: string }
  readonly formats: readonly string[]
  readonly sandbox: SandboxStatus
  readonly selfTest: {
    readonly accepted: Readonly<Record<string, boolean>>
    readonly refused: Readonly<Record<string, boolean>>
  }
  /** Pairs of children, by what they read. */
  readonly children: Readonly<Record<ImageOrigin, PoolStatus>>
  readonly queue: Lanes['status']
}

interface Parts {
  readonly pools: Readonly<Record<ImageOrigin, Pool>>
  readonly lanes: Lanes
  readonly formats: readonly string[]
  readonly sandbox: Sandbox
  readonly skipped: readonly SkippedLevel[]
}

/** Gathers the state of the process. `degraded` when no pair of children lives. */
export function healthOf(parts: Parts): SanitizerHealth {
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
    sandbox: sandboxStatusOf(parts),
    selfTest: { accepted: local.hello?.decoder.accepted ?? {}, refused: local.hello?.decoder.refused ?? {} },
    children: { local: local.status, remote: remote.status, fetched: fetched.status },
    queue: lanes.status,
  }
}

/** By the newest pair of each pool that has had one; what only one child was denied does not count. */
function sandboxStatusOf({ pools, sandbox: { level, uid }, skipped }: Parts): SandboxStatus {
  const hellos = Object.values(pools).flatMap(({ hello }) => (hello ? [hello.decoder, hello.encoder] : []))
  const possible = SANDBOX_PROBES.filter((probe) =>
    hellos.some(({ sandbox }) => sandbox === undefined || undenied(sandbox).includes(probe)),
  )
  return {
    level,
    isWeak: level === 'D',
    skipped: [...skipped],
    denied: SANDBOX_PROBES.filter((probe) => !possible.includes(probe)),
    possible,
    kernel: release(),
    landlockAbi: hellos[0]?.sandbox?.landlockAbi ?? 0,
    ...((level === 'A' || level === 'B') && { seccomp: process.arch }),
    ...(uid !== undefined && { childUid: uid }),
    limits: rlimitsOf(level),
    isNodePie: readIsPie(),
  }
}

/** ELF type 2 is a program at a fixed address, 3 one that can be anywhere. */
function readIsPie(): boolean {
  const head = Buffer.alloc(18)
  const file = openSync(process.execPath, 'r')
  readSync(file, head)
  closeSync(file)
  return !head.subarray(1, 4).equals(Buffer.from('ELF')) || head.readUInt16LE(16) === 3
}
