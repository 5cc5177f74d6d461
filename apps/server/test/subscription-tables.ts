import { NO_SUBSCRIPTION } from '../src/features/roster/subscription.ts'
import type { SubscriptionState, SubscriptionType } from '../src/features/roster/subscription.ts'

// The tables of RFC 6121 appendix A, for the function that has them and for the server that follows it.

/** The nine states of RFC 6121 §A.1, by the names they have there. */
export const STATES: Record<string, Partial<SubscriptionState>> = {
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

export const stateOf = (name: string): SubscriptionState => ({ ...NO_SUBSCRIPTION, ...STATES[name] })
/** What the appendix calls a state; whether it is approved beforehand has no part in it. */
export const nameOf = (state: SubscriptionState) =>
  Object.keys(STATES).find((name) => JSON.stringify(stateOf(name)) === JSON.stringify({ ...state, isApproved: false }))

/** `existing state | MUST (routed or delivered) or not | new state`, line by line as in the appendix. */
const OUTBOUND_TABLES: Record<SubscriptionType, string> = {
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

const INBOUND_TABLES: Record<SubscriptionType, string> = {
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

/** One line of a table. */
export interface SubscriptionRow {
  readonly type: SubscriptionType
  readonly before: string
  /** Whether the stanza is routed (A.2) or delivered (A.3). */
  readonly passes: boolean
  readonly after: string
}

/** A.2: what a user's own stanza does to the user's state. */
export const OUTBOUND: readonly SubscriptionRow[] = rowsOf(OUTBOUND_TABLES)

/** A.3: what a contact's stanza does to the user's state. */
export const INBOUND: readonly SubscriptionRow[] = rowsOf(INBOUND_TABLES)

function rowsOf(tables: Record<SubscriptionType, string>): SubscriptionRow[] {
  return Object.entries(tables).flatMap(([type, table]) =>
    table
      .trim()
      .split('\n')
      .map((line) => line.split('|').map((cell) => cell.trim()))
      .map(([before = '', passes, after = '']) => ({
        type: type as SubscriptionType,
        before,
        passes: passes === 'yes',
        after,
      })),
  )
}
