import { policyDocument } from '@drawbridge/contract'
import { mediaPolicy } from '@drawbridge/policy'
import { expect, test } from 'vitest'
import { diffPolicy } from './policy-diff.ts'
import type { PresentPolicy } from './policy-diff.ts'

const DEFAULTS = mediaPolicy.parse({})
const GAJIM = { family: 'gajim', below: '2.0', action: 'block', preset: 'routine', priority: 100 } as const
const PLAYBOOK = { steps: [{ scopes: ['images'], mode: 'hold' }], reason: 'x' } as const
const has = (more: Partial<PresentPolicy> = {}): PresentPolicy => ({
  clientPosture: 'discover',
  clientRules: [],
  mediaPolicy: DEFAULTS,
  minimumTiers: {},
  unitMediaPolicies: {},
  playbooks: {},
  advisories: { isDegradeArmed: false, products: { clients: {}, components: {} } },
  ...more,
})
const steps = (document: object, present: PresentPolicy) =>
  diffPolicy(policyDocument.parse({ version: 1, ...document }), present).map(
    ({ section, change, name }) => `${change} ${section} ${name}`,
  )

test('what a service has is what it has, however keys are ordered', () => {
  const { clientRules, ...present } = has({
    clientRules: [
      { id: 'r1', rule: { ...GAJIM, deadline: '2026-12-07T09:00:00.000Z', units: ['sales'] } },
      { id: 'r2', rule: { ...GAJIM, family: 'dino', os: ['linux', 'windows'] } },
    ],
    unitMediaPolicies: { sales: { maxFileBytes: 1_000 } },
    playbooks: { worm: PLAYBOOK },
  })
  const document = { ...present, clientRules: clientRules.map(({ rule }) => rule) }
  expect(steps(document, { ...present, clientRules })).toEqual([])
  const { reason, steps: of } = PLAYBOOK
  expect(steps({ playbooks: { worm: { reason, steps: of } } }, { ...present, clientRules })).toEqual([])
})

test('a rule is the same however its defaults and instants are written', () => {
  const rule = { ...GAJIM, deadline: '2026-12-07T09:00:00.000Z', os: ['linux', 'windows'] }
  const present = has({ clientRules: [{ id: 'r1', rule }] })
  const { priority: _, preset: __, deadline: ___, ...written } = rule
  expect(steps({ clientRules: [{ ...written, os: ['windows', 'linux'] }] }, present)).toEqual([])
  expect(steps({ clientRules: [{ ...written, deadline: '2026-12-07T10:00:00+01:00' }] }, present)).toEqual([])
  expect(steps({ clientRules: [{ ...written, deadline: '2026-12-08T09:00:00Z' }] }, present)).toEqual([
    'add clientRules ',
    'remove clientRules r1',
  ])
})

test('each of two rules alike counts', () => {
  const twice = has({
    clientRules: [
      { id: 'r1', rule: GAJIM },
      { id: 'r2', rule: GAJIM },
    ],
  })
  expect(steps({ clientRules: [GAJIM] }, twice)).toEqual(['remove clientRules r2'])
})

test('of new rules the last one is made first, so that the first one is the newest and is asked first', () => {
  const clientRules = ['a', 'b'].map((family) => ({ ...GAJIM, family }))
  const added = diffPolicy(policyDocument.parse({ version: 1, clientRules }), has())
  expect(added).toMatchObject([{ after: { family: 'b' } }, { after: { family: 'a' } }])
})

test('a section that is not there is left alone; one that is empty takes everything away', () => {
  const present = has({
    clientRules: [{ id: 'r1', rule: GAJIM }],
    unitMediaPolicies: { sales: { maxFileBytes: 1_000 } },
    playbooks: { worm: PLAYBOOK },
  })
  expect(steps({}, present)).toEqual([])
  expect(steps({ clientRules: [], unitMediaPolicies: {}, playbooks: {} }, present)).toEqual([
    'remove clientRules r1',
    'remove unitMediaPolicies sales',
    'remove playbooks worm',
  ])
  expect(steps({ mediaPolicy: { ...DEFAULTS, avif: 'accept' }, clientPosture: 'enforce' }, present)).toEqual([
    'change clientPosture ',
    'change mediaPolicy ',
  ])
})
