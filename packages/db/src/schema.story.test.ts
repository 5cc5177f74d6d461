import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import { expect, test } from 'vitest'
import { testDatabase } from '../../testkit/src/postgres.ts'
import { openDatabase } from './database.ts'
import * as schema from './schema/index.ts'

interface Column {
  table_name: string
  column_name: string
  data_type: string
  is_nullable: 'YES' | 'NO'
}

/** What information_schema calls a type. */
const TYPES: Readonly<Record<string, string>> = { 'text[]': 'ARRAY', 'uuid[]': 'ARRAY', 'bytea[]': 'ARRAY' }

test('the tables in code are those that the migrations make', async () => {
  await using database = await testDatabase()
  await using opened = openDatabase(database.url)
  const { rows } = await opened.pool.query<Column>(`
    select c.table_name, c.column_name, c.is_nullable,
      case when c.data_type = 'timestamp with time zone' and c.datetime_precision <> 6
      then format('timestamp (%s) with time zone', c.datetime_precision) else c.data_type end as data_type
    from information_schema.columns c
    join pg_class t on t.oid = c.table_name::regclass
    where c.table_schema = 'public' and not t.relispartition and c.table_name <> 'migration'`)
  const inDatabase = rows.map((row) => `${row.table_name}.${row.column_name} ${row.data_type} null:${row.is_nullable}`)

  const tables = Object.values(schema).filter((value) => value instanceof PgTable)
  const inCode = tables.flatMap((table) => {
    const { name, columns, primaryKeys } = getTableConfig(table)
    const keys = new Set(primaryKeys.flatMap((key) => key.columns.map((column) => column.name)))
    return columns.map((column) => {
      const type = column.getSQLType()
      const isNullable = !column.notNull && !column.primary && !keys.has(column.name)
      return `${name}.${column.name} ${TYPES[type] ?? type} null:${isNullable ? 'YES' : 'NO'}`
    })
  })
  expect(inCode.toSorted()).toEqual(inDatabase.toSorted())
})

test('defaults in code are defaults in the database', async () => {
  await using database = await testDatabase()
  await using opened = openDatabase(database.url)
  const { rows } = await opened.pool.query<{ name: string }>(`
    select table_name || '.' || column_name as name from information_schema.columns c
    join pg_class t on t.oid = c.table_name::regclass
    where table_schema = 'public' and not t.relispartition and table_name <> 'migration'
    and (column_default is not null or is_identity = 'YES')`)
  const tables = Object.values(schema).filter((value) => value instanceof PgTable)
  const inCode = tables.flatMap((table) =>
    getTableConfig(table)
      .columns.filter((column) => column.hasDefault || column.generatedIdentity)
      .map((column) => `${getTableConfig(table).name}.${column.name}`),
  )
  expect(inCode.toSorted()).toEqual(rows.map(({ name }) => name).toSorted())
})
