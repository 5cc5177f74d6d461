import type { AdvisoryProposalView, ClientRuleView, PlaybookView, Status } from '@drawbridge/contract'
import { expect, test } from 'vitest'
import { TEXTS } from '../texts/index.ts'
import { attentionOf } from './attention.ts'
import { liveRate, rateLine, withSample } from './live-rate.ts'
import type { Sample } from './live-rate.ts'
import { playbookDraftOf, playbookFrom } from './playbook-draft.ts'
import { scopesText } from './scopes.ts'
import { EMPTY_DRAFT, quickDraft, suspensionFrom } from './suspension-draft.ts'

const NOW = Date.parse('2026-11-23T03:00:00Z')
const ago = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString()

const FINE = {
  policy: { isStale: false },
  checks: [],
  suspensions: [],
  held: { count: 0 },
  quarantine: { count: 0 },
} as unknown as Status

test('a suspension in a hurry is complete, and says what people will read in both languages', () => {
  expect(suspensionFrom(quickDraft('images'))).toEqual({
    scopes: ['images'],
    mode: 'hold',
    reason: 'A security problem is being examined.',
    reasons: { de: 'Ein Sicherheitsproblem wird untersucht.' },
  })
})

test('who is left alone is sent only where somebody is, and a review only where there is no end', () => {
  const draft = { ...EMPTY_DRAFT, whole: ['images'], reason: 'x', reviewAt: '2026-11-23T04:00' } as const
  expect(suspensionFrom({ ...draft, accounts: 'ana, ben\nana', rooms: ' ' }).exemptions).toEqual({
    accounts: ['ana', 'ben'],
  })
  expect(suspensionFrom({ ...draft, until: '2026-11-23T05:00' })).not.toHaveProperty('reviewAt')
})

test('a playbook survives its editor unchanged, with what has no field there', () => {
  const document = {
    description: 'A flaw in a decoder',
    steps: [
      { scopes: ['images', 'group:sales'], mode: 'hold' },
      { scopes: ['service'], mode: 'read-only' },
    ],
    reason: 'Checked.',
    reasons: { de: 'Geprüft.', fr: 'Vérifié.' },
    internalReason: 'CVE-2023-4863',
    exemptions: { accounts: ['ana'], units: ['rescue'], rooms: ['war@rooms.im.test'] },
    endAfterMin: 60,
    reviewAfterMin: 30,
    rules: [
      {
        family: 'gajim',
        below: '2.0',
        action: 'degrade',
        preset: 'now',
        formats: ['webp'],
        os: ['linux'],
        rings: [{ delayHours: 24 }],
      },
    ],
    notify: ['ana', 'ben'],
  }
  const playbook = { name: 'image-exploit', changedBy: 'ana', changedAt: ago(1), ...document } as PlaybookView
  expect(playbookFrom(playbookDraftOf(playbook))).toEqual(document)
})

test('scopes are said as people say them', () => {
  expect(scopesText(['images', 'group:sales', 'odd'], TEXTS.en)).toBe('Images, Unit sales, odd')
})

test('the rate is of the last minute, and of nothing as long as too little was seen', () => {
  const at = (seconds: number, messages: number): Sample => ({ at: NOW + seconds * 1_000, messages, images: 0 })
  let samples: readonly Sample[] = []
  for (const [seconds, messages] of [
    [0, 100],
    [5, 100],
    [10, 110],
  ] as const) {
    samples = withSample(samples, at(seconds, messages))
  }
  expect(liveRate(samples)).toBeUndefined()
  for (const seconds of [30, 60, 90]) samples = withSample(samples, at(seconds, 110))
  expect(liveRate(samples)).toEqual({ messages: 0, images: 0, spanMs: 60_000 })
  expect(rateLine(samples, 'messages')).toEqual([0, 120, 0, 0, 0])
  // Counting began anew.
  expect(withSample(samples, at(95, 3))).toEqual([at(95, 3)])
  expect(withSample(samples, at(90 + 16 * 60, 200))).toHaveLength(1)
})

test('what waits for somebody is named, the most urgent first, and a drill never is', () => {
  expect(attentionOf(FINE, {}, NOW)).toEqual([])
  const status = {
    ...FINE,
    policy: { isStale: true },
    checks: [{ name: 'sanitizer', isOk: false }],
    quarantine: { count: 4, oldestAt: ago(31) },
    held: { count: 2 },
    suspensions: [
      { scopes: ['images'], reviewAt: ago(1), isDrill: false, state: 'ended' },
      { scopes: ['service'], reviewAt: ago(1), isDrill: true, state: 'active' },
      { scopes: ['files'], reviewAt: ago(-60), isDrill: false, state: 'scheduled' },
    ],
  } as unknown as Status
  const rules = [{ family: 'gajim', confirmBy: ago(-60) }, { family: 'dino', confirmBy: ago(1) }, { family: 'psi' }]
  const proposals = [
    { flaw: 'CVE-1', state: 'open', isExploited: true },
    { flaw: 'CVE-2', state: 'dismissed', isExploited: true },
    { flaw: 'CVE-3', state: 'open', isExploited: false },
  ] as AdvisoryProposalView[]
  const found = attentionOf(status, { rules: rules as ClientRuleView[], proposals }, NOW)
  expect(found.map(({ kind, subject }) => `${kind} ${subject}`.trim())).toEqual([
    'stale',
    'confirm gajim',
    'review images',
    'check sanitizer',
    'queue 4',
    'held 2',
    'exploited CVE-1',
  ])
})
