import fc from 'fast-check'
import { expect, test } from 'vitest'
import { NO_IDENTITY } from './client.ts'
import type { ClientIdentity } from './client.ts'
import { EXPLAINED_ACTIONS, effectiveSuspensions } from './effective-suspension.ts'
import type { ExplainedAction, SuspensionSubject } from './effective-suspension.ts'
import { strictness } from './rule-suspension.ts'
import { suspensionSetting } from './settings.ts'
import type { SuspensionSetting } from './settings.ts'
import { SUSPENSION_MODES } from './vocabulary.ts'
import type { SuspensionMode } from './vocabulary.ts'

const AT = Date.parse('2026-11-23T04:00:00Z')
const HASH = 'b2'.repeat(32)
const ROOM = 'hall@rooms.im.test'
const GAJIM: ClientIdentity = { tier: 'E1', source: 'user-agent', isSuspect: false, claims: [{ family: 'gajim' }] }

/** Somebody about whom every kind of scope can say something. */
const SUBJECT: SuspensionSubject = {
  at: AT,
  account: { localpart: 'alice', isAdmin: false, isBreakGlass: false, units: ['sales'], rooms: [] },
  client: GAJIM,
  address: '10.1.2.3',
  room: ROOM,
  peer: 'remote.test',
  format: 'webp',
  sha256: HASH,
}

function setting(scopes: readonly string[], mode: SuspensionMode, more: Partial<SuspensionSetting> = {}) {
  return suspensionSetting.parse({
    id: `${scopes.join()} ${mode}`.slice(-64),
    scopes,
    mode,
    reason: 'worm',
    since: AT,
    ...more,
  })
}

function answers(settings: readonly SuspensionSetting[], subject = SUBJECT): Record<ExplainedAction, string> {
  const of = effectiveSuspensions(settings, subject).map(({ action, answer }) => [action, answer])
  return Object.fromEntries(of) as Record<ExplainedAction, string>
}

// What each scope does to each action, mode by mode: announce, hold, read-only, reject, cut.
// p = pass, h = held, r = refused. Actions that are not named pass in every mode.
const SEND = 'p h r r r'
const ACT = 'p r r r r'
const READ = 'p p p r r'
const CUT = 'p p p p r'
const EVERYTHING = {
  'sign-in': CUT,
  message: SEND,
  image: SEND,
  file: SEND,
  'room-message': SEND,
  federation: SEND,
  'room-entry': READ,
  presence: CUT,
  subscription: ACT,
  archive: READ,
  search: READ,
  push: CUT,
  upload: ACT,
  download: READ,
}
const ORACLE: Readonly<Record<string, Partial<Record<ExplainedAction, string>>>> = {
  service: { ...EVERYTHING, registration: ACT },
  messages: { message: SEND, image: SEND, file: SEND, 'room-message': SEND, federation: SEND, archive: READ },
  images: { image: SEND, upload: ACT, download: READ },
  files: { image: SEND, file: SEND, upload: ACT, download: READ },
  rooms: { 'room-message': SEND, 'room-entry': READ },
  // One's own is not shown, which is no error.
  presence: { presence: 'p d d d d', subscription: ACT },
  search: { search: READ },
  federation: { federation: SEND },
  registration: { registration: ACT },
  push: { push: ACT },
  bots: {},
  'group:sales': EVERYTHING,
  'group:finance': {},
  'client:gajim': EVERYTHING,
  'client:dino': {},
  'zone:10.0.0.0/8': EVERYTHING,
  'zone:192.168.0.0/16': {},
  'peer:remote.test': { federation: SEND },
  'peer:other.test': {},
  [`room:${ROOM}`]: { 'room-message': SEND, 'room-entry': READ },
  'room:board@rooms.im.test': {},
  'format:webp': { image: SEND, upload: ACT, download: READ },
  'format:png': {},
  [`hash:${HASH}`]: { image: SEND, file: SEND, upload: ACT, download: READ },
  [`hash:${'00'.repeat(32)}`]: {},
}

test('scopes × modes × actions: the matrix of what is suspended', () => {
  for (const [scope, expected] of Object.entries(ORACLE)) {
    const byMode = SUSPENSION_MODES.map((mode) => answers([setting([scope], mode)]))
    for (const action of EXPLAINED_ACTIONS) {
      const found = byMode.map((mode) => mode[action].charAt(0)).join(' ')
      expect(found, `${scope}: ${action}`).toBe(expected[action] ?? 'p p p p p')
    }
  }
})

test('a component is a bot, an account is none', () => {
  const component: SuspensionSubject = { at: AT, from: 'alarm.im.test', client: NO_IDENTITY }
  expect(answers([setting(['bots'], 'hold')], component).message).toBe('hold')
  expect(answers([setting(['bots'], 'hold')]).message).toBe('pass')
})

test('an unreadable client may be any, and is in the scope of all', () => {
  const junk = { ...SUBJECT, client: { ...GAJIM, claims: [{ family: '?' }] } }
  expect(answers([setting(['client:dino'], 'cut')], junk)['sign-in']).toBe('refuse')
})

const anySetting = fc
  .record({
    scopes: fc.uniqueArray(fc.constantFrom(...Object.keys(ORACLE)), { minLength: 1, maxLength: 4 }),
    mode: fc.constantFrom(...SUSPENSION_MODES),
    isScheduled: fc.boolean(),
    isDrill: fc.boolean(),
    accounts: fc.subarray(['alice', 'bob']),
    units: fc.subarray(['sales']),
    rooms: fc.subarray([ROOM, 'other@rooms.im.test']),
    bots: fc.subarray(['alice@im.test']),
  })
  .map(({ scopes, mode, isScheduled, isDrill, ...exemptions }) =>
    setting(scopes, mode, { isScheduled, isDrill, exemptions }),
  )
