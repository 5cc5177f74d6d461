import type { Effect, NewSuspension, NodeEffectView } from '@drawbridge/contract'
import { Refusal } from '@drawbridge/contract'
import { changedMediaFields, mediaPolicy, unitMediaPolicy } from '@drawbridge/policy'
import type { MediaPolicy, UnitMediaPolicy } from '@drawbridge/policy'
import {
  appendAudit,
  bumpPolicyEpoch,
  endSuspension as markEnded,
  findMediaPolicy,
  findSuspension,
  findUnit,
  insertSuspension,
  listActiveSuspensions,
  listHolding,
  putMediaPolicy,
  releaseHeld,
  transferHeld,
  uuidv7,
} from '@drawbridge/db'
import type { AuditEntry, Db, NodeEffect, ReleasedMessage, Suspension } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import { createClientRuleOperations, isId } from './client-rules.ts'
import type { ClientRuleOperations } from './client-rules.ts'
import { createRecallOperations } from './recalls.ts'
import type { RecallOperations } from './recalls.ts'
import { observeEffect } from './events.ts'
import type { LivePolicy } from './live.ts'
import { isRehearsal, rollBack } from './rehearsal.ts'
import type { Node } from './nodes.ts'

/** Messages that leave the hold queue in one transaction. */
const RELEASE_BATCH = 500

/** A release keeps order before all: longest wait for messages under way before it, in milliseconds, and well below the lease. */
const RELEASE_WAIT_MS = 2_000

export interface OperationsOptions {
  readonly db: Db
  readonly live: LivePolicy
  readonly node: Node
  readonly log: Log
  readonly now?: () => Date
  /** Hands messages that have just entered their recipients' archives to live sessions, in this order, synchronously. */
  deliverReleased(messages: readonly ReleasedMessage[]): Promise<void> | void
}

interface ChangeOptions<T> {
  /** Runs between the commit and its effect, while no message can be written. Synchronous. */
  readonly committed?: (result: T) => void
  readonly writtenWithinMs?: number
}

/**
 * Everything that changes the rules. Each returns when every node enforces the change on its live sessions, or cannot act
 * any more (control §4.5): at once where there is one node, after 5 s at the latest.
 */
export interface Operations extends ClientRuleOperations, RecallOperations {
  startSuspension(actor: string, suspension: NewSuspension): Promise<{ suspension: Suspension; effect: Effect }>
  endSuspension(actor: string, id: string): Promise<{ suspension: Suspension; effect: Effect; released: number }>
  /** Writes down a suspension that a node began without the database, or one that has ended there already. */
  adoptSuspension(row: Suspension): Promise<{ effect: Effect }>
  setMediaPolicy(actor: string, policy: MediaPolicy): Promise<{ effect: Effect }>
  /** Rejects with `no-such-unit`. */
  setUnitMediaPolicy(actor: string, unit: string, policy: UnitMediaPolicy): Promise<{ effect: Effect }>
  /** Releases what a suspension that has ended still holds, after a crash. Call it before anybody can connect. */
  recover(): Promise<number>
  /** How long the last change took from its commit to its effect here, in milliseconds. */
  readonly lastEffectMs: number | undefined
}

