import { covers } from './conditions.ts'
import type { Matched } from './conditions.ts'
import type { ClientIdentity } from './client.ts'
import { isAtLeast, stagesOf } from './ladder.ts'
import { compileClientRules, inOrder } from './match.ts'
import type { FindRule } from './match.ts'
import type { AccountFacts } from './questions.ts'
import type { ClientRuleSetting, RuleExceptionSetting } from './settings.ts'
import { RULE_ACTIONS } from './vocabulary.ts'
import type { RuleAction } from './vocabulary.ts'

/** A rule that can never decide, since an earlier one is about everybody whom it is about. */
export interface Shadow {
  readonly rule: string
  readonly by: string
  /** The hidden rule is the stricter one: somebody is let in whom it would keep out. */
  readonly isWeaker: boolean
}

/** Rules that other rules hide (control §3.2). Overlaps that are not complete are no shadow. */
export function findShadows(rules: readonly ClientRuleSetting[]): Shadow[] {
  const ordered = inOrder(rules)
  return ordered.flatMap((rule, index) => {
    const by = ordered.slice(0, index).find((earlier) => covers(earlier, rule))
    return by ? [{ rule: rule.id, by: by.id, isWeaker: !isAtLeast(by.action, rule.action) }] : []
  })
}

/** One client of somebody, connected now or seen some time ago. */
export interface Sighting {
  readonly account: AccountFacts
  readonly client: ClientIdentity
  readonly address?: string | undefined
  /** Milliseconds since 1970; of a live session, now. */
  readonly seenAt: number
  readonly isLive: boolean
}

/** What a change of the rules would do to one client. */
export interface Affected {
  readonly sighting: Sighting
  /** What is done to it today; undefined: nothing. */
  readonly before: RuleAction | undefined
  readonly after: RuleAction | undefined
  /** The rule that decides after the change. */
  readonly rule: string | undefined
  /** Somebody who has been seen with another client that stays allowed. */
  readonly hasOther: boolean
}

/** The rules, as they are or as they would be. */
export interface ClientRules {
  readonly clientRules: readonly ClientRuleSetting[]
  readonly exceptions: readonly RuleExceptionSetting[]
}

/**
 * What a change of the client rules would do once every ladder has been climbed: everybody for whom it changes, the
 * strictest first. Break-glass accounts are named, too, although they are let in all the same.
 */
export function simulate(before: ClientRules, after: ClientRules, sightings: readonly Sighting[]): Affected[] {
  const today = compileAtTheTop(before)
  const then = compileAtTheTop(after)
  const judged = sightings.map((sighting) => {
    const matched: Matched = { ...sighting, at: sighting.seenAt }
    return { sighting, before: today(matched), after: then(matched) }
  })
  const lets = new Set<string>()
  for (const { sighting, after: match } of judged) {
    if (!match || !isAtLeast(match.stage, 'block')) lets.add(sighting.account.localpart)
  }
  return judged
    .filter((one) => one.before?.stage !== one.after?.stage)
    .map((one) => ({
      sighting: one.sighting,
      before: one.before?.stage,
      after: one.after?.stage,
      rule: one.after?.setting.id,
      hasOther: lets.has(one.sighting.account.localpart),
    }))
    .toSorted((a, b) => strictnessOf(b.after) - strictnessOf(a.after))
}

function strictnessOf(action: RuleAction | undefined): number {
  return action === undefined ? -1 : RULE_ACTIONS.indexOf(action)
}

/** The rules as if each had reached its last stage, confirmed and not held back: nobody is spared by the calendar. */
function compileAtTheTop({ clientRules, exceptions }: ClientRules): FindRule {
  return compileClientRules(
    // Their times say nothing but the order in which they are asked.
    inOrder(clientRules).map((rule, index): ClientRuleSetting => {
      const { ceiling: _ceiling, deadline: _deadline, ...rest } = rule
      const last = stagesOf(rule).at(-1)?.stage ?? rule.action
      // `now` puts every stage at its creation; an instant in the past would find none of them in force.
      return { ...rest, action: last, preset: 'now', createdAt: -index, isFinal: true }
    }),
    exceptions,
  )
}
