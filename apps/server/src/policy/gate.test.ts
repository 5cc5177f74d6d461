import { policySettings } from '@drawbridge/policy'
import { silentLog } from '@drawbridge/runtime'
import { expect, test } from 'vitest'
import { Gate } from './gate.ts'

const settings = policySettings.parse({})

function gateOf() {
  const clock = { monotonic: 0, wall: 1_000_000 }
  const gate = new Gate({
    log: silentLog,
    leaseTtlMs: 5_000,
    monotonic: () => clock.monotonic,
    wall: () => clock.wall,
  })
  return {
    gate,
    pass(ms: number, wallMs = ms) {
      clock.monotonic += ms
      clock.wall += wallMs
    },
    renew(epoch: number) {
      if (gate.epoch !== epoch) gate.replace(settings, epoch)
      gate.renew(clock.monotonic)
    },
  }
}

test('a lease counts from the moment the database was asked, and ends by itself', () => {
  const { gate, pass, renew } = gateOf()
  expect(gate.isStale).toBe(true)
  renew(1)
  pass(4_999)
  expect(gate.isStale).toBe(false)
  pass(1)
  expect(gate.isStale).toBe(true)
})

test('control §4.5 a machine that slept finds its lease over, though its monotonic clock stood still', () => {
  const { gate, pass, renew } = gateOf()
  renew(1)
  pass(0, 60_000)
  expect(gate.isStale).toBe(true)
  renew(1)
  expect(gate.isStale).toBe(false)
})

test('a term ends when the lease had run out and the rules have changed, and only then', async () => {
  const { gate, pass, renew } = gateOf()
  renew(1)
  const { term } = gate
  renew(2)
  expect(gate.term).toBe(term)
  pass(6_000)
  const renewed = gate.renewed()
  renew(2)
  await renewed
  expect(gate.term).toBe(term)
  pass(6_000)
  renew(3)
  expect(gate.term).toBe(term + 1)
})
