import { stageAt } from './ladder.ts'
import type { Ladder } from './ladder.ts'
import type { RuleAction } from './vocabulary.ts'
import { RULE_ACTIONS } from './vocabulary.ts'

/** What may show that a rule which blocks does something else than was meant. */
export const GUARDRAILS = ['break-glass', 'matches', 'return', 'sign-in', 'sanitizer-queue', 'update-page'] as const
export type Guardrail = (typeof GUARDRAILS)[number]

const MINUTE_MS = 60_000

/** Where a rule has gone too far (control §3.5). */
export const GUARDRAIL_LIMITS = {
  /** Times as many people as were simulated. */
  simulatedFactor: 1.5,
  /** Share of the people active within `withinMs`. */
  activeShare: 0.05,
  /** Fewer people than this are never too many, nor enough to say that nobody comes back. */
  people: 10,
  /** How far back matches and activity count, in milliseconds. */
  withinMs: 10 * MINUTE_MS,
  /** Of those kept out, at least this share should be back... */
  returnedShare: 0.3,
  /** ...so long after they were kept out, in milliseconds. */
  returnAfterMs: 30 * MINUTE_MS,
  /** Of twenty people who sign in, nineteen should not wait longer, in milliseconds... */
  signInMs: 2_000,
  /** ...nor any file for the sanitizer... */
  queueMs: 30_000,
  /** ...for so long, in milliseconds. */
  strainedMs: 5 * MINUTE_MS,
  /** Of the requests for the page with the update, no larger share should fail... */
  pageErrorShare: 0.1,
  /** ...and of fewer than this many nothing is said. */
  pageRequests: 10,
  /** How long after a rule began to block the state of the service is laid to it, in milliseconds. */
  blamedMs: 60 * MINUTE_MS,
} as const

/** What has been seen of a rule that blocks, on all nodes together. */
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
  /** How long it has been blocking, in milliseconds. */
  readonly blockingMs: number
}

/** How the service bears it: it may be somebody else's fault, so it counts for rules that have just begun to block. */
export interface ServiceFacts {
  /** 95th percentile of the last five minutes on the slowest node; undefined: too few sign-ins to say. */
  readonly signInP95Ms: number | undefined
  /** How long the oldest file in the sanitizer's queue has been older than it may be, in milliseconds. */
  readonly queueOldForMs: number
  /** Requests for the page with the update in the last five minutes, and how many of them we could not answer. */
  readonly pageRequests: number
  readonly pageErrors: number
}

export interface Breach {
  readonly guardrail: Guardrail
  /** For administrators. */
  readonly reason: string
}

/** The first guardrail that a rule has run into; undefined: it does what was meant. */
export function findBreach(rule: RuleFacts, service: ServiceFacts): Breach | undefined {
  const { simulated, matched, active, isBreakGlassMatched, dueBack, returned, blockingMs } = rule
  const { simulatedFactor, activeShare, people, returnedShare, blamedMs } = GUARDRAIL_LIMITS
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
  return blockingMs < blamedMs ? findStrain(service) : undefined
}

function findStrain({ signInP95Ms, queueOldForMs, pageRequests, pageErrors }: ServiceFacts): Breach | undefined {
  const limits = GUARDRAIL_LIMITS
  if (signInP95Ms !== undefined && signInP95Ms > limits.signInMs) {
    const reason = `Signing in took ${(signInP95Ms / 1_000).toFixed(1)} s in one of twenty cases over 5 minutes.`
    return { guardrail: 'sign-in', reason }
  }
  if (queueOldForMs >= limits.strainedMs) {
    return {
      guardrail: 'sanitizer-queue',
      reason: 'Files have waited longer than 30 s for the sanitizer for 5 minutes.',
    }
  }
  if (pageRequests >= limits.pageRequests && pageErrors > limits.pageErrorShare * pageRequests) {
    const reason = `Of ${pageRequests} requests for the page with the update, ${pageErrors} failed.`
    return { guardrail: 'update-page', reason }
  }
  return undefined
}

/** The next stage below the one in force that the rule has: where it goes when it falls back. */
export function stageBelow(rule: Ladder, at: number): RuleAction {
  const ceiling = RULE_ACTIONS[RULE_ACTIONS.indexOf(stageAt(rule, at) ?? 'observe') - 1] ?? 'observe'
  return stageAt({ ...rule, ceiling }, at) ?? ceiling
}

/** Only rules in a hurry may do without guardrails, and only two people take them away (control §3.5). */
export function mayBeUnguarded({ preset }: Pick<Ladder, 'preset'>): boolean {
  return preset === 'emergency' || preset === 'now'
}
