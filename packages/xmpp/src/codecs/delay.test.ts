import { expect, test } from 'vitest'
import { xml } from '../element.ts'
import { buildDelay, findDelay, stripDelays } from './delay.ts'

const stamp = new Date('2026-11-23T04:00:00.000Z')

test('a delay says when, by whom and why', () => {
  const delay = buildDelay({ stamp, from: 'im.test', reason: 'Offline' })
  expect(delay.toString()).toBe(
    '<delay xmlns="urn:xmpp:delay" from="im.test" stamp="2026-11-23T04:00:00.000Z">Offline</delay>',
  )
  expect(findDelay(xml('message', {}, delay))).toEqual({ stamp, from: 'im.test', reason: 'Offline' })
})

test('a delay without a date that can be read is passed over', () => {
  const broken = xml('delay', { xmlns: 'urn:xmpp:delay', stamp: 'yesterday' })
  expect(findDelay(xml('message', {}, broken))).toBeUndefined()
  expect(findDelay(xml('message', {}, broken, buildDelay({ stamp })))?.stamp).toEqual(stamp)
})

test('SP-08 a delay in our name is removed, that of others stays', () => {
  const message = xml('message', {}, buildDelay({ stamp, from: 'im.test' }), buildDelay({ stamp, from: 'other.test' }))
  expect(stripDelays(message, (from) => from === undefined || from === 'im.test')).toBe(1)
  expect(findDelay(message)?.from).toBe('other.test')
})
