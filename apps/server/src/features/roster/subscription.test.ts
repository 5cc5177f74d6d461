import { describe, expect, test } from 'vitest'
import { INBOUND, nameOf, OUTBOUND, stateOf } from '../../../test/subscription-tables.ts'
import { inbound, NO_SUBSCRIPTION, outbound } from './subscription.ts'

describe('SP-17 the state tables of RFC 6121 appendix A', () => {
  test.each(OUTBOUND)('A.2 a user in "$before" sends $type: "$after", routed: $passes', (row) => {
    const { state, isRouted } = outbound(stateOf(row.before), row.type)
    expect([nameOf(state), isRouted]).toEqual([row.after, row.passes])
  })

  test.each(INBOUND)('A.3 a user in "$before" gets $type: "$after", delivered: $passes', (row) => {
    const { state, isDelivered } = inbound(stateOf(row.before), row.type)
    expect([nameOf(state), isDelivered]).toEqual([row.after, row.passes])
  })
})

describe('pre-approval (RFC 6121 §3.4)', () => {
  test('a user who says yes before being asked is not asked', () => {
    const approved = outbound(NO_SUBSCRIPTION, 'subscribed')
    expect(approved).toEqual({ isRouted: false, state: { ...NO_SUBSCRIPTION, isApproved: true } })
    expect(inbound(approved.state, 'subscribe')).toEqual({
      isDelivered: false,
      isAnswered: true,
      state: { ...NO_SUBSCRIPTION, isApproved: true, hasFrom: true },
    })
  })

  test('a user who takes it back is asked again', () => {
    const approved = outbound(NO_SUBSCRIPTION, 'subscribed').state
    const cancelled = outbound(approved, 'unsubscribed')
    expect(cancelled).toEqual({ isRouted: false, state: NO_SUBSCRIPTION })
    expect(inbound(cancelled.state, 'subscribe').isDelivered).toBe(true)
  })

  test('a contact who is subscribed already gets the answer once more (§3.1.3)', () => {
    expect(inbound(stateOf('Both'), 'subscribe')).toMatchObject({ isDelivered: false, isAnswered: true })
  })
})
