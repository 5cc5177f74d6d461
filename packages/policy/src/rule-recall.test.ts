import { expect, test } from 'vitest'
import { decide } from './engine.ts'
import type { MediaFacts } from './questions.ts'
import { compile } from './rules.ts'
import type { PolicySettingsInput } from './settings.ts'

const NOW = Date.parse('2026-11-23T04:00:00Z')
const SHA = 'ab'.repeat(32)

type RecallInput = NonNullable<PolicySettingsInput['recalls']>[number]

const ALICE = { senders: ['alice'], senderIds: ['id of alice'] }

function read(recall: Partial<RecallInput>, more: Partial<MediaFacts> = {}): string {
  const settings = { recalls: [{ id: 'c1', reason: 'wrong file', since: NOW, ...recall }] }
  const file = { id: 'u1', sha256: SHA, senderId: 'id of alice', sentAt: NOW - 1_000 }
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
    [ALICE, 'media-recalled'],
    [{ senders: ['bob'], senderIds: ['id of bob'] }, 'pass'],
    [{ formats: ['webp', 'gif'] }, 'media-recalled'],
    [{ formats: ['jpeg'] }, 'pass'],
    [{ sentFrom: NOW - 2_000, sentUntil: NOW }, 'media-recalled'],
    [{ sentFrom: NOW }, 'pass'],
    [{ sentUntil: NOW - 1_000 }, 'pass'],
    [{ ...ALICE, formats: ['jpeg'] }, 'pass'],
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
  expect(read(ALICE, { account })).toBe('media-recalled')
  expect(read({ formats: ['webp'] }, { file: undefined })).toBe('pass')
})

test('a recall is about people and not about their names: by the id of the account, else by whose name it was then', () => {
  const by = (file: Partial<NonNullable<MediaFacts['file']>>) => ({ file: { sha256: SHA, sentAt: NOW + 1, ...file } })
  const recall = { ...ALICE, sentUntil: NOW + 1_000 }
  const gone = { ...recall, sendersUntil: { alice: NOW } }
  for (const one of [recall, gone]) {
    expect(read(one, by({ senderId: 'id of alice' }))).toBe('media-recalled')
    expect(read(one, by({ senderId: 'id of the next alice', sender: 'alice' }))).toBe('pass')
    expect(read(one, by({}))).toBe('pass')
    expect(read(one, by({ sender: 'alice', sentAt: NOW - 1 }))).toBe('media-recalled')
    // Nobody knows when: it may have been before.
    expect(read(one, by({ sender: 'alice', sentAt: Number.NaN }))).toBe('media-recalled')
  }
  expect(read(recall, by({ sender: 'alice' }))).toBe('media-recalled')
  expect(read(gone, by({ sender: 'alice' }))).toBe('pass')
})

test('a recall of nothing in particular is refused: it would take everything away', () => {
  expect(() => read({})).toThrow(/names nothing/u)
})