/** Builds the operations of this node. They run one at a time. */
export function createOperations({ db, live, node, log, deliverReleased, ...options }: OperationsOptions): Operations {
  const now = options.now ?? (() => new Date())
  let lastEffectMs: number | undefined
  let last: Promise<unknown> = Promise.resolve()

  /** Order of release depends on it: two ends of one suspension must not drain its queue together. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work)
    last = turn.catch(() => undefined)
    // The next change need not wait for nodes in trouble.
    return turn.then(everywhere)
  }
  const record = (tx: Db, entry: AuditEntry) => appendAudit(tx, entry, now())
  const entries = new WeakMap<Effect, AuditEntry>()
  /** Adds what became of a change on every node, and puts that on record. */
  const everywhere = async <T>(done: T): Promise<T> => {
    const effect = isEffective(done) ? done.effect : undefined
    const entry = effect && entries.get(effect)
    if (!effect || !entry) return done
    const nodes = (await node.settled(effect.epoch)).map(nodeEffectView)
    const { actor, target } = entry
    await record(db, { actor, action: 'apply-policy', target, detail: { ...effect, nodes } })
    return { ...done, effect: { ...effect, nodes } }
  }

  /**
   * One change: what `work` does, the audit row, the new epoch, all or nothing; then its effect here.
   */
  const change = async <T>(
    work: (tx: Db) => Promise<{ readonly result: T; readonly entry: AuditEntry }>,
    { committed, writtenWithinMs }: ChangeOptions<T> = {},
  ): Promise<{ result: T; effect: Effect }> => {
    if (isRehearsal()) {
      const { result, counts } = await rollBack(db, async (tx) => {
        const made = await work(tx)
        return { result: made.result, counts: await live.forecast(tx) }
      })
      return { result, effect: { epoch: live.gate.epoch, appliedMs: 0, ...counts, nodes: [] } }
    }
    let committedAt = 0
    const { result, applied } = await live.exclusive(async () => {
      const done = await db.transaction(async (tx) => {
        // First, so that no message decided under the old rules is written after what `work` sees.
        await bumpPolicyEpoch(tx)
        const made = await work(tx)
        await record(tx, made.entry)
        return made
      })
      committedAt = performance.now()
      committed?.(done.result)
      return done
    }, writtenWithinMs)
    const { epoch, disconnected, notified } = applied
    const appliedMs = Math.round((performance.now() - committedAt) * 10) / 10
    lastEffectMs = appliedMs
    observeEffect(appliedMs / 1_000)
    const effect: Effect = { epoch, appliedMs, disconnected, notified, nodes: [] }
    const { action, target } = result.entry
    log.info('policy change in effect', { epoch, appliedMs, disconnected, notified, action, target })
    entries.set(effect, result.entry)
    return { result: result.result, effect }
  }

  const rules = createClientRuleOperations(change, now)
  const recalls = createRecallOperations(db, change, now)

  return {
    get lastEffectMs() {
      return lastEffectMs
    },
    addClientRule: (...args) => inTurn(() => rules.addClientRule(...args)),
    confirmClientRule: (...args) => inTurn(() => rules.confirmClientRule(...args)),
    setClientRuleCeiling: (...args) => inTurn(() => rules.setClientRuleCeiling(...args)),
    removeClientRule: (...args) => inTurn(() => rules.removeClientRule(...args)),
    addClientException: (...args) => inTurn(() => rules.addClientException(...args)),
    removeClientException: (...args) => inTurn(() => rules.removeClientException(...args)),
    startRecall: (...args) => inTurn(() => recalls.startRecall(...args)),
    endRecall: (...args) => inTurn(() => recalls.endRecall(...args)),
    startSuspension: (actor, { scope, mode, reason, until }) =>
      inTurn(async () => {
        const untilAt = until === undefined ? null : new Date(until)
        if (untilAt && untilAt <= now()) throw new Refusal('end-in-the-past')
        const row = { id: uuidv7(), scope, mode, reason, sinceAt: now(), untilAt, startedBy: actor }
        const { result, effect } = await change(async (tx) => {
          const result = await insertSuspension(tx, row)
          const detail = { scope, mode, reason, until: untilAt?.toISOString() ?? null }
          return { result, entry: { actor, action: 'start-suspension', target: row.id, detail } }
        })
        return { suspension: result, effect }
      }),
    endSuspension: (actor, id) =>
      inTurn(async () => {
        const suspension = isId(id) ? await findSuspension(db, id) : undefined
        if (!suspension) throw new Refusal('no-such-suspension')
        if (suspension.endedAt) throw new Refusal('suspension-ended')
        const heir = heirOf(suspension, await listActiveSuspensions(db))
        let released = heir || isRehearsal() ? 0 : await drain(db, id, deliverReleased)
        // The rest leaves in the very transaction that ends the hold. Its epoch keeps every message decided before out
        // of the queue, and those decided after it wait until the rest is delivered: nothing overtakes.
        let rest: ReleasedMessage[] = []
        const { result, effect } = await change(
          async (tx) => {
            const result = await markEnded(tx, id, actor, now())
            if (!result) throw new Refusal('suspension-ended')
            if (heir) await transferHeld(tx, id, heir.id)
            else rest = await releaseAll(tx, id)
            const detail = { scope: result.scope, mode: result.mode, released: released + rest.length }
            return { result, entry: { actor, action: 'end-suspension', target: id, detail } }
          },
          { committed: () => void deliverReleased(rest), writtenWithinMs: RELEASE_WAIT_MS },
        )
        released += rest.length
        return { suspension: result, effect, released }
      }),
    adoptSuspension: (row) =>
      inTurn(() =>
        change(async (tx) => {
          const { id, mode, reason, sinceAt, startedBy, endedAt, endedBy } = row
          const result = await insertSuspension(tx, row)
          const detail = { scope: 'service', mode, reason, offlineSince: sinceAt.toISOString() }
          const started = { actor: startedBy, action: 'start-suspension', target: id, detail }
          if (endedAt === null) return { result, entry: started }
          await record(tx, started)
          const ended = { offlineAt: endedAt.toISOString() }
          return { result, entry: { actor: endedBy ?? '', action: 'end-suspension', target: id, detail: ended } }
        }),
      ),
    setMediaPolicy: (actor, policy) =>
      inTurn(() =>
        change(async (tx) => {
          const before = mediaPolicy.parse((await findMediaPolicy(tx, null)) ?? {})
          await putMediaPolicy(tx, null, { policy, changedBy: actor, changedAt: now() })
          const detail = differences(before, policy)
          return { result: undefined, entry: { actor, action: 'set-media-policy', target: 'service', detail } }
        }),
      ),
    setUnitMediaPolicy: (actor, unit, policy) =>
      inTurn(() =>
        change(async (tx) => {
          const row = await findUnit(tx, unit)
          if (!row) throw new Refusal('no-such-unit')
          const before = unitMediaPolicy.parse((await findMediaPolicy(tx, row.id)) ?? {})
          await putMediaPolicy(tx, row.id, { policy, changedBy: actor, changedAt: now() })
          const detail = differences(before, policy)
          return { result: undefined, entry: { actor, action: 'set-unit-media-policy', target: unit, detail } }
        }),
      ),
    recover: () =>
      inTurn(async () => {
        const active = new Set((await listActiveSuspensions(db)).map(({ id }) => id))
        let released = 0
        for (const id of await listHolding(db)) {
          if (!active.has(id)) released += await drain(db, id, deliverReleased)
        }
        return released
      }),
  }
}

