import { expect, test } from 'vitest'
import { findBreach, stageBelow } from './guardrails.ts'
import type { RuleFacts } from './guardrails.ts'
import { clientRuleSetting } from './settings.ts'

const QUIET: RuleFacts = {
  simulated: 2,
  matched: 2,
  active: 100,
  isBreakGlassMatched: false,
  dueBack: 0,
  returned: 0,
}

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
  expect(findBreach({ ...QUIET, ...facts })?.guardrail).toBe(breach)
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
