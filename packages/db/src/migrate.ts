import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'

/** What became of one migration. `unknown`: applied by a newer release whose file this one does not have; left alone. */
export interface MigrationOutcome {
  readonly name: string
  readonly outcome: 'applied' | 'present' | 'unknown'
}

/** A migration that cannot be applied, with the name of its file. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError'
}

const NAME = /^\d{12}_[a-z0-9_]+\.sql$/
/** Any number: the same in every process that migrates. */
const LOCK = 7_236_101
/** A statement that waits for a lock makes every later query wait, too: give way and try again (ST-06). */
const LOCK_TIMEOUT_MS = 800
const LOCK_RETRIES = 30

/**
 * Applies the migrations of `directory` that are not applied yet, in the order of their names. One process migrates at a
 * time; another waits. A file runs in a transaction of its own, together with the note that it ran.
 *
 * A file that begins with `-- no transaction` runs statement by statement (each ends with `;` at the end of a line)
 * outside one, and must be safe to run again: the process may die before the note.
 *
 * @throws MigrationError when a file was edited after it was applied, is misnamed, or fails.
 */
export async function migrate(url: string, directory: string): Promise<MigrationOutcome[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'drawbridge-migrate' })
  client.on('error', () => {}) // reported by the query that it breaks
  await client.connect()
  try {
    await takeLock(client)
    await client.query(`create table if not exists migration (
      name text primary key, checksum text not null, applied_at timestamptz not null default now())`)
    const { rows } = await client.query<{ name: string; checksum: string }>('select name, checksum from migration')
    const applied = new Map(rows.map(({ name, checksum }) => [name, checksum]))
    const outcomes: MigrationOutcome[] = []
    for (const file of await readMigrations(directory)) {
      const known = applied.get(file.name)
      applied.delete(file.name)
      if (known !== undefined && known !== file.checksum) {
        throw new MigrationError(`migration ${file.name} was edited after it was applied`)
      }
      if (known === undefined) await apply(client, file)
      outcomes.push({ name: file.name, outcome: known === undefined ? 'applied' : 'present' })
    }
    for (const name of applied.keys()) outcomes.push({ name, outcome: 'unknown' })
    return outcomes
  } finally {
    await client.end()
  }
}

/**
 * Tries again instead of waiting inside PostgreSQL: a waiting statement holds a snapshot, and `create index
 * concurrently` waits for every older snapshot, so two processes would wait for each other.
 */
async function takeLock(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1) as taken', [LOCK])
    if (rows[0]?.taken) return
    await wait(100)
  }
}

/** The name of the last migration of a directory, without applying anything. */
export async function newestMigration(directory: string): Promise<string | undefined> {
  return (await readMigrations(directory)).at(-1)?.name
}

interface MigrationFile {
  readonly name: string
  readonly sql: string
  readonly checksum: string
}

async function readMigrations(directory: string): Promise<MigrationFile[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).toSorted()
  return Promise.all(
    names.map(async (name) => {
      if (!NAME.test(name)) throw new MigrationError(`migration ${name} is not named YYYYMMDDHHMM_words.sql`)
      const sql = await readFile(join(directory, name), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    }),
  )
}

async function apply(client: pg.Client, { name, sql, checksum }: MigrationFile): Promise<void> {
  const note = () => client.query('insert into migration (name, checksum) values ($1, $2)', [name, checksum])
  try {
    if (sql.startsWith('-- no transaction')) {
      await client.query('set lock_timeout = 0')
      for (const statement of sql.split(/;[ \t]*$/m)) if (statement.trim() !== '') await client.query(statement)
      await note()
      return
    }
    await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`)
    await transaction(client, async () => {
      await client.query(sql)
      await note()
    })
  } catch (error) {
    throw new MigrationError(`migration ${name}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

async function transaction(client: pg.Client, run: () => Promise<void>): Promise<void> {
  for (let retries = 0; ; retries++) {
    await client.query('begin')
    try {
      await run()
      await client.query('commit')
      return
    } catch (error) {
      await client.query('rollback')
      const isLocked = error instanceof pg.DatabaseError && error.code === '55P03'
      if (!isLocked || retries === LOCK_RETRIES) throw error
      await wait(200)
    }
  }
}