const anySubject = fc
  .record({ isBreakGlass: fc.boolean(), isMember: fc.boolean(), isInRoom: fc.boolean(), isKnown: fc.boolean() })
  .map(({ isBreakGlass, isMember, isInRoom, isKnown }): SuspensionSubject => ({
    ...SUBJECT,
    account: isKnown
      ? {
          localpart: 'alice',
          isAdmin: false,
          isBreakGlass,
          units: isMember ? ['sales'] : [],
          rooms: isInRoom ? [ROOM] : [],
        }
      : undefined,
  }))

const RANK = { pass: 0, hold: 1, refuse: 2, discard: 3 } as const

test('adding a suspension never makes an answer looser, whatever is there and wherever it is put', () => {
  fc.assert(
    fc.property(
      fc.array(anySetting, { maxLength: 4 }),
      anySetting,
      fc.nat(4),
      anySubject,
      (some, added, at, subject) => {
        const before = effectiveSuspensions(some, subject)
        const after = effectiveSuspensions(some.toSpliced(at, 0, added), subject)
        for (const [index, { answer }] of after.entries()) {
          expect(RANK[answer]).toBeGreaterThanOrEqual(RANK[before[index]!.answer])
        }
      },
    ),
    { numRuns: 150 },
  )
})

test('the answer is the strictest of its trace, and what is only planned or a drill has no part in it', () => {
  fc.assert(
    fc.property(fc.array(anySetting, { maxLength: 4 }), anySubject, (some, subject) => {
      for (const { answer, trace } of effectiveSuspensions(some, subject)) {
        const acting = trace.filter(({ inactive }) => inactive === undefined)
        expect(RANK[answer]).toBe(Math.max(0, ...acting.map((step) => RANK[step.answer])))
        const decisive = trace.filter(({ isDecisive }) => isDecisive)
        expect(decisive.length).toBe(answer === 'pass' ? 0 : 1)
        for (const step of decisive) expect(step).toMatchObject({ answer })
      }
    }),
    { numRuns: 150 },
  )
})

test('one suspension of several scopes is as strict as one for each of them', () => {
  const scopes = ['images', 'group:sales', 'search']
  const apart = scopes.map((scope) => setting([scope], 'reject'))
  expect(answers([setting(scopes, 'reject')])).toEqual(answers(apart))
})

test('an incident room keeps working for its members through a cut, and nothing else does', () => {
  const exemptions = { accounts: [], units: [], rooms: [ROOM], bots: [] }
  const cut = setting(['service'], 'cut', { exemptions })
  const member = { ...SUBJECT, account: { ...SUBJECT.account!, rooms: [ROOM] } }
  expect(answers([cut], member)).toMatchObject({
    'sign-in': 'pass',
    'room-message': 'pass',
    'room-entry': 'pass',
    // Neither contacts nor presence are a way out; they keep the client working.
    presence: 'pass',
    message: 'refuse',
    archive: 'refuse',
    // Where it may go is said by the message that shares it.
    upload: 'pass',
    download: 'refuse',
    subscription: 'refuse',
  })
  expect(answers([cut])).toMatchObject({ 'sign-in': 'refuse', 'room-message': 'refuse', 'room-entry': 'refuse' })
  const elsewhere = { ...member, room: 'other@rooms.im.test' }
  expect(answers([cut], elsewhere)).toMatchObject({ 'room-message': 'refuse', 'room-entry': 'refuse' })
})

test('an emergency bot signs in and speaks, and that is all; a named account does everything', () => {
  const bot = { ...SUBJECT, from: 'alice@im.test/fire' }
  const bots = setting(['service'], 'cut', {
    exemptions: { accounts: [], units: [], rooms: [], bots: ['alice@im.test'] },
  })
  expect(answers([bots], bot)).toMatchObject({
    'sign-in': 'pass',
    message: 'pass',
    upload: 'refuse',
    archive: 'refuse',
  })
  const named = setting(['service'], 'cut', { exemptions: { accounts: ['alice'], units: [], rooms: [], bots: [] } })
  expect(new Set(Object.values({ ...answers([named]), registration: 'pass' }))).toEqual(new Set(['pass']))
})

test('the trace says which suspension decides, by which scope, and who is left alone', () => {
  const hold = setting(['messages', 'images'], 'hold')
  const readOnly = setting(['images'], 'read-only', {
    exemptions: { accounts: ['alice'], units: [], rooms: [], bots: [] },
  })
  const later = setting(['service'], 'cut', { isScheduled: true })
  const image = effectiveSuspensions([hold, readOnly, later], SUBJECT).find(({ action }) => action === 'image')
  expect(image).toEqual({
    action: 'image',
    answer: 'hold',
    trace: [
      { suspension: hold.id, mode: 'hold', scope: 'images', answer: 'hold', isDecisive: true },
      {
        suspension: readOnly.id,
        mode: 'read-only',
        scope: 'images',
        answer: 'pass',
        isDecisive: false,
        exemption: 'account',
      },
      {
        suspension: later.id,
        mode: 'cut',
        scope: 'service',
        answer: 'refuse',
        isDecisive: false,
        inactive: 'scheduled',
      },
    ],
  })
})

test('the answers that suspensions rank are the ones there are', () => {
  const ranks = [
    { action: 'pass' },
    { action: 'hold', suspensionId: 's' },
    { action: 'refuse', code: 'suspended', reason: '', retryable: true, details: {} },
    { action: 'discard', reason: '' },
  ] as const
  const found = ranks.map(strictness)
  expect(found).toEqual(found.toSorted((a, b) => a - b))
})
