import { Refusal } from '@drawbridge/contract'
import type { Effect } from '@drawbridge/contract'
import { findSuspension, listActiveSuspensions, uuidv7 } from '@drawbridge/db'
import type { Db, Suspension } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import { setTimeout as wait } from 'node:timers/promises'
import type { LivePolicy } from './live.ts'
import type { Node } from './nodes.ts'
import type { OfflineScope, OfflineTokens } from './offline-token.ts'
import type { Operations } from './operations.ts'
import type { CutOrder, EndOrder, Orders } from './orders.ts'
import { isRehearsal } from './rehearsal.ts'
import { suspensionSettingFrom } from './stored-rules.ts'
import { REVIEW_DUE_MS } from './suspensions.ts'

/** An operator who waits for a command is told that the database does not answer after this time. */
const ASK_MS = 1_000
/** So long an order may take to reach all nodes before whoever gave it is told what it did on this one. */
const SPREAD_MS = 2_000

const TOKEN_REASON = 'Cut off by an emergency token'

/** What a node can be told without its database, and without anybody signing in (control §4.3, row 47). */
export interface Standalone {
  /** Whether the database answers, within a second. */
  isReachable(): Promise<boolean>
  /** Cuts the service off on this node, at once and for good; all other nodes follow when the database is back. */
  cut(by: string, reason: string): { readonly suspension: Suspension; readonly effect: Effect }
  /** Ends a cut that was ordered here; undefined when it was not. */
  end(by: string, id: string): { readonly suspension: Suspension; readonly effect: Effect } | undefined
  /** A rehearsal leaves the token good. @throws Refusal when it is not good, or was used on this node before. */
  takeToken(text: string): Promise<{ readonly scope: OfflineScope; readonly effect: Effect }>
  createToken(scope: OfflineScope, expiresAt: Date): { readonly text: string; readonly nonce: string }
  /** Writes orders down where every node reads them. Called whenever the database has answered; never rejects. */
  reconcile(): Promise<void>
}

export interface StandaloneOptions {
  /** Over connections that give up soon. */
  readonly db: Db
  readonly orders: Orders
  readonly tokens: OfflineTokens
  readonly live: LivePolicy
  readonly node: Node
  readonly operations: Operations
  readonly log: Log
  readonly now: () => Date
}

/** Cuts that were ordered here and have not been ended here. */
export function cutsInForce({ all }: Orders): Suspension[] {
  return all.flatMap((order) => (order.kind === 'cut' && !endOf(order, all) ? [rowOf(order, undefined)] : []))
}