function isEffective(done: unknown): done is { readonly effect: Effect } {
  return typeof done === 'object' && done !== null && 'effect' in done
}

/** What became of a change on one node, as administrators see it. */
export function nodeEffectView({ nodeId, name, state, appliedMs, disconnected, notified }: NodeEffect): NodeEffectView {
  const ms = appliedMs === undefined ? {} : { appliedMs: Math.round(appliedMs * 10) / 10 }
  return { id: nodeId, name, state, ...ms, disconnected, notified }
}

/** What a change of a media policy was, for the audit log. */
function differences(before: UnitMediaPolicy, after: UnitMediaPolicy) {
  const fields = changedMediaFields(before, after)
  return Object.fromEntries(fields.map((field) => [field, { from: before[field] ?? null, to: after[field] ?? null }]))
}

/** Empties the hold queue while new messages still join its end. Stops when a batch is not full. */
async function drain(db: Db, id: string, deliver: OperationsOptions['deliverReleased']): Promise<number> {
  for (let released = 0; ;) {
    const batch = await releaseHeld(db, id, RELEASE_BATCH)
    await deliver(batch)
    released += batch.length
    if (batch.length < RELEASE_BATCH) return released
  }
}

async function releaseAll(tx: Db, id: string): Promise<ReleasedMessage[]> {
  const released: ReleasedMessage[] = []
  for (;;) {
    const batch = await releaseHeld(tx, id, RELEASE_BATCH)
    released.push(...batch)
    if (batch.length < RELEASE_BATCH) return released
  }
}

/** Another hold that covers at least the same: it takes the queue over. */
function heirOf(ending: Suspension, active: readonly Suspension[]): Suspension | undefined {
  return active.find(
    ({ id, mode, scope }) =>
      id !== ending.id &&
      mode === 'hold' &&
      (scope === ending.scope || scope === 'service' || (scope === 'files' && ending.scope === 'images')),
  )
}
