import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openOrders } from './orders.ts'

const KEY = Buffer.alloc(32, 7)
const at = new Date('2026-11-23T04:00:00Z')
const later = new Date('2026-11-24T04:00:00Z')
const cut = { kind: 'cut', id: '0197a000-0000-7000-8000-000000000000', reason: 'worm', by: 'local:cli', at } as const

let directory: string
let file: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'orders-'))
  file = join(directory, 'orders')
})
afterEach(() => rmSync(directory, { recursive: true }))

test('an order is there after a restart, until the database has it', () => {
  openOrders(file, KEY).add(cut)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const again = openOrders(file, KEY)
  expect(again.all).toEqual([cut])
  again.drop(cut.id)
  expect(openOrders(file, KEY).all).toEqual([])
})

test('a token is taken once, also after a restart', () => {
  expect(openOrders(file, KEY).spend('n1', later, at)).toBe(true)
  expect(openOrders(file, KEY).spend('n1', later, at)).toBe(false)
  expect(openOrders(file, KEY).spend('n2', later, at)).toBe(true)
})

test('a file that somebody else has changed is not believed, and not begun anew in silence', () => {
  openOrders(file, KEY).add(cut)
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('worm', 'none'))
  expect(() => openOrders(file, KEY)).toThrow(/changed by somebody else/u)
  writeFileSync(file, '')
  expect(() => openOrders(file, KEY)).toThrow(/changed by somebody else/u)
  writeFileSync(file, text)
  expect(() => openOrders(file, Buffer.alloc(32, 8))).toThrow(/changed by somebody else/u)
})
