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
  const token = (nonce: string) => ({ nonce, until: later, use: { scope: 'cut', by: 'local:cli', at } as const })
  expect(openOrders(file, KEY).spend(token('n1'), at)).toBe(true)
  expect(openOrders(file, KEY).spend(token('n1'), at)).toBe(false)
  expect(openOrders(file, KEY).spend(token('n2'), at)).toBe(true)
  expect(openOrders(file, KEY).unnoted).toEqual([token('n1'), token('n2')])
})

test('a token that was used elsewhere is remembered here, until it is over', () => {
  const orders = openOrders(file, KEY)
  orders.spend({ nonce: 'n1', until: later, use: { scope: 'end', by: 'local:cli', at } }, at)
  orders.learn(
    [
      { nonce: 'n1', until: later },
      { nonce: 'n2', until: later },
    ],
    at,
  )
  const again = openOrders(file, KEY)
  expect([again.unnoted, again.isSpent('n1'), again.isSpent('n2'), again.isSpent('n3')]).toEqual([
    [],
    true,
    true,
    false,
  ])
  expect(again.spend({ nonce: 'n2', until: later }, at)).toBe(false)
  again.learn([{ nonce: 'n4', until: new Date('2026-12-01') }], later)
  expect([again.isSpent('n1'), again.isSpent('n4')]).toEqual([false, true])
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
