import { expect, test } from 'vitest'
import { changesAfter, delayOf, stageAt, stagesOf } from './ladder.ts'
import { compileClientRules } from './match.ts'
import { clientRuleSetting } from './settings.ts'
import type { ClientRuleSetting } from './settings.ts'
import { claimFrom, identify } from './client.ts'
import { ruleFault } from './rule-fault.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const D = 14 * DAY_MS

function rule(more: object): ClientRuleSetting {
  return clientRuleSetting.parse({
    id: 'r',
    family: 'gajim',
    below: '2.0',
    action: 'disconnect',
    formats: ['webp'],
    createdAt: 0,
    isFinal: true,
    ...more,
  })
}

test('control §3.2 each stage can have a date of its own; the others stay where the preset has them', () => {
  const dated = rule({ stageDates: { warn: 2 * DAY_MS, block: D + DAY_MS } })
  expect(stagesOf(dated)).toEqual([
    { stage: 'notify', at: DAY_MS },
    { stage: 'warn', at: 2 * DAY_MS },
    { stage: 'degrade', at: D - 2 * DAY_MS },
    { stage: 'block', at: D + DAY_MS },
    { stage: 'disconnect', at: D + 2 * DAY_MS },
  ])
  // A preset that skips it has a stage where it is given a date.
  expect(stagesOf(rule({ preset: 'emergency', createdAt: 0, deadline: DAY_MS, stageDates: { warn: 0 } }))[0]).toEqual({
    stage: 'warn',
    at: 0,
  })
  // What a stricter stage has overtaken is never in force.
  expect(stagesOf(rule({ stageDates: { warn: D + 5 * DAY_MS } })).map(({ stage }) => stage)).toEqual([
    'notify',
    'degrade',
    'block',
    'disconnect',
  ])
})

test('control §2 row 14: rings climb one after the other, and whoever is in none with everybody else', () => {
  const ringed = rule({
    preset: 'now',
    rings: [{ units: ['it'], delayHours: 0 }, { units: ['sales'], delayHours: 24 }, { delayHours: 72 }],
  })
  expect([['it'], ['sales', 'it'], ['sales'], ['ops'], []].map((units) => delayOf(ringed, units) / HOUR_MS)).toEqual([
    0, 0, 24, 72, 72,
  ])
  // Who cannot be placed is not spared.
  expect(delayOf(ringed, undefined)).toBe(0)
  expect(stageAt(ringed, DAY_MS - 1, DAY_MS)).toBeUndefined()
  expect(stageAt(ringed, DAY_MS, DAY_MS)).toBe('disconnect')
  expect(changesAfter(ringed, 0)).toEqual([DAY_MS, 3 * DAY_MS])

  const find = compileClientRules([ringed], [])
  const client = identify([claimFrom({ source: 'client-element', name: 'gajim', version: '1.0' })])
  const stageOf = (unit: string, at: number) =>
    find({ at, client, account: { localpart: 'a', isAdmin: false, isBreakGlass: false, units: [unit] } })?.stage
  expect(['it', 'sales', 'ops'].map((unit) => stageOf(unit, DAY_MS))).toEqual(['disconnect', 'disconnect', undefined])
})

test.each([
  [{ from: '2.0', below: '1.0' }, 'No version is from 2.0 on and below 1.0.'],
  [{ from: '2.0', below: '2.0' }, 'No version is from 2.0 on and below 2.0.'],
  [{ activeUntil: 5 }, 'Its window is over.'],
  [{ activeFrom: 30, activeUntil: 20 }, 'Its window ends before it begins.'],
  [{ action: 'degrade' as const }, 'It names no image format to withhold.'],
  [{ action: 'degrade' as const, formats: ['webp'] }, undefined],
  [{ from: '1.0', below: '2.0', activeFrom: 20, activeUntil: 30 }, undefined],
])('a rule that could never do what it says is named: %o', (document, fault) => {
  expect(ruleFault(document, 10)).toBe(fault)
})
