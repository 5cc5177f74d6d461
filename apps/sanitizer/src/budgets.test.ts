import { describe, expect, test } from 'vitest'
import { Budgets, BudgetSpent } from './budgets.ts'

const alice = { key: 'alice', pixelsPerMinute: 600, cpuMsPerMinute: 30_000 }
const bob = { ...alice, key: 'bob' }

function clocked() {
  const clock = { ms: 0 }
  return { clock, budgets: new Budgets(() => clock.ms) }
}

/** How long the payer is told to wait; 0 when the image is let through. */
function waitOf(charge: () => void): number {
  try {
    charge()
    return 0
  } catch (error) {
    if (error instanceof BudgetSpent) return error.retryAfterMs
    throw error
  }
}

describe('what somebody may have worked on in a minute', () => {
  test('pixels run out, and come back evenly', () => {
    const { clock, budgets } = clocked()
    budgets.charge(alice, 600)
    expect(waitOf(() => budgets.charge(alice, 60))).toBe(6_000)
    clock.ms = 5_000
    expect(Math.abs(waitOf(() => budgets.charge(alice, 60)) - 1_000)).toBeLessThanOrEqual(1)
    clock.ms = 6_001
    expect(waitOf(() => budgets.charge(alice, 60))).toBe(0)
  })

  test('one person never waits for another', () => {
    const { budgets } = clocked()
    budgets.charge(alice, 600)
    expect(waitOf(() => budgets.charge(bob, 600))).toBe(0)
  })

  test('an image that turned out to be expensive is paid for afterwards', () => {
    const { clock, budgets } = clocked()
    budgets.charge(alice, 1)
    budgets.spend(alice, 45_000)
    expect(waitOf(() => budgets.charge(alice, 1))).toBeGreaterThan(30_000)
    clock.ms = 30_010
    expect(waitOf(() => budgets.charge(alice, 1))).toBe(0)
  })

  test('what was refused for want of budget, or given back, costs nothing', () => {
    const { budgets } = clocked()
    budgets.charge(alice, 500)
    for (let i = 0; i < 10; i++) expect(waitOf(() => budgets.charge(alice, 200))).toBe(10_000)
    budgets.refund(alice, 500)
    expect(waitOf(() => budgets.charge(alice, 600))).toBe(0)
  })

  test('an image larger than the whole budget passes when the budget is full, and uses it up', () => {
    const { clock, budgets } = clocked()
    expect(waitOf(() => budgets.charge(alice, 1_200))).toBe(0)
    expect(waitOf(() => budgets.charge(alice, 1))).toBeGreaterThan(60_000)
    clock.ms = 121_000
    expect(waitOf(() => budgets.charge(alice, 1_200))).toBe(0)
  })

  test('a budget never grows beyond a minute', () => {
    const { clock, budgets } = clocked()
    budgets.charge(alice, 1)
    clock.ms = 3_600_000
    budgets.charge(alice, 600)
    expect(waitOf(() => budgets.charge(alice, 1))).toBeGreaterThan(0)
  })

  test('an administrator who imports pays nothing', () => {
    const { budgets } = clocked()
    for (let i = 0; i < 10; i++) expect(waitOf(() => budgets.charge(undefined, 1e9))).toBe(0)
  })
})
