import type { ApprovalRequestView, HeldQueue, SuspensionView } from '@drawbridge/contract'
import type { ApprovalRequest, Suspension } from '@drawbridge/db'
import { suspensionExemptions } from '@drawbridge/policy'

/** What suspensions hold, by their ids. */
export type HeldCounts = ReadonlyMap<string, { readonly count: number; readonly oldestAt: Date }>

/** A suspension as administrators see it. @param epoch - of its last change, where that is known */
export function suspensionView(row: Suspension, held: HeldCounts = new Map(), epoch?: number): SuspensionView {
  const { id, scopes, mode, reason, reasons, internalReason, isDrill, isEmergency, startedBy, approvedBy } = row
  const { released, discarded, exemptionUses } = row
  return {
    id,
    scopes,
    mode,
    reason,
    reasons,
    internalReason,
    exemptions: suspensionExemptions.parse(row.exemptions),
    state: row.endedAt !== null ? 'ended' : row.isScheduled ? 'scheduled' : 'active',
    since: row.sinceAt.toISOString(),
    ...present('epoch', epoch),
    isDrill,
    isEmergency,
    startedBy,
    approvedBy,
    held: heldView(held.get(id)),
    released,
    discarded,
    exemptionUses,
    measured: row.measured as SuspensionView['measured'],
    ...present('until', row.untilAt?.toISOString()),
    ...present('wantedUntil', row.wantedUntilAt?.toISOString()),
    ...present('reviewAt', row.reviewAt?.toISOString()),
    ...present('playbook', row.playbookId),
    ...present('endedAt', row.endedAt?.toISOString()),
    ...present('endedBy', row.endedBy),
    ...present('release', row.release),
    ...present('reviewDueAt', row.reviewDueAt?.toISOString()),
    ...(row.actedAlone.length > 0 && { actedAlone: row.actedAlone }),
    ...present('reviewedAt', row.reviewedAt?.toISOString()),
    ...present('reviewedBy', row.reviewedBy),
    ...present('reviewNote', row.reviewNote),
  }
}

/** What waits for a second person, as administrators see it. */
export function approvalView(row: ApprovalRequest): ApprovalRequestView {
  const { id, action, target, payload, requestedBy, requestedAt, expiresAt } = row
  return {
    id,
    action: action as ApprovalRequestView['action'],
    target,
    wanted: payload as ApprovalRequestView['wanted'],
    requestedBy,
    requestedAt: requestedAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
  }
}

function heldView(held: { readonly count: number; readonly oldestAt: Date } | undefined): HeldQueue {
  return held ? { count: held.count, oldestAt: held.oldestAt.toISOString() } : { count: 0 }
}

function present<K extends string, V>(key: K, value: V | null | undefined): { [P in K]?: V } {
  return value === null || value === undefined ? {} : ({ [key]: value } as { [P in K]?: V })
}
