import { ADMIN_ROUTES, type ClientRuleView } from '@drawbridge/contract'
import { expect, test } from 'vitest'
import { diffPolicy, exportPolicy, parsePolicy, stepLine } from './document.ts'
import type { ServerPolicy } from './document.ts'

const DEFAULTS = ADMIN_ROUTES.setMediaPolicy.body.parse({})
const rule = (id: string, more: Partial<ClientRuleView> = {}): ClientRuleView => ({
  id,
  family: 'gajim',
  below: '2.0',
  action: 'block',
  preset: 'routine',
  priority: 100,
  createdAt: '2026-11-23T09:00:00.000Z',
  createdBy: 'carol@im.test',
  stage: 'notify',
  stages: [],
  isGuarded: true,
  ...more,
})
const server = (rules: readonly ClientRuleView[], units: ServerPolicy['media']['units'] = {}): ServerPolicy => ({
  media: { policy: DEFAULTS, units },
  rules,
})
const lines = (text: string, has: ServerPolicy) => diffPolicy(parsePolicy(text), has).map(stepLine)

test('what was exported is what the server has', () => {
  const has = server(
    [
      rule('r1', { deadline: '2026-12-07T09:00:00.000Z', units: ['sales'], activeFrom: '2026-11-24T00:00:00.000Z' }),
      rule('r2', { family: 'dino', os: ['linux', 'windows'], confirmedAt: '2026-11-23T09:00:00.000Z' }),
    ],
    { sales: { maxFileBytes: 1_000 } },
  )
  const text = exportPolicy(has)
  expect(text).not.toMatch(/createdAt|confirmedAt|stage|r1/u)
  expect(diffPolicy(parsePolicy(text), has)).toEqual([])
})

test('a rule is the same however its defaults and instants are written', () => {
  const has = server([rule('r1', { deadline: '2026-12-07T09:00:00.000Z', os: ['linux', 'windows'] })])
  expect(
    lines('{version: 1, clientRules: [{family: gajim, below: "2.0", action: block, os: [windows, linux]}]}', has),
  ).toEqual([])
  const at = (deadline: string) =>
    `{version: 1, clientRules: [{family: gajim, below: "2.0", action: block, os: [windows, linux], deadline: "${deadline}"}]}`
  expect(lines(at('2026-12-07T10:00:00+01:00'), has)).toEqual([])
  expect(lines(at('2026-12-08T09:00:00Z'), has)).toHaveLength(2)
})

test('new rules come before old ones go, and each of two alike counts', () => {
  const text =
    'version: 1\nclientRules:\n  - {family: gajim, below: "2.1", action: disconnect}\n  - {family: gajim, below: "2.0", action: block}\n'
  expect(lines(text, server([rule('r1'), rule('r2')]))).toEqual([
    '+ client rule: gajim below 2.1 disconnect (routine, priority 100)',
    '- client rule r2: gajim below 2.0 block (routine, priority 100)',
  ])
})

test('a section that is not there is left alone; one that is empty takes everything away', () => {
  const has = server([rule('r1')], { sales: { maxFileBytes: 1_000 } })
  expect(lines('version: 1', has)).toEqual([])
  expect(lines('version: 1\nclientRules: []\nunitMediaPolicies: {}', has)).toEqual([
    '~ media policy of unit sales: maxFileBytes',
    '- client rule r1: gajim below 2.0 block (routine, priority 100)',
  ])
  const wanted = JSON.stringify({ version: 1, mediaPolicy: { ...DEFAULTS, avif: 'accept' } })
  expect(lines(wanted, has)).toEqual(['~ media policy: avif'])
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
