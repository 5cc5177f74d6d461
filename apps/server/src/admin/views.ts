import type { ClientIdentityView, ClientRuleView, SuspensionView } from '@drawbridge/contract'
import type { ClientRule, Suspension } from '@drawbridge/db'
import { stageAt, stagesOf } from '@drawbridge/policy'
import type { ClientIdentity } from '@drawbridge/policy'
import { ruleSettingFrom } from '../policy/live.ts'

/** An identity as the API shows it. */
export function identityView(identity: ClientIdentity): ClientIdentityView {
  const { claims: _, ...view } = identity
  return view
}

/** A rule with its ladder and the stage in force at an instant (ms since 1970). */
export function clientRuleView(row: ClientRule, at: number): ClientRuleView {
  const setting = ruleSettingFrom(row)
  const stage = stageAt(setting, at)
  return {
    id: row.id,
    family: row.family,
    below: row.below,
    action: row.action,
    ...(row.url === null ? {} : { url: row.url }),
    now: row.isNow,
    createdAt: row.createdAt.toISOString(),
    createdBy: row.createdBy,
    ...(stage === undefined ? {} : { stage }),
    stages: stagesOf(setting).map((step) => ({ stage: step.stage, at: new Date(step.at).toISOString() })),
  }
}

/** A suspension as administrators see it. */
export function suspensionView(row: Suspension): SuspensionView {
  const { id, scope, mode, reason, sinceAt, untilAt, startedBy, endedAt, endedBy } = row
  return {
    id,
    scope,
    mode,
    reason,
    since: sinceAt.toISOString(),
    ...(untilAt === null ? {} : { until: untilAt.toISOString() }),
    startedBy,
    ...(endedAt === null ? {} : { endedAt: endedAt.toISOString() }),
    ...(endedBy === null ? {} : { endedBy }),
  }
}
