import { describe, expect, test } from 'vitest'
import { addressKey, createThrottle } from './throttle.ts'

const MINUTE = 60_000

function clocked(freeTries = 5) {
  let now = 1_000_000
  const throttle = createThrottle(freeTries, () => now)
  const fail = (name: string, address: string, times = 1) => {
    for (let n = 0; n < times; n++) throttle.failed(throttle.keysOf(address, name))
  }
  const delay = (name: string | undefined, address: string) => throttle.delayMs(throttle.keysOf(address, name))
  return { throttle, fail, delay, pass: (ms: number) => (now += ms) }
}

describe('AU-15 guessing', () => {
  test('some failures are free, then each doubles the wait, up to 15 minutes', () => {
    const { fail, delay, pass } = clocked()
    fail('alice', '192.0.2.1', 4)
    expect(delay('alice', '192.0.2.1')).toBe(0)
    const waits: number[] = []
    for (let n = 0; n < 14; n++) {
      fail('alice', `192.0.2.${n}`)
      waits.push(delay('alice', '198.51.100.1'))
      pass(waits.at(-1) ?? 0)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900].map((seconds) => seconds * 1_000))
  })

  test('a try during a wait does not make it longer', () => {
    const { fail, delay, pass } = clocked()
    fail('alice', '192.0.2.1', 5)
    pass(900)
    fail('alice', '192.0.2.1', 40)
    expect(delay('alice', '192.0.2.1')).toBe(100)
  })

  test('a few failures now and then never add up', () => {
    const { fail, delay, pass } = clocked()
    for (let n = 0; n < 50; n++) {
      fail('alice', '192.0.2.1', 4)
      pass(MINUTE)
    }
    expect(delay('alice', '192.0.2.1')).toBe(0)
  })

  test('after half an hour all is forgotten', () => {
    const { fail, delay, pass } = clocked()
    fail('alice', '192.0.2.1', 5)
    pass(31 * MINUTE)
    fail('alice', '192.0.2.1')
    expect(delay('alice', '192.0.2.1')).toBe(0)
  })

  test('the right password forgives the account, not the address', () => {
    const { throttle, fail, delay, pass } = clocked()
    for (let n = 0; n < 50; n++) fail(`victim${n}`, '192.0.2.1')
    expect(delay(undefined, '192.0.2.1')).toBe(1_000)
    fail('alice', '198.51.100.1', 4)
    throttle.succeeded(throttle.keysOf('198.51.100.1', 'alice'))
    fail('alice', '198.51.100.2', 4)
    expect(delay('alice', '198.51.100.2')).toBe(0)
    throttle.succeeded(throttle.keysOf('192.0.2.1', 'mallory'))
    expect(delay('victim50', '192.0.2.1')).toBe(1_000)
    pass(1_000)
    fail('victim50', '192.0.2.1')
    expect(delay('anybody', '192.0.2.1')).toBe(2_000)
  })

  test('whoever guesses from elsewhere does not lock out the owner where she was before', () => {
    const { throttle, fail, delay } = clocked()
    throttle.succeeded(throttle.keysOf('192.0.2.1', 'alice'))
    fail('alice', '198.51.100.1', 5)
    expect(delay('alice', '198.51.100.2')).toBe(1_000)
    expect(delay('alice', '192.0.2.1')).toBe(0)
    fail('alice', '192.0.2.1', 5)
    expect(delay('alice', '192.0.2.1')).toBe(1_000)
  })

  test('an address that waits keeps nobody out who is known there, until that account is guessed at itself', () => {
    const { throttle, fail, delay, pass } = clocked()
    throttle.succeeded(throttle.keysOf('192.0.2.1', 'alice'))
    for (let n = 0; n < 50; n++) fail(`victim${n}`, '192.0.2.1')
    expect([delay('alice', '192.0.2.1'), delay('bob', '192.0.2.1')]).toEqual([0, 1_000])
    for (let n = 0; n < 5; n++) {
      pass(MINUTE)
      expect(delay('alice', '192.0.2.1')).toBe(0)
      fail('alice', '192.0.2.1')
    }
    // Five free tries, however slowly: now what holds for the address holds for this account as well.
    expect(delay('alice', '192.0.2.1')).toBeGreaterThan(1_000)
    throttle.succeeded(throttle.keysOf('192.0.2.1', 'alice'))
    expect(delay('alice', '192.0.2.1')).toBe(0)
  })

  test('an address waits a minute at most, however many share it', () => {
    const { fail, delay, pass } = clocked()
    for (let n = 0; n < 100; n++) {
      fail(`user${n}`, '192.0.2.1')
      pass(delay(undefined, '192.0.2.1'))
    }
    fail('another', '192.0.2.1')
    expect(delay(undefined, '192.0.2.1')).toBe(MINUTE)
  })

  test('IPv6: a customer has one place, and his whole network another', () => {
    const { fail, delay } = clocked()
    for (let n = 0; n < 50; n++) fail(`user${n}`, `2001:db8:1:1::${n.toString(16)}`)
    expect(delay(undefined, '2001:db8:1:1:ffff::1')).toBe(1_000)
    expect(delay(undefined, '2001:db8:1:2::1')).toBe(0)
    for (let n = 0; n < 150; n++) fail(`other${n}`, `2001:db8:1:${n.toString(16)}::1`)
    expect(delay(undefined, '2001:db8:1:ffff::1')).toBe(1_000)
    expect(delay(undefined, '2001:db8:2::1')).toBe(0)
  })

  test('a flood of names cannot fill the memory', () => {
    const { fail, delay } = clocked(1)
    fail('first', '192.0.2.1')
    for (let n = 0; n < 100_001; n++) fail(`user${n}`, '192.0.2.2')
    expect(delay('first', '198.51.100.1')).toBe(0)
    expect(delay('user100000', '198.51.100.1')).toBe(1_000)
  })
})

test.each([
  ['192.0.2.1', 'ip 192.0.2.1'],
  ['::ffff:192.0.2.1', 'ip 192.0.2.1'],
  ['2001:db8::1', 'ip6 2001:db8:0:0'],
  ['2001:db8:0:0:1:2:3:4', 'ip6 2001:db8:0:0'],
  ['::1', 'ip6 0:0:0:0'],
  ['fe80::1%eth0', 'ip6 fe80:0:0:0'],
  ['', 'ip '],
])('%j counts as %j', (address, key) => {
  expect(addressKey(address)).toBe(key)
})
