import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { createAddressLimit } from './address-limit.ts'

/** A limit with a clock, and connections from addresses. */
function limited(options: { readonly atOnce: number; readonly perMinute: number }) {
  let nowMs = 0
  const limit = createAddressLimit({ ...options, now: () => nowMs })
  return {
    pass: (seconds: number) => (nowMs += seconds * 1_000),
    connect(address: string) {
      const socket = Object.assign(new PassThrough(), { remoteAddress: address })
      return { isIn: limit.take(socket), isDestroyed: socket.destroyed, close: () => socket.emit('close') }
    },
  }
}

test('DS-10 an address has so many connections at once; what it closes, it may open again (XEP-0205 §4.1)', () => {
  const { connect } = limited({ atOnce: 2, perMinute: 100 })
  const [first, second, third] = [connect('192.0.2.1'), connect('192.0.2.1'), connect('192.0.2.1')]
  expect([first.isIn, second.isIn, third.isIn, third.isDestroyed]).toEqual([true, true, false, true])
  expect(connect('192.0.2.2').isIn).toBe(true)
  first.close()
  expect(connect('192.0.2.1').isIn).toBe(true)
  expect(connect('192.0.2.1').isIn).toBe(false)
})

test('DS-10 an address that connects again and again has to wait, and nobody else (XEP-0205 §4.2)', () => {
  const { connect, pass } = limited({ atOnce: 10, perMinute: 3 })
  for (let n = 0; n < 3; n++) {
    const line = connect('192.0.2.1')
    expect(line.isIn).toBe(true)
    line.close()
  }
  expect(connect('192.0.2.1').isIn).toBe(false)
  expect(connect('192.0.2.2').isIn).toBe(true)
  pass(59)
  expect(connect('192.0.2.1').isIn).toBe(false)
  pass(1)
  expect(connect('192.0.2.1').isIn).toBe(true)
})

test('DS-10 a network of IPv6 is one address (XEP-0205 §4.2)', () => {
  const { connect } = limited({ atOnce: 10, perMinute: 2 })
  const answers = ['2001:db8::1', '2001:db8::2', '2001:db8::ffff', '2001:db8:0:1::1'].map(
    (address) => connect(address).isIn,
  )
  expect(answers).toEqual([true, true, false, true])
})

test('DS-10 what is remembered of addresses is bounded, and who is connected is not forgotten', () => {
  const { connect } = limited({ atOnce: 1, perMinute: 100 })
  expect(connect('192.0.2.1').isIn).toBe(true)
  for (let n = 0; n < 100_001; n++) connect(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`).close()
  expect(connect('192.0.2.1').isIn).toBe(false)
})
