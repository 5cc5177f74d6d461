import { expect, test } from 'vitest'
import { mixesAlphabets } from './alphabets.ts'

test.each(['аlice', 'alicе', 'αdmin', 'admin2.bοb', 'հello', 'bob аlice', 'Ꮃill', 'ﬀо'])(
  'SP-16 a word of two alphabets that look alike is told: %s',
  (name) => {
    expect(mixesAlphabets(name)).toBe(true)
  },
)

test.each([
  'alice',
  'Олег (IT)',
  'αβγ',
  'müller-lüdenscheidt',
  '田中 taro',
  'ひらがなカタカナ漢字',
  'bob2',
  'élodie',
  '',
  '🙂x',
  'алиса.k',
])('and any other is not: %s', (name) => {
  expect(mixesAlphabets(name)).toBe(false)
})
