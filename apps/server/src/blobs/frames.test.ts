import { expect, test } from 'vitest'
import {
  isCurrent,
  keyRing,
  openChunks,
  openHeader,
  HEADER_BYTES,
  plainLength,
  rewrapObject,
  sealedRange,
  sealObject,
} from './frames.ts'
import type { KeyRing } from './frames.ts'

const CHUNK = 64 * 1024
const [first, second] = [keyRing([Buffer.alloc(32, 1)]), keyRing([Buffer.alloc(32, 2), Buffer.alloc(32, 1)])]
/** Bytes that say where they are. */
const bytesOf = (length: number) => Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + (at >> 8)) & 0xff))

async function open(ring: KeyRing, name: string, sealed: Buffer, start = 0, end = plainLength(sealed.length) - 1) {
  const key = openHeader(ring, name, sealed.subarray(0, HEADER_BYTES))
  const range = { start, end: Math.max(start, end) }
  const wanted = sealedRange(range, sealed.length)
  const parts: Buffer[] = []
  async function* pieces() {
    // In pieces that no boundary of a chunk agrees with.
    for (let at = wanted.start; at <= wanted.end; at += 10_007) {
      yield sealed.subarray(at, Math.min(at + 10_007, wanted.end + 1))
    }
  }
  for await (const part of openChunks(pieces(), { key, name, range, sealedBytes: sealed.length })) parts.push(part)
  return Buffer.concat(parts)
}

test('what was sealed is opened, whatever its length has to do with chunks', async () => {
  for (const length of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 17]) {
    const plain = bytesOf(length)
    const sealed = sealObject(first, 'clean/a', plain)
    expect(plainLength(sealed.length)).toBe(length)
    expect((await open(first, 'clean/a', sealed)).equals(plain)).toBe(true)
    if (length > 16) expect(sealed.includes(plain.subarray(0, 16))).toBe(false)
  }
})

test('any range is read and checked alone', async () => {
  const plain = bytesOf(3 * CHUNK + 17)
  const sealed = sealObject(first, 'clean/a', plain)
  for (const [start, end] of [
    [0, 0],
    [5, 9],
    [CHUNK - 1, CHUNK],
    [CHUNK, 2 * CHUNK - 1],
    [3 * CHUNK, 3 * CHUNK + 16],
  ] as const) {
    expect((await open(first, 'clean/a', sealed, start, end)).equals(plain.subarray(start, end + 1))).toBe(true)
  }
})

test('what was changed, cut, moved, doubled, or has another name or key is not opened', async () => {
  const sealed = sealObject(first, 'clean/a', bytesOf(2 * CHUNK + 5))
  const chunk = (n: number) => sealed.subarray(HEADER_BYTES + n * (CHUNK + 16), HEADER_BYTES + (n + 1) * (CHUNK + 16))
  const header = sealed.subarray(0, HEADER_BYTES)
  const flipped = Buffer.from(sealed)
  flipped[HEADER_BYTES + 100]! ^= 1
  for (const broken of [
    flipped,
    sealed.subarray(0, -1),
    sealed.subarray(0, HEADER_BYTES + CHUNK + 16),
    Buffer.concat([header, chunk(1), chunk(0), chunk(2)]),
    Buffer.concat([header, chunk(0), chunk(0), chunk(2)]),
  ]) {
    await expect(open(first, 'clean/a', broken)).rejects.toThrow()
  }
  await expect(open(first, 'clean/b', sealed)).rejects.toThrow()
  await expect(open(keyRing([Buffer.alloc(32, 3)]), 'clean/a', sealed)).rejects.toThrow('is not among the keys')
  expect(() => plainLength(HEADER_BYTES + 3)).toThrow('cut off')
})

test('a new key takes over without the old one being needed any more, and the content stays as it is', async () => {
  const plain = bytesOf(CHUNK + 5)
  const sealed = sealObject(first, 'clean/a', plain)
  expect(isCurrent(second, sealed)).toBe(false)
  expect((await open(second, 'clean/a', sealed)).equals(plain)).toBe(true)
  const renewed = rewrapObject(second, 'clean/a', sealed)
  expect(isCurrent(second, renewed)).toBe(true)
  expect((await open(keyRing([Buffer.alloc(32, 2)]), 'clean/a', renewed)).equals(plain)).toBe(true)
  expect(renewed.subarray(HEADER_BYTES).equals(sealed.subarray(HEADER_BYTES))).toBe(true)
})

test('keys that are none are refused', () => {
  expect(() => keyRing([])).toThrow('no key')
  expect(() => keyRing([Buffer.alloc(16)])).toThrow('16 bytes')
})
