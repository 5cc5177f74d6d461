import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Stream } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Stage } from './protocol.ts'

/** A child as its pair needs it: descriptors, a process id, and death. */
export type ChildHandle = Pick<ChildProcess, 'pid' | 'stdio' | 'once' | 'kill'>

/** The first four descriptors of a child. A launcher may give more behind them, and must not move these. */
export type ChildStdio = readonly ['pipe' | Stream, 'pipe', 'pipe', 'pipe']

/** Starts one child. A sandbox is another launcher: everything that differs between its levels is in here. */
export type Launch = (stage: Stage, stdio: ChildStdio) => ChildHandle

const SCRIPTS: Readonly<Record<Stage, string>> = {
  decoder: fileURLToPath(new URL('../child/decoder.ts', import.meta.url)),
  encoder: fileURLToPath(new URL('../child/encoder.ts', import.meta.url)),
  inspector: fileURLToPath(new URL('../child/inspector.ts', import.meta.url)),
}

/** The whole environment of a child. Arenas and trimming keep a long-lived child at a quarter of the memory. */
const CHILD_ENV = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '131072',
  UV_THREADPOOL_SIZE: '2',
  UV_USE_IO_URING: '0',
}

const PRLIMIT = '/usr/bin/prlimit'
/** Files, file size, core dumps, and CPU seconds over the child's whole life as a backstop for the wall clock. */
const RLIMITS = ['--nofile=32', '--fsize=67108864', '--core=0', '--cpu=300']

/**
 * A launcher without a kernel sandbox: own process, empty environment and folder, resource limits where `prlimit` is
 * installed. It bounds accidents and resources; it is no boundary against code execution in a decoder.
 *
 * @param emptyDir - working directory of the children.
 */
export function plainLauncher(emptyDir: string): Launch {
  const wrapper = existsSync(PRLIMIT) ? [PRLIMIT, ...RLIMITS] : []
  return (stage, stdio) => {
    const [command = process.execPath, ...args] = [...wrapper, process.execPath, SCRIPTS[stage]]
    return spawn(command, args, { cwd: emptyDir, env: CHILD_ENV, stdio: [...stdio] })
  }
}
