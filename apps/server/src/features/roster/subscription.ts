/** The stanzas that ask for, grant and end subscriptions (RFC 6121 §3). */
export const SUBSCRIPTION_TYPES = ['subscribe', 'subscribed', 'unsubscribe', 'unsubscribed'] as const
export type SubscriptionType = (typeof SUBSCRIPTION_TYPES)[number]

/**
 * One side's view of a subscription. RFC 6121 §A.1 names nine combinations of the first four: "None + Pending Out" is
 * `isAsk` alone, "From + Pending Out" is `hasFrom` and `isAsk`. A request and what it asks for exclude each other.
 */
export interface SubscriptionState {
  /** We get the contact's presence. */
  readonly hasTo: boolean
  /** The contact gets ours. */
  readonly hasFrom: boolean
  /** We have asked for the contact's presence: "Pending Out". */
  readonly isAsk: boolean
  /** The contact has asked for ours: "Pending In". Never part of the roster. */
  readonly isPendingIn: boolean
  /** We have said yes before being asked (§3.4). */
  readonly isApproved: boolean
}

/** No relation at all. */
export const NO_SUBSCRIPTION: SubscriptionState = {
  hasTo: false,
  hasFrom: false,
  isAsk: false,
  isPendingIn: false,
  isApproved: false,
}

/** What becomes of a stanza that our own user sends (§A.2). */
export interface Outbound {
  readonly state: SubscriptionState
  /** Whether the contact gets it. */
  readonly isRouted: boolean
}

/** RFC 6121 §A.2 with §3.4: the user's own stanza, against the user's state. */
export function outbound(state: SubscriptionState, type: SubscriptionType): Outbound {
  switch (type) {
    case 'subscribe':
      return { isRouted: true, state: { ...state, isAsk: !state.hasTo } }
    case 'unsubscribe':
      return { isRouted: true, state: { ...state, hasTo: false, isAsk: false } }
    case 'subscribed':
      if (state.isPendingIn) return { isRouted: true, state: { ...state, hasFrom: true, isPendingIn: false } }
      // §3.4.2: an answer before the question is kept until the question comes.
      return { isRouted: false, state: state.hasFrom ? state : { ...state, isApproved: true } }
    case 'unsubscribed':
      return {
        isRouted: state.isPendingIn || state.hasFrom,
        state: { ...state, hasFrom: false, isPendingIn: false, isApproved: false },
      }
  }
}

/** What becomes of a stanza that a contact sent (§A.3). */
export interface Inbound {
  readonly state: SubscriptionState
  /** Whether the user gets to see it. */
  readonly isDelivered: boolean
  /** The server answers `subscribed` in the user's name. */
  readonly isAnswered: boolean
}

/** RFC 6121 §A.3 with §3.4: a contact's stanza, against the user's state. */
export function inbound(state: SubscriptionState, type: SubscriptionType): Inbound {
  const ignored: Inbound = { state, isDelivered: false, isAnswered: false }
  const delivered = (next: SubscriptionState): Inbound => ({ state: next, isDelivered: true, isAnswered: false })
  switch (type) {
    case 'subscribe':
      if (state.hasFrom) return { ...ignored, isAnswered: true }
      if (state.isApproved) return { state: { ...state, hasFrom: true }, isDelivered: false, isAnswered: true }
      return state.isPendingIn ? ignored : delivered({ ...state, isPendingIn: true })
    case 'unsubscribe':
      if (!state.hasFrom && !state.isPendingIn) return ignored
      return delivered({ ...state, hasFrom: false, isPendingIn: false })
    case 'subscribed':
      return state.isAsk ? delivered({ ...state, hasTo: true, isAsk: false }) : ignored
    case 'unsubscribed':
      if (!state.hasTo && !state.isAsk) return ignored
      return delivered({ ...state, hasTo: false, isAsk: false })
  }
}
