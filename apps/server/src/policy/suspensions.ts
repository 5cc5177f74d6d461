import { Refusal } from '@drawbridge/contract'
import type { Effect, NewClientRule, NewSuspension, Release } from '@drawbridge/contract'
import {
  bumpPolicyEpoch,
  claimBeginning,
  findSuspension,
  insertSuspension,
  listActiveSuspensions,
  listEnding,
  listHolding,
  listRelatedHashes,
  lockSuspensions,
  updateSuspension,
  uuidv7,
} from '@drawbridge/db'
import type { AuditEntry, Db, Suspension } from '@drawbridge/db'
import { isId, writeClientRule } from './client-rules.ts'
import type { Also, Change } from './client-rules.ts'
import type { Gate } from './gate.ts'
import { transact } from './rehearsal.ts'
import { createHoldQueue } from './hold-queue.ts'
import type { Emptying, HoldQueueOptions, Settled } from './hold-queue.ts'
import { countOf, createEnd, RELEASE_WAIT_MS } from './suspension-end.ts'

const HOUR_MS = 3_600_000
/** How long one person alone may suspend what takes two (control §4.6). */
export const EMERGENCY_MS = HOUR_MS
/** When approvers are reminded of what has no end (control §4.1). */
const REVIEW_MS = HOUR_MS
/** By when somebody has to have looked at what one person did alone (control §4.6). */
export const REVIEW_DUE_MS = 24 * HOUR_MS

/** Who agreed to a start, and in what it stands. */
export interface Starting {
  readonly approvedBy: readonly string[]
  /** Who does it alone, where the rule asks for two. */
  readonly alone?: readonly string[] | undefined
  /** By the two-person rule: it takes two to end it, however few it reaches by then. */
  readonly isLarge?: boolean
  readonly playbookId?: string | undefined
  /** Client rules that begin with it. */
  readonly rules?: readonly NewClientRule[] | undefined
  readonly also?: Also
}

export interface Started {
  readonly suspensions: readonly Suspension[]
  readonly rules: readonly string[]
  readonly effect: Effect
}

interface Changed {
  readonly suspension: Suspension
  readonly effect: Effect
}

/** `released`, `discarded`: messages that have left its queue with the change. */
interface Released extends Changed {
  readonly released: number
  readonly discarded: number
}

/** Starting, changing and ending suspensions. Each returns when this node enforces it on its live sessions. */
export interface SuspensionOperations {
  /** All of them in one change. @throws Refusal `end-in-the-past`, `start-after-end`, `rule-shadowed` */
  startSuspensions(actor: string, wanted: readonly NewSuspension[], starting?: Starting): Promise<Started>
  /** One of them. */
  startSuspension(actor: string, wanted: NewSuspension): Promise<Changed>
  /** What was planned acts from now on. Undefined where another node was faster. */
  beginSuspension(actor: string, id: string): Promise<Changed | undefined>
  /** Gives one that has not ended another end, time of review, exemption or approver. @param action - for the audit log. */
  changeSuspension(
    actor: string,
    id: string,
    action: string,
    set: (row: Suspension) => Partial<Suspension>,
    also?: Also,
  ): Promise<Released>
  endSuspension(actor: string, id: string, release?: Release, also?: Also): Promise<Released>
  /** Delivers held messages of a suspension that has ended for review; of all, where none are named. */
  releaseReviewed(actor: string, id: string, only: readonly string[] | undefined, also?: Also): Promise<number>
  discardReviewed(actor: string, id: string, only: readonly string[] | undefined, also?: Also): Promise<number>
  /** Writes down a suspension that a node began without the database, or one that has ended there already. */
  adoptSuspension(row: Suspension): Promise<{ effect: Effect }>
  /**
   * Releases what suspensions that go on are no longer about, as people are now: while nobody sends, and in an epoch of
   * its own, so that no node adds to it what was decided before.
   *
   * @param by - who has changed that, for the record
   * @param parties - ids of the accounts or rooms that are others than before. Absent: all.
   */
  releaseFreed(by: string, parties?: readonly string[]): Promise<number>
  /** Releases what a suspension that has ended still holds, after a crash. Call it before anybody can connect. */
  recover(): Promise<number>
}

export interface SuspensionOptions {
  readonly db: Db
  readonly change: Change
  readonly now: () => Date
  readonly gate: Gate
  readonly nodeId: string
  readonly queue: HoldQueueOptions
  readonly record: (tx: Db, entry: AuditEntry) => Promise<unknown>
}

class HasBegun extends Error {}

