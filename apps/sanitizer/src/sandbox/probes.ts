import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { Worker } from 'node:worker_threads'
import type { SandboxLevel, SandboxProbe } from '@drawbridge/contract'
import type { RawCall } from './kernel.ts'
import type { ChildSandbox } from './levels.ts'

/**
 * The self-test of a locked-down child: it tries what it must not be able to do. Harmless where it succeeds, and told
 * apart from failures for any other reason by the error.
 */

type Denied = ChildSandbox['denied']

const FORBIDDEN_FILE = '/etc/passwd'
/** Anybody may write here, and it changes nothing. */
const FORBIDDEN_TARGET = '/dev/null'
/** Nothing listens on the discard port; a refused connection shows that connecting was possible. */
const DISCARD_PORT = 9

const AT_FDCWD = -100
const O_WRONLY = 1
const [AF_INET, SOCK_STREAM] = [2, 1]
/** No CLONE_THREAD, and a combination that the kernel refuses with EINVAL where the filter lets it pass. */
const CLONE_NEWNS_AND_FS = 0x20200
const [EPERM, EACCES] = [-1, -13]

/** As native code would: levels A and B. Each probe is a list of calls, all of which must be denied. */
const RAW_CALLS: Readonly<Record<SandboxProbe, readonly RawCall[]>> = {
  read: [['openat', AT_FDCWD, FORBIDDEN_FILE, 0, 0]],
  write: [['openat', AT_FDCWD, FORBIDDEN_TARGET, O_WRONLY, 0]],
  connect: [['socket', AF_INET, SOCK_STREAM, 0]],
  spawn: [
    ['clone', CLONE_NEWNS_AND_FS, 0, 0, 0, 0],
    ['execve', '', null, null],
  ],
  signal: [['kill', process.ppid, 0]],
  ptrace: [
    ['ptrace', -1, process.ppid, 0, 0],
    ['process_vm_readv', process.ppid, null, 0, null, 0, 0],
  ],
}

const PROBES = Object.keys(RAW_CALLS) as SandboxProbe[]

/** Tries every system call on the main thread and on a thread of the pool, past Node and its own checks. */
export async function probeKernel(attempt: typeof import('./kernel.ts').attempt): Promise<Denied> {
  const isDenied = (result: number) => result === EPERM || result === EACCES
  const probe = async (calls: readonly RawCall[]) => {
    const results = await Promise.all(calls.map(attempt))
    return {
      main: results.every(({ main }) => isDenied(main)),
      pool: results.every(({ pool }) => isDenied(pool)),
    }
  }
  const results = await Promise.all(PROBES.map(async (name) => [name, await probe(RAW_CALLS[name])] as const))
  return Object.fromEntries(results) as unknown as Denied
}

/** As JavaScript can: levels C, where the codecs reach nothing but JavaScript, and D. */
const NODE_CALLS: Readonly<Record<SandboxProbe, () => unknown>> = {
  read: () => closeSync(openSync(FORBIDDEN_FILE, 'r')),
  write: () => closeSync(openSync(FORBIDDEN_TARGET, 'w')),
  connect: () => once(connect(DISCARD_PORT, '127.0.0.1'), 'connect'),
  spawn: () => {
    const { error } = spawnSync('/bin/true')
    if (error !== undefined) throw error
  },
  signal: () => process.kill(process.ppid, 0),
  // The kernel asks for the right to trace a process before it shows its environment.
  ptrace: () => closeSync(openSync(`/proc/${process.ppid}/environ`, 'r')),
}

const DENIALS = ['ERR_ACCESS_DENIED', 'EPERM', 'EACCES']

/** Tries everything with Node's own functions on this thread. */
export async function probeThread(): Promise<Record<SandboxProbe, boolean>> {
  const isDenied = async (probe: SandboxProbe) => {
    try {
      await NODE_CALLS[probe]()
      return false
    } catch (error) {
      return error instanceof Error && 'code' in error && DENIALS.includes(String(error.code))
    }
  }
  const results: [SandboxProbe, boolean][] = []
  for (const probe of PROBES) results.push([probe, await isDenied(probe)])
  return Object.fromEntries(results) as Record<SandboxProbe, boolean>
}

/**
 * Gets ready to try the same with Node's functions. At level C also in a worker, which waits from here on: there, the
 * threads of the codecs are workers. At level D a thread makes no difference.
 */
export async function startNodeProbes(
  level: SandboxLevel,
): Promise<() => Promise<{ landlockAbi: number; denied: Denied }>> {
  const probeWorker = level === 'C' ? await startWorker() : undefined
  return async () => {
    const main = await probeThread()
    const pool = (await probeWorker?.()) ?? main
    const denied = PROBES.map((name) => [name, { main: main[name], pool: pool[name] }])
    return { landlockAbi: 0, denied: Object.fromEntries(denied) as Denied }
  }
}

async function startWorker(): Promise<typeof probeThread> {
  // Its streams are its own: otherwise Node opens ours, which makes the descriptor of the answers non-blocking.
  const streams = { stdout: true, stderr: true }
  const worker = new Worker(new URL('../child/probe-worker.ts', import.meta.url), streams)
  await once(worker, 'message')
  return async () => {
    worker.postMessage('try')
    const [found] = (await once(worker, 'message')) as [Awaited<ReturnType<typeof probeThread>>]
    await worker.terminate()
    return found
  }
}
