import { expect, test } from 'vitest'
import { chooseLanguage, plural } from './index.ts'

test('a browser that prefers Austrian German gets German, one that prefers French gets English', () => {
  expect(chooseLanguage(['de-AT', 'en'])).toBe('de')
  expect(chooseLanguage(['fr-FR', 'de'])).toBe('de')
  expect(chooseLanguage(['fr'])).toBe('en')
})

test('counts take the form of the language, and another where a form is missing', () => {
  expect(plural('en', 1, { one: 'file', other: 'files' })).toBe('file')
  expect(plural('en', 0, { one: 'file', other: 'files' })).toBe('files')
  expect(plural('de', 1, { other: 'Dateien' })).toBe('Dateien')
})
