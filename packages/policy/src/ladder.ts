import type { ClientRuleSetting } from './settings.ts'
import type { RuleAction } from './vocabulary.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** From a rule's creation to its deadline. */
const DEADLINE_MS = 14 * DAY_MS

/** The routine ladder, as distances from the deadline in milliseconds. */
const ROUTINE = [
  { stage: 'notify', fromDeadlineMs: -14 * DAY_MS },
  { stage: 'warn', fromDeadlineMs: -7 * DAY_MS },
  { stage: 'degrade', fromDeadlineMs: -3 * DAY_MS },
  { stage: 'block', fromDeadlineMs: 0 },
  { stage: 'disconnect', fromDeadlineMs: 24 * HOUR_MS },
] as const

const ORDER = ['observe', 'notify', 'warn', 'degrade', 'block', 'disconnect'] as const satisfies readonly RuleAction[]

/** One step of a rule's ladder: from `at` (ms since 1970) on, `stage` holds. */
export interface Stage {
  readonly stage: RuleAction
  readonly at: number
}

/** True when `stage` is at least as strict as `least`. */
export function isAtLeast(stage: RuleAction | undefined, least: RuleAction): boolean {
  return stage !== undefined && ORDER.indexOf(stage) >= ORDER.indexOf(least)
}

/**
 * The steps of a rule, earliest first. It climbs no further than its action; `isNow` applies that action at once.
 * `degrade` is skipped, since no rule lists formats yet.
 */
export function stagesOf(rule: Pick<ClientRuleSetting, 'action' | 'isNow' | 'createdAt'>): Stage[] {
  if (rule.action === 'observe') return [{ stage: 'observe', at: rule.createdAt }]
  if (rule.isNow) return [{ stage: rule.action === 'degrade' ? 'warn' : rule.action, at: rule.createdAt }]
  return ROUTINE.filter(({ stage }) => stage !== 'degrade' && isAtLeast(rule.action, stage)).map(
    ({ stage, fromDeadlineMs }) => ({ stage, at: rule.createdAt + DEADLINE_MS + fromDeadlineMs }),
  )
}

/** The stage in force at an instant; undefined before the first. A clock behind the rule's creation counts as its start. */
export function stageAt(
  rule: Pick<ClientRuleSetting, 'action' | 'isNow' | 'createdAt'>,
  at: number,
): RuleAction | undefined {
  const now = Math.max(at, rule.createdAt)
  return stagesOf(rule).findLast((stage) => stage.at <= now)?.stage
}

/** When sign-in is refused, in ms since 1970; undefined for a rule that never blocks. */
export function deadlineOf(rule: Pick<ClientRuleSetting, 'action' | 'isNow' | 'createdAt'>): number | undefined {
  return stagesOf(rule).find(({ stage }) => isAtLeast(stage, 'block'))?.at
}
