import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import type { Stream, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { SandboxLevel } from '@drawbridge/contract'
import { buildProgram } from '../sandbox/bpf.ts'
import { START_FILTER } from '../sandbox/filters.ts'
import type { SandboxOrder } from '../sandbox/levels.ts'
import { readablePaths } from '../sandbox/readable.ts'
import type { Stage } from './protocol.ts'

/** A child as its pair needs it: descriptors, a process id, and death. */
export type ChildHandle = Pick<ChildProcess, 'pid' | 'stdio' | 'once' | 'kill'>

/** The descriptors of a child: all that it inherits. A launcher may give more behind them, and must not move these. */
export type ChildStdio = readonly ['pipe' | Stream, 'pipe', 'pipe', 'pipe']
const SECCOMP_FD = 4

/** Starts one child. A sandbox is another launcher: everything that differs between its levels is in here. */
export type Launch = (stage: Stage, stdio: ChildStdio) => ChildHandle

export interface LaunchOptions {
  readonly level: SandboxLevel
  /** Working directory of the children. */
  readonly emptyDir: string
  /** User and group that children become; only root can have them do so. */
  readonly uid?: number
  /** What runs at each stage. */
  readonly scripts?: (stage: Stage) => string
}

const SCRIPTS: Readonly<Record<Stage, string>> = {
  decoder: fileURLToPath(new URL('../child/decoder.ts', import.meta.url)),
  'avif-decoder': fileURLToPath(new URL('../child/avif-decoder.ts', import.meta.url)),
  encoder: fileURLToPath(new URL('../child/encoder.ts', import.meta.url)),
  inspector: fileURLToPath(new URL('../child/inspector.ts', import.meta.url)),
}

/** The whole environment of a child. Arenas and trimming keep a long-lived child at a quarter of the memory. */
export const CHILD_ENV = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '131072',
  UV_THREADPOOL_SIZE: '2',
  UV_USE_IO_URING: '0',
}

/**
 * Limits of a child: descriptors, file size, no core dumps, memory of its own (Node 24 alone reserves half of it), and
 * CPU seconds over its whole life as a backstop for the wall clock.
 */
const RLIMITS = { nofile: 32, fsize: 67_108_864, core: 0, data: 1_288_490_189, cpu: 300 }
/** Each worker of WebAssembly codecs is one more V8, which reserves address space and opens descriptors. */
const WASM_RLIMITS = { ...RLIMITS, nofile: 256, data: 8_589_934_592 }

export function rlimitsOf(level: SandboxLevel): typeof RLIMITS {
  return level === 'C' ? WASM_RLIMITS : RLIMITS
}

/** When memory runs out, the kernel takes a child before anything else. */
const OOM_SCORE = '1000'

const CHOOM = '/usr/bin/choom'
const PRLIMIT = '/usr/bin/prlimit'
const BWRAP = '/usr/bin/bwrap'

/** What Node itself is told, by level. */
const NODE_ARGS: Readonly<Record<SandboxLevel, (readable: readonly string[]) => readonly string[]>> = {
  A: () => ['--require', preload('fence')],
  B: () => ['--require', preload('fence')],
  C: (readable) => [
    ...['--permission', '--allow-worker', '--no-warnings'],
    ...readable.map((path) => `--allow-fs-read=${path}`),
    ...['--require', preload('wasm')],
  ],
  D: () => [],
}

function preload(name: 'fence' | 'wasm'): string {
  return fileURLToPath(new URL(`../child/preload-${name}.ts`, import.meta.url))
}

/** Whether level A can be tried at all. */
export function hasBubblewrap(): boolean {
  return existsSync(BWRAP)
}

/**
 * A launcher for one level. All have an empty environment, no descriptors but their pipes, limits, and another user
 * where the sanitizer runs as root; these bound accidents and resources, and the level bounds code execution.
 */
export function createLauncher({ level, emptyDir, uid, scripts = (stage) => SCRIPTS[stage] }: LaunchOptions): Launch {
  const readable = readablePaths()
  const order: SandboxOrder = { level, readable, ...(uid !== undefined && { uid }) }
  const limits = [
    ...(existsSync(CHOOM) ? [CHOOM, '-n', OOM_SCORE, '--'] : []),
    ...(existsSync(PRLIMIT)
      ? [PRLIMIT, ...Object.entries(rlimitsOf(level)).map(([name, most]) => `--${name}=${most}`)]
      : []),
  ]
  const namespaces = level === 'A' ? bubblewrap(readable, uid !== undefined) : []
  const program = level === 'A' ? buildProgram(START_FILTER) : undefined
  return (stage, stdio) => {
    const node = [process.execPath, ...NODE_ARGS[level](readable), scripts(stage), JSON.stringify(order)]
    const [command = process.execPath, ...args] = [...limits, ...namespaces, ...node]
    const child: ChildProcess = spawn(command, args, {
      cwd: emptyDir,
      env: CHILD_ENV,
      stdio: [...stdio, ...(program ? ['pipe' as const] : [])],
    })
    if (program) {
      const seccomp = child.stdio[SECCOMP_FD] as Writable
      seccomp.on('error', () => {})
      seccomp.end(program)
    }
    return child
  }
}

/**
 * Namespaces of its own for everything, and a file system that holds Node and the codecs, read-only. Killing the process
 * that is started kills all of them: the one inside is process 1 of its namespace.
 *
 * No session of its own, which would keep a terminal from being written to: there is none within reach, and the scheduler
 * would treat each child as a program that competes with the sanitizer (half as long again per image on a busy machine).
 */
function bubblewrap(readable: readonly string[], isRoot: boolean): string[] {
  // Root needs no user namespace, and keeps just what it takes to become somebody else.
  const identity = isRoot
    ? ['--cap-drop', 'ALL', '--cap-add', 'CAP_SETUID', '--cap-add', 'CAP_SETGID']
    : ['--unshare-user', '--cap-drop', 'ALL']
  return [
    BWRAP,
    ...identity,
    ...['--unshare-ipc', '--unshare-pid', '--unshare-net', '--unshare-uts', '--unshare-cgroup-try'],
    '--die-with-parent',
    ...readable.flatMap((path) => ['--ro-bind', path, path]),
    ...['--chdir', '/', '--remount-ro', '/'],
    ...['--seccomp', String(SECCOMP_FD), '--'],
  ]
}
