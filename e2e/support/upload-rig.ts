import { openDatabase } from '@drawbridge/db'
import type { Database } from '@drawbridge/db'
import { migrateJobs } from '@drawbridge/jobs'
import { startTestPostgres, testDatabase } from '@drawbridge/testkit'
import { xml } from '@drawbridge/xmpp'
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import type { ClientRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePorts, ROOT } from './stack.ts'
import { connectClient } from './xmpp-client.ts'
import type { TestClient } from './xmpp-client.ts'

const NS_UPLOAD = 'urn:xmpp:http:upload:0'
const SERVER = 'apps/server/src/main.ts'
const SANITIZER = 'apps/sanitizer/src/main.ts'
const CLI = join(ROOT, 'apps/cli/src/main.ts')
const END_MS = 60_000
const PASSWORD = 'seven gray herons'

/** A process of the product, to be killed and started again by a test. */
export type Part = 'server' | 'sanitizer'

/** A slot, and what is known of its upload from outside. */
export interface Slot {
  readonly id: string
  readonly putUrl: URL
  readonly getUrl: string
  readonly headers: Readonly<Record<string, string>>
}

/** A PUT under way: the status it was answered with, or `lost` when the connection broke. */
export interface Put {
  readonly request: ClientRequest
  readonly answered: Promise<number | 'lost'>
}

/**
 * A lock that is held. Disposing breaks the connections that wait, as the death of their process would, and then lets go;
 * releasing lets them go on.
 */
export interface Hold extends AsyncDisposable {
  release(): Promise<void>
  /** How many wait for it, with a query like this. */
  waiting(query?: string): Promise<number>
}

/**
 * The server and the sanitizer as processes, with a PostgreSQL in between that a test can look into and hold up. Nothing
 * in the product knows of it: an upload is held where it is by a lock on a table, or by a stopped process.
 */
export interface UploadRig extends AsyncDisposable {
  readonly database: Database
  readonly databaseUrl: string
  readonly dataDir: string
  /** Settings of whatever starts from now on. */
  configure(settings: Readonly<Record<string, string>>): void
  /** Starts what does not run, and signs in again if the server was away. */
  restore(): Promise<void>
  kill(part: Part): Promise<void>
  /** Alice, since the server was started last. */
  alice(): TestClient
  /** What a command of ours says. */
  command(...args: readonly string[]): Promise<string>
  /** Holds a lock, so that the server waits in the middle of what it does. */
  holdUp(statement: string, values?: readonly unknown[], thenDo?: () => Promise<void>): Promise<Hold>
  /** Looks at what gives no events: files, rows, processes. */
  until(look: () => Promise<boolean>): Promise<void>
  signal(part: Part, signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Process ids of the sanitizer's children of this kind. */
  children(kind: 'decoder' | 'encoder'): number[]
  /** What the sanitizer says about itself. */
  health(): Promise<{
    readonly queue: { readonly waiting: number; readonly running: number }
    readonly children: { readonly local: { readonly busy: number; readonly idle: number; readonly starting: number } }
  }>
  slot(filename: string, bytes: number): Promise<Slot>
  /** Begins a PUT; sends only so many bytes of the file, if given. */
  put(slot: Slot, file: Buffer, bytes?: number): Put
  /** Status and body of what the link gives; nothing while the server is away. */
  get(slot: Slot): Promise<{ readonly status: number; readonly body: Buffer } | undefined>
  stop(): Promise<void>
  log(): string
}

export async function startUploadRig(): Promise<UploadRig> {
  const stopPostgres = await startTestPostgres()
  const made = await testDatabase()
  await migrateJobs(made.url)
  const database = openDatabase(made.url)
  const directory = await mkdtemp(join(tmpdir(), 'rig-'))
  await chmod(directory, 0o711)
  const dataDir = join(directory, 'data')
  const [http, c2s, c2sTls] = await freePorts(3)
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'],
    DRAWBRIDGE_DATA_DIR: dataDir,
    DRAWBRIDGE_DATABASE_URL: made.url,
    DRAWBRIDGE_DOMAIN: 'localhost',
    DRAWBRIDGE_HTTP_PORT: String(http),
    DRAWBRIDGE_C2S_PORT: String(c2s),
    DRAWBRIDGE_C2S_TLS_PORT: String(c2sTls),
    DRAWBRIDGE_STREAM_SCRAM_ITERATIONS: '10000',
    DRAWBRIDGE_SANITIZER_SOCKET: join(dataDir, 'run', 'sanitizer.sock'),
  }
  let log = ''
  const running = new Map<Part, ChildProcess>()
  let client: TestClient | undefined

  async function start(part: Part): Promise<void> {
    const child = spawn(process.execPath, [join(ROOT, part === 'server' ? SERVER : SANITIZER)], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => (log += chunk.toString()))
    const ended = once(child, 'exit').then(() => {
      throw new Error(`the ${part} ended before it was ready:\n${log.slice(-4_000)}`)
    })
    await Promise.race([once(child, 'message'), ended])
    ended.catch(() => undefined)
    running.set(part, child)
  }
  async function end(part: Part, signal: NodeJS.Signals): Promise<void> {
    const child = running.get(part)
    running.delete(part)
    if (!child) return
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
    if (part === 'server') client = undefined
  }
  const socketPath = env['DRAWBRIDGE_SANITIZER_SOCKET']!
  const agentless = { agent: false } as const

