import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testDatabase } from '../../testkit/src/postgres.ts'
import { openDatabase } from './database.ts'
import { migrate } from './migrate.ts'
import { DEFAULT_NODE_CONFIG } from './pep.ts'
import type { NodeOptions } from './schema/index.ts'

const MIGRATIONS = join(import.meta.dirname, '../../../migrations')

async function fixture() {
  const stack = new AsyncDisposableStack()
  const database = stack.use(await testDatabase())
  const directory = await mkdtemp(join(tmpdir(), 'drawbridge-migrations-'))
  stack.defer(() => rm(directory, { recursive: true }))
  await cp(MIGRATIONS, directory, { recursive: true })
  const { pool } = stack.use(openDatabase(database.url))
  const put = (name: string, sql: string) => writeFile(join(directory, name), sql)
  const run = async () => (await migrate(database.url, directory)).filter(({ outcome }) => outcome !== 'present')
  return { directory, pool, put, run, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

test('what is applied is not applied again, and what is new is', async () => {
  await using at = await fixture()
  expect(await at.run()).toEqual([])
  await at.put('209901010000_add_b.sql', 'create table b ();')
  // Merged late: its name is older than the newest one applied.
  await at.put('202001010000_add_a.sql', 'create table a ();')
  expect(await at.run()).toEqual([
    { name: '202001010000_add_a.sql', outcome: 'applied' },
    { name: '209901010000_add_b.sql', outcome: 'applied' },
  ])
})

test('a file that was edited after it was applied is refused', async () => {
  await using at = await fixture()
  const [first] = (await readdir(at.directory)).toSorted()
  await at.put(first!, 'select 1;')
  await expect(at.run()).rejects.toThrow(`migration ${first} was edited after it was applied`)
})

test('a file with another kind of name is refused', async () => {
  await using at = await fixture()
  await at.put('add_a.sql', 'create table a ();')
  await expect(at.run()).rejects.toThrow('migration add_a.sql is not named')
})

test('UG-02 a migration of a newer release is left alone', async () => {
  await using at = await fixture()
  await at.put('209901010000_add_b.sql', 'create table b ();')
  await at.run()
  await rm(join(at.directory, '209901010000_add_b.sql'))
  expect(await at.run()).toEqual([{ name: '209901010000_add_b.sql', outcome: 'unknown' }])
})

test('UG-04 a migration that fails leaves nothing behind and runs once it is right', async () => {
  await using at = await fixture()
  await at.put('209901010000_add_b.sql', 'create table b (); create table b ();')
  await expect(at.run()).rejects.toThrow('migration 209901010000_add_b.sql: relation "b" already exists')
  await at.put('209901010000_add_b.sql', 'create table b ();')
  expect(await at.run()).toHaveLength(1)
})

test('two processes that migrate at the same time apply each file once', async () => {
  await using at = await fixture()
  await at.put('209901010000_add_b.sql', 'create table b ();')
  const sql = '-- no transaction\ncreate index concurrently if not exists b_now on account (created_at);\nselect 1;\n'
  await at.put('209901010001_add_index.sql', sql)
  const outcomes = await Promise.all([at.run(), at.run()])
  expect(outcomes.flat()).toHaveLength(2)
  expect(outcomes.some((list) => list.length === 0)).toBe(true)
})

test('ST-06 a migration that waits for a lock lets others pass and tries again', async () => {
  await using at = await fixture()
  await at.put('209901010000_alter.sql', 'alter table account add column note text;')
  const holder = await at.pool.connect()
  await holder.query('begin; select count(*) from account')
  const migrated = at.run()
  const isWaiting = async () =>
    (
      await at.pool.query(`select from pg_stat_activity where wait_event_type = 'Lock' and query like '%note text%'
      and datname = current_database()`)
    ).rowCount
  while (!(await isWaiting())) await new Promise((resolve) => void setImmediate(resolve))
  const startedAt = performance.now()
  await at.pool.query('select count(*) from account') // queues behind the waiting ALTER
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  await holder.query('commit')
  holder.release()
  expect(await migrated).toHaveLength(1)
})

test('a node from before it could be told everything is as it was', async () => {
  await using at = await fixture()
  await at.pool.query(`
    drop table pep_subscription, pep_affiliation;
    alter table pep_item drop column publisher;
    alter table pep_node drop column options;
    delete from migration where name = '202611231020_pep_access.sql';
    insert into account (id, localpart) values ('00000000-0000-7000-8000-000000000001', 'alice');
    insert into pep_node (account_id, node, access_model, max_items) values
      ('00000000-0000-7000-8000-000000000001', 'urn:nick', 'presence', 1),
      ('00000000-0000-7000-8000-000000000001', 'urn:list', 'whitelist', 100);`)
  expect(await at.run()).toEqual([{ name: '202611231020_pep_access.sql', outcome: 'applied' }])
  const { rows } = await at.pool.query<{ node: string; options: NodeOptions }>('select node, options from pep_node')
  const { accessModel: _model, maxItems: _max, ...options } = DEFAULT_NODE_CONFIG
  expect(Object.fromEntries(rows.map(({ node, options: found }) => [node, found]))).toEqual({
    'urn:nick': options,
    'urn:list': { ...options, sendLast: 'never' },
  })
})
