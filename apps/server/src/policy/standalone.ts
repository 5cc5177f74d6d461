import type { Effect } from '@drawbridge/contract'
import {
  appendAudit,
  bumpPolicyEpoch,
  findSuspension,
  isOfflineTokenUsed,
  listActiveSuspensions,
  listOfflineTokenUses,
  noteActedAlone,
  noteOfflineTokenUse,
  uuidv7,
} from '@drawbridge/db'
import type { Db, Suspension } from '@drawbridge/db'
import type { SuspensionSetting } from '@drawbridge/policy'
import type { Log } from '@drawbridge/runtime'
import { setTimeout as wait } from 'node:timers/promises'
import type { LivePolicy } from './live.ts'
import type { Node } from './nodes.ts'
import type { OfflineScope, OfflineToken, OfflineTokens } from './offline-token.ts'
import type { Operations } from './operations.ts'
import { createOrderDesk, endOf, NOTHING_SAID, rowOf, usedBefore } from './order-desk.ts'
import type { TokenUse } from './order-desk.ts'
import type { Orders, UnnotedToken } from './orders.ts'
import { isRehearsal } from './rehearsal.ts'
import { suspensionSettingFrom } from './stored-rules.ts'
import { REVIEW_DUE_MS } from './suspensions.ts'

/** An operator who waits for a command is told that the database does not answer after this time. */
const ASK_MS = 1_000
/** So long an order may take to reach all nodes before whoever gave it is told what it did on this one. */
const SPREAD_MS = 2_000

/** What a node can be told without its database, and without anybody signing in (control §4.3, row 47). */
export interface Standalone {
  /** Whether the database answers, within a second. */
  isReachable(): Promise<boolean>
  /** Cuts the service off on this node, at once and for good; all other nodes follow when the database is back. */
  cut(by: string, reason: string): { readonly suspension: Suspension; readonly effect: Effect }
  /** What is in force here as far as this node knows by itself. */
  known(): readonly Suspension[]
  /** Ends a cut that was ordered here; undefined when it was not. */
  endOwn(by: string, id: string): { readonly suspension: Suspension; readonly effect: Effect } | undefined
  /** The same for any cut of the whole service; one that is in the database ends when that answers again. */
  end(by: string, id: string): { readonly suspension: Suspension; readonly effect: Effect } | undefined
  /**
   * Carries a token out in the name of who uses it, once on all nodes that the database reaches, and once on each that it
   * does not. A rehearsal leaves it good.
   *
   * @throws Refusal when it is not good, or was used before
   */
  takeToken(by: string, text: string): Promise<TokenUse>
  createToken(scope: OfflineScope, expiresAt: Date): { readonly text: string; readonly nonce: string }
  /** Writes orders down where every node reads them. Called whenever the database has answered; never rejects. */
  reconcile(): Promise<void>
}

export interface StandaloneOptions {
  /** Over connections that give up soon. */
  readonly db: Db
  /** Where it is put on record that a token was used: that must survive a crash. */
  readonly records: Db
  readonly orders: Orders
  readonly tokens: OfflineTokens
  readonly live: LivePolicy
  readonly node: Node
  readonly operations: Operations
  readonly log: Log
  readonly now: () => Date
}