  const rig: UploadRig = {
    database,
    databaseUrl: made.url,
    dataDir,
    async restore() {
      await Promise.all((['server', 'sanitizer'] as const).filter((part) => !running.has(part)).map(start))
      client ??= await connectClient({ port: c2s!, name: 'alice', password: PASSWORD })
    },
    configure: (settings) => void Object.assign(env, settings),
    kill: (part) => end(part, 'SIGKILL'),
    alice: () => client!,
    command: async (...args) =>
      (await promisify(execFile)(process.execPath, [CLI, ...args], { cwd: ROOT, env })).stdout,
    holdUp: (...args) => holdUp(database, ...args),
    async until(look) {
      const deadline = performance.now() + END_MS
      while (!(await look())) {
        if (performance.now() > deadline) throw new Error(`nothing came of it:\n${log.slice(-4_000)}`)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    signal: (part, signal) => void running.get(part)?.kill(signal),
    children: (kind) => descendantsOf(running.get('sanitizer')!.pid!, `/child/${kind}.ts`),
    health: () =>
      new Promise((resolve, reject) => {
        const call = request({ socketPath, path: '/health', ...agentless }, (response) => {
          let text = ''
          response.on('data', (chunk: Buffer) => (text += chunk.toString()))
          response.on('end', () => resolve(JSON.parse(text)))
        })
        call.on('error', reject)
        call.end()
      }),
    async slot(filename, bytes) {
      const wish = xml('request', { xmlns: NS_UPLOAD, filename, size: bytes, 'content-type': 'image/png' })
      const answer = await client!.ask('get', wish, 'localhost')
      const slot = answer.getChild('slot', NS_UPLOAD)
      if (!slot) throw new Error(`no slot: ${answer.toString()}`)
      const put = slot.getChild('put')!
      const putUrl = new URL(put.attrs['url']!)
      const id = Buffer.from(putUrl.pathname.split('/')[2]!, 'base64url').toString('hex', 0, 16)
      return {
        id: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
        putUrl,
        getUrl: slot.getChild('get')!.attrs['url']!,
        headers: { authorization: put.getChildText('header')! },
      }
    },
    put({ putUrl, headers }, file, bytes = file.length) {
      const call = request(putUrl, {
        method: 'PUT',
        headers: { ...headers, 'content-length': file.length },
        ...agentless,
      })
      const answered = new Promise<number | 'lost'>((resolve) => {
        call.on('response', (response) => {
          response.resume()
          resolve(response.statusCode!)
        })
        call.on('error', () => resolve('lost'))
      })
      call.write(file.subarray(0, bytes))
      if (bytes === file.length) call.end()
      return { request: call, answered }
    },
    async get({ getUrl }) {
      if (!running.has('server')) return undefined
      const answer = await fetch(getUrl)
      return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) }
    },
    async stop() {
      await client?.end()
      await end('server', 'SIGTERM')
      await end('sanitizer', 'SIGTERM')
    },
    log: () => log,
    async [Symbol.asyncDispose]() {
      await rig.stop()
      await database.close()
      await made[Symbol.asyncDispose]()
      await stopPostgres()
      await rm(directory, { recursive: true, force: true })
    },
  }
  await Promise.all([start('server'), start('sanitizer')])
  await addAlice(env)
  await rig.restore()
  return rig
}

async function holdUp(
  { pool }: Database,
  statement: string,
  values: readonly unknown[] = [],
  thenDo?: () => Promise<void>,
): Promise<Hold> {
  const client = await pool.connect()
  await client.query('begin')
  await client.query(statement, [...values])
  await thenDo?.()
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  const waiters = 'from pg_stat_activity where $1 = any (pg_blocking_pids(pid)) and query like $2'
  let isHeld = true
  const release = async () => {
    if (!isHeld) return
    isHeld = false
    await client.query('rollback')
    client.release()
  }
  return {
    release,
    waiting: async (query = '%') => (await pool.query(`select ${waiters}`, [rows[0]!.pid, query])).rowCount ?? 0,
    async [Symbol.asyncDispose]() {
      if (isHeld) await pool.query(`select pg_terminate_backend(pid) ${waiters}`, [rows[0]!.pid, '%'])
      await release()
    },
  }
}

async function addAlice(env: NodeJS.ProcessEnv): Promise<void> {
  const args = [CLI, 'account', 'add', 'alice', '--password-stdin']
  const adding = promisify(execFile)(process.execPath, args, { cwd: ROOT, env })
  adding.child.stdin?.end(`${PASSWORD}\n`)
  await adding
}

/** Processes below this one whose command line names the script, in whatever namespace they are. */
function descendantsOf(root: number, script: string): number[] {
  const parents = new Map<number, number>()
  const matching: number[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const pid = Number(name)
    const stat = statOf(pid)
    if (!stat) continue
    parents.set(pid, stat.parent)
    if (readIfThere(`/proc/${pid}/cmdline`)?.includes(script)) matching.push(pid)
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid)
    return parent !== undefined && (parent === root || isBelow(parent))
  }
  return matching.filter(isBelow)
}

interface Stat {
  readonly state: string
  readonly parent: number
  /** CPU time. */
  readonly ticks: number
}

/** What the kernel tells anybody of a process (proc_pid_stat(5)); nothing of one that has gone. */
export function statOf(pid: number): Stat | undefined {
  const text = readIfThere(`/proc/${pid}/stat`)
  if (text === undefined) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0]!, parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
}

/** A file of `/proc`: the process may end at any time. */
function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
