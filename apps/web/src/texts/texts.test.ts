import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { TEXTS } from './index.ts'

const { en, ...others } = TEXTS

test.each(Object.entries(others))('%s has the texts of English, with the same parameters', (_language, texts) => {
  expect(Object.keys(texts).sort()).toEqual(Object.keys(en).sort())
  for (const [key, text] of Object.entries(en)) {
    const other = texts[key as keyof typeof texts]
    expect(typeof other, key).toBe(typeof text)
    if (typeof text === 'function' && typeof other === 'function') expect(other.length, key).toBe(text.length)
    if (typeof other === 'string') expect(other.trim(), key).not.toBe('')
  }
})

test('every text is used', () => {
  const source = readdirSync(new URL('..', import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('texts/'))
    .map((name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'))
    .join('\n')
  expect(Object.keys(en).filter((key) => !new RegExp(`\\b${key}\\b`).test(source))).toEqual([])
})

test('counts take the form of the language', () => {
  expect(en.unread(1)).toBe('1 unread message')
  expect(en.unread(3)).toBe('3 unread messages')
  expect(others.de.unread(1)).toBe('1 ungelesene Nachricht')
})
