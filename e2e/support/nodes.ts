import { isReadyMessage, paths } from '@drawbridge/runtime'
import { migrateJobs } from '@drawbridge/jobs'
import { startTestPostgres, testDatabase } from '@drawbridge/testkit'
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { createServer, connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './stack.ts'

const CLI = join(ROOT, 'apps', 'cli', 'src', 'main.ts')
const READY_MS = 90_000

/** Where several server processes meet: one PostgreSQL, keys in common. */
export interface Cluster extends AsyncDisposable {
  readonly databaseUrl: string
  /** Starts a server process. @param databaseUrl - its way to the database. Default: the direct one. */
  node(name: string, databaseUrl?: string, env?: Readonly<Record<string, string>>): Promise<ServerNode>
}

/** One server process. */
export interface ServerNode {
  readonly name: string
  readonly pid: number
  readonly dataDir: string
  readonly c2sPort: number
  readonly url: string
  /** Runs a command on its local socket, and returns its JSON. Rejects with its message when it is refused. */
  cli<T = unknown>(...args: string[]): Promise<T>
  /** The same in one request, without a process for it. */
  admin<T>(method: string, path: string, body?: unknown): Promise<T>
  /** Makes an account whose password is `NAME-password`. */
  account(name: string): Promise<void>
  /** `SIGSTOP`, until `wake`. */
  pause(): void
  wake(): void
  log(): string
  stop(): Promise<void>
}

/** Makes a database; nodes are started on it one by one. */
export async function startCluster(): Promise<Cluster> {
  const stopPostgres = await startTestPostgres()
  const database = await testDatabase()
  await migrateJobs(database.url)
  const directory = await mkdtemp(join(tmpdir(), 'drawbridge-nodes-'))
  await chmod(directory, 0o711)
  const nodes: ServerNode[] = []
  return {
    databaseUrl: database.url,
    async node(name, databaseUrl = database.url, env = {}) {
      const dataDir = join(directory, name)
      const [first] = nodes
      // What is sealed by one must be opened by the other.
      if (first) await cp(join(first.dataDir, 'secrets'), join(dataDir, 'secrets'), { recursive: true })
      const started = await startNode(name, {
        ...env,
        DRAWBRIDGE_DATABASE_URL: databaseUrl,
        DRAWBRIDGE_DATA_DIR: dataDir,
      })
      nodes.push(started)
      return started
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map((node) => node.stop()))
      await database[Symbol.asyncDispose]()
      await stopPostgres()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** A server process that has begun, and may have to wait before it serves. */
export interface BeginningNode extends Omit<ServerNode, 'c2sPort' | 'url'> {
  readonly ready: Promise<ServerNode>
}

async function startNode(name: string, settings: NodeSettings): Promise<ServerNode> {
  return beginNode(name, settings).ready
}

type NodeSettings = NodeJS.ProcessEnv & { readonly DRAWBRIDGE_DATA_DIR: string }

/** Begins a server process. */
export function beginNode(name: string, settings: NodeSettings): BeginningNode {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    DRAWBRIDGE_NODE_NAME: name,
    DRAWBRIDGE_HTTP_PORT: '0',
    DRAWBRIDGE_C2S_PORT: '0',
    DRAWBRIDGE_C2S_TLS_PORT: '0',
    DRAWBRIDGE_STREAM_SCRAM_ITERATIONS: '10000',
    ...settings,
  }
  const child = spawn(process.execPath, [join(ROOT, 'apps', 'server', 'src', 'main.ts')], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let log = ''
  for (const output of [child.stdout, child.stderr]) output?.on('data', (chunk: Buffer) => (log += chunk.toString()))
  const pid = child.pid!
  const { adminSocket } = paths(settings.DRAWBRIDGE_DATA_DIR)
  const node: Omit<BeginningNode, 'ready'> = {
    name,
    pid,
    dataDir: settings.DRAWBRIDGE_DATA_DIR,
    cli: <T>(...args: string[]) =>
      new Promise<T>((resolve, reject) => {
        execFile(process.execPath, [CLI, ...args, '--json'], { cwd: ROOT, env }, (error, stdout, stderr) => {
          if (error) reject(new Error(`${args.join(' ')}: ${stderr || error.message}`))
          else resolve((stdout.trim() === '' ? undefined : JSON.parse(stdout)) as T)
        })
      }),
    admin: (method, path, body) => adminRequest(adminSocket, method, path, body),
    account: (account) =>
      adminRequest(adminSocket, 'POST', '/api/v1/accounts', { name: account, password: `${account}-password` }),
    pause: () => process.kill(pid, 'SIGSTOP'),
    wake: () => process.kill(pid, 'SIGCONT'),
    log: () => log,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      process.kill(pid, 'SIGCONT')
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(timer)
    },
  }
  const ready = readiness(child, () => log).then((addresses) => ({
    ...node,
    c2sPort: Number(addresses['c2s']?.split(':').at(-1)),
    url: addresses['http'] ?? '',
  }))
  ready.catch(() => {})
  return { ...node, ready }
}

async function adminRequest<T>(socketPath: string, method: string, path: string, body?: unknown): Promise<T> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const headers =
    text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  const call = request({ socketPath, method, path, headers: { host: 'localhost', ...headers } })
  call.end(text)
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
  const answer = Buffer.concat(chunks).toString()
  if ((response.statusCode ?? 500) >= 400) throw new Error(`${method} ${path}: ${answer}`)
  return (answer === '' ? undefined : JSON.parse(answer)) as T
}

function readiness(child: ChildProcess, log: () => string): Promise<Readonly<Record<string, string>>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`not ready after ${READY_MS} ms:\n${log()}`))
    }, READY_MS)
    child.on('message', (message) => {
      if (!isReadyMessage(message)) return
      clearTimeout(timer)
      resolve(message.addresses)
    })
    child.once('exit', (code) => {
      clearTimeout(timer)
      reject(new Error(`ended with ${code} before it was ready:\n${log()}`))
    })
  })
}

/** A way to the database that can be cut without anybody noticing: nothing passes, and nothing is closed. */
export interface StallingWay extends AsyncDisposable {
  readonly databaseUrl: string
  stall(): void
  release(): void
}

/** Passes on what goes to and comes from the database of `databaseUrl`. */
export async function stallingWay(databaseUrl: string): Promise<StallingWay> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let isStalled = false
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk: Buffer) => to.write(chunk))
      from.on('error', () => from.destroy())
      from.once('close', () => {
        sockets.delete(from)
        to.destroy()
      })
      if (isStalled) from.pause()
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    databaseUrl: url.href,
    stall() {
      isStalled = true
      for (const socket of sockets) socket.pause()
    },
    release() {
      isStalled = false
      for (const socket of sockets) socket.resume()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
