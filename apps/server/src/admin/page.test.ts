import { expect, test } from 'vitest'
import { cursorOf, pageOf, placeFrom } from './page.ts'

const people = ['erin', 'bob', 'dave', 'alice', 'carol']
const placeOf = (name: string) => [-name.length, name]

test('a list comes in pages, in its order, each row once', () => {
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const { page, more } = pageOf(people, { cursor, limit: 2 }, placeOf)
    expect(page.length).toBeLessThanOrEqual(2)
    seen.push(...page)
    cursor = more.next
  } while (cursor !== undefined)
  expect(seen).toEqual(['alice', 'carol', 'dave', 'erin', 'bob'])
})

test('a row that has gone leaves no gap behind it', () => {
  const { more } = pageOf(people, { limit: 2 }, placeOf)
  const without = people.filter((name) => name !== 'carol')
  expect(pageOf(without, { cursor: more.next, limit: 2 }, placeOf).page).toEqual(['dave', 'erin'])
})

test('a cursor that nobody gave out is refused', () => {
  expect(placeFrom(cursorOf(['a', 1]))).toEqual(['a', 1])
  for (const bad of ['x', '', Buffer.from('{}').toString('base64url'), Buffer.from('[null]').toString('base64url')]) {
    expect(() => placeFrom(bad)).toThrow('malformed')
  }
})
