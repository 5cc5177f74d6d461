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

test('traffic from before it was counted by id stays, with those who had the name then', async () => {
  await using at = await fixture()
  const [alice, bob, sales, hall] = ['1', '2', '3', '4'].map((n) => `00000000-0000-7000-8000-00000000000${n}`)
  const later = ['uploads', 'upload_bytes', 'image_uploads', 'image_upload_bytes', 'downloads', 'download_bytes']
  await at.pool.query(`
    drop table traffic_name, counted_batch;
    drop index traffic_subject;
    alter table traffic ${[...later, 'image_downloads', 'image_download_bytes', 'calls'].map((name) => `drop column ${name}`).join(', ')};
    delete from migration where name in ('202611231410_traffic_by_identity.sql', '202611231411_counted_batch.sql');
    insert into account (id, localpart, created_at) values
      ('${alice}', 'alice', '2026-11-20T10:30:00Z'), ('${bob}', 'bob', '2026-11-01T00:00:00Z');
    insert into unit (id, name, display_name) values ('${sales}', 'sales', 'Sales');
    insert into unit_member (unit_id, account_id) values ('${sales}', '${alice}'), ('${sales}', '${bob}');
    insert into room (id, localpart, created_by, created_at, config, secret)
      values ('${hall}', 'hall', 'bob@im.test', '2026-11-01T00:00:00Z', '{}', '');
    insert into traffic (hour, kind, subject, messages, bytes, files, images) values
      ('2026-11-20T09:00:00Z', 'account', 'alice', 7, 70, 0, 0),
      ('2026-11-20T10:00:00Z', 'account', 'alice', 2, 20, 1, 1),
      ('2026-11-20T10:00:00Z', 'account', 'bob', 3, 30, 0, 0),
      ('2026-11-20T10:00:00Z', 'account', 'carol', 5, 50, 0, 0),
      ('2026-11-20T10:00:00Z', 'account', '*', 6, 60, 0, 0),
      ('2026-11-20T10:00:00Z', 'room', 'hall@rooms.im.test', 1, 10, 0, 0),
      ('2026-11-20T10:00:00Z', 'format', 'webp', 1, 10, 1, 1),
      ('2026-11-20T10:00:00Z', 'service', '', 23, 230, 1, 1);`)
  expect(await at.run()).toHaveLength(2)
  const { rows } = await at.pool.query<{ kind: string; subject: string; name: string; messages: string }>(`
    select kind, subject, coalesce(name, subject) as name, messages from traffic
    left join traffic_name using (kind, subject) order by kind, messages`)
  const former = expect.stringMatching(/^[0-9a-f-]{36}$/)
  expect(rows.map(({ kind, subject, name, messages }) => [kind, subject, name, Number(messages)])).toEqual([
    ['account', alice, 'alice', 2],
    ['account', bob, 'bob', 3],
    ['account', former, 'carol', 5],
    ['account', '*', '*', 6],
    // Before there was the one who has the name now.
    ['account', former, 'alice', 7],
    ['format', 'webp', 'webp', 1],
    ['room', hall, 'hall@rooms.im.test', 1],
    ['service', '', '', 23],
    ['unit', sales, 'sales', 5],
  ])
  expect(rows[4]?.subject).not.toBe(alice)
})
