import { expect, test } from 'vitest'
import { createClientTokens } from './client-token.ts'

const SECRET = Buffer.alloc(32, 7)
const TTL_MS = 600_000
const ABOUT = { account: 'alice@im.test', key: 'thumb', family: 'drawbridge-web', version: '4.2.0', build: '9f31c2e' }
const tokens = createClientTokens(SECRET, 'im.test', TTL_MS)
const at = (ms: number) => new Date(1_900_000_000_000 + ms)
const token = tokens.issue(ABOUT, at(0))

test('a token says what it was given out for, until its time is over', () => {
  expect(tokens.read(token, at(1))).toMatchObject(ABOUT)
  expect(tokens.read(token, at(TTL_MS + 3_600_000))).toBe('expired')
})

test('CL-08 clocks of two nodes may differ by a minute, and not by an hour', () => {
  expect(tokens.read(token, at(TTL_MS + 59_000))).toMatchObject(ABOUT)
  expect(tokens.read(token, at(TTL_MS + 61_000))).toBe('expired')
  expect(tokens.read(token, at(-59_000))).toMatchObject(ABOUT)
  expect(tokens.read(token, at(-3_600_000))).toBe('expired')
})

test('a token with one bit flipped anywhere, of another service or under another key is forged', () => {
  const bytes = Buffer.from(token, 'base64url')
  for (let byte = 0; byte < bytes.length; byte++) {
    const flipped = Buffer.from(bytes)
    flipped[byte]! ^= 1
    expect(tokens.read(flipped.toString('base64url'), at(0))).toBe('forged')
  }
  expect(createClientTokens(SECRET, 'other.test', TTL_MS).read(token, at(0))).toBe('forged')
  expect(createClientTokens(Buffer.alloc(32, 8), 'im.test', TTL_MS).read(token, at(0))).toBe('forged')
})

test.each(['', 'AAAA', token.slice(0, 40), `${token}=`, `${token}.x`, '☃', 'A'.repeat(10_000)])(
  'what is no token is unreadable: %.20s',
  (text) => {
    expect(tokens.read(text, at(0))).toBe('unreadable')
  },
)
