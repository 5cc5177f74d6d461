import { expect, test } from 'vitest'
import { parsePolicy, stepLine } from './document.ts'

test('a file is read with what it does not say', () => {
  expect(parsePolicy('version: 1\nclientPosture: enforce\nclientRules: [{family: gajim, action: block}]')).toEqual({
    version: 1,
    clientPosture: 'enforce',
    clientRules: [{ family: 'gajim', action: 'block' }],
  })
})

test('each step is a line', () => {
  const rule = { family: 'gajim', below: '2.1', action: 'block', os: ['linux'], units: ['sales'] }
  const lines = [
    { section: 'clientRules', change: 'add', name: '', after: rule },
    { section: 'clientRules', change: 'remove', name: 'r2', before: { ...rule, preset: 'now', priority: 5 } },
    { section: 'clientPosture', change: 'change', name: '', before: 'discover', after: 'enforce' },
    {
      section: 'unitMediaPolicies',
      change: 'change',
      name: 'sales',
      before: { avif: 'accept' },
      after: { e2ee: 'refuse' },
    },
    { section: 'minimumTiers', change: 'add', name: 'fin', after: 'E2' },
    { section: 'minimumTiers', change: 'remove', name: 'hr', before: 'E3' },
    { section: 'playbooks', change: 'remove', name: 'worm', before: { reason: 'x', steps: [] } },
  ] as const
  expect(lines.map(stepLine)).toEqual([
    '+ client rule: gajim below 2.1 of sales on linux block (routine, priority 100)',
    '- client rule r2: gajim below 2.1 of sales on linux block (now, priority 5)',
    '~ posture for unknown clients: discover → enforce',
    '~ media policy of unit sales: avif, e2ee',
    '+ protected unit fin: E2',
    '- protected unit hr: E3',
    '- playbook worm: reason, steps',
  ])
})

test.each([
  ['version: 2', 'version'],
  ['version: 1\nversion: 1', 'unique'],
  ['version: 1\nclientRules: [{family: gajim, action: explode}]', 'action'],
  ['version: 1\nclientrules: []', 'clientrules'],
  ['version: 1\nclientRules: [{family: gajim, action: block, simulation: x}]', 'simulation'],
  ['a: &a [x, x]\nb: *a', 'alias'],
  ['version: [', 'YAML'],
  ['# '.repeat(600_000), 'large'],
])('what is wrong with a file is told: %#', (text, word) => {
  expect(() => parsePolicy(text)).toThrow(word)
})
