import type { AdvisoryProposalView, ClientVersion, SuspensionView } from '@drawbridge/contract'
import { expect, test } from 'vitest'
import { changesOf } from './audit-change.ts'
import { rolesWith } from './permission.ts'
import { draftOf, EMPTY_RULE, ruleFrom } from './rule-draft.ts'
import { rateOf, rateSince } from './rate.ts'
import { buildShares, flawsOf } from './safe-builds.ts'
import { serviceState } from './service-state.ts'
import { EMPTY_DRAFT, instantFrom, localFrom, publicSuspension, scopesOf, suspensionFrom } from './suspension-draft.ts'

const client = (family: string | undefined, version: string | undefined, sessions: number, isUnknown = false) =>
  ({ family, version, sessions, isUnknown }) as ClientVersion
const proposal = (family: string, versions: readonly string[], state: AdvisoryProposalView['state']) =>
  ({ flaw: 'CVE-2023-4863', family, versions, state }) as AdvisoryProposalView

test('sessions share out over fine, flawed and unknown builds, each counted once', () => {
  const clients = [
    client(undefined, undefined, 3, true),
    client('gajim', '1.8', 5),
    client('gajim', '1.9', 7),
    client('dino', '0.4', 11),
  ]
  const proposals = [
    proposal('gajim', ['1.8'], 'open'),
    proposal('gajim', ['1.8'], 'accepted'),
    proposal('dino', ['0.4'], 'dismissed'),
  ]
  expect(buildShares(clients, proposals)).toEqual({ total: 26, fine: 18, flawed: 5, unknown: 3 })
  expect(flawsOf({ family: 'gajim', version: '1.8' }, proposals)).toEqual([proposals[0]])
  expect(flawsOf({ family: 'gajim', version: '1.9' }, proposals)).toEqual([])
})

test('a rate is over an hour at least, and over what has passed of the present one', () => {
  const now = new Date('2026-11-23T18:30:00Z')
  expect(rateSince(now).toISOString()).toBe('2026-11-23T17:00:00.000Z')
  const hour = (at: string, messages: number, images: number) => ({ hour: at, messages, images, bytes: 0, files: 0 })
  const rows = [hour('2026-11-23T17:00:00Z', 60, 9), hour('2026-11-23T18:00:00Z', 30, 0)]
  expect(rateOf(rows, rateSince(now), now)).toEqual({ messages: 1, images: 0.1, minutes: 90 })
  expect(rateOf([], rateSince(now), now)).toEqual({ messages: 0, images: 0, minutes: 90 })
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
