import { describe, expect, test } from 'vitest'
import { xml, type Content } from '../element.ts'
import { StanzaFault } from '../errors.ts'
import { buildRsm, buildRsmRequest, parseRsm, parseRsmResult } from './rsm.ts'

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
