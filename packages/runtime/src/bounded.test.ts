import { expect, test } from 'vitest'
import { BoundedMap, BoundedSet } from './bounded.ts'

test('one entry more than a map holds makes the one go that was set longest ago', () => {
  const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2)

  map.set('a', 3).set('c', 4)

  expect([...map]).toEqual([
    ['a', 3],
    ['c', 4],
  ])
})

test('an entry that was looked up is not newer for it', () => {
  const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2)

  map.get('a')

  expect([...map.set('c', 3).keys()]).toEqual(['b', 'c'])
})

test('a set holds those that were added last', () => {
  expect([...new BoundedSet<string>(2).add('a').add('b').add('a').add('c')]).toEqual(['a', 'c'])
})
