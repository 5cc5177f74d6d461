import type { EventTopic } from '@drawbridge/contract'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openLive } from './live.ts'

beforeEach(() => {
  vi.useFakeTimers()
  FakeSource.all = []
})
afterEach(() => void vi.useRealTimers())

class FakeSource extends EventTarget {
  static readonly CLOSED = 2
  static all: FakeSource[] = []
  readonly url: string
  readyState = 1
  constructor(url: string) {
    super()
    this.url = url
    FakeSource.all.push(this)
  }
  close(): void {
    this.readyState = FakeSource.CLOSED
  }
  say(topics: readonly EventTopic[]): void {
    this.dispatchEvent(new MessageEvent('change', { data: JSON.stringify({ topics }) }))
  }
  fail(readyState: number): void {
    this.readyState = readyState
    this.dispatchEvent(new Event('error'))
  }
}
const open = () => openLive(FakeSource as unknown as typeof EventSource)

test('it is on from the first event until the connection is lost, and tells of both', () => {
  const live = open()
  const heard: (readonly string[])[] = []
  const stop = live.hear((topics) => heard.push(topics))
  const [source] = FakeSource.all
  expect([source?.url, live.isOn()]).toEqual(['/api/v1/events', false])
  source?.say(['suspensions'])
  expect(live.isOn()).toBe(true)
  source?.fail(0)
  expect(live.isOn()).toBe(false)
  expect(heard).toEqual([[], ['suspensions'], []])
  stop()
  source?.say(['audit'])
  expect(heard).toHaveLength(3)
})

test('after a refusal it is tried again a minute later, and never after it was closed', () => {
  const live = open()
  FakeSource.all[0]?.fail(FakeSource.CLOSED)
  vi.advanceTimersByTime(59_000)
  expect(FakeSource.all).toHaveLength(1)
  vi.advanceTimersByTime(1_000)
  expect(FakeSource.all).toHaveLength(2)
  FakeSource.all[1]?.fail(FakeSource.CLOSED)
  live.close()
  vi.advanceTimersByTime(120_000)
  expect(FakeSource.all).toHaveLength(2)
  expect(FakeSource.all[1]?.readyState).toBe(FakeSource.CLOSED)
})