export function createStandalone(options: StandaloneOptions): Standalone {
  const { db, orders, tokens, live, node, operations, log, now } = options
  let reconciling: Promise<void> | undefined

  const apply = (): Effect => {
    const startedAt = performance.now()
    const counts = live.reconsider()
    const appliedMs = Math.round((performance.now() - startedAt) * 10) / 10
    const own = { id: node.id, name: node.name, state: 'applied', appliedMs, ...counts } as const
    return { epoch: Math.max(0, live.gate.epoch), appliedMs, ...counts, nodes: [own] }
  }
  const cut: Standalone['cut'] = (by, reason) => {
    const order = { kind: 'cut', id: uuidv7(), reason, by, at: now() } as const
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
  const foreseen = (scope: OfflineScope, by: string): Effect => {
    const order = { kind: 'cut', id: uuidv7(), reason: TOKEN_REASON, by, at: now() } as const
    const counts = live.forecastSuspensions((inForce) =>
      scope === 'cut' ? [...inForce, suspensionSettingFrom(rowOf(order, undefined))] : inForce.filter(isNoCut),
    )
    return { epoch: Math.max(0, live.gate.epoch), appliedMs: 0, ...counts, nodes: [] }
  }
  /** One after the other, in the order in which they were given. */
  const spread = async () => {
    for (let order; (order = orders.all[0]);) {
      if (order.kind === 'cut') {
        // Ended before anybody else heard of it: it is put on record, and nobody else is cut off for a moment.
        const row = rowOf(order, endOf(order, orders.all))
        if (!(await findSuspension(db, row.id))) await operations.adoptSuspension(row)
      } else {
        const { suspension, by } = order
        const active = (await listActiveSuspensions(db)).filter(({ id, scopes, mode }) =>
          suspension === undefined ? !isNoCut({ scopes, mode }) : id === suspension,
        )
        for (const { id } of active) await operations.endSuspension(by, id)
      }
      orders.drop(order.id)
      log.info('an order of this node is written down', { kind: order.kind, by: order.by })
    }
    live.reconsider()
  }
  const reconcile = (): Promise<void> => {
    if (orders.all.length === 0) return Promise.resolve()
    return (reconciling ??= spread()
      .catch((error: unknown) => log.warn('orders of this node wait for the database', { error: String(error) }))
      .finally(() => (reconciling = undefined)))
  }

  return {
    isReachable: () =>
      Promise.race([
        findSuspension(db, uuidv7()).then(
          () => true,
          () => false,
        ),
        wait(ASK_MS, false, { ref: false }),
      ]),
    cut,
    end(by, id) {
      const order = orders.all.find((order) => order.kind === 'cut' && order.id === id)
      if (order?.kind !== 'cut' || endOf(order, orders.all)) return undefined
      const effect = end(by, id)
      return { suspension: rowOf(order, endOf(order, orders.all)), effect }
    },
    async takeToken(text) {
      const token = tokens.read(text, now())
      if (typeof token === 'string') throw new Refusal('offline-token-invalid', { detail: FAULTS[token] })
      const isTrial = isRehearsal()
      if (isTrial ? orders.isSpent(token.nonce) : !orders.spend(token.nonce, token.expiresAt, now())) {
        throw new Refusal('offline-token-invalid', { detail: 'It was used on this node before.' })
      }
      const by = `token:${token.nonce.slice(0, 8)}`
      if (isTrial) return { scope: token.scope, effect: foreseen(token.scope, by) }
      const effect = token.scope === 'cut' ? cut(by, TOKEN_REASON).effect : end(by)
      await Promise.race([reconcile(), wait(SPREAD_MS, undefined, { ref: false })])
      return { scope: token.scope, effect }
    },
    createToken(scope, expiresAt) {
      const { token, text } = tokens.create(scope, expiresAt)
      return { text, nonce: token.nonce }
    },
    reconcile,
  }
}

const FAULTS = {
  unreadable: 'It is not a token: 138 letters and digits, in groups of six.',
  forged: 'It was not made by this server.',
  expired: 'It is over.',
} as const

function isNoCut({ scopes, mode }: { readonly scopes: readonly string[]; readonly mode: string }): boolean {
  return mode !== 'cut' || !scopes.includes('service')
}

/** The order that ended a cut before the database heard of it. */
function endOf(cut: CutOrder, all: Orders['all']): EndOrder | undefined {
  return all
    .slice(all.indexOf(cut) + 1)
    .filter((order) => order.kind === 'end')
    .find(({ suspension = cut.id }) => suspension === cut.id)
}

/** What an order does not say. */
const NOTHING_SAID = {
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
  release: null,
  released: 0,
  discarded: 0,
  measured: {},
  exemptionUses: {},
  reviewedAt: null,
  reviewedBy: null,
  reviewNote: null,
} satisfies Partial<Suspension>

function rowOf(
  { id, reason, by, at }: CutOrder,
  ended: { readonly by: string; readonly at: Date } | undefined,
): Suspension {
  return {
    ...NOTHING_SAID,
    id,
    scopes: ['service'],
    mode: 'cut',
    reason,
    sinceAt: at,
    startedBy: by,
    approvedBy: [by],
    reviewDueAt: new Date(at.getTime() + REVIEW_DUE_MS),
    endedAt: ended?.at ?? null,
    endedBy: ended?.by ?? null,
  }
}
