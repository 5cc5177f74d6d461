import { covers } from './conditions.ts'
import type { Matched } from './conditions.ts'
import type { ClientIdentity } from './client.ts'
import { isAtLeast, stagesOf } from './ladder.ts'
import { compileClientRules, compileExceptions, inOrder } from './match.ts'
import type { AccountFacts } from './questions.ts'
import { requiredTier, unknownBecause } from './rule-client.ts'
import { clientRuleSetting } from './settings.ts'
import type { ClientRuleSetting, PolicySettings, RuleExceptionSetting } from './settings.ts'
import { RULE_ACTIONS } from './vocabulary.ts'
import type { ClientPosture, RuleAction } from './vocabulary.ts'

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

/** Whether two rules are one, written twice: about the same clients, as strict, and as fast. */
export function isSameRule(one: ClientRuleSetting, other: ClientRuleSetting): boolean {
  const isAlike = one.action === other.action && one.preset === other.preset
  return isAlike && covers(one, other) && covers(other, one)
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
  readonly posture: ClientPosture
  readonly minimumTiers: PolicySettings['minimumTiers']
}

/**
 * What a change of the rules would do once every ladder has been climbed: everybody for whom it changes, the strictest
 * first. Break-glass accounts are named, too, although they are let in all the same. Nobody is spared by the calendar:
 * neither by a window that opens later, nor by an exception that ends before.
 *
 * @param at - now, in ms since 1970
 */
export function simulate(
  before: ClientRules,
  after: ClientRules,
  sightings: readonly Sighting[],
  at: number,
): Affected[] {
  const known = new Set(before.clientRules.map(({ id }) => id))
  const top = topOf(
    after.clientRules.filter(({ id }) => !known.has(id)),
    at,
  )
  const today = compileAtTheTop(before, top)
  const then = compileAtTheTop(after, top)
  const judged = sightings.map((sighting) => ({ sighting, before: today(sighting), after: then(sighting) }))
  const lets = new Set<string>()
  for (const { sighting, after: outcome } of judged) {
    if (!isAtLeast(outcome.stage, 'block')) lets.add(sighting.account.localpart)
  }
  return judged
    .filter((one) => one.before.stage !== one.after.stage)
    .map((one) => ({
      sighting: one.sighting,
      before: one.before.stage,
      after: one.after.stage,
      rule: one.after.rule,
      hasOther: lets.has(one.sighting.account.localpart),
    }))
    .toSorted((a, b) => strictnessOf(b.after) - strictnessOf(a.after))
}

/** Whether rules let a client in once every ladder has been climbed. Break-glass does not count: it proves nothing. */
export function isLetInAtTheTop(
  rules: ClientRules,
  client: Pick<Sighting, 'account' | 'client' | 'address'>,
  at: number,
): boolean {
  return !isAtLeast(compileAtTheTop(rules, topOf(rules.clientRules, at))(client).stage, 'block')
}

/** When the last of these rules does the last that it will do, or now if that has passed. */
function topOf(rules: readonly ClientRuleSetting[], at: number): number {
  const instants = rules.flatMap((rule) => [...stagesOf(rule).map((stage) => stage.at), rule.activeFrom ?? at])
  return Math.max(at, ...instants)
}

function strictnessOf(action: RuleAction | undefined): number {
  return action === undefined ? -1 : RULE_ACTIONS.indexOf(action)
}

interface Outcome {
  readonly stage: RuleAction | undefined
  /** The rule that decides; undefined: none, or the posture. */
  readonly rule: string | undefined
}

/** What of a rule says when, and not what. */
const CALENDAR: ReadonlySet<string> = new Set([
  'ceiling',
  'deadline',
  'stageDates',
  'rings',
  'activeFrom',
  'activeUntil',
] satisfies (keyof ClientRuleSetting)[])

/**
 * The rules as if each had reached its last stage for everybody, in its window, confirmed and not held back. What is over
 * by then is left out.
 */
function compileAtTheTop({ clientRules, exceptions, posture, minimumTiers }: ClientRules, at: number) {
  const find = compileClientRules(
    // Their times say nothing but the order in which they are asked.
    inOrder(clientRules)
      .filter(({ activeUntil }) => activeUntil === undefined || activeUntil > at)
      .map((rule, index): ClientRuleSetting => {
        const always = Object.fromEntries(Object.entries(rule).filter(([key]) => !CALENDAR.has(key)))
        const action = stagesOf(rule).at(-1)?.stage ?? rule.action
        // `now` puts every stage at its creation; an instant in the past would find none of them in force.
        const createdAt = clientRules.length - index
        return clientRuleSetting.parse({ ...always, action, preset: 'now', createdAt, isFinal: true })
      }),
    exceptions,
  )
  const isExcused = compileExceptions(exceptions)
  return ({ account, client, address }: Pick<Sighting, 'account' | 'client' | 'address'>): Outcome => {
    const matched: Matched = { account, client, address, at }
    const match = find(matched)
    const required = requiredTier(minimumTiers, account)
    const isMeant = posture === 'enforce' || required !== 'E1'
    const isUnknown = isMeant && unknownBecause(client, required) !== undefined && !isExcused(matched, undefined)
    if (isUnknown && !isAtLeast(match?.stage, 'block')) return { stage: 'block', rule: undefined }
    return { stage: match?.stage, rule: match?.setting.id }
  }
}
