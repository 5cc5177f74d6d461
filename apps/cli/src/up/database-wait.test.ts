import { expect, test } from 'vitest'
import { placeOf, untilThere } from './database-wait.ts'

const URL = 'postgres://drawbridge:hunter2@db.im.test:5432/drawbridge'

test('while the database is away it is said what is wrong, which setting it is, and what to do, and again now and then', async () => {
  const notes: string[] = []
  let looks = 0
  await untilThere({
    url: URL,
    reason: 'connect ECONNREFUSED',
    note: (line) => notes.push(line),
    signal: new AbortController().signal,
    look: async () => (++looks < 65 ? 'connect ETIMEDOUT' : undefined),
    pause: async () => 1_000,
  })
  expect(notes).toEqual([
    'The database at db.im.test:5432/drawbridge does not answer (connect ECONNREFUSED). It is asked again every second until it does: start it, or give up with Ctrl-C and set DRAWBRIDGE_DATABASE_URL to where it is. The server waits, and takes `drawbridge suspension start --scope service --mode cut` meanwhile.',
    'The database at db.im.test:5432/drawbridge still does not answer (connect ETIMEDOUT).',
    'The database at db.im.test:5432/drawbridge still does not answer (connect ETIMEDOUT).',
  ])
  expect(notes.join()).not.toContain('hunter2')
})

test('whoever gives up is not kept waiting', async () => {
  const controller = new AbortController()
  const waiting = untilThere({
    url: URL,
    reason: 'connect ECONNREFUSED',
    note: () => controller.abort(),
    signal: controller.signal,
    look: async () => 'connect ECONNREFUSED',
  })
  await expect(waiting).rejects.toThrow()
})

test('a place is said without who may use it', () => {
  expect(placeOf(URL)).toBe('db.im.test:5432/drawbridge')
  expect(placeOf('postgres:///drawbridge?host=/run/postgresql')).toBe('/run/postgresql/drawbridge')
  expect(placeOf('nonsense')).toBe('DRAWBRIDGE_DATABASE_URL')
})
