import { expect, test } from 'vitest'
import { NO_IDENTITY } from './client.ts'
import { decide, liveEffect } from './engine.ts'
import type { AccountFacts, SessionFacts, StanzaFacts } from './questions.ts'
import { compile } from './rules.ts'
import type { SuspensionScope } from './suspension-scope.ts'
import { SUSPENSION_MODES } from './vocabulary.ts'
import type { SuspensionMode } from './vocabulary.ts'

const NOW = Date.parse('2026-11-23T04:00:00Z')
const ALICE: AccountFacts = { localpart: 'alice', isAdmin: false, isBreakGlass: false }
const ADMIN: AccountFacts = { localpart: 'carol', isAdmin: true, isBreakGlass: false }
const BREAK_GLASS: AccountFacts = { localpart: 'admin', isAdmin: true, isBreakGlass: true }

function policy(...suspended: (readonly [SuspensionScope, SuspensionMode])[]) {
  return compile({
    federation: 'on',
    suspensions: suspended.map(([scope, mode], index) => ({
      id: `s${index}`,
      scopes: [scope],
      mode,
      reason: 'worm',
      since: NOW,
    })),
  })
}

const message: StanzaFacts = {
  at: NOW,
  origin: 'local',
  account: ALICE,
  from: 'alice@im.test/1',
  to: 'bob@im.test',
  kind: 'message',
  type: 'chat',
  target: 'local',
  isDurable: true,
  hasBody: true,
  namespaces: [],
}
const iq: StanzaFacts = { ...message, kind: 'iq', type: 'get', target: 'server', isDurable: false, hasBody: false }
const image: StanzaFacts = { ...message, media: 'image', namespaces: ['jabber:x:oob'] }

function route(scope: SuspensionScope, mode: SuspensionMode, facts: StanzaFacts): string {
  return decide(policy([scope, mode]), 'stanza.route', facts).verdict.action
}

/** Verdicts in the order of SUSPENSION_MODES: announce, hold, read-only, reject, cut. */
function byMode(answer: (mode: SuspensionMode) => string): string {
  return SUSPENSION_MODES.map(answer).join(' ')
}

test('the stanza matrix of a suspended service', () => {
  const matrix: readonly (readonly [string, StanzaFacts, string])[] = [
    ['message', message, 'pass hold refuse refuse refuse'],
    ['message with image', image, 'pass hold refuse refuse refuse'],
    ['chat state', { ...message, isDurable: false, hasBody: false }, 'pass discard discard discard refuse'],
    ['message that is not stored', { ...message, isDurable: false }, 'pass refuse refuse refuse refuse'],
    ['error for a message', { ...message, type: 'error', isDurable: false }, 'pass discard discard discard discard'],
    ['error for a presence', { ...iq, kind: 'presence', type: 'error' }, 'pass discard discard discard discard'],
    ['ping', iq, 'pass pass pass pass refuse'],
    ['roster change', { ...iq, type: 'set', target: 'self' }, 'pass pass pass pass refuse'],
    [
      'archive query',
      { ...iq, type: 'set', target: 'self', namespaces: ['urn:xmpp:mam:2'] },
      'pass pass pass refuse refuse',
    ],
    ['request to a person', { ...iq, type: 'set', target: 'local' }, 'pass refuse refuse refuse refuse'],
    [
      'who is put out of a room',
      { ...iq, type: 'set', target: 'local', isRemoval: true },
      'pass pass pass pass refuse',
    ],
    ['an answer to nothing', { ...iq, type: 'result', isUnasked: true }, 'pass discard discard discard discard'],
    ['iq result', { ...iq, type: 'result', target: 'local' }, 'pass pass pass pass discard'],
    ['presence', { ...iq, kind: 'presence', type: 'available' }, 'pass pass pass pass refuse'],
    [
      'subscription request',
      { ...iq, kind: 'presence', type: 'subscribe', target: 'local' },
      'pass refuse refuse refuse refuse',
    ],
    ['break-glass message', { ...message, account: BREAK_GLASS }, 'pass pass pass pass pass'],
    ['administrator message', { ...message, account: ADMIN }, 'pass hold refuse refuse refuse'],
    ['message of the server', { ...message, origin: 'server', account: undefined }, 'pass pass pass pass pass'],
    ['message from outside', { ...message, origin: 'remote', account: undefined }, 'pass hold refuse refuse refuse'],
  ]
  for (const [label, facts, expected] of matrix) {
    expect(
      byMode((mode) => route('service', mode, facts)),
      label,
    ).toBe(expected)
  }
})

