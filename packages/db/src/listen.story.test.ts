import { expect, test } from 'vitest'
import { testDatabase } from '../../testkit/src/postgres.ts'
import { listen } from './listen.ts'

test('a subscription that is closed while it still connects ends, and hears nothing', async () => {
  await using database = await testDatabase()
  let connects = 0
  for (let round = 0; round < 20; round++) {
    const listener = listen({
      url: database.url,
      channels: ['somewhere'],
      onNotify: () => undefined,
      onConnect: () => void connects++,
    })
    // At once, and after each of the first turns of the loop, so that every step of connecting is met.
    for (let turn = 0; turn < round; turn++) await new Promise(setImmediate)
    await listener.close()
  }
  expect(connects).toBeLessThanOrEqual(20)
})
