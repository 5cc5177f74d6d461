import { describe, expect, test } from 'vitest'
import { inbound, NO_SUBSCRIPTION, outbound } from './subscription.ts'
import type { SubscriptionState, SubscriptionType } from './subscription.ts'

/** The nine states of RFC 6121 §A.1, by the names they have there. */
const STATES: Record<string, Partial<SubscriptionState>> = {
  None: {},
  'None + Pending Out': { isAsk: true },
  'None + Pending In': { isPendingIn: true },
  'None + Pending Out/In': { isAsk: true, isPendingIn: true },
  To: { hasTo: true },
  'To + Pending In': { hasTo: true, isPendingIn: true },
  From: { hasFrom: true },
  'From + Pending Out': { hasFrom: true, isAsk: true },
  Both: { hasTo: true, hasFrom: true },
}

const stateOf = (name: string): SubscriptionState => ({ ...NO_SUBSCRIPTION, ...STATES[name] })
const nameOf = (state: SubscriptionState) =>
  Object.keys(STATES).find((name) => JSON.stringify(stateOf(name)) === JSON.stringify({ ...state, isApproved: false }))

/** `existing state | MUST (routed or delivered) or not | new state`, line by line as in the appendix. */
const OUTBOUND: Record<SubscriptionType, string> = {
  subscribe: `
    None                  | yes | None + Pending Out
    None + Pending Out    | yes | None + Pending Out
    None + Pending In     | yes | None + Pending Out/In
    None + Pending Out/In | yes | None + Pending Out/In
    To                    | yes | To
    To + Pending In       | yes | To + Pending In
    From                  | yes | From + Pending Out
    From + Pending Out    | yes | From + Pending Out
    Both                  | yes | Both`,
  unsubscribe: `
    None                  | yes | None
    None + Pending Out    | yes | None
    None + Pending In     | yes | None + Pending In
    None + Pending Out/In | yes | None + Pending In
    To                    | yes | None
    To + Pending In       | yes | None + Pending In
    From                  | yes | From
    From + Pending Out    | yes | From
    Both                  | yes | From`,
  subscribed: `
    None                  | no  | None
    None + Pending Out    | no  | None + Pending Out
    None + Pending In     | yes | From
    None + Pending Out/In | yes | From + Pending Out
    To                    | no  | To
    To + Pending In       | yes | Both
    From                  | no  | From
    From + Pending Out    | no  | From + Pending Out
    Both                  | no  | Both`,
  unsubscribed: `
    None                  | no  | None
    None + Pending Out    | no  | None + Pending Out
    None + Pending In     | yes | None
    None + Pending Out/In | yes | None + Pending Out
    To                    | no  | To
    To + Pending In       | yes | To
    From                  | yes | None
    From + Pending Out    | yes | None + Pending Out
    Both                  | yes | To`,
}

const INBOUND: Record<SubscriptionType, string> = {
  subscribe: `
    None                  | yes | None + Pending In
    None + Pending Out    | yes | None + Pending Out/In
    None + Pending In     | no  | None + Pending In
    None + Pending Out/In | no  | None + Pending Out/In
    To                    | yes | To + Pending In
    To + Pending In       | no  | To + Pending In
    From                  | no  | From
    From + Pending Out    | no  | From + Pending Out
    Both                  | no  | Both`,
  unsubscribe: `
    None                  | no  | None
    None + Pending Out    | no  | None + Pending Out
    None + Pending In     | yes | None
    None + Pending Out/In | yes | None + Pending Out
    To                    | no  | To
    To + Pending In       | yes | To
    From                  | yes | None
    From + Pending Out    | yes | None + Pending Out
    Both                  | yes | To`,
  subscribed: `
    None                  | no  | None
    None + Pending Out    | yes | To
    None + Pending In     | no  | None + Pending In
    None + Pending Out/In | yes | To + Pending In
    To                    | no  | To
    To + Pending In       | no  | To + Pending In
    From                  | no  | From
    From + Pending Out    | yes | Both
    Both                  | no  | Both`,
  unsubscribed: `
    None                  | no  | None
    None + Pending Out    | yes | None
    None + Pending In     | no  | None + Pending In
    None + Pending Out/In | yes | None + Pending In
    To                    | yes | None
    To + Pending In       | yes | None + Pending In
    From                  | no  | From
    From + Pending Out    | yes | From
    Both                  | yes | From`,
}

const rows = (tables: Record<SubscriptionType, string>) =>
  Object.entries(tables).flatMap(([type, table]) =>
    table
      .trim()
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map(([before = '', passes = '', after = '']) => ({ type: type as SubscriptionType, before, passes, after })),
  )

describe('SP-17 the state tables of RFC 6121 appendix A', () => {
  test.each(rows(OUTBOUND))('A.2 a user in "$before" sends $type: "$after", routed: $passes', (row) => {
    const { state, isRouted } = outbound(stateOf(row.before), row.type)
    expect([nameOf(state), isRouted ? 'yes' : 'no']).toEqual([row.after, row.passes])
  })

  test.each(rows(INBOUND))('A.3 a user in "$before" gets $type: "$after", delivered: $passes', (row) => {
    const { state, isDelivered } = inbound(stateOf(row.before), row.type)
    expect([nameOf(state), isDelivered ? 'yes' : 'no']).toEqual([row.after, row.passes])
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
