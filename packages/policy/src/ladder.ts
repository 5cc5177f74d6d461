import type { ClientRuleSetting } from './settings.ts'
import { LADDER, RULE_ACTIONS } from './vocabulary.ts'
import type { RuleAction, RulePreset } from './vocabulary.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How long a rule that blocks waits to be confirmed, in milliseconds (control §3.5). */
export const CONFIRM_WITHIN_MS = 10 * MINUTE_MS

/** When each stage begins, in milliseconds before (negative) or after the deadline (control §3.2). */
const PRESETS: Readonly<Record<RulePreset, readonly (readonly [stage: RuleAction, fromDeadlineMs: number])[]>> = {
  routine: [
    ['notify', -14 * DAY_MS],
    ['warn', -7 * DAY_MS],
    ['degrade', -3 * DAY_MS],
    ['block', 0],
    ['disconnect', 24 * HOUR_MS],
  ],
  urgent: [
    ['notify', -72 * HOUR_MS],
    ['warn', -24 * HOUR_MS],
    ['degrade', -4 * HOUR_MS],
    ['block', 0],
    ['disconnect', HOUR_MS],
  ],
  // The deadline of these is now.
  emergency: [
    ['degrade', 0],
    ['block', 0],
    ['disconnect', 15 * MINUTE_MS],
  ],
  now: [
    ['degrade', 0],
    ['block', 0],
    ['disconnect', 0],
  ],
}

/** From a rule's creation to its deadline, where it names none. */
const DEADLINE_AFTER_MS: Readonly<Record<RulePreset, number>> = {
  routine: 14 * DAY_MS,
  urgent: 72 * HOUR_MS,
  emergency: 0,
  now: 0,
}

/** What of a rule decides when it does what. */
export type Ladder = Pick<
  ClientRuleSetting,
  | 'action'
  | 'preset'
  | 'deadline'
  | 'stageDates'
  | 'rings'
  | 'formats'
  | 'createdAt'
  | 'ceiling'
  | 'confirmedAt'
  | 'isFinal'
>

/** One step of a rule's ladder: from `at` (ms since 1970) on, `stage` holds. */
export interface Stage {
  readonly stage: RuleAction
  readonly at: number
}

/** True when `stage` is at least as strict as `least`. */
export function isAtLeast(stage: RuleAction | undefined, least: RuleAction): boolean {
  return stage !== undefined && RULE_ACTIONS.indexOf(stage) >= RULE_ACTIONS.indexOf(least)
}

/** The stricter of two stages. */
export function stricterOf(a: RuleAction, b: RuleAction): RuleAction {
  return isAtLeast(a, b) ? a : b
}

/**
 * The steps of a rule as it was written, earliest first; what is due at once begins with its creation. It climbs no
 * further than its action. `degrade` is skipped where no formats are named, since there is nothing to withhold.
 */
export function stagesOf(rule: Ladder): Stage[] {
  const { action, preset, createdAt, stageDates = {} } = rule
  if (action === 'allow' || action === 'observe') return [{ stage: action, at: createdAt }]
  const deadline = stageDates.block ?? rule.deadline ?? createdAt + DEADLINE_AFTER_MS[preset]
  const isUsed = (stage: RuleAction) => isAtLeast(action, stage) && (stage !== 'degrade' || rule.formats.length > 0)
  const planned = new Map(PRESETS[preset].map(([stage, fromDeadlineMs]) => [stage, deadline + fromDeadlineMs]))
  for (const stage of LADDER) planned.set(stage, stageDates[stage] ?? planned.get(stage) ?? Number.NaN)
  // A preset without early stages still does what it was asked for: to warn, for example, at once.
  const last = isUsed(action) ? action : 'warn'
  if (Number.isNaN(planned.get(last))) planned.set(last, deadline)
  const stages = LADDER.filter(isUsed).flatMap((stage) => {
    const at = planned.get(stage) ?? Number.NaN
    return Number.isNaN(at) ? [] : { stage, at: Math.max(at, createdAt) }
  })
  // Of what a stricter stage has overtaken nothing is ever in force.
  return stages.filter(({ at }, index) => stages.slice(index + 1).every((stricter) => stricter.at > at))
}

/** How much later a rule climbs for an account, in milliseconds. Where nobody knows its units, not at all. */
export function delayOf({ rings = [] }: Pick<Ladder, 'rings'>, units: readonly string[] | undefined): number {
  if (rings.length === 0 || !units) return 0
  const own = rings.find((ring) => ring.units?.some((unit) => units.includes(unit)))
  return ((own ?? rings.find((ring) => ring.units === undefined))?.delayHours ?? 0) * HOUR_MS
}

/**
 * The stage in force at an instant; undefined before the first. A clock behind the rule's creation counts as its start.
 * What blocks falls back to the stage before when it was not confirmed in time; a ceiling holds it there, too.
 *
 * @param delayMs - how much later it climbs for whoever is asked about; see `delayOf`
 */
export function stageAt(rule: Ladder, at: number, delayMs = 0): RuleAction | undefined {
  const now = Math.max(at, rule.createdAt)
  const isWithdrawn = confirmByOf(rule) !== undefined && now >= (confirmByOf(rule) ?? 0)
  const isInForce = ({ stage }: Stage) =>
    (rule.ceiling === undefined || isAtLeast(rule.ceiling, stage)) && !(isWithdrawn && isAtLeast(stage, 'block'))
  const begun = stagesOf(rule).filter((stage) => stage.at + delayMs <= now)
  const found = begun.findLast(isInForce)?.stage
  if (found !== undefined || begun.length === 0) return found
  // Whoever is let in again is still told, and still gets no image of a format that is known to be dangerous.
  const rest = rule.formats.length > 0 && isInForce({ stage: 'degrade', at }) ? 'degrade' : 'warn'
  return isInForce({ stage: rest, at }) ? rest : rule.ceiling
}

/**
 * Until when a rule that blocks must be confirmed, in ms since 1970: ten minutes from the moment it first blocks.
 * Undefined when it never blocks, is final, or is confirmed.
 */
export function confirmByOf(rule: Ladder): number | undefined {
  if (rule.isFinal || rule.confirmedAt !== undefined) return undefined
  const blocksFrom = deadlineOf(rule)
  return blocksFrom === undefined ? undefined : blocksFrom + CONFIRM_WITHIN_MS
}

/** When sign-in is refused, in ms since 1970; undefined for a rule that never blocks. */
export function deadlineOf(rule: Ladder): number | undefined {
  return stagesOf(rule).find(({ stage }) => isAtLeast(stage, 'block'))?.at
}

/** Every instant after `at` at which the rule changes what it does to somebody, in ms since 1970. */
export function changesAfter(rule: Ladder, at: number): number[] {
  const delays = new Set([0, ...(rule.rings ?? []).map(({ delayHours }) => delayHours * HOUR_MS)])
  const stages = stagesOf(rule).flatMap((stage) => [...delays].map((delayMs) => stage.at + delayMs))
  return [...stages, confirmByOf(rule)].filter((instant) => instant !== undefined).filter((instant) => instant > at)
}
