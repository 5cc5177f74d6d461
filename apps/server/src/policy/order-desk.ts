import { Refusal } from '@drawbridge/contract'
import type { Effect } from '@drawbridge/contract'
import { uuidv7 } from '@drawbridge/db'
import type { Suspension } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import type { OfflineScope, OfflineToken, OfflineTokens } from './offline-token.ts'
import type { CutOrder, EndOrder, Orders } from './orders.ts'
import { isRehearsal } from './rehearsal.ts'
import { REVIEW_DUE_MS } from './suspensions.ts'

interface Done {
  readonly suspension: Suspension
  readonly effect: Effect
}

/** Takes orders that need no database: they go to the file of this node, and act in the same turn. */
export interface OrderDesk {
  /** Cuts of the whole service that were ordered here and have not been ended here. */
  cuts(): Suspension[]
  cut(by: string, reason: string, token?: string): Done
  /** Ends a cut that was ordered here; undefined when it was not. */
  end(by: string, id: string): Done | undefined
  /** Orders the end of one that other nodes have in force, too: it ends when the database answers again. */
  endLater(by: string, row: Suspension): Done
  /**
   * Takes a token, after which nobody can use it here; a rehearsal leaves it good.
   *
   * @throws Refusal when it is not good, or was used before as far as this node knows
   */
  takeToken(by: string, text: string): OfflineToken
  /** Does what a token is for, in the name of who uses it. */
  carryOut(by: string, token: OfflineToken): TokenUse
}

/** What a token did. */
export interface TokenUse {
  readonly scope: OfflineScope
  readonly effect: Effect
}

export interface OrderDeskOptions {
  readonly orders: Orders
  readonly tokens: OfflineTokens
  readonly log: Log
  readonly now: () => Date
  /** Applies what has just been ordered to this node. */
  readonly apply: () => Effect
  /** What an order would do; `row` is of the cut, or absent for the end of all cuts. */
  readonly foresee: (row: Suspension | undefined) => Effect
}

const TOKEN_REASON = 'Cut off by an emergency token'

export function createOrderDesk({ orders, tokens, log, now, apply, foresee }: OrderDeskOptions): OrderDesk {
  const cut: OrderDesk['cut'] = (by, reason, token) => {
    const order = { kind: 'cut', id: uuidv7(), reason, by, at: now(), ...(token !== undefined && { token }) } as const
    orders.add(order)
    const effect = apply()
    log.warn('the service is cut off on this node', { suspension: order.id, by, disconnected: effect.disconnected })
    return { suspension: rowOf(order, undefined), effect }
  }
  /** @param suspension - absent: every cut of the whole service */
  const end = (by: string, suspension?: string): Effect => {
    orders.add({ kind: 'end', id: uuidv7(), by, at: now(), ...(suspension === undefined ? {} : { suspension }) })
    log.warn('cuts of the service end on this node', { suspension: suspension ?? 'all', by })
    return apply()
  }
  return {
    cuts: () => cutsInForce(orders),
    cut,
    end(by, id) {
      const order = orders.all.find((order) => order.kind === 'cut' && order.id === id)
      if (order?.kind !== 'cut' || endOf(order, orders.all)) return undefined
      const effect = end(by, id)
      return { suspension: rowOf(order, endOf(order, orders.all)), effect }
    },
    endLater(by, row) {
      const effect = end(by, row.id)
      return { suspension: { ...row, endedAt: now(), endedBy: by }, effect }
    },
    takeToken(by, text) {
      const token = tokens.read(text, now())
      if (typeof token === 'string') throw new Refusal('offline-token-invalid', { detail: FAULTS[token] })
      const { nonce, scope, expiresAt: until } = token
      const use = { scope, by, at: now() }
      if (isRehearsal() ? orders.isSpent(nonce) : !orders.spend({ nonce, until, use }, now())) throw usedBefore()
      return token
    },
    carryOut(by, { nonce, scope }) {
      if (!isRehearsal()) return { scope, effect: scope === 'cut' ? cut(by, TOKEN_REASON, nonce).effect : end(by) }
      const order = { kind: 'cut', id: uuidv7(), reason: TOKEN_REASON, by, at: now(), token: nonce } as const
      return { scope, effect: foresee(scope === 'cut' ? rowOf(order, undefined) : undefined) }
    },
  }
}

/** Why a token is not taken a second time. */
export function usedBefore(): Refusal {
  return new Refusal('offline-token-invalid', { detail: 'It was used before.' })
}

const FAULTS = {
  unreadable: 'It is not a token: 138 letters and digits, in groups of six.',
  forged: 'It was not made by this server.',
  expired: 'It is over.',
} as const

/** Cuts that were ordered here and have not been ended here. */
export function cutsInForce({ all }: Orders): Suspension[] {
  return all.flatMap((order) => (order.kind === 'cut' && !endOf(order, all) ? [rowOf(order, undefined)] : []))
}

/** The order that ended a cut before the database heard of it. */
export function endOf(cut: CutOrder, all: Orders['all']): EndOrder | undefined {
  return all
    .slice(all.indexOf(cut) + 1)
    .filter((order) => order.kind === 'end')
    .find(({ suspension = cut.id }) => suspension === cut.id)
}

/** What an order does not say, nor what is in force without its row. */
export const NOTHING_SAID = {
  reasons: {},
  internalReason: '',
  isScheduled: false,
  isDrill: false,
  isEmergency: false,
  exemptions: {},
  untilAt: null,
  reviewAt: null,
  wantedUntilAt: null,
  playbookId: null,
  alerted: [],
  actedAlone: [],
  isLarge: true,
  release: null,
  released: 0,
  discarded: 0,
  measured: {},
  exemptionUses: {},
  reviewDueAt: null,
  reviewedAt: null,
  reviewedBy: null,
  reviewNote: null,
  endedAt: null,
  endedBy: null,
  endingId: null,
  endingBy: null,
  endingAt: null,
} satisfies Partial<Suspension>

/** The suspension that an order becomes. @param ended - with it, or before anybody else heard of it */
export function rowOf(
  { id, reason, by, at, token }: CutOrder,
  ended: { readonly by: string; readonly at: Date } | undefined,
): Suspension {
  return {
    ...NOTHING_SAID,
    id,
    scopes: ['service'],
    mode: 'cut',
    reason,
    internalReason: token === undefined ? '' : `Offline token ${token}`,
    sinceAt: at,
    startedBy: by,
    approvedBy: [by],
    actedAlone: [by],
    reviewDueAt: new Date(at.getTime() + REVIEW_DUE_MS),
    endedAt: ended?.at ?? null,
    endedBy: ended?.by ?? null,
  }
}
