import type { ClientRuleView, SuspensionView } from '@drawbridge/contract'
import { expect, test } from 'vitest'
import { changesOf } from './audit-change.ts'
import { rolesWith } from './permission.ts'
import { draftAgain, draftOf, EMPTY_RULE, ladderOf, ruleFrom } from './rule-draft.ts'
import { rateOf, rateSince } from './rate.ts'
import { buildShares, queryOf } from './standing.ts'
import { serviceState } from './service-state.ts'
import { EMPTY_DRAFT, instantFrom, localFrom, publicSuspension, scopesOf, suspensionFrom } from './suspension-draft.ts'

test('sessions share out over fine, flawed and unknown builds, each counted once', () => {
  const flaws = [{ flaw: 'CVE-2023-4863', isExploited: true }]
  const clients = [
    { flaws: [], isUnknown: true, sessions: 3 },
    { flaws, isUnknown: true, sessions: 5 },
    { flaws: [], isUnknown: false, sessions: 18 },
  ]
  expect(buildShares(clients)).toEqual({ total: 26, fine: 18, flawed: 5, unknown: 3 })
})

test('what is asked of the inventory is what was chosen, and nothing else', () => {
  expect(queryOf({ text: ' ', standing: '', isLive: false })).toEqual({ days: 90 })
  expect(queryOf({ text: ' gaj ', standing: 'flawed', isLive: true })).toEqual({
    days: 90,
    text: 'gaj',
    standing: 'flawed',
    live: 'true',
  })
})

test('a rate is over an hour at least, and over what has passed of the present one', () => {
  const now = new Date('2026-11-23T18:30:00Z')
  expect(rateSince(now).toISOString()).toBe('2026-11-23T17:00:00.000Z')
  const hour = (at: string, messages: number, images: number) => ({ hour: at, messages, images, bytes: 0, files: 0 })
  const rows = [hour('2026-11-23T17:00:00Z', 60, 9), hour('2026-11-23T18:00:00Z', 30, 0)]
  expect(rateOf(rows, rateSince(now), now)).toEqual({ messages: 1, images: 0.1, spanMs: 5_400_000 })
  expect(rateOf([], rateSince(now), now)).toEqual({ messages: 0, images: 0, spanMs: 5_400_000 })
})

test('the pill: suspended beats degraded, both beat a drill, and a drill that has not begun is none', () => {
  const drill = (state: SuspensionView['state']) => ({ isDrill: true, state }) as SuspensionView
  expect(serviceState({ state: 'suspended', suspensions: [drill('active')] })).toBe('suspended')
  expect(serviceState({ state: 'degraded', suspensions: [drill('active')] })).toBe('degraded')
  expect(serviceState({ state: 'ok', suspensions: [drill('active')] })).toBe('drill')
  expect(serviceState({ state: 'ok', suspensions: [drill('scheduled')] })).toBe('normal')
})

test('a draft that says little sends little: the server has its own defaults', () => {
  expect(suspensionFrom({ ...EMPTY_DRAFT, whole: ['images'], reason: ' worm ' })).toEqual({
    scopes: ['images'],
    mode: 'hold',
    reason: 'worm',
  })
  expect(ruleFrom({ ...EMPTY_RULE, family: ' gajim ', networks: '10.0.0.0/8, ,::1/128' })).toEqual({
    family: 'gajim',
    action: 'disconnect',
    preset: 'routine',
    networks: ['10.0.0.0/8', '::1/128'],
  })
})

test('scopes are named once, however they were written', () => {
  expect(scopesOf({ whole: ['images'], narrow: 'group:sales, images\nroom:a@b ,' })).toEqual([
    'images',
    'group:sales',
    'room:a@b',
  ])
})

test('what everybody is told is what will be sent', () => {
  const draft = {
    ...EMPTY_DRAFT,
    whole: ['service'] as const,
    reason: 'worm',
    reasonDe: 'Wurm',
    internalReason: 'secret',
  }
  const told = publicSuspension(draft, new Date(0))
  expect(told).toMatchObject({ scopes: ['service'], reason: 'worm', reasons: { de: 'Wurm' }, until: null })
  expect(JSON.stringify(told)).not.toContain('secret')
})

