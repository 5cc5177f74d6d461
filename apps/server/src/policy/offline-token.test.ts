import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { offlineTokens } from './offline-token.ts'

const { privateKey } = generateKeyPairSync('ed25519')
const tokens = offlineTokens(privateKey, 'im.test')
const now = new Date('2026-11-23T04:00:00Z')
const later = new Date('2027-11-23T04:00:00Z')

test('a token says what it may do, whatever the case and the gaps it is typed with', () => {
  const { token, text } = tokens.create('cut', later)
  expect(text).toMatch(/^(?:[A-Z2-7]{6}-){22}[A-Z2-7]{6}$/u)
  expect(tokens.read(text, now)).toEqual(token)
  expect(tokens.read(` ${text.toLowerCase().replaceAll('-', ' ')}\n`, now)).toEqual(token)
  expect(token).toMatchObject({ scope: 'cut', expiresAt: later })
})

test('each token is another one', () => {
  expect(tokens.create('end', later).token.nonce).not.toBe(tokens.create('end', later).token.nonce)
})

test('a changed token, one of another installation and one that is over are refused, each for its reason', () => {
  const { text } = tokens.create('end', later)
  const changed = `${text.startsWith('AE') ? 'AI' : 'AE'}${text.slice(2)}`
  expect(['forged', 'unreadable']).toContain(tokens.read(changed, now))
  for (const at of [10, 50, 100, 130]) {
    const other = text[at] === 'A' ? 'B' : 'A'
    if (text[at] === '-') continue
    expect(tokens.read(`${text.slice(0, at)}${other}${text.slice(at + 1)}`, now), String(at)).toBe('forged')
  }
  expect(offlineTokens(privateKey, 'other.test').read(text, now)).toBe('forged')
  expect(offlineTokens(generateKeyPairSync('ed25519').privateKey, 'im.test').read(text, now)).toBe('forged')
  expect(tokens.read(text, later)).toBe('expired')
})

test('what cannot be a token is unreadable, however long', () => {
  for (const text of ['', 'x', 'A'.repeat(138), '1'.repeat(138), 'A'.repeat(100_000), '\0']) {
    expect(tokens.read(text, now), text.slice(0, 20)).toBe('unreadable')
  }
})
