import { expect, test } from 'vitest'
import { z } from 'zod'
import { ADMIN_ROUTES } from './admin-api.ts'
import type { AdminRoute } from './admin-route.ts'
import { csvOf, tableOf } from './csv.ts'

const people = z.strictObject({
  people: z
    .array(
      z.strictObject({
        name: z.string(),
        tiers: z.array(z.string()).readonly(),
        client: z.strictObject({ os: z.string().optional(), version: z.string() }).optional(),
        measured: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .readonly(),
  next: z.string().optional(),
})
const HEAD = 'name,tiers,client.os,client.version,measured\r\n'

test('a list becomes a table; objects within its rows are columns, and words of a list stand beside each other', () => {
  const rows = [
    { name: 'ana', tiers: ['E1', 'E2'], client: { version: '1.0' } },
    { name: 'ben "b", jr.', tiers: [], measured: { a: [1] } },
  ]
  expect(csvOf(tableOf(people)!, { people: rows, next: 'x' })).toBe(
    `${HEAD}ana,E1 E2,,1.0,\r\n"ben ""b"", jr.",,,,"{""a"":[1]}"\r\n`,
  )
})

test('an empty list has the columns of a full one', () => {
  expect(csvOf(tableOf(people)!, { people: [] })).toBe(HEAD)
})

test('what somebody calls a client is no formula in a spreadsheet', () => {
  const rows = z.strictObject({ rows: z.array(z.strictObject({ a: z.string(), b: z.string() })) })
  const table = tableOf(rows)!
  expect(csvOf(table, { rows: [{ a: '=HYPERLINK("x")', b: '-1.5' }] })).toBe(`a,b\r\n"'=HYPERLINK(""x"")",-1.5\r\n`)
  expect(csvOf(table, { rows: [{ a: '-cmd', b: '@x' }] })).toBe(`a,b\r\n'-cmd,'@x\r\n`)
})

test('an answer with no list, or with several, is no table', () => {
  expect(tableOf(ADMIN_ROUTES.getAccount.response)).toBeUndefined()
  expect(tableOf(ADMIN_ROUTES.getIncidentRecord.response)).toBeUndefined()
})

test('every list that comes in pages can be had as a table', () => {
  const lists = Object.entries<AdminRoute>(ADMIN_ROUTES).filter(
    ([, { method, query }]) => method === 'GET' && 'cursor' in query.shape,
  )
  expect(lists.length).toBeGreaterThan(20)
  for (const [id, { response }] of lists) expect(tableOf(response), id).toBeDefined()
  const { columns } = tableOf(ADMIN_ROUTES.listClientUses.response)!
  expect(columns.map((path) => path.join('.'))).toEqual(
    expect.arrayContaining([
      'account',
      'units',
      'address',
      'node',
      'client.build',
      'client.tier',
      'firstSeenAt',
      'lastSeenAt',
    ]),
  )
})