test('a local time in a field is the instant that it was made of, to the minute', () => {
  expect(instantFrom(localFrom(new Date('2026-11-23T18:00:00Z')))).toBe('2026-11-23T18:00:00.000Z')
})

test('a proposed rule survives the editor unchanged', () => {
  const rule = { family: 'gajim', from: '1.0', below: '1.9', action: 'degrade', preset: 'urgent' } as const
  const full = { ...rule, formats: ['webp'], units: ['sales', 'hr'], networks: ['10.0.0.0/8'], url: 'https://im.test/' }
  expect(ruleFrom(draftOf({ ...full, formats: ['webp'] as const }))).toEqual(full)
  expect(ruleFrom(draftOf(rule))).toEqual(rule)
  const whole = {
    ...full,
    formats: ['webp'] as const,
    os: ['windows'],
    accounts: ['ana'],
    belowTier: 'E2' as const,
    priority: 7,
    deadline: '2026-12-01T00:00:00.000Z',
    activeFrom: '2026-11-24T00:00:00.000Z',
    activeUntil: '2026-12-24T00:00:00.000Z',
    stageDates: { warn: '2026-11-30T06:00:00.000Z' },
    rings: [{ units: ['it'], delayHours: 0 }, { delayHours: 72 }],
  }
  expect(ruleFrom(draftOf(whole))).toEqual(whole)
  expect(draftOf(whole).others).toEqual({})
})

test('the dates of the stages are reckoned as the server does it, and one of them can be another', () => {
  const now = Date.parse('2026-11-23T03:00:00Z')
  const draft = { ...EMPTY_RULE, family: 'gajim', preset: 'urgent' as const, action: 'block' as const }
  const stages = (changes: object) => ladderOf({ ...draft, ...changes }, now).map(({ stage, at }) => `${stage} ${at}`)
  expect(stages({})).toEqual([
    'notify 2026-11-23T03:00:00.000Z',
    'warn 2026-11-25T03:00:00.000Z',
    'block 2026-11-26T03:00:00.000Z',
  ])
  const warn = localFrom(new Date('2026-11-24T03:00:00Z'))
  expect(stages({ stageDates: { warn, block: '' }, formats: ['webp'] })).toEqual([
    'notify 2026-11-23T03:00:00.000Z',
    'warn 2026-11-24T03:00:00.000Z',
    'degrade 2026-11-25T23:00:00.000Z',
    'block 2026-11-26T03:00:00.000Z',
  ])
})

test('an entry shows what differs, however it has it on record', () => {
  expect(changesOf({ before: { a: 1, b: 2 }, after: { a: 1, b: 3, c: 'x' }, why: 'so' })).toEqual([
    { field: 'b', before: '2', after: '3' },
    { field: 'c', before: '–', after: 'x' },
    { field: 'why', after: 'so' },
  ])
  expect(changesOf({ ttl: { from: 1, to: null }, mode: 'hold' })).toEqual([
    { field: 'ttl', before: '1', after: '–' },
    { field: 'mode', after: 'hold' },
  ])
})

test('whom to ask is whoever has the permission everywhere', () => {
  expect(rolesWith('policy.write')).toEqual(['administrator', 'security-officer'])
})

test('a rule that was removed is written again as it was, without what had become of it', () => {
  const written = {
    ...{ family: 'gajim', below: '1.9', action: 'disconnect', preset: 'urgent', priority: 0, belowTier: 'E2' },
    ...{ units: ['sales'], rings: [{ units: ['it'], delayHours: 0 }], formats: ['webp'], url: 'https://im.test/new' },
    ...{ deadline: '2026-11-30T06:00:00.000Z', stageDates: { warn: '2026-11-29T06:00:00.000Z' } },
  } as const
  const became = { id: 'a', createdAt: written.deadline, createdBy: 'ana', stage: 'warn', stages: [], isGuarded: true }
  expect(ruleFrom(draftAgain({ ...became, ...written } as unknown as ClientRuleView))).toEqual(written)
})
