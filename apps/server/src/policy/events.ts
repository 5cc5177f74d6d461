import { GUARDRAILS, QUESTIONS, RULE_NAMES } from '@drawbridge/policy'
import { counter, gauge, histogram } from '@drawbridge/runtime'

/** Answers of the rules, whoever they were about. Who it was goes into the log. */
export const countVerdict = counter('drawbridge_policy_verdicts_total', 'Policy verdicts other than pass.', {
  question: QUESTIONS,
  rule: [...RULE_NAMES, 'lease'],
  action: ['refuse', 'hold', 'discard'],
  mode: ['enforce', 'observe'],
})

/** What a change of the rules did to live sessions. */
export const countEffect = counter('drawbridge_policy_effects_total', 'Effects of policy changes on live sessions.', {
  action: ['disconnect', 'degrade', 'warn', 'notify'],
})

/** Rules that did more than anybody expected, and were taken back one stage. */
export const countGuardrail = counter(
  'drawbridge_policy_guardrails_total',
  'Client rules that a guardrail held back.',
  {
    guardrail: GUARDRAILS,
  },
)

/** Each is on record with who, from where and what. */
export const countBreakGlass = counter(
  'drawbridge_policy_break_glass_total',
  'Times that a break-glass account passed what would have stopped anybody else.',
)

/** The epoch in force here; nodes that differ for longer than their lease are in trouble. */
export const setEpoch = gauge('drawbridge_policy_epoch', 'Policy epoch in force on this node.')

/** How fast changes take effect here, whichever node made them: what is promised is 1 s for 99 of 100 (control §4.5). */
export const observeApplication = histogram(
  'drawbridge_policy_effect_seconds',
  'From the commit of a policy change, on whatever node, to its effect on every live session of this node. Without a lease a node has refused everything meanwhile.',
  [0.01, 0.03, 0.1, 0.3, 1, 2, 5],
  { lease: ['held', 'lost'] },
)
