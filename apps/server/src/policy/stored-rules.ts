import type { NewClientException, NewClientRule, RuleDocument } from '@drawbridge/contract'
import type { ClientException, ClientRule, Recall, Suspension } from '@drawbridge/db'
import { clientRuleDocument, mediaPolicy, suspensionSetting, unitMediaPolicy } from '@drawbridge/policy'
import type { ClientRuleDocument, MediaSettings, PolicySettingsInput, SuspensionSetting } from '@drawbridge/policy'

type ClientRuleInput = NonNullable<PolicySettingsInput['clientRules']>[number]
type RecallInput = NonNullable<PolicySettingsInput['recalls']>[number]
type SuspensionInput = NonNullable<PolicySettingsInput['suspensions']>[number]
type ExceptionInput = NonNullable<PolicySettingsInput['exceptions']>[number]

/** A row as the rule engine takes it; whether it makes sense is for the engine's schema to say. */
export function ruleInputFrom({ id, rule, createdAt, ceiling, confirmedAt, isFinal }: ClientRule): ClientRuleInput {
  return {
    ...(rule as ClientRuleInput),
    id,
    createdAt: createdAt.getTime(),
    isFinal,
    ...(ceiling === null ? {} : { ceiling: ceiling as ClientRuleInput['ceiling'] }),
    ...(confirmedAt === null ? {} : { confirmedAt: confirmedAt.getTime() }),
  }
}

/** The same for an exception. */
export function exceptionInputFrom({ id, ruleId, conditions, untilAt }: ClientException): ExceptionInput {
  return {
    ...(conditions as ExceptionInput),
    id,
    until: untilAt.getTime(),
    ...(ruleId === null ? {} : { rule: ruleId }),
  }
}

/** The same for a recall. */
export function recallInputFrom({ id, scope, reason, sinceAt }: Recall): RecallInput {
  return { ...(scope as RecallInput), id, reason, since: sinceAt.getTime() }
}

/** The same for a suspension. */
export function suspensionInputFrom(row: Suspension): SuspensionInput {
  const { id, scopes, mode, reason, reasons, isScheduled, isDrill, exemptions, sinceAt, untilAt } = row
  const until = untilAt === null ? {} : { until: untilAt.getTime() }
  const fields = { id, scopes, mode, reason, reasons, isScheduled, isDrill, since: sinceAt.getTime(), ...until }
  return { ...fields, exemptions: exemptions as NonNullable<SuspensionInput['exemptions']> }
}

/** A suspension as the engine takes it, checked. */
export function suspensionSettingFrom(row: Suspension): SuspensionSetting {
  return suspensionSetting.parse(suspensionInputFrom(row))
}

/** Stored policies as one snapshot. What the service does not say has its default. */
export function mediaSettingsFrom(
  rows: readonly { readonly unit: string | undefined; readonly policy: unknown }[],
): MediaSettings {
  const service = mediaPolicy.parse(rows.find(({ unit }) => unit === undefined)?.policy ?? {})
  const units = rows.flatMap(({ unit, policy }) =>
    unit === undefined ? [] : [[unit, unitMediaPolicy.parse(policy)] as const],
  )
  return { service, units: Object.fromEntries(units) }
}

/** What an administrator wrote, as it is stored. */
export function documentFrom(rule: NewClientRule): ClientRuleDocument {
  const { isShadowAccepted: _, simulation: __, deadline, stageDates, ...fields } = rule
  return clientRuleDocument.parse({
    ...inMs(fields),
    ...(stageDates === undefined ? {} : { stageDates: mapped(stageDates, Date.parse) }),
    ...(deadline === undefined ? {} : { deadline: Date.parse(deadline) }),
  })
}

/** What of a stored rule an administrator has written, or would write: defaults are spelled out. */
export function ruleDocumentFrom({ rule }: ClientRule): RuleDocument {
  const { deadline, activeFrom, activeUntil, stageDates, formats, ...fields } = clientRuleDocument.parse(rule)
  const instant = (at: number) => new Date(at).toISOString()
  return {
    ...fields,
    ...(formats.length === 0 ? {} : { formats: formats as NonNullable<RuleDocument['formats']> }),
    ...(deadline === undefined ? {} : { deadline: instant(deadline) }),
    ...(stageDates === undefined ? {} : { stageDates: mapped(stageDates, instant) }),
    ...(activeFrom === undefined ? {} : { activeFrom: instant(activeFrom) }),
    ...(activeUntil === undefined ? {} : { activeUntil: instant(activeUntil) }),
  }
}

/** Whom an exception is about, as it is stored. */
export function conditionsFrom(exception: NewClientException): Record<string, unknown> {
  const { rule: _, reason: __, until: ___, ...fields } = exception
  return inMs(fields)
}

/** Each value of an object, and nothing for those that are not there. */
export function mapped<K extends string, V, W>(values: { readonly [P in K]?: V }, map: (value: V) => W) {
  const entries = Object.entries<V | undefined>(values).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, map(value)] as const],
  )
  return Object.fromEntries(entries) as { [P in K]?: W }
}

function inMs<T extends { readonly activeFrom?: string | undefined; readonly activeUntil?: string | undefined }>({
  activeFrom,
  activeUntil,
  ...fields
}: T): Omit<T, 'activeFrom' | 'activeUntil'> & { readonly activeFrom?: number; readonly activeUntil?: number } {
  return {
    ...fields,
    ...(activeFrom === undefined ? {} : { activeFrom: Date.parse(activeFrom) }),
    ...(activeUntil === undefined ? {} : { activeUntil: Date.parse(activeUntil) }),
  }
}
