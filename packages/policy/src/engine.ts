import type { MediaFacts, Question, Questions, SessionFacts } from './questions.ts'
import { PASS, refuse } from './verdict.ts'
import type { PolicyCode, Verdict, VerdictDetails } from './verdict.ts'

/** The rules there are. Counters and settings use this closed list. */
export const RULE_NAMES = ['client-version', 'client-unknown', 'federation', 'recall', 'suspension'] as const
export type RuleName = (typeof RULE_NAMES)[number]

/** What must happen now to a session that is already open, after the rules have changed. */
export type LiveEffect =
  | { readonly action: 'none' }
  | { readonly action: 'notify' | 'warn' | 'disconnect'; readonly code: PolicyCode; readonly details: VerdictDetails }
  /** Images of these formats are withheld from it, and it is warned. */
  | {
      readonly action: 'degrade'
      readonly code: PolicyCode
      readonly details: VerdictDetails
      readonly formats: readonly string[]
    }

/** Answers some questions. A rule decides and never edits; it sees no clock, socket or database. */
export interface Rule {
  readonly name: RuleName
  readonly decide: { readonly [Q in Question]?: (facts: Questions[Q]) => Verdict }
  readonly live?: (session: SessionFacts) => LiveEffect
}

/** Rules in order, compiled from the settings; a rule that is off is not in it. Replaced whole, never changed. */
export type Policy = readonly { readonly rule: Rule; readonly mode: 'enforce' | 'observe' }[]

/** One answer other than `pass`. */
export interface Finding {
  readonly rule: RuleName
  readonly mode: 'enforce' | 'observe'
  readonly verdict: Verdict
}

export interface Decision {
  readonly verdict: Verdict
  /** Every answer other than `pass`, observed ones included, in rule order. Empty for nearly every stanza. */
  readonly findings: readonly Finding[]
}

const CLEAR: Decision = Object.freeze({ verdict: PASS, findings: Object.freeze([]) })
const NOTHING: LiveEffect = Object.freeze({ action: 'none' })

/**
 * The first enforced verdict that is not `pass`, or `pass`.
 * A rule that throws refuses: a broken rule must never open the door.
 */
export function decide<Q extends Question>(policy: Policy, question: Q, facts: Questions[Q]): Decision {
  const findings: Finding[] = []
  for (const { rule, mode } of policy) {
    const ask = rule.decide[question]
    if (!ask) continue
    const verdict = settle(ask, facts)
    if (verdict.action === 'pass') continue
    findings.push({ rule: rule.name, mode, verdict })
    if (mode === 'enforce') return { verdict, findings }
  }
  return findings.length === 0 ? CLEAR : { verdict: PASS, findings }
}

const EFFECT_ORDER = [
  'none',
  'notify',
  'warn',
  'degrade',
  'disconnect',
] as const satisfies readonly LiveEffect['action'][]

/** The strictest effect that the enforced rules have on an open session. A rule that throws ends it. */
export function liveEffect(policy: Policy, session: SessionFacts): LiveEffect {
  let strictest = NOTHING
  for (const { rule, mode } of policy) {
    if (mode !== 'enforce' || !rule.live) continue
    const effect = effectOf(rule.live, session)
    if (EFFECT_ORDER.indexOf(effect.action) > EFFECT_ORDER.indexOf(strictest.action)) strictest = effect
  }
  return strictest
}

/** Of these formats, those that a reader may not see images of now. */
export function hiddenFormats(
  policy: Policy,
  reader: Omit<MediaFacts, 'isImage' | 'format'>,
  formats: readonly string[],
): readonly string[] {
  return formats.filter(
    (format) => decide(policy, 'media.read', { ...reader, isImage: true, format }).verdict.action !== 'pass',
  )
}

function settle<F>(ask: (facts: F) => Verdict, facts: F): Verdict {
  try {
    return ask(facts)
  } catch (error) {
    return refuse('internal', `the rule failed: ${String(error)}`, { retryable: true })
  }
}

function effectOf(live: (session: SessionFacts) => LiveEffect, session: SessionFacts): LiveEffect {
  try {
    return live(session)
  } catch {
    return { action: 'disconnect', code: 'internal', details: {} }
  }
}
