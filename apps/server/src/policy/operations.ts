import type { Effect, NodeEffectView } from '@drawbridge/contract'
import { Refusal } from '@drawbridge/contract'
import { changedMediaFields, mediaPolicy, unitMediaPolicy } from '@drawbridge/policy'
import type { ClientPosture, MediaPolicy, MinimumTier, UnitMediaPolicy } from '@drawbridge/policy'
import { appendAudit, bumpPolicyEpoch, findMediaPolicy, findUnit, putMediaPolicy } from '@drawbridge/db'
import type { AuditEntry, Db, NodeEffect } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import { createClientRuleOperations } from './client-rules.ts'
import type { Change, ClientRuleOperations } from './client-rules.ts'
import { createDeviceKeyOperations } from './device-keys.ts'
import type { DeviceKeyOperations } from './device-keys.ts'
import { clientPosture } from './client-posture.ts'
import { createDocumentOperations } from './policy-document.ts'
import type { DocumentOperations } from './policy-document.ts'
import { createRecallOperations } from './recalls.ts'
import type { RecallOperations } from './recalls.ts'
import type { HoldQueueOptions } from './hold-queue.ts'
import type { LivePolicy } from './live.ts'
import { minimumTier } from './minimum-tiers.ts'
import { createProvisional } from './provisional.ts'
import type { ProvisionalOperations } from './provisional.ts'
import { isRehearsal, rollBack } from './rehearsal.ts'
import type { Node } from './nodes.ts'
import { RELEASE_WAIT_MS } from './suspension-end.ts'
import { createSuspensionOperations } from './suspensions.ts'
import type { SuspensionOperations } from './suspensions.ts'

export interface OperationsOptions {
  readonly db: Db
  readonly live: LivePolicy
  readonly node: Node
  readonly log: Log
  readonly now?: () => Date
  readonly queue: HoldQueueOptions
}

/**
 * THE way to change what people are to suspensions: in which units they are, whether they pass everything, who is in an
 * incident room. What was held of them, or for them, and is not any more, is released before they go on. Without a
 * suspension it is `work` and nothing else.
 */
export type Reclassify = <T>(work: () => Promise<T>, who: Reclassified) => Promise<T>

export interface Reclassified {
  /** Who does it, for the record. */
  readonly by: string
  /** Ids of the accounts, or of the room, that are others than before. Absent: nobody knows whom it concerns. */
  readonly parties?: readonly string[]
}

/**
 * Everything that changes the rules. Each returns when every node enforces the change on its live sessions, or cannot act
 * any more (control §4.5): at once where there is one node, after 5 s at the latest.
 */
export interface Operations
  extends ClientRuleOperations, DeviceKeyOperations, RecallOperations, SuspensionOperations, DocumentOperations {
  /** Runs `work`, which makes people others than before to suspensions. See `Reclassify`. */
  readonly reclassify: Reclassify
  setMediaPolicy(actor: string, policy: MediaPolicy): Promise<{ effect: Effect }>
  /** Rejects with `no-such-unit`. */
  setUnitMediaPolicy(actor: string, unit: string, policy: UnitMediaPolicy): Promise<{ effect: Effect }>
  /** What happens to clients that nobody can name. Its key is `SERVICE`. */
  readonly clientPosture: ProvisionalOperations<ClientPosture>
  /** How well the clients of the members of a unit must be known, by its name. Rejects with `no-such-unit`, too. */
  readonly minimumTier: ProvisionalOperations<MinimumTier | null>
  /** How long the last change took from its commit to its effect here, in milliseconds. */
  readonly lastEffectMs: number | undefined
}

