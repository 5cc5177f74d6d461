import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { LivePolicy, News } from '../policy/live.ts'
import { LOCAL_ACTOR } from './actor.ts'
import { changesRights, topicsOf } from './event-topics.ts'
import { createEventStreams } from './event-streams.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A reader that takes nothing until it is told to. */
class Reader extends EventEmitter {
  written: string[] = []
  writableNeedDrain = false
  writableEnded = false
  destroyed = false
  writeHead(): void {}
  write(text: string): void {
    this.written.push(text)
  }
  end(text: string): void {
    this.written.push(text)
    this.writableEnded = true
  }
  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

function listening(again = () => Promise.resolve(LOCAL_ACTOR)) {
  let tell: (news: News) => void = () => undefined
  let heard = 0
  const live: Pick<LivePolicy, 'hear'> = {
    hear(listener) {
      heard++
      tell = listener
      return { [Symbol.dispose]: () => void heard-- }
    },
  }
  const reader = new Reader()
  const streams = createEventStreams({ live, figures: () => '', maxPerOwner: 1, beatMs: 60_000 })
  const who = { actor: LOCAL_ACTOR, owner: 'local', again }
  streams.open(reader as unknown as ServerResponse, who, { topics: ['status'] })
  const events = () => reader.written.slice(1).map((text) => JSON.parse(text.split('data: ')[1] ?? '') as unknown)
  return { reader, events, tell: (news: News) => tell(news), heard: () => heard }
}

test('what happens together is one event, and two events are not closer than a quarter of a second', async () => {
  const { events, tell } = listening()
  for (const action of ['start-suspension', 'add-client-rule', 'start-suspension']) tell({ kind: 'done', action })
  tell({ kind: 'committed', epoch: 7 })
  await vi.advanceTimersByTimeAsync(50)
  expect(events()).toEqual([{ topics: ['audit', 'suspensions', 'status', 'approvals', 'rules', 'policy'], epoch: 7 }])
  tell({ kind: 'applied', epoch: 7 })
  await vi.advanceTimersByTimeAsync(249)
  expect(events()).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(1)
  expect(events()[1]).toEqual({ topics: ['nodes'], epoch: 7 })
})

test('for a reader that reads nothing topics gather, and nothing else; one that never reads is let go', async () => {
  const { reader, events, tell, heard } = listening()
  reader.writableNeedDrain = true
  for (let epoch = 1; epoch <= 10_000; epoch++) tell({ kind: 'committed', epoch })
  await vi.advanceTimersByTimeAsync(29_000)
  expect(events()).toEqual([])
  reader.writableNeedDrain = false
  reader.emit('drain')
  await vi.advanceTimersByTimeAsync(0)
  expect(events()).toEqual([{ topics: ['policy', 'status'], epoch: 10_000 }])

  reader.writableNeedDrain = true
  tell({ kind: 'committed', epoch: 10_001 })
  await vi.advanceTimersByTimeAsync(31_000)
  expect(reader.destroyed).toBe(true)
  // Nobody listens any more, so nobody is listened to.
  expect(heard()).toBe(0)
})

test('where it cannot be known whether somebody may listen, nothing more is told', async () => {
  const { reader, tell } = listening(() => Promise.reject(new Error('the database is away')))
  tell({ kind: 'done', action: 'set-roles' })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(reader.written.slice(1)).toEqual(['event: end\ndata: {"code":"internal"}\n\n'])
  expect(reader.writableEnded).toBe(true)
})

test('an action that nobody has thought of is on the log all the same', () => {
  expect(topicsOf({ kind: 'done', action: 'polish-the-brass' })).toEqual(['audit'])
  for (const action of ['sign-out', 'revoke-token', 'set-roles', 'disable-account', 'set-password', 'delete-unit']) {
    expect(changesRights({ kind: 'done', action }), action).toBe(true)
  }
  expect(changesRights({ kind: 'done', action: 'start-suspension' })).toBe(false)
})
