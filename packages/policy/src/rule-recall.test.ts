import { expect, test } from 'vitest'
import { decide } from './engine.ts'
import type { MediaFacts } from './questions.ts'
import { compile } from './rules.ts'
import type { PolicySettingsInput } from './settings.ts'

const NOW = Date.parse('2026-11-23T04:00:00Z')
const SHA = 'ab'.repeat(32)

type RecallInput = NonNullable<PolicySettingsInput['recalls']>[number]

function read(recall: Partial<RecallInput>, more: Partial<MediaFacts> = {}): string {
  const settings = { recalls: [{ id: 'c1', reason: 'wrong file', since: NOW, ...recall }] }
  const file = { id: 'u1', sha256: SHA, sender: 'alice', sentAt: NOW - 1_000 }
  const facts = { at: NOW, isImage: true, format: 'webp', file, ...more }
  const { verdict } = decide(compile(settings), 'media.read', facts)
  return verdict.action === 'refuse' ? verdict.code : verdict.action
}

test('a recall is about what it names: hash, upload, sender, format, time, and all of them together', () => {
  const matrix: readonly (readonly [Partial<RecallInput>, string])[] = [
    [{ hashes: [SHA] }, 'media-recalled'],
    [{ hashes: ['cd'.repeat(32)] }, 'pass'],
    [{ uploads: ['u1'] }, 'media-recalled'],
    [{ uploads: ['u2'] }, 'pass'],
    [{ senders: ['alice'] }, 'media-recalled'],
    [{ senders: ['bob'] }, 'pass'],
    [{ formats: ['webp', 'gif'] }, 'media-recalled'],
    [{ formats: ['jpeg'] }, 'pass'],
    [{ sentFrom: NOW - 2_000, sentUntil: NOW }, 'media-recalled'],
    [{ sentFrom: NOW }, 'pass'],
    [{ sentUntil: NOW - 1_000 }, 'pass'],
    [{ senders: ['alice'], formats: ['jpeg'] }, 'pass'],
  ]
  for (const [recall, expected] of matrix) expect(read(recall), JSON.stringify(recall)).toBe(expected)
})

test('who recalls an image recalls its thumbnails, which have another hash and may have another format', () => {
  const thumbnail = { id: 'u1', sha256: 'ef'.repeat(32), sentAt: NOW, source: { sha256: SHA, format: 'png' } }
  expect(read({ hashes: [SHA] }, { file: thumbnail, format: 'jpeg' })).toBe('media-recalled')
  expect(read({ formats: ['png'] }, { file: thumbnail, format: 'jpeg' })).toBe('media-recalled')
  expect(read({ formats: ['webp'] }, { file: thumbnail, format: 'jpeg' })).toBe('pass')
})

test('a recalled file is there for nobody, and what is not known to be there is not recalled', () => {
  const account = { localpart: 'admin', isAdmin: true, isBreakGlass: true }
  expect(read({ senders: ['alice'] }, { account })).toBe('media-recalled')
  expect(read({ formats: ['webp'] }, { file: undefined })).toBe('pass')
})

test('a recall of nothing in particular is refused: it would take everything away', () => {
  expect(() => read({})).toThrow(/names nothing/u)
})