/** Builds the operations of this node. They run one at a time. */
export function createOperations({ db, live, node, log, queue, ...options }: OperationsOptions): Operations {
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
  const provisionalInTurn = <V>(operations: ProvisionalOperations<V>): ProvisionalOperations<V> => ({
    set: (...args) => inTurn(() => operations.set(...args)),
    confirm: (...args) => inTurn(() => operations.confirm(...args)),
    withdraw: (...args) => inTurn(() => operations.withdraw(...args)),
  })
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
  const change: Change = async (work, { committed, writtenWithinMs } = {}) => {
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
    const effect: Effect = { epoch, appliedMs, disconnected, notified, nodes: [] }
    const { action, target } = result.entry
    log.info('policy change in effect', { epoch, appliedMs, disconnected, notified, action, target })
    entries.set(effect, result.entry)
    return { result: result.result, effect }
  }

  const rules = createClientRuleOperations(change, now)
  const recalls = createRecallOperations(db, change, now)
  const suspensions = createSuspensionOperations({ db, change, now, gate: live.gate, nodeId: node.id, queue, record })

  const deviceKeys = createDeviceKeyOperations(change, now)
  const unset = () => live.gate.settings.posture
  const document = createDocumentOperations({ db, change, now, record, posture: unset })

  return {
    get lastEffectMs() {
      return lastEffectMs
    },
    addClientRule: (...args) => inTurn(() => rules.addClientRule(...args)),
    confirmClientRule: (...args) => inTurn(() => rules.confirmClientRule(...args)),
    setClientRuleCeiling: (...args) => inTurn(() => rules.setClientRuleCeiling(...args)),
    setClientRuleGuarded: (...args) => inTurn(() => rules.setClientRuleGuarded(...args)),
    removeClientRule: (...args) => inTurn(() => rules.removeClientRule(...args)),
    addClientException: (...args) => inTurn(() => rules.addClientException(...args)),
    removeClientException: (...args) => inTurn(() => rules.removeClientException(...args)),
    startRecall: (...args) => inTurn(() => recalls.startRecall(...args)),
    endRecall: (...args) => inTurn(() => recalls.endRecall(...args)),
    startSuspension: (...args) => inTurn(() => suspensions.startSuspension(...args)),
    startSuspensions: (...args) => inTurn(() => suspensions.startSuspensions(...args)),
    beginSuspension: (...args) => inTurn(() => suspensions.beginSuspension(...args)),
    changeSuspension: (...args) => inTurn(() => suspensions.changeSuspension(...args)),
    endSuspension: (...args) => inTurn(() => suspensions.endSuspension(...args)),
    releaseReviewed: (...args) => inTurn(() => suspensions.releaseReviewed(...args)),
    discardReviewed: (...args) => inTurn(() => suspensions.discardReviewed(...args)),
    adoptSuspension: (...args) => inTurn(() => suspensions.adoptSuspension(...args)),
    readPolicy: () => document.readPolicy(),
    applyPolicy: (...args) => inTurn(() => document.applyPolicy(...args)),
    recover: () => inTurn(() => suspensions.recover()),
    releaseFreed: (...args) => inTurn(() => suspensions.releaseFreed(...args)),
    async reclassify(work, { by, parties }) {
      const isNobody = parties?.length === 0
      if (isRehearsal() || isNobody || live.gate.settings.suspensions.length === 0) return work()
      const reclassify = async () => {
        const done = await work()
        await suspensions.releaseFreed(by, parties)
        return done
      }
      return (await inTurn(() => live.exclusive(reclassify, RELEASE_WAIT_MS))).result
    },
    clientPosture: provisionalInTurn(createProvisional(clientPosture(unset), { change, now })),
    minimumTier: provisionalInTurn(createProvisional(minimumTier, { change, now })),
    importDeviceKeys: (...args) => inTurn(() => deviceKeys.importDeviceKeys(...args)),
    revokeDeviceKey: (...args) => inTurn(() => deviceKeys.revokeDeviceKey(...args)),
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
  }
}

function isEffective(done: unknown): done is { readonly effect: Effect } {
  return typeof done === 'object' && done !== null && 'effect' in done
}

/** What became of a change on one node, as administrators see it. */
export function nodeEffectView(effect: NodeEffect): NodeEffectView {
  const { nodeId, name, state, appliedAt, appliedMs, lapsedAt, failedClosedAt, disconnected, notified } = effect
  return {
    id: nodeId,
    name,
    state,
    ...(appliedAt && { appliedAt: appliedAt.toISOString() }),
    ...(appliedMs === undefined ? {} : { appliedMs: Math.round(appliedMs * 10) / 10 }),
    ...(lapsedAt && { lapsedAt: lapsedAt.toISOString() }),
    ...(failedClosedAt && { failedClosedAt: failedClosedAt.toISOString() }),
    disconnected,
    notified,
  }
}

/** What a change of a media policy was, for the audit log. */
function differences(before: UnitMediaPolicy, after: UnitMediaPolicy) {
  const fields = changedMediaFields(before, after)
  return Object.fromEntries(fields.map((field) => [field, { from: before[field] ?? null, to: after[field] ?? null }]))
}
