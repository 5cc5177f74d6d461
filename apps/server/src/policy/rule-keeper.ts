import { codeOf } from '@drawbridge/contract'
import { appendAudit, takeReminder, takeWithdrawal } from '@drawbridge/db'
import type { Db } from '@drawbridge/db'
import { confirmByOf } from '@drawbridge/policy'
import type { PolicySettings } from '@drawbridge/policy'
import type { Log } from '@drawbridge/runtime'
import { SERVICE } from './client-posture.ts'
import { SCHEDULE } from './keeper.ts'
import type { Operations } from './operations.ts'
import type { ProvisionalOperations } from './provisional.ts'

/** How long before it ends approvers hear of an exception, in milliseconds. */
const REMIND_MS = 86_400_000
/** How often it is looked at all, in milliseconds. */
const EVERY_MS = 1_000

export interface RuleKeeperOptions {
  readonly db: Db
  readonly operations: Pick<Operations, 'clientPosture' | 'minimumTier'>
  readonly settings: () => PolicySettings
  readonly alert: (text: string) => void
  readonly log: Log
}

/** Sees to what time brings to rules for clients: nobody has confirmed one, an exception from it ends. */
export interface RuleKeeper {
  /** Called at every look at the clock; one look at a time is enough. */
  tick(at: Date): void
}

/** Builds the keeper of this node. Several nodes may do the same work: each thing is told by the first. */
export function createRuleKeeper({ db, operations, settings, alert, log }: RuleKeeperOptions): RuleKeeper {
  /** What this node need not ask the database about again. */
  const done = new Set<string>()
  let isBusy = false
  let lookedAt = Number.NEGATIVE_INFINITY

  const once = async (id: string, work: () => Promise<string | undefined>) => {
    if (done.has(id)) return
    const text = await work()
    done.add(id)
    if (text !== undefined) alert(text)
  }
  const record = (action: string, target: string, detail: Record<string, unknown>, at: Date) =>
    appendAudit(db, { actor: SCHEDULE, action, target, detail }, at)
  const withdraw = async <V>(of: ProvisionalOperations<V>, key: string, text: string) => {
    try {
      await of.withdraw(key, SCHEDULE)
      alert(text)
    } catch (error) {
      // Another node was faster, or somebody has just changed it, or it is gone.
      if (codeOf(error) !== 'nothing-to-confirm' && codeOf(error) !== 'no-such-unit') throw error
    }
  }
  const work = async (at: Date) => {
    const { clientRules, exceptions, postureLapsesAt, minimumTiers, tierLapses } = settings()
    if (postureLapsesAt !== undefined && postureLapsesAt <= at.getTime()) {
      const text = 'Nobody has confirmed that unknown clients are blocked: they are let in again.'
      await withdraw(operations.clientPosture, SERVICE, text)
    }
    for (const [unit, lapse] of Object.entries(tierLapses)) {
      if (lapse.at > at.getTime()) continue
      const text = `Nobody has confirmed that clients in unit ${unit} must be known by ${minimumTiers[unit] ?? ''}: ${lapse.tier ?? 'what everybody is asked for'} is enough again.`
      await withdraw(operations.minimumTier, unit, text)
    }
    for (const rule of clientRules) {
      if ((confirmByOf(rule) ?? Infinity) > at.getTime()) continue
      await once(rule.id, async () => {
        if (!(await takeWithdrawal(db, rule.id, at))) return undefined
        await record('withdraw-client-rule', rule.id, { action: rule.action }, at)
        return `Client rule ${rule.id} was not confirmed within 10 minutes and blocks nobody any more. Confirm it from a chat session that it lets in, or remove it.`
      })
    }
    for (const { id, until } of exceptions) {
      if (until - at.getTime() > REMIND_MS) continue
      await once(id, async () => {
        const row = await takeReminder(db, id, at)
        if (!row) return undefined
        await record('remind-client-exception', id, { until: row.untilAt.toISOString() }, at)
        return `The exception ${id} (${row.reason}), made by ${row.createdBy}, ends at ${row.untilAt.toISOString()}.`
      })
    }
    const known = new Set([...clientRules, ...exceptions].map(({ id }) => id))
    for (const id of done) if (!known.has(id)) done.delete(id)
  }
  return {
    tick(at) {
      if (isBusy || at.getTime() - lookedAt < EVERY_MS) return
      isBusy = true
      lookedAt = at.getTime()
      work(at)
        .catch((error: unknown) => log.warn('what time brings to client rules waits', { error: String(error) }))
        .finally(() => (isBusy = false))
    },
  }
}
