import { stageAt } from './ladder.ts'
import type { Ladder } from './ladder.ts'
import type { RuleAction } from './vocabulary.ts'
import { RULE_ACTIONS } from './vocabulary.ts'

/** What may show that a rule which blocks does something else than was meant. */
export const GUARDRAILS = ['break-glass', 'matches', 'return'] as const
export type Guardrail = (typeof GUARDRAILS)[number]

/** Where a rule has gone too far (control §3.5). */
export const GUARDRAIL_LIMITS = {
  /** Times as many people as were simulated. */
  simulatedFactor: 1.5,
  /** Share of the people active within `withinMs`. */
  activeShare: 0.05,
  /** Fewer people than this are never too many, nor enough to say that nobody comes back. */
  people: 10,
  /** How far back matches and activity count, in milliseconds. */
  withinMs: 10 * 60_000,
  /** Of those kept out, at least this share should be back... */
  returnedShare: 0.3,
  /** ...so long after they were kept out, in milliseconds. */
  returnAfterMs: 30 * 60_000,
} as const

/**
 * What has been seen of a rule that blocks. Errors of the update page, the time that signing in takes and the age of the
 * sanitizer's queue are not among it: no node measures them in a way that could be laid to one rule.
 */
export interface RuleFacts {
  /** People whom the simulation named. Undefined: nobody simulated it, so no number is more than was expected. */
  readonly simulated: number | undefined
  /** People whom it matched within the last ten minutes. */
  readonly matched: number
  /** People who were active in that time, those it kept out included. */
  readonly active: number
  readonly isBreakGlassMatched: boolean
  /** People kept out for the first time half an hour ago or longer. */
  readonly dueBack: number
  /** Of those, how many have been here since with a client that is allowed. */
  readonly returned: number
}

export interface Breach {
  readonly guardrail: Guardrail
  /** For administrators. */
  readonly reason: string
}

/** The first guardrail that a rule has run into; undefined: it does what was meant. */
export function findBreach({
  simulated,
  matched,
  active,
  isBreakGlassMatched,
  dueBack,
  returned,
}: RuleFacts): Breach | undefined {
  const { simulatedFactor, activeShare, people, returnedShare } = GUARDRAIL_LIMITS
  if (isBreakGlassMatched) return { guardrail: 'break-glass', reason: 'It matches a break-glass account.' }
  const limit = simulated === undefined ? Infinity : Math.max(simulatedFactor * simulated, activeShare * active, people)
  if (matched > limit) {
    const reason = `It matched ${matched} people in 10 minutes, where the simulation named ${simulated}.`
    return { guardrail: 'matches', reason }
  }
  if (dueBack >= people && returned < returnedShare * dueBack) {
    const reason = `Of ${dueBack} people kept out, ${returned} had come back after 30 minutes.`
    return { guardrail: 'return', reason }
  }
  return undefined
}

/** The next stage below the one in force that the rule has: where it goes when it falls back. */
export function stageBelow(rule: Ladder, at: number): RuleAction {
  const ceiling = RULE_ACTIONS[RULE_ACTIONS.indexOf(stageAt(rule, at) ?? 'observe') - 1] ?? 'observe'
  return stageAt({ ...rule, ceiling }, at) ?? ceiling
}
