import { describe, expect, test } from 'vitest'
import { xml } from '../element.ts'
import {
  buildHandledCountTooHigh,
  buildSmAnswer,
  buildSmEnabled,
  buildSmFailed,
  buildSmRequest,
  buildSmResumed,
  findSmH,
  findSmResume,
  parseSmEnable,
  smAdvance,
  smDistance,
} from './sm.ts'

describe('counters (XEP-0198 §4)', () => {
  test('DS-22 wrap at 2³²', () => {
    expect(smAdvance(2 ** 32 - 1)).toBe(0)
    expect(smAdvance(2 ** 32 - 2, 5)).toBe(3)
    expect(smDistance(2 ** 32 - 2, 3)).toBe(5)
    expect(smDistance(5, 5)).toBe(0)
    expect(smDistance(5, 4)).toBe(2 ** 32 - 1)
  })

  test.each([
    ['0', 0],
    ['4294967295', 4294967295],
    ['007', 7],
    ['4294967296', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['', undefined],
    ['1e3', undefined],
    ['99999999999999999999', undefined],
  ])('DS-22 h=%j is %j', (h, value) => {
    expect(findSmH(xml('a', { h }))).toBe(value)
  })
})

test('elements are read', () => {
  expect(parseSmEnable(xml('enable', { resume: 'true', max: '300' }))).toEqual({ wantsResume: true, maxSeconds: 300 })
  expect(parseSmEnable(xml('enable', { resume: '1', max: 'x' }))).toEqual({ wantsResume: true, maxSeconds: undefined })
  expect(parseSmEnable(xml('enable'))).toEqual({ wantsResume: false, maxSeconds: undefined })
  expect(findSmResume(xml('resume', { h: '3', previd: 'p' }))).toEqual({ previousId: 'p', h: 3 })
  expect(findSmResume(xml('resume', { h: '3' }))).toBeUndefined()
  expect(findSmResume(xml('resume', { previd: 'p' }))).toBeUndefined()
})

test('elements are built', () => {
  expect(buildSmEnabled({ id: 'p', maxSeconds: 300 }).toString()).toBe(
    '<enabled xmlns="urn:xmpp:sm:3" id="p" resume="true" max="300"/>',
  )
  expect(buildSmEnabled().toString()).toBe('<enabled xmlns="urn:xmpp:sm:3"/>')
  expect(buildSmResumed({ previousId: 'p', h: 7 }).toString()).toBe('<resumed xmlns="urn:xmpp:sm:3" previd="p" h="7"/>')
  expect(buildSmFailed('item-not-found', 7).toString()).toBe(
    '<failed xmlns="urn:xmpp:sm:3" h="7"><item-not-found xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></failed>',
  )
  expect(buildSmAnswer(0).toString()).toBe('<a xmlns="urn:xmpp:sm:3" h="0"/>')
  expect(buildSmRequest().toString()).toBe('<r xmlns="urn:xmpp:sm:3"/>')
  expect(buildHandledCountTooHigh(10, 8).toString()).toBe(
    '<handled-count-too-high xmlns="urn:xmpp:sm:3" h="10" send-count="8"/>',
  )
})
