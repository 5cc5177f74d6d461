import { describe, expect, test } from 'vitest'
import type { SanitizeOptions } from '@drawbridge/contract'
import { type Lane, Lanes, Overloaded, turnFor } from './lanes.ts'

/** Work that lasts until it is told to end. */
function desk(lanes: Lanes) {
  const order: string[] = []
  const ends = new Map<string, () => void>()
  const enter = (
    name: string,
    lane: Lane,
    {
      isHeavy = false,
      signal = new AbortController().signal,
      onQueued,
      of,
    }: { isHeavy?: boolean; of?: string } & SanitizeOptions = {},
  ) =>
    lanes.run({ lane, isHeavy, payer: of }, { signal, onQueued }, () => {
      order.push(name)
      return new Promise<void>((resolve) => ends.set(name, resolve))
    })
  const end = async (name: string) => {
    await new Promise(setImmediate)
    ends.get(name)?.()
    await new Promise(setImmediate)
  }
  return { order, enter, end }
}

describe('admission', () => {
  test('an inline image goes before photos that came earlier', async () => {
    const { order, enter, end } = desk(new Lanes(1, 10))
    void enter('first', 'photo')
    void enter('photo', 'photo')
    void enter('avatar', 'inline')
    await end('first')
    await end('avatar')
    expect(order).toEqual(['first', 'avatar', 'photo'])
  })

  test('whoever sends many holds up only themselves', async () => {
    const { order, enter, end } = desk(new Lanes(1, 20))
    for (const name of ['a1', 'a2', 'a3', 'a4']) void enter(name, 'photo', { of: 'alice' })
    void enter('b1', 'photo', { of: 'bob' })
    void enter('b2', 'photo', { of: 'bob' })
    for (const name of ['a1', 'b1', 'a2', 'b2', 'a3']) await end(name)
    expect(order).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'a4'])
  })

  test('one payer fills half of the queue, and others still find room', async () => {
    const { enter, end, order } = desk(new Lanes(1, 4))
    for (const name of ['a1', 'a2', 'a3']) void enter(name, 'photo', { of: 'alice' })
    await expect(enter('a4', 'photo', { of: 'alice' })).rejects.toThrow(Overloaded)
    void enter('b1', 'photo', { of: 'bob' })
    await end('a1')
    expect(order).toEqual(['a1', 'b1'])
  })

  test('large images never take the last place', async () => {
    const { order, enter, end } = desk(new Lanes(2, 10))
    void enter('large 1', 'photo', { isHeavy: true })
    void enter('large 2', 'photo', { isHeavy: true })
    void enter('small', 'photo')
    await end('none')
    expect(order).toEqual(['large 1', 'small'])
    await end('small')
    expect(order).toEqual(['large 1', 'small'])
    await end('large 1')
    expect(order).toEqual(['large 1', 'small', 'large 2'])
  })

  test('with one place a large image still gets its turn', async () => {
    const { order, enter, end } = desk(new Lanes(1, 10))
    void enter('large', 'photo', { isHeavy: true })
    await end('none')
    expect(order).toEqual(['large'])
  })

  test('more than may wait are turned away at once', async () => {
    const { enter, end, order } = desk(new Lanes(1, 1))
    void enter('first', 'photo')
    void enter('second', 'photo')
    await expect(enter('third', 'inline')).rejects.toThrow(Overloaded)
    await end('first')
    expect(order).toEqual(['first', 'second'])
  })

  test('who gives up waiting frees the place in the queue', async () => {
    const lanes = new Lanes(1, 1)
    const { enter, end, order } = desk(lanes)
    const gone = new AbortController()
    void enter('first', 'photo')
    const waiting = enter('second', 'photo', { signal: gone.signal })
    gone.abort(new Error('gone'))
    await expect(waiting).rejects.toThrow('gone')
    void enter('third', 'photo')
    await end('first')
    expect(order).toEqual(['first', 'third'])
    expect(lanes.status).toEqual({ waiting: 0, running: 1 })
  })

  test('everybody has a place: inline, small pictures, photos, animations, and bulk last', async () => {
    const { order, enter, end } = desk(new Lanes(1, 10))
    void enter('first', 'photo')
    const lanes: readonly Lane[] = ['bulk', 'animation', 'photo', 'small', 'inline']
    for (const lane of lanes) void enter(lane, lane)
    for (const name of ['first', ...lanes.toReversed()]) await end(name)
    expect(order).toEqual(['first', 'inline', 'small', 'photo', 'animation', 'bulk'])
  })

  test('bulk work fills only half of the queue', async () => {
    const { enter, end } = desk(new Lanes(1, 4))
    void enter('first', 'photo')
    void enter('bulk 1', 'bulk')
    void enter('bulk 2', 'bulk')
    await expect(enter('bulk 3', 'bulk')).rejects.toThrow(Overloaded)
    void enter('photo', 'photo')
    await end('first')
    await end('photo')
  })

  test('who waits is told how many are ahead, and each time that changes', async () => {
    const { enter, end } = desk(new Lanes(1, 10))
    const heard: number[] = []
    void enter('first', 'photo')
    void enter('second', 'photo')
    void enter('third', 'photo', { onQueued: (ahead) => heard.push(ahead) })
    void enter('avatar', 'inline')
    await end('first')
    await end('avatar')
    await end('second')
    expect(heard).toEqual([1, 2, 1, 0])
  })
})

describe('the lane of an image', () => {
  const bounds = (widthPx: number, frames = 1) => ({
    widthPx,
    heightPx: 1_000,
    frames,
    features: new Set<never>(),
    endOffset: 0,
  })

  test.each([
    ['avatar', bounds(4_000), {}, { lane: 'inline', isHeavy: false }],
    ['inline', bounds(100), {}, { lane: 'inline', isHeavy: false }],
    ['image', bounds(1_000), {}, { lane: 'small', isHeavy: false }],
    ['image', bounds(2_000), {}, { lane: 'photo', isHeavy: false }],
    ['image', bounds(12_000), {}, { lane: 'photo', isHeavy: true }],
    ['image', bounds(100, 5), {}, { lane: 'animation', isHeavy: false }],
    ['avatar', bounds(100), { isBulk: true }, { lane: 'bulk', isHeavy: true }],
  ] as const)('%s', (profile, size, options, turn) => {
    expect(turnFor(size, profile, options)).toEqual(turn)
  })
})
