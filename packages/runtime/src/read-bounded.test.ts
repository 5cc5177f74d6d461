import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { readBounded } from './read-bounded.ts'

test.each([[], ['one piece'], ['two ', 'pieces']])(
  'everything is read, in however many pieces it comes',
  async (...pieces) => {
    const bytes = await readBounded(Readable.from(pieces.map((piece) => Buffer.from(piece))), 10)
    expect(bytes?.toString()).toBe(pieces.join(''))
  },
)

test('a stream that brings one byte too many is left, whatever else it holds', async () => {
  const endless = new Readable({ read: () => endless.push(Buffer.alloc(8)) })
  expect(await readBounded(endless, 1_000)).toBeUndefined()
  expect(endless.destroyed).toBe(true)
})
