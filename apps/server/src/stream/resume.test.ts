import { xml } from '@drawbridge/xmpp'
import { expect, test } from 'vitest'
import { Outgoing } from '../routing/outgoing.ts'
import { HandledTooMuch, OutboundQueue } from './resume.ts'

const message = (text: string) => new Outgoing(xml('message', { xmlns: 'jabber:client' }, xml('body', {}, text)))
const bodies = (list: readonly Outgoing[]) => list.map(({ element }) => element.getChildText('body'))

function filled(count: number, acked = 0): OutboundQueue {
  const queue = new OutboundQueue('id', true, acked)
  for (let n = 1; n <= count; n++) queue.push(message(String(n)))
  return queue
}

test('an acknowledgement covers what was sent first, in order', () => {
  const queue = filled(5)
  expect(bodies(queue.acknowledge(2))).toEqual(['1', '2'])
  expect(bodies(queue.acknowledge(2))).toEqual([])
  expect(bodies(queue.unacknowledged())).toEqual(['3', '4', '5'])
  expect(bodies(queue.acknowledge(5))).toEqual(['3', '4', '5'])
  expect(queue.sent).toBe(5)
})

test('DS-22 the count wraps at 2³²', () => {
  const queue = filled(4, 2 ** 32 - 2)
  expect(queue.sent).toBe(2)
  expect(bodies(queue.acknowledge(2 ** 32 - 1))).toEqual(['1'])
  expect(bodies(queue.acknowledge(0))).toEqual(['2'])
  expect(bodies(queue.acknowledge(2))).toEqual(['3', '4'])
})

test('DS-22 more than was sent, or less than was acknowledged, is refused and changes nothing', () => {
  const queue = filled(3)
  queue.acknowledge(2)
  for (const h of [4, 1, 0, 2 ** 32 - 1]) {
    expect(() => queue.acknowledge(h)).toThrow(expect.objectContaining({ h, sent: 3 }))
    expect(() => queue.acknowledge(h)).toThrow(HandledTooMuch)
  }
  expect(bodies(queue.unacknowledged())).toEqual(['3'])
})

test('there is one question at a time, and none without need', () => {
  const queue = filled(0)
  expect(queue.shouldAsk()).toBe(false)
  queue.push(message('1'))
  expect(queue.shouldAsk()).toBe(true)
  queue.push(message('2'))
  expect(queue.shouldAsk()).toBe(false)
  queue.acknowledge(1)
  expect(queue.shouldAsk()).toBe(true)
  // On a new connection the question was never asked.
  queue.acknowledge(1)
  expect(queue.shouldAsk()).toBe(true)
})

test('OV-01 it is full after 4 MiB or 10,000 stanzas, until some are acknowledged', () => {
  const large = new OutboundQueue('id', true)
  for (let n = 0; n < 40; n++) large.push(message('x'.repeat(100_000)))
  expect(large.isFull).toBe(false)
  for (let n = 0; n < 2; n++) large.push(message('x'.repeat(100_000)))
  expect(large.isFull).toBe(true)
  large.acknowledge(10)
  expect(large.isFull).toBe(false)
  const many = filled(10_000)
  expect(many.isFull).toBe(true)
  many.acknowledge(1)
  expect(many.isFull).toBe(false)
})
