import { migrate, openDatabase, startEmbeddedPostgres } from '@drawbridge/db'
import type { Database } from '@drawbridge/db'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MIGRATIONS = fileURLToPath(new URL('../../../migrations', import.meta.url))
/** Names a PostgreSQL whose role may create databases; absent: one is started for the run. */
const URL_VARIABLE = 'DRAWBRIDGE_TEST_DATABASE_URL'
const TEMPLATE_VARIABLE = 'DRAWBRIDGE_TEST_DATABASE_TEMPLATE'

/** A database of its own. */
export interface TestDatabase extends AsyncDisposable {
  readonly url: string
}

/**
 * Makes the PostgreSQL of a test run and a migrated template in it. Called once, in the main process (globalSetup);
 * workers find both by environment variables.
 *
 * @returns stops what was started.
 */
export async function startTestPostgres(): Promise<() => Promise<void>> {
  const given = process.env[URL_VARIABLE] // oxlint-disable-line no-restricted-properties -- the one way into vitest's workers
  const server = given === undefined ? await startTemporary() : { url: given, stop: async () => {} }
  const template = `drawbridge_template_${await fingerprint()}`
  await makeTemplate(server.url, template)
  Object.assign(process.env, { [URL_VARIABLE]: server.url, [TEMPLATE_VARIABLE]: template }) // oxlint-disable-line no-restricted-properties
  return server.stop
}

async function startTemporary() {
  const directory = await mkdtemp(join(await fastestPlace(), 'drawbridge-test-'))
  // Nothing outlives the machine here, so nothing is flushed. A killed PostgreSQL still loses nothing.
  // An autovacuum worker runs as superuser, and a database in which one is at work cannot be dropped by its owner.
  const settings = {
    fsync: 'off',
    full_page_writes: 'off',
    max_connections: 300,
    autovacuum: 'off',
    scram_iterations: 1,
  }
  const postgres = await startEmbeddedPostgres({ directory, settings }).catch(async (error: unknown) => {
    await rm(directory, { recursive: true, force: true })
    throw error
  })
  const stop = async () => {
    await postgres.stop()
    await rm(directory, { recursive: true, force: true })
  }
  return { url: postgres.url, stop }
}

/** More than the databases of a run ever take at once. */
const NEEDED_BYTES = 2 ** 30

/** Memory, where Linux has a file system in it with enough room: a copy of the template is a thousand small files. */
async function fastestPlace(): Promise<string> {
  const memory = await statfs('/dev/shm').catch(() => undefined)
  return memory && memory.bavail * memory.bsize >= NEEDED_BYTES ? '/dev/shm' : tmpdir()
}

/** Names the template after what is in it, so that a server used again never gives an outdated copy. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(MIGRATIONS)).toSorted())
    hash.update(name).update(await readFile(join(MIGRATIONS, name)))
  return hash.digest('hex').slice(0, 12)
}

async function makeTemplate(url: string, name: string): Promise<void> {
  await using server = openDatabase(url, { maxConnections: 1 })
  const { rowCount } = await server.pool.query('select from pg_database where datname = $1', [name])
  if (rowCount === 0) await server.pool.query(`create database ${name}`)
  await migrate(withDatabase(url, name), MIGRATIONS)
}

/**
 * A new database with every migration applied, and nothing in it. Disposing drops it, open connections included.
 *
 * @throws Error outside a run with `startTestPostgres` as its globalSetup.
 */
export async function testDatabase(): Promise<TestDatabase> {
  // oxlint-disable-next-line no-restricted-properties -- set by startTestPostgres
  const { [URL_VARIABLE]: server, [TEMPLATE_VARIABLE]: template } = process.env
  if (server === undefined || template === undefined) throw new Error('this test run has no PostgreSQL')
  const name = `test_${randomBytes(8).toString('hex')}`
  await administer(server, `create database ${name} template ${template} strategy file_copy`)
  return {
    url: withDatabase(server, name),
    [Symbol.asyncDispose]: () => administer(server, `drop database ${name} with (force)`),
  }
}

/** Kept for all tests of a worker: two connections for each of a thousand databases took a twelfth of the time. */
const administrators = new Map<string, Database>()

async function administer(url: string, statement: string): Promise<void> {
  const server = administrators.get(url) ?? openDatabase(url, { maxConnections: 1 })
  administrators.set(url, server)
  await server.pool.query(statement)
}

function withDatabase(url: string, name: string): string {
  const other = new URL(url)
  other.pathname = `/${name}`
  return other.href
}
