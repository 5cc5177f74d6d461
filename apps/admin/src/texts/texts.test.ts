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

test('no page has a text of another one', async () => {
  const pages = readdirSync(new URL('en', import.meta.url)).filter((name) => name !== 'count.ts')
  const keys = await Promise.all(
    pages.map(async (name) => {
      const page = (await import(`./en/${name}`)) as Readonly<Record<string, object>>
      return Object.values(page).flatMap((texts) => Object.keys(texts))
    }),
  )
  expect(keys.flat().toSorted()).toEqual(Object.keys(en).toSorted())
})

test('every text is used', () => {
  const source = readdirSync(new URL('..', import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith('texts/'))
    .map((name) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'))
    .join('\n')
  expect(Object.keys(en).filter((key) => !new RegExp(`\\b${key}\\b`).test(source))).toEqual([])
})

test('counts take the form of the language', () => {
  expect(en.showPeople(1)).toBe('One person')
  expect(en.showPeople(3)).toBe('3 people')
  expect(others.de.showPeople(1)).toBe('Eine Person')
})
