import { expect, test } from 'vitest'
import { isSameAgain, isWholeService, peopleOf } from './suspension-reach.ts'
import { SCOPE_KINDS } from './suspension-scope.ts'

const crowd = (from: number, to: number) =>
  new Set(Array.from({ length: to - from }, (_, index) => `user${from + index}`))
const ALL = crowd(0, 500)
const side = (scope: string, people: ReadonlySet<string> = ALL) => ({ scopes: [scope], people })
const again = (a: ReturnType<typeof side>, b: ReturnType<typeof side>) => {
  expect(isSameAgain(a, b)).toBe(isSameAgain(b, a))
  return isSameAgain(a, b)
}

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
  ['rooms', 'messages'],
  ['service', 'push'],
  ['service', 'registration'],
  ['federation', 'peer:remote.test'],
  ['hash:' + 'a'.repeat(64), 'files'],
  ['nonsense', 'push'],
])('%s and %s are the same again', (a, b) => {
  expect(again(side(a), side(b))).toBe(true)
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
  expect(again(side(a), side(b))).toBe(false)
})

test('of people it counts who they are, and not by which name', () => {
  const finance = side('group:finance', crowd(0, 10))
  // All of them, under another name.
  expect(again(finance, side('group:floor-3', crowd(0, 10)))).toBe(true)
  expect(again(finance, side('zone:10.1.0.0/16', crowd(0, 400)))).toBe(true)
  expect(again(finance, side('room:hall@rooms.test', crowd(0, 400)))).toBe(true)
  // Somebody is in two units.
  expect(again(finance, side('group:sales', crowd(9, 30)))).toBe(false)
  // Few of each side, and more than one person alone suspends.
  expect(again(side('client:gajim', crowd(0, 400)), side('client:dino', crowd(299, 700)))).toBe(true)
  expect(again(side('client:gajim', crowd(0, 400)), side('client:dino', crowd(300, 700)))).toBe(false)
  // Nobody was seen there.
  expect(again(finance, side('zone:192.0.2.0/24', new Set()))).toBe(false)
  expect(again(side('zone:192.0.2.0/24', new Set()), side('zone:192.0.2.0/24', new Set()))).toBe(true)
})
