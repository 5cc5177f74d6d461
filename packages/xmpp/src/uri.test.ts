import { expect, test } from 'vitest'
import { readByLibxml2 } from '../fixtures/oracles.ts'
import * as namespaces from './ns.ts'
import { isUriReference } from './uri.ts'

test('every namespace that we know is a URI', () => {
  const all = Object.values(namespaces).filter((value) => typeof value === 'string')
  expect(all.length).toBeGreaterThan(50)
  expect(all.filter((namespace) => !isUriReference(namespace))).toEqual([])
})

const PARTS = ['', 'a', ':', '/', '//', '?', '#', '@', '%41', '%4', '1', '.', '-', '[', ' ', 'ü', '}', 'http:', 'urn:']

test('XS-30 what we take for a URI, libxml2 does too (RFC 3986 appendix A)', () => {
  const texts = PARTS.flatMap((a) => PARTS.flatMap((b) => PARTS.map((c) => a + b + c)))
  const accepted = [...new Set(texts)].filter(isUriReference)
  expect(accepted.length).toBeGreaterThan(500)
  expect(accepted.filter((uri) => !readByLibxml2(`<a xmlns:p="${uri || 'u'}"/>`))).toEqual([])
})

test.each([
  ['a long path', '/a'.repeat(127)],
  ['a long authority', `http://${'a:'.repeat(120)}`],
  ['a long query', '?'.repeat(255)],
])('DS-17 %s that ends badly is refused in no time', (_what, start) => {
  const runs = Array.from({ length: 5 }, () => {
    const startedAt = performance.now()
    expect(isUriReference(`${start}"`)).toBe(false)
    return performance.now() - startedAt
  })
  // What it takes while nobody else has the processor.
  expect(Math.min(...runs)).toBeLessThan(10)
})
