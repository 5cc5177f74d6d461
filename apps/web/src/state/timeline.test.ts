import { expect, test } from 'vitest'
import { appendNew, EMPTY_TIMELINE, prependPage, updateMessage, type ChatMessage } from './timeline.ts'

let serial = 0
const message = (body: string, over: Partial<ChatMessage> = {}): ChatMessage => ({
  key: over.originId ?? over.stanzaId ?? `k${++serial}`,
  mine: false,
  peer: 'bob@im.test',
  at: 1,
  body,
  media: undefined,
  id: undefined,
  originId: undefined,
  stanzaId: undefined,
  state: 'recorded',
  failure: undefined,
  ...over,
})
const bodies = ({ messages }: { messages: readonly ChatMessage[] }) => messages.map(({ body }) => body)

test('older pages go to the front and new messages to the end', () => {
  const live = appendNew(EMPTY_TIMELINE, [message('c', { stanzaId: '3' })])
  const all = prependPage(live, [message('a', { stanzaId: '1' }), message('b', { stanzaId: '2' })], false)
  expect(bodies(appendNew(all, [message('d')]))).toEqual(['a', 'b', 'c', 'd'])
})

test('a message that came live and again from the archive appears once', () => {
  const live = appendNew(EMPTY_TIMELINE, [message('a', { stanzaId: '1' })])
  expect(bodies(prependPage(live, [message('a', { stanzaId: '1' })], true))).toEqual(['a'])
  expect(bodies(appendNew(live, [message('a', { stanzaId: '1' })]))).toEqual(['a'])
})

test('one page with a message twice shows it once', () => {
  const twice = [message('a', { originId: 'o', stanzaId: '1' }), message('a', { originId: 'o', stanzaId: '1' })]
  expect(bodies(appendNew(EMPTY_TIMELINE, twice))).toEqual(['a'])
})

test('an own message found in the archive is recorded and keeps its key', () => {
  const sent = appendNew(EMPTY_TIMELINE, [message('a', { mine: true, originId: 'o1', state: 'sent' })])
  const synced = appendNew(sent, [message('a', { mine: true, originId: 'o1', stanzaId: '7', key: 'other' })])
  expect(synced.messages).toMatchObject([{ key: 'o1', stanzaId: '7', state: 'recorded' }])
})

test('a stranger cannot hide a message by reusing its origin-id', () => {
  const mine = appendNew(EMPTY_TIMELINE, [message('mine', { mine: true, originId: 'o1' })])
  expect(bodies(appendNew(mine, [message('theirs', { originId: 'o1', stanzaId: '8' })]))).toEqual(['mine', 'theirs'])
})

test('what the archive tells comes before what has not been sent yet', () => {
  let timeline = appendNew(EMPTY_TIMELINE, [message('old', { stanzaId: '1' })])
  timeline = appendNew(timeline, [message('waiting', { mine: true, originId: 'o', state: 'queued' })])
  expect(bodies(appendNew(timeline, [message('missed', { stanzaId: '2' })]))).toEqual(['old', 'missed', 'waiting'])
})

test('two waiting messages keep the order in which they were written', () => {
  let timeline = appendNew(EMPTY_TIMELINE, [message('one', { mine: true, originId: '1', state: 'queued' })])
  timeline = appendNew(timeline, [message('two', { mine: true, originId: '2', state: 'queued' })])
  expect(bodies(timeline)).toEqual(['one', 'two'])
})

test('an acknowledgement after the receipt takes nothing back', () => {
  let timeline = appendNew(EMPTY_TIMELINE, [message('a', { mine: true, originId: 'o', state: 'sent' })])
  const isIt = ({ originId }: ChatMessage) => originId === 'o'
  timeline = updateMessage(timeline, isIt, { state: 'delivered' })
  expect(updateMessage(timeline, isIt, { state: 'recorded' }).messages[0]?.state).toBe('delivered')
})

test('a page that adds nothing leaves the list as it is', () => {
  const timeline = appendNew(EMPTY_TIMELINE, [message('a', { stanzaId: '1' })])
  expect(appendNew(timeline, [message('a', { stanzaId: '1' })]).messages).toBe(timeline.messages)
})

test('a page that overlaps puts each message beside the one it shares', () => {
  let timeline = appendNew(EMPTY_TIMELINE, [message('b', { stanzaId: '2' })])
  timeline = prependPage(
    timeline,
    [message('a', { stanzaId: '1' }), message('b', { stanzaId: '2' }), message('c', { stanzaId: '3' })],
    true,
  )
  expect(bodies(timeline)).toEqual(['a', 'b', 'c'])
})
