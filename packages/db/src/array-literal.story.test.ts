import { sql } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { testDatabase } from '../../testkit/src/postgres.ts'
import { bytesArray, plainArray, textArray } from './array-literal.ts'
import { openDatabase } from './database.ts'

test('PostgreSQL reads every array as what it was made of', async () => {
  await using copy = await testDatabase()
  await using database = openDatabase(copy.url)
  const texts = ['', 'plain', ' a b ', '"', '\\', '\\"', `{"a":'b'}`, 'a,b', 'NULL', 'null', '}', '\n\t', 'ä😀', null]

  const { rows } = await database.db.execute(sql`
    select ${textArray(texts)}::text[] as texts, ${textArray([])}::text[] as none,
           ${plainArray([1, null, 9007199254740993n])}::bigint[]::text[] as numbers,
           ${plainArray(['2026-11-23T04:00:00.000Z'])}::timestamptz[] = array['2026-11-23 04:00:00+00'::timestamptz] as instants,
           ${bytesArray(['00ff', ''])}::bytea[] as bytes`)

  expect(rows).toEqual([
    {
      texts,
      none: [],
      numbers: ['1', null, '9007199254740993'],
      instants: true,
      bytes: [Buffer.from([0, 255]), Buffer.alloc(0)],
    },
  ])
})
