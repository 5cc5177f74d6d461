import type { ClientExceptionView, ClientIdentityView, ClientRuleView } from '@drawbridge/contract'
import type { ClientException, ClientRule } from '@drawbridge/db'
import { confirmByOf, ruleExceptionSetting, stageAt, stagesOf } from '@drawbridge/policy'
import type { ClientIdentity, Conditions, RuleAction } from '@drawbridge/policy'
import { settingFrom } from '../policy/client-rules.ts'
import { exceptionInputFrom, mapped } from '../policy/stored-rules.ts'

/** An identity as the API shows it. */
export function identityView(identity: ClientIdentity): ClientIdentityView {
  const { claims: _, ...view } = identity
  return view
}

/** A rule with its ladder and the stage in force at an instant (ms since 1970). @param epoch - of its last change */
export function clientRuleView(row: ClientRule, at: number, epoch?: number): ClientRuleView {
  const setting = settingFrom(row)
  const stage = stageAt(setting, at)
  const confirmBy = confirmByOf(setting)
  const { createdBy, ceiling, ceilingReason, confirmedAt, confirmedBy } = row
  return {
    id: row.id,
    ...conditionsView(setting),
    priority: setting.priority,
    action: setting.action,
    preset: setting.preset,
    ...instantView('deadline', setting.deadline),
    ...(setting.stageDates === undefined
      ? {}
      : { stageDates: mapped(setting.stageDates, (date: number) => new Date(date).toISOString()) }),
    ...(setting.rings === undefined ? {} : { rings: setting.rings }),
    ...(setting.formats.length === 0 ? {} : { formats: setting.formats as ClientRuleView['formats'] }),
    ...(setting.url === undefined ? {} : { url: setting.url }),
    createdAt: row.createdAt.toISOString(),
    createdBy,
    ...(epoch === undefined ? {} : { epoch }),
    ...(stage === undefined ? {} : { stage }),
    stages: stagesOf(setting).map((step) => ({ stage: step.stage, at: new Date(step.at).toISOString() })),
    ...(ceiling === null ? {} : { ceiling: { stage: ceiling as RuleAction, reason: ceilingReason ?? '' } }),
    isGuarded: row.isGuarded,
    ...instantView('confirmBy', confirmBy),
    ...(confirmedAt === null ? {} : { confirmedAt: confirmedAt.toISOString() }),
    ...(confirmedBy === null ? {} : { confirmedBy }),
    ...(row.withdrawnAt === null ? {} : { withdrawnAt: row.withdrawnAt.toISOString() }),
  }
}

/** An exception as administrators see it. */
export function clientExceptionView(row: ClientException): ClientExceptionView {
  const setting = ruleExceptionSetting.parse(exceptionInputFrom(row))
  const { id, ruleId, reason, createdAt, createdBy, approvedBy, untilAt } = row
  return {
    id,
    ...conditionsView(setting),
    ...(ruleId === null ? {} : { rule: ruleId }),
    reason,
    createdAt: createdAt.toISOString(),
    createdBy,
    ...(approvedBy === null ? {} : { approvedBy }),
    until: untilAt.toISOString(),
  }
}

function conditionsView({ family, from, below, os, belowTier, units, accounts, networks, ...window }: Conditions) {
  return {
    family,
    ...(from === undefined ? {} : { from }),
    ...(below === undefined ? {} : { below }),
    ...(os === undefined ? {} : { os }),
    ...(belowTier === undefined ? {} : { belowTier }),
    ...(units === undefined ? {} : { units }),
    ...(accounts === undefined ? {} : { accounts }),
    ...(networks === undefined ? {} : { networks }),
    ...instantView('activeFrom', window.activeFrom),
    ...instantView('activeUntil', window.activeUntil),
  }
}

function instantView<K extends string>(key: K, at: number | undefined): { [P in K]?: string } {
  return at === undefined ? {} : ({ [key]: new Date(at).toISOString() } as { [P in K]?: string })
}