/** Builds the operations. See `createOperations`, which runs them one at a time. */
export function createSuspensionOperations(options: SuspensionOptions): SuspensionOperations {
  const { db, change, now, gate, record } = options
  const queue = createHoldQueue(db, gate, options.nodeId, options.queue)
  const deliver = (settled: readonly Settled[]) =>
    void options.queue.deliverReleased(settled.flatMap(({ delivered }) => delivered))
  const get = async (id: string) => {
    const suspension = isId(id) ? await findSuspension(db, id) : undefined
    if (!suspension) throw new Refusal('no-such-suspension')
    return suspension
  }
  const underReview = async (id: string) => {
    const suspension = await get(id)
    if (suspension.endedAt === null || suspension.release !== 'review') throw new Refusal('not-under-review')
  }
  const changeSuspension: SuspensionOperations['changeSuspension'] = async (actor, id, action, set, also) => {
    const before = await get(id)
    const fields = set(before)
    let freed: readonly Settled[] = []
    const { result, effect } = await change(
      async (tx) => {
        await also?.(tx)
        const result = await updateSuspension(tx, id, fields)
        if (!result) throw new Refusal('suspension-ended')
        // Whoever is let in is so with what they had said before.
        freed = fields.exemptions === undefined ? [] : await queue.free(tx, { suspensionId: id })
        const keys = Object.keys(fields) as (keyof Suspension)[]
        const changes = Object.fromEntries(keys.map((key) => [key, { from: before[key], to: result[key] }]))
        const detail = freed.length === 0 ? changes : { ...changes, ...countOf(freed) }
        return { result, entry: { actor, action, target: id, detail } }
      },
      {
        committed: () => deliver(freed),
        ...(fields.exemptions === undefined ? {} : { writtenWithinMs: RELEASE_WAIT_MS }),
      },
    )
    return { suspension: result, effect, ...countOf(freed) }
  }
  const startSuspensions: SuspensionOperations['startSuspensions'] = async (
    actor,
    wanted,
    starting = { approvedBy: [actor] },
  ) => {
    const at = now()
    const rows = await Promise.all(wanted.map((one) => rowFrom(db, actor, one, starting, at)))
    const { result, effect } = await change(async (tx) => {
      await starting.also?.(tx)
      const suspensions: Suspension[] = []
      for (const row of rows) suspensions.push(await insertSuspension(tx, row))
      const rules: string[] = []
      for (const wantedRule of starting.rules ?? []) {
        const { id, rule, isFinal } = await writeClientRule(tx, { actor, rule: wantedRule, at })
        const detail = { ...(rule as Record<string, unknown>), isFinal, playbook: starting.playbookId }
        await record(tx, { actor, action: 'add-client-rule', target: id, detail })
        rules.push(id)
      }
      // One row for each, so that what is on record about a suspension is found by its id.
      const entries = suspensions.map((row) => startEntry(actor, row, rules))
      for (const entry of entries.slice(1)) await record(tx, entry)
      return { result: { suspensions, rules }, entry: entries[0]! }
    })
    return { ...result, effect }
  }
  const releaseFreed: SuspensionOperations['releaseFreed'] = async (by, parties) => {
    const freed = await db.transaction(async (tx) => {
      if ((await listActiveSuspensions(tx)).length === 0) return []
      await bumpPolicyEpoch(tx)
      await lockSuspensions(tx)
      const freed = await queue.free(tx, { parties })
      for (const [target, settled] of Map.groupBy(freed, ({ suspensionId }) => suspensionId)) {
        await record(tx, { actor: by, action: 'free-held', target, detail: countOf(settled) })
      }
      return freed
    })
    deliver(freed)
    return countOf(freed).released
  }
  const end = createEnd({ db, change, now, queue, deliver, get })
  return {
    startSuspensions,
    async startSuspension(actor, wanted) {
      const { suspensions, effect } = await startSuspensions(actor, [wanted])
      return { suspension: suspensions[0]!, effect }
    },
    beginSuspension: (actor, id) =>
      changeSuspension(
        actor,
        id,
        'begin-suspension',
        () => ({ sinceAt: now() }),
        async (tx) => {
          if (!(await claimBeginning(tx, id))) throw new HasBegun()
        },
      ).catch((error: unknown) => {
        if (error instanceof HasBegun) return undefined
        throw error
      }),
    changeSuspension,
    endSuspension: (actor, id, release = 'in-order', also) => end(actor, id, release, also),
    async releaseReviewed(actor, id, only, also) {
      await underReview(id)
      if (also) await transact(db, also)
      const { released } = await queue.drain(id, 'in-order', { only })
      const detail = { released, messages: only ?? 'all' }
      await transact(db, (tx) => record(tx, { actor, action: 'release-held', target: id, detail }))
      return released
    },
    async discardReviewed(actor, id, only, also) {
      await underReview(id)
      if (also) await transact(db, also)
      const { discarded } = await queue.drain(id, 'reviewed-discard', { only })
      const detail = { discarded, messages: only ?? 'all' }
      await transact(db, (tx) => record(tx, { actor, action: 'discard-held', target: id, detail }))
      return discarded
    },
    adoptSuspension: (row) =>
      change(async (tx) => {
        const { id, scopes, mode, reason, sinceAt, startedBy, endedAt, endedBy } = row
        const result = await insertSuspension(tx, row)
        const detail = { scopes, mode, reason, offlineSince: sinceAt.toISOString() }
        const started = { actor: startedBy, action: 'start-suspension', target: id, detail }
        if (endedAt === null) return { result, entry: started }
        await record(tx, started)
        const ended = { offlineAt: endedAt.toISOString() }
        return { result, entry: { actor: endedBy ?? '', action: 'end-suspension', target: id, detail: ended } }
      }),
    async recover() {
      let released = 0
      for (const { id, endingBy, release } of await listEnding(db)) {
        released += (await end(endingBy ?? '', id, release ?? 'in-order', undefined, true)).released
      }
      for (const id of await listHolding(db)) {
        const suspension = await findSuspension(db, id)
        // What waits for a person goes on waiting.
        if (suspension?.endedAt === null || suspension?.release === 'review') continue
        released += (await queue.drain(id, emptyingOf(suspension?.release ?? null))).released
      }
      return released + (await releaseFreed('local:start'))
    },
    releaseFreed,
  }
}

