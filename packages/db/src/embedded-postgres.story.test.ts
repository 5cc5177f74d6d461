import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from './database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'

async function place() {
  const stack = new AsyncDisposableStack()
  const root = await mkdtemp(join(tmpdir(), 'drawbridge-embedded-'))
  await chmod(root, 0o711)
  stack.defer(() => rm(root, { recursive: true, force: true }))
  const directory = join(root, 'postgres')
  const running: EmbeddedPostgres[] = []
  const start = async (options: { port?: number } = {}) => {
    const postgres = await startEmbeddedPostgres({ directory, ...options })
    running.push(postgres)
    return postgres
  }
  const stop = async () => {
    for (const postgres of running.splice(0)) await postgres.stop()
  }
  stack.defer(stop)
  return { root, directory, start, stop, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

async function ask(url: string, sql: string): Promise<string> {
  await using database = openDatabase(url)
  const { rows } = await database.pool.query<Record<string, unknown>>(sql)
  return String(Object.values(rows[0] ?? {})[0])
}

const isGone = (pid: number) =>
  !existsSync(`/proc/${pid}/stat`) ||
  spawnSync('ps', ['-o', 'stat=', '-p', String(pid)])
    .stdout.toString()
    .startsWith('Z')

/** Runs a start in a process of its own, which prints the server's pid and stays. */
async function startElsewhere(directory: string): Promise<{ child: ChildProcess; pid: number }> {
  const code = `
    import { startEmbeddedPostgres } from ${JSON.stringify(new URL('embedded-postgres.ts', import.meta.url).href)}
    console.log((await startEmbeddedPostgres({ directory: ${JSON.stringify(directory)} })).pid)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, pid: Number(line.toString()) }
}

/** Shared by the tests that need nothing but a cluster: making one takes most of their time. */
let at: Awaited<ReturnType<typeof place>>
beforeAll(async () => void (at = await place()))
afterEach(() => at.stop())
afterAll(() => at[Symbol.asyncDispose]())

test('the first start makes a database that is safe, and the second is fast and finds it', async () => {
  const first = await at.start()
  const settings = [
    'data_checksums',
    'synchronous_commit',
    'fsync',
    'full_page_writes',
    'data_sync_retry',
    'listen_addresses',
  ]
  const shown = settings.map((name) => `current_setting('${name}')`)
  expect(await ask(first.url, `select concat_ws(' ', ${shown.join(', ')})`)).toBe('on on on on off 127.0.0.1')
  expect(
    await ask(
      first.url,
      `select pg_encoding_to_char(encoding) || ' ' || rolsuper from pg_database, pg_roles
    where datname = current_database() and rolname = current_user`,
    ),
  ).toBe('UTF8 false')
  // The fifth line names the directory of the socket.
  expect((await readFile(join(at.directory, 'cluster', 'postmaster.pid'), 'utf8')).split('\n')[4]).toBe('')
  await ask(first.url, 'create table kept as select 1')
  await first.stop()
  expect(await first.exited).toBe(0)

  const startedAt = performance.now()
  const second = await at.start()
  expect(performance.now() - startedAt).toBeLessThan(1_500)
  expect(second.url).toBe(first.url)
  expect(await ask(second.url, 'select count(*) from kept')).toBe('1')
})

test('nobody gets in without the password, which only we may read', async () => {
  const { url } = await at.start()
  await expect(ask(url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toThrow('password authentication failed')
  const rules = (await readFile(join(at.directory, 'cluster', 'pg_hba.conf'), 'utf8')).split('\n')
  const methods = rules.filter((line) => /^(local|host)/.test(line)).map((line) => line.trim().split(/\s+/).at(-1))
  expect(new Set(methods)).toEqual(new Set(['scram-sha-256']))
  for (const name of ['password', 'superuser-password']) {
    expect((await stat(join(at.directory, name))).mode & 0o777).toBe(0o600)
  }
  expect(await readdir(at.directory)).not.toContain('initdb-password')
})

test('after kill -9 of PostgreSQL the next start recovers', async () => {
  const first = await at.start()
  await ask(first.url, 'create table kept_too as select 1')
  process.kill(first.pid, 'SIGKILL')
  expect(await first.exited).toBe(null)
  const second = await at.start()
  expect(await ask(second.url, 'select count(*) from kept_too')).toBe('1')
})

test('a stale pid file that names another process is no obstacle', async () => {
  await (await at.start()).stop()
  const lines = [process.pid, join(at.directory, 'cluster'), 1_700_000_000, 5432, '', '127.0.0.1', '']
  await writeFile(join(at.directory, 'cluster', 'postmaster.pid'), lines.join('\n'))
  expect(await ask((await at.start()).url, 'select 1')).toBe('1')
})

test('PostgreSQL does not outlive a process that was killed', async () => {
  const { child, pid } = await startElsewhere(at.directory)
  child.kill('SIGKILL')
  while (!isGone(pid)) await new Promise((resolve) => void setTimeout(resolve, 20))
  expect(await ask((await at.start()).url, 'select 1')).toBe('1')
})

test('a directory in use by a live process is refused, with its number', async () => {
  const { child } = await startElsewhere(at.directory)
  await expect(at.start()).rejects.toThrow(`is in use by process ${child.pid}`)
  child.kill('SIGKILL')
  await once(child, 'exit')
})

test('a port that somebody has is refused when it was asked for, and avoided when not', async () => {
  const first = await at.start()
  await first.stop()
  const server = createServer().listen(first.port, '127.0.0.1')
  await once(server, 'listening')
  await expect(at.start({ port: first.port })).rejects.toThrow(`port ${first.port} for PostgreSQL is taken`)
  const second = await at.start()
  expect(second.port).not.toBe(first.port)
  server.close()
})

test('an interrupted first start leaves nothing that a later one trips over', async () => {
  await using at = await place()
  await mkdir(join(at.directory, 'cluster.new'), { recursive: true })
  await writeFile(join(at.directory, 'cluster.new', 'PG_VERSION'), '18\n')
  expect(await ask((await at.start()).url, 'select 1')).toBe('1')
})

// PostgreSQL refuses to run as root; nobody else can try.
if (process.getuid?.() === 0) {
  describe('started by root', () => {
    testRoot()
  })
}

function testRoot(): void {
  test('PostgreSQL runs as another account', async () => {
    const { pid, notice } = await at.start()
    expect((await stat(`/proc/${pid}`)).uid).not.toBe(0)
    expect(notice).toBeUndefined()
  })

  test('data in a closed folder goes where that account can reach it, and we say so', async () => {
    await using at = await place()
    await chmod(at.root, 0o700)
    const first = await at.start()
    expect(first.notice).toMatch(
      /^PostgreSQL has its data in \/var\/lib\/drawbridge\/[0-9a-f]{16}, because account \w+/,
    )
    await ask(first.url, 'create table kept as select 1')
    await first.stop()
    expect(await ask((await at.start()).url, 'select count(*) from kept')).toBe('1')
    await at.stop()

    // Whoever deletes the data wants to begin anew.
    await rm(at.directory, { recursive: true })
    const { url } = await at.start()
    await expect(ask(url, 'select count(*) from kept')).rejects.toThrow('does not exist')
    await at.stop()
    const [hash] = /[0-9a-f]{16}/.exec(first.notice ?? '') ?? []
    for (const name of await readdir('/var/lib/drawbridge')) {
      if (name.startsWith(hash!)) await rm(join('/var/lib/drawbridge', name), { recursive: true })
    }
  })

  test('an ordinary user can start it, too', async () => {
    await using at = await place()
    await chmod(at.root, 0o777)
    const code = `
      import { startEmbeddedPostgres } from ${JSON.stringify(new URL('embedded-postgres.ts', import.meta.url).href)}
      const postgres = await startEmbeddedPostgres({ directory: ${JSON.stringify(at.directory)} })
      await postgres.stop()
      console.log(await postgres.exited)`
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      uid: 65_534,
      gid: 65_534,
      encoding: 'utf8',
    })
    expect(child.stderr).toBe('')
    expect(child.stdout).toBe('0\n')
    // Then root starts it: it stays with the account that made it.
    const { pid } = await at.start()
    expect((await stat(`/proc/${pid}`)).uid).toBe(65_534)
  })
}
