import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { paths } from '@drawbridge/runtime'
import { createAdminClient } from '../../apps/cli/src/admin-client.ts'

export const ROOT = join(import.meta.dirname, '..', '..')
const CLI = join(ROOT, 'apps', 'cli', 'src', 'main.ts')
const READY_MS = 90_000

/** The whole product, running as processes on free loopback ports with a data directory of its own. */
export interface Stack extends AsyncDisposable {
  readonly url: string
  readonly domain: string
  readonly c2sPort: number
  readonly c2sTlsPort: number
  readonly dataDir: string
  readonly admin: { readonly name: string; readonly password: string }
  /** Runs a command as an operator would and returns its JSON. Rejects with its message when it is refused. */
  cli<T = unknown>(...args: string[]): Promise<T>
  /** Makes an account; the password is the name with a suffix that the rules ask for. */
  account(name: string): Promise<{ readonly name: string; readonly password: string }>
  /** Process id of a part: `server` or `sanitizer`. */
  pidOf(part: 'server' | 'sanitizer'): number
  /** Resolves when a new process of this part is there, after the one with this id has ended. */
  restarted(part: 'server' | 'sanitizer', oldPid: number): Promise<void>
  /** Stops everything as Ctrl-C does and starts it again on the same data and ports. */
  restart(env?: Readonly<Record<string, string>>): Promise<void>
  /** What was written to stderr so far. */
  log(): string
}

export interface StackOptions {
  readonly env?: Readonly<Record<string, string>>
}

interface Ready {
  readonly addresses: { readonly http: string; readonly c2s: string; readonly c2sTls: string }
  readonly newcomers: readonly { readonly name: string; readonly password: string }[]
}

/** Starts the product. Rejects with what it printed when it does not get ready. */
export async function startStack({ env = {} }: StackOptions = {}): Promise<Stack> {
  const directory = await mkdtemp(join(tmpdir(), 'drawbridge-'))
  // Started by root, PostgreSQL runs as another account and has to pass through.
  await chmod(directory, 0o711)
  const dataDir = join(directory, 'data')
  const [http, c2s, c2sTls] = await freePorts(3)
  const baseEnv: NodeJS.ProcessEnv = {
    ...process.env,
    DRAWBRIDGE_DATA_DIR: dataDir,
    DRAWBRIDGE_HTTP_PORT: String(http),
    DRAWBRIDGE_C2S_PORT: String(c2s),
    DRAWBRIDGE_C2S_TLS_PORT: String(c2sTls),
    DRAWBRIDGE_STREAM_SCRAM_ITERATIONS: '10000',
    ...env,
  }
  let log = ''
  let child: ChildProcess
  const start = async (extra: Readonly<Record<string, string>> = {}): Promise<Ready> => {
    child = spawn(process.execPath, [CLI, 'up', '--json'], {
      cwd: ROOT,
      env: { ...baseEnv, ...extra },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      log += chunk.toString()
    })
    return readiness(child, () => log)
  }
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  const close = async () => {
    await stop()
    await rm(directory, { recursive: true, force: true })
  }
  const begin = async () => {
    const { addresses, newcomers } = await start()
    const [admin] = newcomers
    if (!admin) throw new Error(`no administrator was made:\n${log}`)
    return { addresses, admin }
  }
  const { addresses, admin } = await begin().catch(async (error: unknown) => {
    await close()
    throw error
  })
  const run = <T>(args: string[]) =>
    new Promise<T>((resolve, reject) => {
      execFile(
        process.execPath,
        [CLI, ...args, '--json'],
        { cwd: ROOT, env: baseEnv, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          if (error) reject(new Error(`${args.join(' ')}: ${stderr || error.message}`))
          else resolve((stdout.trim() === '' ? undefined : JSON.parse(stdout)) as T)
        },
      )
    })
  // What `drawbridge account add` does, without a process for each of them.
  const api = createAdminClient(paths(dataDir).adminSocket)
  const stack: Stack = {
    url: addresses.http,
    domain: 'localhost',
    c2sPort: c2s!,
    c2sTlsPort: c2sTls!,
    dataDir,
    admin,
    cli: (...args) => run(args),
    async account(name) {
      const password = `${name}-password`
      await api('createAccount', { body: { name, password } })
      return { name, password }
    },
    pidOf: (part) => pidOf(child.pid!, part),
    async restarted(part, oldPid) {
      for (;;) {
        try {
          if (pidOf(child.pid!, part) !== oldPid) break
        } catch {
          // Not there yet.
        }
        await nextTick()
      }
      while (part === 'server' && !(await isServing(stack.url))) await nextTick()
    },
    async restart(extra) {
      await stop()
      await start(extra)
    },
    log: () => log,
    [Symbol.asyncDispose]: close,
  }
  return stack
}

function readiness(child: ChildProcess, log: () => string): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`not ready after ${READY_MS} ms:\n${log()}`))
    }, READY_MS)
    const lines = createInterface({ input: child.stdout! })
    lines.on('line', (line) => {
      if (!line.startsWith('{')) return
      clearTimeout(timer)
      resolve(JSON.parse(line) as Ready)
    })
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`ended with ${code} before it was ready:\n${log()}`))
    })
  })
}

function pidOf(parent: number, part: string): number {
  const children = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim().split(/\s+/)
  const found = children.find((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`apps/${part}/src/main.ts`)
    } catch {
      return false
    }
  })
  if (!found) throw new Error(`no ${part} process`)
  return Number(found)
}

async function isServing(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/readyz`)).ok
  } catch {
    return false
  }
}

/** Polling a process table has no event to wait for. */
const nextTick = () => new Promise((resolve) => setTimeout(resolve, 20))

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