function emptyingOf(release: Release | null): Emptying {
  return release === 'discard' || release === 'rescan' ? release : 'in-order'
}

async function rowFrom(
  db: Db,
  actor: string,
  wanted: NewSuspension,
  { approvedBy, alone = [], isLarge = false, playbookId }: Starting,
  at: Date,
) {
  const { mode, reason, reasons = {}, internalReason = '', exemptions = {}, isDrill = false } = wanted
  const sinceAt = wanted.start === undefined ? at : new Date(wanted.start)
  const isScheduled = sinceAt > at
  const wantedUntilAt = wanted.until === undefined ? null : new Date(wanted.until)
  if (wantedUntilAt && wantedUntilAt <= at) throw new Refusal('end-in-the-past')
  if (wantedUntilAt && wantedUntilAt <= sinceAt) throw new Refusal('start-after-end')
  const isEmergency = alone.length > 0 && wanted.isEmergency === true
  const lapsesAt = new Date(sinceAt.getTime() + EMERGENCY_MS)
  const untilAt = !isEmergency || (wantedUntilAt && wantedUntilAt < lapsesAt) ? wantedUntilAt : lapsesAt
  const reminder = wantedUntilAt ? null : new Date(sinceAt.getTime() + REVIEW_MS)
  return {
    id: uuidv7(),
    scopes: await resolved(db, wanted.scopes),
    mode,
    reason,
    reasons,
    internalReason,
    exemptions,
    isDrill,
    isScheduled,
    isEmergency,
    sinceAt: isScheduled ? sinceAt : at,
    untilAt,
    wantedUntilAt: isEmergency ? wantedUntilAt : null,
    reviewAt: wanted.reviewAt === undefined ? reminder : new Date(wanted.reviewAt),
    reviewDueAt: alone.length > 0 ? new Date(sinceAt.getTime() + REVIEW_DUE_MS) : null,
    actedAlone: [...alone],
    isLarge,
    startedBy: actor,
    approvedBy: [...approvedBy],
    ...(playbookId === undefined ? {} : { playbookId }),
  }
}

/** A hash may be of what was sent or of what is served: these are different files, and the scope is about both. */
async function resolved(db: Db, scopes: readonly string[]): Promise<string[]> {
  const given = scopes.flatMap((scope) => (scope.startsWith('hash:') ? [scope.slice('hash:'.length)] : []))
  const related = given.length === 0 ? [] : await listRelatedHashes(db, given)
  return [...new Set([...scopes, ...related.map((hash) => `hash:${hash}`)])].slice(0, 32)
}

function startEntry(actor: string, row: Suspension, rules: readonly string[]): AuditEntry {
  const { id, scopes, mode, reason, internalReason, exemptions, isDrill, isEmergency, isScheduled } = row
  const { approvedBy, sinceAt, untilAt, playbookId } = row
  const times = { since: sinceAt.toISOString(), until: untilAt?.toISOString() ?? null }
  const detail = { scopes, mode, reason, internalReason, exemptions, isDrill, isEmergency, approvedBy, ...times }
  const action = isScheduled ? 'plan-suspension' : 'start-suspension'
  return { actor, action, target: id, detail: { ...detail, playbook: playbookId, rules } }
}