test('a narrow scope leaves the rest alone', () => {
  const avatar: StanzaFacts = { ...iq, type: 'set', target: 'self', namespaces: ['urn:xmpp:avatar:data'] }
  const jingle: StanzaFacts = { ...iq, type: 'set', target: 'local', namespaces: ['urn:xmpp:jingle:1'] }
  const remote: StanzaFacts = { ...message, to: 'bob@remote.test', target: 'remote' }
  const matrix: readonly (readonly [SuspensionScope, string, StanzaFacts, string])[] = [
    ['images', 'text', message, 'pass pass pass pass pass'],
    ['images', 'image', image, 'pass hold refuse refuse refuse'],
    ['images', 'file', { ...message, media: 'file' }, 'pass pass pass pass pass'],
    ['images', 'avatar', avatar, 'pass refuse refuse refuse refuse'],
    ['images', 'avatar read', { ...avatar, type: 'get', target: 'local' }, 'pass pass pass refuse refuse'],
    ['files', 'text', message, 'pass pass pass pass pass'],
    ['files', 'image', image, 'pass hold refuse refuse refuse'],
    ['files', 'file', { ...message, media: 'file' }, 'pass hold refuse refuse refuse'],
    ['files', 'direct transfer', jingle, 'pass refuse refuse refuse refuse'],
    ['federation', 'inside', message, 'pass pass pass pass pass'],
    ['federation', 'outward', remote, 'pass hold refuse refuse refuse'],
  ]
  for (const [scope, label, facts, expected] of matrix) {
    expect(
      byMode((mode) => route(scope, mode, facts)),
      `${scope}: ${label}`,
    ).toBe(expected)
  }
})

test('sessions are refused and closed by a cut of the service, and by nothing else', () => {
  const facts = (account: AccountFacts): SessionFacts => ({
    at: NOW,
    account,
    client: NO_IDENTITY,
    entrance: 'websocket',
  })
  for (const scope of ['service', 'images', 'files', 'federation'] as const) {
    for (const mode of SUSPENSION_MODES) {
      const compiled = policy([scope, mode])
      const isCut = scope === 'service' && mode === 'cut'
      for (const question of ['session.open', 'session.resume'] as const) {
        expect(decide(compiled, question, facts(ALICE)).verdict.action).toBe(isCut ? 'refuse' : 'pass')
        expect(decide(compiled, question, facts(ADMIN)).verdict.action).toBe(isCut ? 'refuse' : 'pass')
        expect(decide(compiled, question, facts(BREAK_GLASS)).verdict.action).toBe('pass')
      }
      expect(liveEffect(compiled, facts(ALICE)).action).toBe(isCut ? 'disconnect' : 'none')
      expect(liveEffect(compiled, facts(BREAK_GLASS)).action).toBe('none')
    }
  }
})

