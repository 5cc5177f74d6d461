import { describe, expect, test } from 'vitest'
import { type Lane, Lanes, Overloaded } from './lanes.ts'

/** Work that lasts until it is told to end. */
function desk(lanes: Lanes) {
  const order: string[] = []
  const ends = new Map<string, () => void>()
  const enter = (name: string, lane: Lane, { isHeavy = false, signal = new AbortController().signal } = {}) =>
    lanes.run({ lane, isHeavy }, { signal }, () => {
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
})
