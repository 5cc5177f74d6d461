import { describe, expect, test } from 'vitest'
import { xml, type Content } from '../element.ts'
import { StanzaFault } from '../errors.ts'
import { buildRsm, buildRsmRequest, pageOf, parseRsm, parseRsmResult } from './rsm.ts'

const query = (...content: Content[]) =>
  xml('query', {}, xml('set', { xmlns: 'http://jabber.org/protocol/rsm' }, ...content))

describe('a request for a page', () => {
  test('without a set asks for the first page', () => {
    expect(parseRsm(xml('query'), 50)).toEqual({ max: 50 })
  })

  test('names the item before or after', () => {
    expect(parseRsm(query(xml('max', {}, 10), xml('after', {}, 'x')), 50)).toEqual({ max: 10, after: 'x' })
    expect(parseRsm(query(xml('before')), 50)).toEqual({ max: 50, before: '' })
    expect(parseRsm(query(xml('max', {}, 0), xml('index', {}, 7)), 50)).toEqual({ max: 0, index: 7 })
  })

  test('DS-19 for a million items gets as many as allowed', () => {
    expect(parseRsm(query(xml('max', {}, 1_000_000)), 50).max).toBe(50)
  })

  test.each(['-1', '', 'ten', '1.5', '1e3', '99999999999', ' 5'])('for %j items is refused', (max) => {
    expect(() => parseRsm(query(xml('max', {}, max)), 50)).toThrow(StanzaFault)
  })

  test('after an id without end is refused', () => {
    expect(() => parseRsm(query(xml('after', {}, 'x'.repeat(2000))), 50)).toThrow(StanzaFault)
  })

  test('is read as it was built', () => {
    const request = { max: 5, before: '' }
    expect(parseRsm(xml('query', {}, buildRsmRequest(request)), 50)).toEqual(request)
  })
})

test('an answer says which part it is', () => {
  const set = buildRsm({ first: 'a', firstIndex: 0, last: 'b', count: 7 })
  expect(set.toString()).toBe(
    '<set xmlns="http://jabber.org/protocol/rsm"><first index="0">a</first><last>b</last><count>7</count></set>',
  )
  expect(parseRsmResult(xml('fin', {}, set))).toEqual({ first: 'a', firstIndex: 0, last: 'b', count: 7 })
  expect(buildRsm({ count: 0 }).toString()).toBe('<set xmlns="http://jabber.org/protocol/rsm"><count>0</count></set>')
})

describe('a page of a result that is at hand (XEP-0059 §2)', () => {
  const all = ['a', 'b', 'c', 'd', 'e']
  const page = (request: Parameters<typeof pageOf>[2]) => {
    const { page: items, firstIndex } = pageOf(all, (item) => item, request)
    return `${items.join('')}@${firstIndex}`
  }

  test.each([
    ['the first', { max: 2 }, 'ab@0'],
    ['the next', { max: 2, after: 'b' }, 'cd@2'],
    ['the end', { max: 2, after: 'd' }, 'e@4'],
    ['nothing after the end', { max: 2, after: 'e' }, '@5'],
    ['the last', { max: 2, before: '' }, 'de@3'],
    ['the one before', { max: 2, before: 'd' }, 'bc@1'],
    ['what is left before', { max: 9, before: 'b' }, 'a@0'],
    ['nothing before the start', { max: 2, before: 'a' }, '@0'],
    ['what lies between two', { max: 9, after: 'a', before: 'd' }, 'bc@1'],
    ['nothing between two the wrong way round', { max: 9, after: 'd', before: 'b' }, '@4'],
    ['one from a position', { max: 2, index: 3 }, 'de@3'],
    ['none', { max: 0 }, '@0'],
  ])('%s', (_what, request, expected) => {
    expect(page(request)).toBe(expected)
  })

  test.each([
    { max: 1, after: 'x' },
    { max: 1, before: 'x' },
    { max: 1, index: 6 },
  ])('%j is not there (§2.2)', (request) => {
    expect(() => page(request)).toThrow(StanzaFault)
  })
})
