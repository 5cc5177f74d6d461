import { ADMIN_ROUTES, Refusal } from '@drawbridge/contract'
import type { Suspension } from '@drawbridge/db'
import { suspensionExemptions } from '@drawbridge/policy'
import type { z } from 'zod'

/** What changes of a suspension that goes on. */
export type SuspensionEdit = (row: Suspension) => Partial<Suspension>

export const extension = ADMIN_ROUTES.extendSuspension.body
export type Extension = z.output<typeof extension>

export const moreExemptions = suspensionExemptions.partial()
export type Exemptions = z.output<typeof moreExemptions>

/** Another end or time of review. @throws Refusal `end-in-the-past` */
export function extendWith(times: Extension, approvedBy: readonly string[], at: Date): SuspensionEdit {
  return (row) => {
    const untilAt = times.until === undefined ? row.untilAt : times.until === null ? null : new Date(times.until)
    if (untilAt && untilAt <= at) throw new Refusal('end-in-the-past')
    const reviewAt = times.reviewAt === undefined ? row.reviewAt : new Date(times.reviewAt)
    // What was said of the old times has to be said of the new ones.
    const alerted = row.alerted.filter((alerted) => alerted !== 'review' && alerted !== 'lapse')
    return { untilAt, reviewAt, alerted, approvedBy: joined(row.approvedBy, approvedBy) }
  }
}

/** These are left alone, too. */
export function exemptWith(more: Exemptions, approvedBy: readonly string[]): SuspensionEdit {
  return (row) => {
    const before = suspensionExemptions.parse(row.exemptions)
    const both = (key: keyof typeof before) => joined(before[key], more[key] ?? [])
    const exemptions = { accounts: both('accounts'), units: both('units'), rooms: both('rooms'), bots: both('bots') }
    return { exemptions, approvedBy: joined(row.approvedBy, approvedBy) }
  }
}

/** An emergency that another person agrees to, with the end that was wanted. */
export function confirmBy(approver: string): SuspensionEdit {
  return (row) => ({
    untilAt: row.wantedUntilAt,
    wantedUntilAt: null,
    isEmergency: false,
    approvedBy: joined(row.approvedBy, [approver]),
  })
}

function joined(some: readonly string[], more: readonly string[]): string[] {
  return [...new Set([...some, ...more])]
}
