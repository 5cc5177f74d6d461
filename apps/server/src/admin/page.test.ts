import { expect, test } from 'vitest'
import { cursorOf, firstReadAt, pageOf, placeFrom } from './page.ts'

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

test('when a list was first read is the same on every page, and never in the future', () => {
  const now = new Date('2026-11-24T02:00:00Z')
  const at = firstReadAt(undefined, now)
  expect(at).toBe(now.getTime())
  expect(firstReadAt(cursorOf([at, 'a']), new Date(at + 60_000))).toBe(at)
  for (const place of [[at + 1], [-1], ['x'], [Number.MAX_VALUE]]) {
    expect(() => firstReadAt(cursorOf(place), now), JSON.stringify(place)).toThrow('malformed')
  }
})