export function createStandalone(options: StandaloneOptions): Standalone {
  const { db, records, orders, tokens, live, node, operations, log, now } = options
  let reconciling: Promise<void> | undefined

  const apply = (): Effect => {
    const startedAt = performance.now()
    const counts = live.reconsider()
    const appliedMs = Math.round((performance.now() - startedAt) * 10) / 10
    const own = { id: node.id, name: node.name, state: 'applied', appliedMs, ...counts } as const
    return { epoch: Math.max(0, live.gate.epoch), appliedMs, ...counts, nodes: [own] }
  }
  const desk = createOrderDesk({
    orders,
    tokens,
    log,
    now,
    apply,
    foresee(row) {
      const counts = live.forecastSuspensions((inForce) =>
        row ? [...inForce, suspensionSettingFrom(row)] : inForce.filter(isNoCut),
      )
      return { epoch: Math.max(0, live.gate.epoch), appliedMs: 0, ...counts, nodes: [] }
    },
  })
  /** Puts on record that a token was used, in an epoch by which every node hears of it. False: it was used before. */
  const note = ({ nonce, until, use }: UnnotedToken): Promise<boolean> =>
    records.transaction(async (tx) => {
      const { scope, by: actor, at } = use
      const noted = await noteOfflineTokenUse(tx, { nonce, scope, usedBy: actor, usedAt: at, expiresAt: until })
      if (noted !== 'noted') return noted === 'same'
      await bumpPolicyEpoch(tx)
      await appendAudit(tx, { actor, action: 'use-offline-token', target: nonce, detail: { scope } }, at)
      return true
    })
  /** Whether this is the first use, as far as the database says so within a second. */
  const isFirstUse = async ({ nonce }: OfflineToken): Promise<boolean> => {
    const taken = orders.unnoted.find((token) => token.nonce === nonce)
    const asked = taken ? note(taken) : isOfflineTokenUsed(db, nonce).then((isUsed) => !isUsed)
    return Promise.race([asked.catch(() => true), wait(ASK_MS, true, { ref: false })])
  }
  /** One after the other, in the order in which they were given. */
  const spread = async () => {
    for (const token of orders.unnoted) {
      await note(token)
      orders.learn([token], now())
    }
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
        for (const { id } of active) {
          const dueAt = new Date(now().getTime() + REVIEW_DUE_MS)
          await operations.endSuspension(by, id, undefined, (tx) => noteActedAlone(tx, id, { by: [by], dueAt }))
        }
      }
      orders.drop(order.id)
      log.info('an order of this node is written down', { kind: order.kind, by: order.by })
    }
    live.reconsider()
  }
  const reconcile = (): Promise<void> => {
    if (orders.all.length === 0 && orders.unnoted.length === 0) return Promise.resolve()
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
    known() {
      const own = desk.cuts()
      const inForce = live.gate.settings.suspensions.filter(({ id }) => own.every((cut) => cut.id !== id))
      return [...own, ...inForce.map(rowFromSetting)]
    },
    cut: desk.cut,
    end(by, id) {
      const done = desk.end(by, id)
      if (done) return done
      const cut = live.gate.settings.suspensions.find((one) => one.id === id && !isNoCut(one))
      return cut && desk.endLater(by, rowFromSetting(cut))
    },
    endOwn: desk.end,
    async takeToken(by, text) {
      const token = desk.takeToken(by, text)
      if (!(await isFirstUse(token))) throw usedBefore()
      const taken = desk.carryOut(by, token)
      if (!isRehearsal()) await Promise.race([reconcile(), wait(SPREAD_MS, undefined, { ref: false })])
      return taken
    },
    createToken(scope, expiresAt) {
      const { token, text } = tokens.create(scope, expiresAt)
      return { text, nonce: token.nonce }
    },
    reconcile,
  }
}

/** Learns which tokens were used on other nodes, so that this one refuses them also when it is alone. */
export async function learnTokenUses(db: Db, orders: Orders, now: Date): Promise<void> {
  const uses = await listOfflineTokenUses(db, now)
  orders.learn(
    uses.map(({ nonce, expiresAt: until }) => ({ nonce, until })),
    now,
  )
}

function isNoCut({ scopes, mode }: { readonly scopes: readonly string[]; readonly mode: string }): boolean {
  return mode !== 'cut' || !scopes.includes('service')
}

/** What is in force here, as far as it is known without its row. */
function rowFromSetting(setting: SuspensionSetting): Suspension {
  const { id, scopes, mode, reason, reasons, since, until, isScheduled, isDrill, exemptions } = setting
  return {
    ...NOTHING_SAID,
    ...{ id, mode, reason, reasons, isScheduled, isDrill, exemptions, scopes: [...scopes] },
    sinceAt: new Date(since),
    untilAt: until === undefined ? null : new Date(until),
    startedBy: '',
    approvedBy: [],
  }
}