test('uploads stop in every mode, downloads when the scope is hidden', () => {
  const media = (isImage: boolean, account: AccountFacts | undefined = ALICE) => ({ at: NOW, account, isImage })
  const ask = (question: 'upload.request' | 'upload.put' | 'media.read', scope: SuspensionScope, isImage: boolean) =>
    byMode((mode) => decide(policy([scope, mode]), question, media(isImage)).verdict.action)
  for (const scope of ['service', 'images', 'files'] as const) {
    expect(ask('upload.request', scope, true)).toBe('pass refuse refuse refuse refuse')
    expect(ask('upload.put', scope, true)).toBe('pass refuse refuse refuse refuse')
    expect(ask('media.read', scope, true)).toBe('pass pass pass refuse refuse')
  }
  expect(ask('upload.put', 'images', false)).toBe('pass pass pass pass pass')
  expect(ask('media.read', 'federation', true)).toBe('pass pass pass pass pass')
  expect(decide(policy(['service', 'cut']), 'media.read', media(true, BREAK_GLASS)).verdict.action).toBe('pass')
})

test('nobody enters a room while its past is hidden; break-glass accounts do', () => {
  const join = (scope: SuspensionScope, account: AccountFacts, isNamedAnew = false) =>
    byMode((mode) => {
      const facts = { at: NOW, account, client: NO_IDENTITY, room: 'hall@rooms.im.test', isNamedAnew }
      return decide(policy([scope, mode]), 'room.join', facts).verdict.action
    })
  for (const account of [ALICE, ADMIN]) expect(join('service', account)).toBe('pass pass pass refuse refuse')
  expect(join('service', BREAK_GLASS)).toBe('pass pass pass pass pass')
  expect(join('service', ALICE, true), 'by a nick that may say anything').toBe('pass refuse refuse refuse refuse')
  for (const scope of ['images', 'files', 'federation'] as const) {
    expect(join(scope, ALICE)).toBe('pass pass pass pass pass')
  }
})

test('administrators keep the console in every mode, and everybody the public pages', () => {
  const cut = policy(['service', 'cut'])
  const ask = (area: 'public' | 'admin' | 'app', account?: AccountFacts) =>
    decide(cut, 'http.request', { at: NOW, area, account }).verdict.action
  expect(ask('admin', ADMIN)).toBe('pass')
  expect(ask('admin'), 'sign-in of an administrator').toBe('pass')
  expect(ask('public')).toBe('pass')
  expect(ask('app', ALICE)).toBe('refuse')
  expect(ask('app', BREAK_GLASS)).toBe('pass')
})

test('of overlapping suspensions the strictest answer wins, in either order', () => {
  const strict: readonly (readonly [SuspensionScope, SuspensionMode])[] = [
    ['service', 'announce'],
    ['service', 'hold'],
    ['images', 'read-only'],
    ['service', 'cut'],
  ]
  for (let count = 1; count <= strict.length; count++) {
    const some = strict.slice(0, count)
    const expected = ['pass', 'hold', 'refuse', 'refuse'][count - 1]
    expect(decide(policy(...some), 'stanza.route', image).verdict.action).toBe(expected)
    expect(decide(policy(...some.toReversed()), 'stanza.route', image).verdict.action).toBe(expected)
  }
  const { verdict } = decide(policy(['service', 'read-only'], ['service', 'cut']), 'stanza.route', message)
  expect(verdict).toMatchObject({ code: 'suspended', retryable: true, details: { mode: 'cut', reason: 'worm' } })
})

test('the expected end is told, and passing it alone ends nothing: held messages go first', () => {
  const compiled = compile({
    suspensions: [{ id: 's1', scopes: ['service'], mode: 'hold', reason: 'worm', since: NOW, until: NOW + 1 }],
  })
  expect(decide(compiled, 'stanza.route', { ...message, at: NOW + 60_000 }).verdict.action).toBe('hold')
})

test('of two holds the narrower one keeps the message', () => {
  for (const order of [
    ['service', 'images'],
    ['images', 'service'],
  ] as const) {
    const { verdict } = decide(policy(...order.map((scope) => [scope, 'hold'] as const)), 'stanza.route', image)
    expect(verdict).toEqual({ action: 'hold', suspensionId: `s${order.indexOf('images')}` })
  }
})
