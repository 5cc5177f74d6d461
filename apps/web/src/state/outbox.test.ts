import { expect, test } from 'vitest'
import { adoptOrphans, nextOutboxItem, sendable, type OutboxEvent, type OutboxItem } from './outbox.ts'

const item = (over: Partial<OutboxItem> = {}): OutboxItem => ({
  id: 'o1',
  peer: 'bob@im.test',
  body: 'hi',
  media: undefined,
  createdAt: 1,
  position: 1,
  state: 'queued',
  failure: undefined,
  owner: 'tab-1',
  ...over,
})
const after = (state: OutboxItem['state'], ...events: OutboxEvent[]) => {
  let now: OutboxItem | 'done' = item({ state })
  for (const event of events) if (now !== 'done') now = nextOutboxItem(now, event)
  return now === 'done' ? 'done' : now.state
}
const refused = (isTemporary: boolean): OutboxEvent => ({
  type: 'refused',
  failure: { condition: 'policy-violation', text: 'no' },
  isTemporary,
})

test('a message leaves the outbox when the server has made it durable', () => {
  expect(after('queued', { type: 'sent' }, { type: 'acknowledged' })).toBe('done')
})

test('a message whose stream was lost is looked up before it is sent again', () => {
  expect(after('sent', { type: 'link-lost' })).toBe('uncertain')
  expect(after('sent', { type: 'link-lost' }, { type: 'missing-in-archive' })).toBe('queued')
  expect(after('sent', { type: 'link-lost' }, { type: 'found-in-archive' })).toBe('done')
})

test('a message that was never sent stays queued when the stream is lost', () => {
  expect(after('queued', { type: 'link-lost' })).toBe('queued')
})

test('a refused message fails with its reason, and can be tried again', () => {
  expect(nextOutboxItem(item({ state: 'sent' }), refused(false))).toMatchObject({
    state: 'failed',
    failure: { condition: 'policy-violation' },
  })
  expect(after('sent', refused(false), { type: 'retry' })).toBe('queued')
})

test('a late acknowledgement does not hide a refusal', () => {
  expect(after('sent', refused(false), { type: 'acknowledged' })).toBe('failed')
})

test('a message refused during a suspension waits for its end', () => {
  expect(after('sent', refused(true))).toBe('queued')
})

test('messages go out in the order they were written', () => {
  const items = [item({ id: 'b', position: 2 }), item({ id: 'a', position: 1 }), item({ id: 'c', position: 3 })]
  expect(sendable(items).map(({ id }) => id)).toEqual(['a', 'b', 'c'])
})

test('nothing overtakes a message whose fate is unknown, but only in its conversation', () => {
  const items = [
    item({ id: 'a', position: 1, state: 'uncertain' }),
    item({ id: 'b', position: 2 }),
    item({ id: 'c', position: 3, peer: 'carol@im.test' }),
  ]
  expect(sendable(items).map(({ id }) => id)).toEqual(['c'])
})

test('a failed message does not hold back later ones', () => {
  expect(sendable([item({ id: 'a', state: 'failed' }), item({ id: 'b', position: 2 })]).map(({ id }) => id)).toEqual([
    'b',
  ])
})

test('a page takes over from pages that are gone and leaves living ones alone', () => {
  const items = [
    item({ id: 'mine', owner: 'me' }),
    item({ id: 'gone', owner: 'dead', state: 'sent' }),
    item({ id: 'theirs', owner: 'other' }),
  ]
  expect(adoptOrphans(items, 'me', new Set(['me', 'other']))).toMatchObject([
    { id: 'mine', owner: 'me', state: 'queued' },
    { id: 'gone', owner: 'me', state: 'uncertain' },
  ])
})
