import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { StanzaFault } from '../errors.ts'
import { findDateTime, formatDateTime, parseDateTime } from './date-time.ts'

function linesOf(name: string): string[] {
  const text = readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8')
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

describe('XEP-0082', () => {
  test.each(linesOf('dates-valid.txt').map((line) => line.split('\t') as [string, string]))(
    '%s is %s',
    (text, instant) => {
      expect(findDateTime(text)?.toISOString()).toBe(instant)
      expect(formatDateTime(parseDateTime(text))).toBe(instant)
    },
  )

  test.each(linesOf('dates-invalid.txt'))('%j is no date', (text) => {
    expect(findDateTime(text)).toBeUndefined()
    expect(() => parseDateTime(text)).toThrow(StanzaFault)
  })
})
