import { expect, test } from 'vitest'
import { claimedName, createTurnedAway, installationOf } from './turned-away.ts'

const refusal = { text: 'Please update.', details: [] }
const attempt = (cut = () => {}) => ({ destroy: cut })

test('control §3.3 repeated attempts are answered from memory, after one second, two, and so on up to sixty', () => {
  const turnedAway = createTurnedAway(() => 0)
  expect(turnedAway.again('a', 1, attempt())).toBeUndefined()
  turnedAway.note('a', 1, refusal)
  const delays = Array.from({ length: 8 }, () => turnedAway.again('a', 1, attempt())?.delayMs)
  expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
})

test('control §3.3 of one installation one attempt waits: the one before is cut off', () => {
  const turnedAway = createTurnedAway(() => 0)
  const cut: string[] = []
  turnedAway.note('a', 1, refusal)
  turnedAway.again(
    'a',
    1,
    attempt(() => void cut.push('first')),
  )
  expect(cut).toEqual([])
  const second = attempt(() => void cut.push('second'))
  const answer = turnedAway.again('a', 1, second)
  expect(cut).toEqual(['first'])
  answer?.over(second)
  turnedAway.again('a', 1, attempt())
  expect(cut, 'one that is over is not touched').toEqual(['first'])
})

test('the end of an attempt that was cut off says nothing about the one after it', () => {
  const turnedAway = createTurnedAway(() => 0)
  const cut: string[] = []
  const [first, second] = [attempt(), attempt(() => void cut.push('second'))]
  turnedAway.note('a', 1, refusal)
  turnedAway.again('a', 1, first)
  turnedAway.again('a', 1, second)?.over(first)
  turnedAway.note('a', 2, refusal)
  expect(cut).toEqual(['second'])
})

test('under other rules, and after a while, it is looked again', () => {
  const clock = { at: 0 }
  const turnedAway = createTurnedAway(() => clock.at)
  turnedAway.note('a', 1, refusal)
  expect(turnedAway.again('a', 2, attempt())).toBeUndefined()
  turnedAway.note('a', 2, refusal)
  clock.at = 300_000
  expect(turnedAway.again('a', 2, attempt())).toBeUndefined()
})

test('an installation that was updated is another one, and one without an id is none', () => {
  const said = {
    bind: undefined,
    resume: undefined,
    fast: undefined,
    tokenFor: undefined,
    upgrades: [],
    configVersion: undefined,
  }
  const client = (version: string) => ({ name: 'drawbridge-web', version, build: undefined, os: undefined })
  const of = (id: string | undefined, version: string) =>
    installationOf('alice', '192.0.2.1', {
      ...said,
      userAgent: { id, software: undefined, device: undefined },
      client: client(version),
    })
  expect(of('x', '1.0')).toBe(of('x', '1.0'))
  expect(of('x', '1.0')).not.toBe(of('x', '2.0'))
  expect(of(undefined, '1.0')).toBeUndefined()
})

test.each([
  ['SCRAM-SHA-256', 'n,,n=alice,r=abc', 'alice'],
  ['SCRAM-SHA-256-PLUS', 'p=tls-exporter,,n=alice,r=abc', 'alice'],
  ['PLAIN', '\0alice\0secret', 'alice'],
  ['HT-SHA-256-NONE', 'alice\0hash', 'alice'],
  ['SCRAM-SHA-256', 'nonsense', undefined],
])('%s says who wants to sign in', (mechanism, initial, name) => {
  expect(claimedName(mechanism, Buffer.from(initial))).toBe(name)
})
