import { expect, test } from 'vitest'
import { NO_IDENTITY } from './client.ts'
import { decide, liveEffect } from './engine.ts'
import type { Rule } from './engine.ts'
import { QUESTIONS } from './questions.ts'
import type { Question, Questions, SessionFacts } from './questions.ts'
import { compile } from './rules.ts'
import type { PolicySettingsInput } from './settings.ts'
import { staleVerdict } from './stale.ts'

const session: SessionFacts = {
  at: 0,
  account: { localpart: 'alice', isAdmin: false, isBreakGlass: false },
  client: NO_IDENTITY,
  entrance: 'tcp',
}
const stanza: Questions['stanza.route'] = {
  at: 0,
  origin: 'local',
  account: session.account,
  from: 'alice@im.test/1',
  to: 'bob@im.test',
  kind: 'message',
  type: 'chat',
  target: 'local',
  isDurable: true,
  hasBody: true,
  namespaces: [],
}
const FACTS: { readonly [Q in Question]: Questions[Q] } = {
  'session.open': session,
  'session.resume': session,
  'account.create': { at: 0, origin: 'invitation', localpart: 'carol' },
  'stanza.route': stanza,
  'room.join': { at: 0, account: session.account, client: NO_IDENTITY, room: 'hall@rooms.im.test' },
  'upload.request': { at: 0, isImage: true },
  'upload.put': { at: 0, isImage: true },
  'upload.publish': { at: 0, isImage: true },
  'media.read': { at: 0, isImage: true },
  'push.send': { at: 0, account: session.account },
  'push.register': { at: 0, account: session.account },
  'http.request': { at: 0, area: 'app' },
}
const broken = (): never => {
  throw new Error('oops')
}

test('a rule that throws refuses, at every entrance, and never passes', () => {
  for (const question of QUESTIONS) {
    const rule: Rule = { name: 'suspension', decide: { [question]: broken } }
    const { verdict, findings } = decide([{ rule, mode: 'enforce' }], question, FACTS[question])
    expect(verdict).toMatchObject({ action: 'refuse', code: 'internal' })
    expect(findings).toHaveLength(1)
  }
  expect(
    liveEffect([{ rule: { name: 'suspension', decide: {}, live: broken }, mode: 'enforce' }], session).action,
  ).toBe('disconnect')
})

test('an observed rule is recorded and lets pass; the first enforced refusal decides', () => {
  const no: Rule = { name: 'federation', decide: { 'stanza.route': () => ({ action: 'discard', reason: 'no' }) } }
  const also: Rule = { name: 'suspension', decide: { 'stanza.route': () => ({ action: 'hold', suspensionId: 's1' }) } }
  const decision = decide(
    [
      { rule: no, mode: 'observe' },
      { rule: also, mode: 'enforce' },
      { rule: no, mode: 'enforce' },
    ],
    'stanza.route',
    stanza,
  )
  expect(decision.verdict.action).toBe('hold')
  expect(decision.findings.map(({ rule, mode }) => [rule, mode])).toEqual([
    ['federation', 'observe'],
    ['suspension', 'enforce'],
  ])
})

test('a new installation lets everybody in, sends inside, and nothing outside', () => {
  const policy = compile({})
  for (const question of QUESTIONS) expect(decide(policy, question, FACTS[question]).verdict.action).toBe('pass')
  expect(decide(policy, 'stanza.route', { ...stanza, target: 'remote' }).verdict).toMatchObject({
    code: 'federation-off',
  })
})

test('what can never leave is refused, not held', () => {
  const policy = compile({ suspensions: [{ id: 's1', scopes: ['service'], mode: 'hold', reason: 'x', since: 0 }] })
  expect(decide(policy, 'stanza.route', { ...stanza, target: 'remote' }).verdict).toMatchObject({
    code: 'federation-off',
  })
})

test('settings that make no sense are refused whole', () => {
  const bad: unknown[] = [
    { posture: 'maybe' },
    { modes: { 'client-versoin': 'off' } },
    { extra: true },
    { clientRules: [{ id: 'r', family: 'Gajim!', below: '1', action: 'block', preset: 'now', createdAt: 0 }] },
    { clientRules: [{ id: 'r', family: 'gajim', below: 'new', action: 'block', preset: 'now', createdAt: 0 }] },
    { suspensions: [{ id: 's', scope: 'everything', mode: 'cut', reason: 'x', since: 0 }] },
  ]
  for (const settings of bad) expect(() => compile(settings as PolicySettingsInput), JSON.stringify(settings)).toThrow()
})

test('a rule can be observed or switched off by name', () => {
  const suspensions = [{ id: 's1', scopes: ['service'], mode: 'cut', reason: 'x', since: 0 }] as const
  expect(decide(compile({ suspensions: [...suspensions] }), 'session.open', session).verdict.action).toBe('refuse')
  const observed = decide(
    compile({ suspensions: [...suspensions], modes: { suspension: 'observe' } }),
    'session.open',
    session,
  )
  expect(observed.verdict.action).toBe('pass')
  expect(observed.findings.map(({ rule }) => rule)).toContain('suspension')
  const off = decide(compile({ suspensions: [...suspensions], modes: { suspension: 'off' } }), 'session.open', session)
  expect(off.findings.map(({ rule }) => rule)).not.toContain('suspension')
})

test('a node with stale rules opens nothing and sends nothing, but keeps sockets alive', () => {
  for (const question of QUESTIONS) {
    expect(staleVerdict(question, FACTS[question]), question).toMatchObject({ code: 'policy-stale', retryable: true })
  }
  expect(staleVerdict('stanza.route', { ...stanza, kind: 'iq', type: 'get' }).action).toBe('pass')
  expect(staleVerdict('stanza.route', { ...stanza, type: 'error' }).action).toBe('pass')
  expect(staleVerdict('http.request', { at: 0, area: 'admin' }).action).toBe('pass')
})
