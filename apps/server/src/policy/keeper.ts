import { Refusal } from '@drawbridge/contract'
import { appendAudit, listActiveSuspensions, listOverdueReviews, putMeasured, takeAlert } from '@drawbridge/db'
import type { Db, Suspension } from '@drawbridge/db'
import type { Log } from '@drawbridge/runtime'
import type { Drills } from './drills.ts'
import type { ExemptionUses } from './exemption-uses.ts'
import type { Operations } from './operations.ts'

/** Whoever acts because it is time. */
export const SCHEDULE = 'local:schedule'

const MINUTE_MS = 60_000
/** How long before it lapses approvers hear of an emergency that nobody has confirmed (control §4.6). */
const LAPSE_WARNING_MS = 15 * MINUTE_MS
/** How often what was never looked at is looked for. */
const OVERDUE_EVERY_MS = MINUTE_MS

export interface KeeperOptions {
  readonly db: Db
  readonly operations: () => Operations | undefined
  readonly drills: Drills
  readonly uses: ExemptionUses
  readonly alert: (text: string) => void
  readonly log: Log
}

/** Sees to what time brings: suspensions begin, end, and want to be looked at. */
export interface Keeper {
  /** Called at every look at the clock; one look at a time is enough. */
  tick(at: Date, hasSuspensions: boolean): void
}

/** Builds the keeper of this node. Several nodes may do the same work: each thing is done by the first. */
export function createKeeper({ db, operations, drills, uses, alert, log }: KeeperOptions): Keeper {
  let isBusy = false
  let overdueAt = 0
  const alertOnce = async (id: string, kind: string, text: string, at: Date) => {
    if (!(await takeAlert(db, id, kind))) return
    alert(text)
    await appendAudit(db, { actor: SCHEDULE, action: 'alert-approvers', target: id, detail: { kind } }, at)
  }
  const waits = (error: unknown) => {
    if (error instanceof Refusal && error.code === 'suspension-ended') return
    log.warn('what time brings waits until it can be seen to', { error: String(error) })
  }
  const look = async (row: Suspension, at: Date) => {
    const { id, sinceAt, untilAt, reviewAt, isScheduled, isEmergency, startedBy } = row
    const can = operations()
    if (!can) return
    // The end first: of what was planned for a time when no node ran, nothing begins any more.
    if (untilAt && untilAt <= at) await can.endSuspension(SCHEDULE, id, row.release ?? undefined)
    else if (isScheduled && sinceAt <= at) await can.beginSuspension(SCHEDULE, id)
    else if (isEmergency && untilAt && untilAt.getTime() - at.getTime() <= LAPSE_WARNING_MS) {
      const text = `Emergency ${id}, started by ${startedBy} alone, ends at ${untilAt.toISOString()} unless confirmed.`
      await alertOnce(id, 'lapse', text, at)
    } else if (reviewAt && reviewAt <= at && !isScheduled) {
      await alertOnce(id, 'review', `Suspension ${id} is due for review. It goes on until somebody ends it.`, at)
    }
    if (row.isDrill) {
      const measured = drills.take(id)
      if (measured) await putMeasured(db, id, { ...(row.measured as object), ...measured })
    }
  }
  const work = async (at: Date, hasSuspensions: boolean) => {
    // One that cannot be seen to now, as another node is ending it, keeps no other waiting.
    if (hasSuspensions) for (const row of await listActiveSuspensions(db)) await look(row, at).catch(waits)
    await uses.flush()
    if (at.getTime() - overdueAt < OVERDUE_EVERY_MS) return
    overdueAt = at.getTime()
    for (const { id, startedBy } of await listOverdueReviews(db, at)) {
      await alertOnce(id, 'overdue', `Nobody has reviewed suspension ${id} of ${startedBy} within a day.`, at)
    }
  }
  return {
    tick(at, hasSuspensions) {
      if (isBusy) return
      isBusy = true
      work(at, hasSuspensions)
        .catch(waits)
        .finally(() => (isBusy = false))
    },
  }
}
