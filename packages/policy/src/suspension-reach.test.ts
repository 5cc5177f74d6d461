import { expect, test } from 'vitest'
import { findRepeated, isWholeService, peopleOf } from './suspension-reach.ts'
import { SCOPE_KINDS } from './suspension-scope.ts'
import type { SuspensionMode } from './vocabulary.ts'

const crowd = (from: number, to: number) =>
  new Set(Array.from({ length: to - from }, (_, index) => `user${from + index}`))
const ALL = crowd(0, 500)
const side = (scope: string, people: ReadonlySet<string> = ALL, mode: SuspensionMode = 'reject') => ({
  ...{ scope, people, mode },
})
const isAgain = (wanted: ReturnType<typeof side>, ...earlier: ReturnType<typeof side>[]) =>
  findRepeated([wanted], earlier).length > 0

test('every kind of scope says whom it reaches', () => {
  const values: Partial<Record<string, string>> = { zone: ':10.0.0.0/8', hash: `:${'a'.repeat(64)}`, room: ':a@r.test' }
  const reached = SCOPE_KINDS.map((kind) => peopleOf(`${kind}${values[kind] ?? ''}`))
  expect(reached).toHaveLength(SCOPE_KINDS.length)
  expect(peopleOf('group:sales')).toBe('unit')
  expect(peopleOf('hash:nonsense')).toBe('everybody')
})

test('a network that has every address in it is the whole service', () => {
  for (const scope of ['service', 'zone:0.0.0.0/0', 'zone:::/0'])
    expect([scope, isWholeService(scope)]).toEqual([scope, true])
  for (const scope of ['zone:0.0.0.0/1', 'messages', 'group:sales', 'nonsense']) {
    expect([scope, isWholeService(scope)]).toEqual([scope, false])
  }
  expect(peopleOf('zone:0.0.0.0/0')).toBe('everybody')
})

test.each([
  ['messages', 'zone:0.0.0.0/0'],
  ['images', 'files'],
  ['format:webp', 'images'],
  ['room:a@rooms.test', 'messages'],
  ['rooms', 'messages'],
  ['push', 'service'],
  ['registration', 'service'],
  ['peer:remote.test', 'federation'],
  ['hash:' + 'a'.repeat(64), 'files'],
])('%s was in %s, which is wider', (narrow, wide) => {
  expect([isAgain(side(narrow), side(wide)), isAgain(side(wide), side(narrow))]).toEqual([true, false])
})

test.each([
  ['messages', 'files'],
  ['images', 'rooms'],
  ['presence', 'push'],
  ['registration', 'messages'],
  ['format:webp', 'format:png'],
  ['room:a@rooms.test', 'room:b@rooms.test'],
  ['peer:a.test', 'peer:b.test'],
])('%s and %s are two things', (a, b) => {
  expect([isAgain(side(a), side(b)), isAgain(side(b), side(a))]).toEqual([false, false])
})

test('several together may cover what each of them does not', () => {
  expect(isAgain(side('messages'), side('rooms'))).toBe(false)
  expect(isAgain(side('service'), side('messages'), side('files'))).toBe(false)
  const halves = [side('group:a', crowd(0, 40)), side('group:b', crowd(40, 80))] as const
  expect(isAgain(side('zone:10.1.0.0/16', crowd(0, 100)), ...halves)).toBe(true)
  expect(isAgain(side('zone:10.1.0.0/16', crowd(0, 100)), halves[0])).toBe(false)
})

test('what is stricter than before is no repetition', () => {
  const hold = side('service', ALL, 'hold')
  expect(isAgain(side('service', ALL, 'cut'), hold)).toBe(false)
  expect(isAgain(hold, side('service', ALL, 'cut'))).toBe(true)
  expect(isAgain(side('service', ALL, 'read-only'), side('service'))).toBe(true)
})

test('what is asked for beside a repetition does not hide it, unless it is wider', () => {
  const earlier = [side('images')]
  expect(findRepeated([side('push'), side('images')], earlier)).toEqual(['images'])
  expect(findRepeated([side('images'), side('service')], earlier)).toEqual([])
  expect(findRepeated([side('zone:0.0.0.0/0'), side('service')], [side('service')])).toEqual(['zone:0.0.0.0/0'])
})

test('of people it counts who they are, and not by which name', () => {
  const finance = side('group:finance', crowd(0, 10))
  // All of them, under another name.
  expect(isAgain(finance, side('group:floor-3', crowd(0, 10)))).toBe(true)
  expect(isAgain(finance, side('zone:10.1.0.0/16', crowd(0, 400)))).toBe(true)
  // Most are others.
  expect(isAgain(side('zone:10.1.0.0/16', crowd(0, 400)), finance)).toBe(false)
  expect(isAgain(side('room:hall@rooms.test', crowd(0, 400)), finance)).toBe(false)
  // Somebody is in two units.
  expect(isAgain(finance, side('group:sales', crowd(9, 30)))).toBe(false)
  // Half of them.
  expect(isAgain(side('client:gajim', crowd(0, 400)), side('client:dino', crowd(200, 700)))).toBe(true)
  expect(isAgain(side('client:gajim', crowd(0, 400)), side('client:dino', crowd(201, 700)))).toBe(false)
  // Nobody was seen there.
  expect(isAgain(finance, side('zone:192.0.2.0/24', new Set()))).toBe(false)
  expect(isAgain(side('zone:192.0.2.0/24', new Set()), side('zone:192.0.2.0/24', new Set()))).toBe(true)
})
