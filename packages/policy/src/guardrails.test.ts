import { expect, test } from 'vitest'
import { findBreach, mayBeUnguarded, stageBelow } from './guardrails.ts'
import type { RuleFacts, ServiceFacts } from './guardrails.ts'
import { clientRuleSetting } from './settings.ts'

const QUIET: RuleFacts = {
  simulated: 2,
  matched: 2,
  active: 100,
  isBreakGlassMatched: false,
  dueBack: 0,
  returned: 0,
  blockingMs: 0,
}
const WELL: ServiceFacts = { signInP95Ms: undefined, queueOldForMs: 0, pageRequests: 0, pageErrors: 0 }

test.each<[what: string, facts: Partial<RuleFacts>, breach: string | undefined]>([
  ['as many as were simulated', {}, undefined],
  ['ten people are never too many', { matched: 10 }, undefined],
  ['eleven where two were simulated', { matched: 11 }, 'matches'],
  ['half as many again', { simulated: 100, matched: 150 }, undefined],
  ['more than that', { simulated: 100, matched: 151 }, 'matches'],
  ['a twentieth of those who are active', { active: 1_000, matched: 50 }, undefined],
  ['more than that', { active: 1_000, matched: 51 }, 'matches'],
  ['nobody expected a number', { simulated: undefined, matched: 5_000 }, undefined],
  ['a break-glass account', { matched: 0, isBreakGlassMatched: true }, 'break-glass'],
  ['three of ten are back', { dueBack: 10, returned: 3 }, undefined],
  ['two of ten are back', { dueBack: 10, returned: 2 }, 'return'],
  ['nine people say nothing', { dueBack: 9, returned: 0 }, undefined],
])('control §3.5 %s', (_what, facts, breach) => {
  expect(findBreach({ ...QUIET, ...facts }, WELL)?.guardrail).toBe(breach)
})

test.each<[what: string, service: Partial<ServiceFacts>, breach: string | undefined]>([
  ['two seconds to sign in', { signInP95Ms: 2_000 }, undefined],
  ['more than that', { signInP95Ms: 2_001 }, 'sign-in'],
  ['a queue that is too old for a moment', { queueOldForMs: 299_999 }, undefined],
  ['for five minutes', { queueOldForMs: 300_000 }, 'sanitizer-queue'],
  ['one of ten pages fails', { pageRequests: 20, pageErrors: 2 }, undefined],
  ['more than that', { pageRequests: 20, pageErrors: 3 }, 'update-page'],
  ['nine requests say nothing', { pageRequests: 9, pageErrors: 9 }, undefined],
])('control §3.5 %s: laid to a rule that has just begun to block, and to no other', (_what, service, breach) => {
  expect(findBreach(QUIET, { ...WELL, ...service })?.guardrail).toBe(breach)
  expect(findBreach({ ...QUIET, blockingMs: 3_600_000 }, { ...WELL, ...service })).toBeUndefined()
})

test('control §3.5 only rules in a hurry may do without guardrails', () => {
  const presets = ['routine', 'urgent', 'emergency', 'now'] as const
  expect(presets.filter((preset) => mayBeUnguarded({ preset }))).toEqual(['emergency', 'now'])
})

test('control §3.5 a rule falls back to the next stage that it has', () => {
  const rule = (action: string, preset: string, formats: string[]) =>
    clientRuleSetting.parse({
      id: 'r',
      family: 'gajim',
      below: '2',
      action,
      preset,
      formats,
      createdAt: 0,
      isFinal: true,
    })
  const late = 30 * 86_400_000
  expect(stageBelow(rule('disconnect', 'routine', ['webp']), late)).toBe('block')
  expect(stageBelow(rule('block', 'routine', ['webp']), late)).toBe('degrade')
  expect(stageBelow(rule('block', 'routine', []), late)).toBe('warn')
  // It never had a stage of blocking: whoever it sent away comes back.
  expect(stageBelow(rule('disconnect', 'now', ['webp']), late)).toBe('degrade')
})
