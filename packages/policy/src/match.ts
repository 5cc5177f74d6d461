import { UNREADABLE_FAMILY } from './client.ts'
import { compileConditions } from './conditions.ts'
import type { Matched } from './conditions.ts'
import { delayOf, isAtLeast, stageAt } from './ladder.ts'
import type { ClientRuleSetting, RuleExceptionSetting } from './settings.ts'
import type { RuleAction } from './vocabulary.ts'

/** The rule that decides about a client, and how far it has climbed. */
export interface RuleMatch {
  readonly setting: ClientRuleSetting
  readonly stage: RuleAction
  /** How much later it climbs for this account, in milliseconds. */
  readonly delayMs: number
  /** False: the client left open what it is, and this is the worst that it may be. */
  readonly isCertain: boolean
}

/** The rule that decides about a session, if one does. */
export type FindRule = (matched: Matched) => RuleMatch | undefined

/** What a client without any evidence claims: nothing, so that only rules for every family are about it. */
const SILENT = { family: '' }

/**
 * Compiles the client rules and their exceptions.
 *
 * Rules are asked by priority, and the first that certainly matches decides. One that only may match, because the client
 * left open what it is, does not end the search, but counts: of those and the one that decides the strictest holds. So
 * what cannot be read is never treated better than any version that could stand there. A client that claims several
 * things is judged by the worst of them.
 */
export function compileClientRules(
  settings: readonly ClientRuleSetting[],
  exceptions: readonly RuleExceptionSetting[],
): FindRule {
  const rules = inOrder(settings).map((setting) => ({ setting, answer: compileConditions(setting) }))
  const isExcused = compileExceptions(exceptions)
  return (matched) => {
    let worst: RuleMatch | undefined
    const { claims } = matched.client
    for (const claim of claims.length === 0 ? [SILENT] : claims) {
      for (const { setting, answer } of rules) {
        const verdict = answer(matched, claim)
        if (verdict === 'no') continue
        const delayMs = delayOf(setting, matched.account?.units)
        const stage = stageAt(setting, matched.at, delayMs)
        if (stage === undefined || isExcused(matched, setting.id)) continue
        const isCertain = verdict === 'yes'
        if (!worst || !isAtLeast(worst.stage, stage)) worst = { setting, stage, delayMs, isCertain }
        if (isCertain) break
      }
    }
    return worst
  }
}

/** The order in which rules are asked: by priority, and of equal ones the newest first, so that a rule made in a hurry decides. */
export function inOrder<T extends Pick<ClientRuleSetting, 'id' | 'priority' | 'createdAt'>>(rules: readonly T[]): T[] {
  // Rules of one change have one instant; ids grow.
  return rules.toSorted((a, b) => a.priority - b.priority || b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
}

/**
 * Whether an exception is about this session and that rule; for `rule` undefined, about the rule for unknown clients.
 * An exception must match for certain, and for everything that the client claims.
 */
export function compileExceptions(
  exceptions: readonly RuleExceptionSetting[],
): (matched: Matched, rule: string | undefined) => boolean {
  const compiled = exceptions.map(({ until, rule, ...setting }) => ({
    until,
    rule,
    answer: compileConditions(setting),
  }))
  return (matched, rule) => {
    const claims = matched.client.claims.length === 0 ? [{ family: UNREADABLE_FAMILY }] : matched.client.claims
    return compiled.some(
      (exception) =>
        matched.at < exception.until &&
        (exception.rule === undefined || exception.rule === rule) &&
        claims.every((claim) => exception.answer(matched, claim) === 'yes'),
    )
  }
}
