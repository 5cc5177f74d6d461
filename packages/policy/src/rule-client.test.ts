import { expect, test } from 'vitest'
import { claimFrom, identify, NO_IDENTITY } from './client.ts'
import type { ClientIdentity } from './client.ts'
import { decide, liveEffect } from './engine.ts'
import { stageAt, stagesOf } from './ladder.ts'
import { compile } from './rules.ts'
import type { SessionFacts } from './questions.ts'
import type { PolicySettingsInput } from './settings.ts'
import type { RuleAction } from './vocabulary.ts'

const NOW = Date.parse('2026-11-23T04:00:00Z')
const DAY = 86_400_000

function rule(
  action: RuleAction,
  isNow: boolean,
  more: Partial<{ family: string; below: string; id: string; url: string }> = {},
) {
  return { id: 'r1', family: 'gajim', below: '1.9.0', action, isNow, createdAt: NOW, ...more }
}

function client(name: string, version?: string): ClientIdentity {
  return identify([claimFrom({ source: 'version-reply', name, version })])
}

function facts(who: ClientIdentity, more: Partial<SessionFacts> = {}): SessionFacts {
  return {
    at: NOW,
    account: { localpart: 'alice', isAdmin: false, isBreakGlass: false },
    client: who,
    entrance: 'tcp',
    ...more,
  }
}

function open(settings: PolicySettingsInput, asked: SessionFacts): string {
  const { verdict } = decide(compile(settings), 'session.open', asked)
  return verdict.action === 'refuse' ? verdict.code : verdict.action
}

test('the spoof matrix: nothing unreadable is treated better than an old version', () => {
  const clientRules = [rule('disconnect', true)]
  const contradicting = identify([
    claimFrom({ source: 'version-reply', name: 'Psi', version: '9.9' }),
    claimFrom({ source: 'caps', name: 'gajim' }),
  ])
  // claim → [posture discover, posture enforce]
  const matrix: readonly (readonly [string, ClientIdentity, string, string])[] = [
    ['good', client('Gajim', '1.9.5'), 'pass', 'pass'],
    ['exactly the minimum', client('Gajim', '1.9'), 'pass', 'pass'],
    ['too high', client('Gajim', '99999'), 'pass', 'pass'],
    ['old', client('Gajim', '1.8.4'), 'client-too-old', 'client-too-old'],
    ['pre-release of the minimum', client('Gajim', '1.9.0-rc.1'), 'client-too-old', 'client-too-old'],
    ['no version', client('Gajim'), 'client-unknown', 'client-unknown'],
    ['empty version', client('Gajim', ''), 'client-unknown', 'client-unknown'],
    ['garbage version', client('Gajim', 'latest'), 'client-unknown', 'client-unknown'],
    ['10 kB version', client('Gajim', '9'.repeat(10_000)), 'client-unknown', 'client-unknown'],
    ['garbage name', client(' \u0000', '9.9'), 'client-unknown', 'client-unknown'],
    ['10 kB name', client('x'.repeat(10_000), '9.9'), 'client-unknown', 'client-unknown'],
    ['contradicting caps', contradicting, 'client-unknown', 'client-unknown'],
    ['another family, old', client('Psi', '0.1'), 'pass', 'pass'],
    ['another family, no version', client('Psi'), 'pass', 'client-unknown'],
    ['silent', NO_IDENTITY, 'pass', 'client-unknown'],
  ]
  for (const [label, who, discover, enforce] of matrix) {
    expect(open({ clientRules, posture: 'discover' }, facts(who)), `${label}, discover`).toBe(discover)
    expect(open({ clientRules, posture: 'enforce' }, facts(who)), `${label}, enforce`).toBe(enforce)
  }
})

test('silence is not held against a client that may still speak, but what it claims counts', () => {
  const settings = { posture: 'enforce', clientRules: [rule('block', true)] } as const
  expect(open(settings, facts(NO_IDENTITY, { isIdentityPending: true }))).toBe('pass')
  expect(open(settings, facts(NO_IDENTITY))).toBe('client-unknown')
  expect(open(settings, facts(client('Gajim', '1.0'), { isIdentityPending: true }))).toBe('client-too-old')
})

test('a blocked client is told what is wrong and what to do', () => {
  const policy = compile({ clientRules: [rule('block', true, { url: 'https://im.test/update' })] })
  const { verdict } = decide(policy, 'session.open', facts(client('Gajim', '1.0')))
  expect(verdict).toMatchObject({
    action: 'refuse',
    code: 'client-too-old',
    retryable: false,
    details: { rule: 'r1', min: '1.9.0', url: 'https://im.test/update', deadline: '2026-11-23T04:00:00.000Z' },
  })
})

test('a blocking rule closes every entrance that carries a client', () => {
  const policy = compile({ clientRules: [rule('block', true)] })
  const session = facts(client('Gajim', '1.0'))
  const media = { at: NOW, account: session.account, client: session.client, isImage: true }
  for (const question of ['session.open', 'session.resume'] as const) {
    expect(decide(policy, question, session).verdict.action, question).toBe('refuse')
  }
  for (const question of ['upload.request', 'upload.put', 'media.read'] as const) {
    expect(decide(policy, question, media).verdict.action, question).toBe('refuse')
  }
  expect(decide(policy, 'http.request', { ...media, area: 'app' }).verdict.action).toBe('refuse')
  expect(decide(policy, 'http.request', { ...media, area: 'public' }).verdict.action).toBe('pass')
})

test('over HTTP, no identity is any client: it is refused while a rule blocks, and only then', () => {
  const refused = (settings: PolicySettingsInput, more: object = {}) => {
    const media = { at: NOW, isImage: true, ...more }
    const app = { at: NOW, area: 'app' as const, ...more }
    const verdicts = [decide(compile(settings), 'media.read', media), decide(compile(settings), 'http.request', app)]
    return verdicts.map(({ verdict }) => (verdict.action === 'refuse' ? verdict.code : verdict.action))
  }
  expect(refused({})).toEqual(['pass', 'pass'])
  expect(refused({ clientRules: [rule('degrade', true)] })).toEqual(['pass', 'pass'])
  expect(refused({ clientRules: [rule('block', false)] })).toEqual(['pass', 'pass'])
  expect(refused({ clientRules: [rule('block', true)] })).toEqual(['client-unknown', 'client-unknown'])
  expect(refused({ posture: 'enforce' })).toEqual(['client-unknown', 'client-unknown'])
  const account = { localpart: 'admin', isAdmin: true, isBreakGlass: true }
  expect(refused({ clientRules: [rule('block', true)], posture: 'enforce' }, { account })).toEqual(['pass', 'pass'])
})

test('a break-glass account is let in with any client, an administrator is not', () => {
  const settings = { posture: 'enforce', clientRules: [rule('disconnect', true)] } as const
  const breakGlass = facts(client('Gajim', '1.0'), {
    account: { localpart: 'admin', isAdmin: true, isBreakGlass: true },
  })
  const admin = facts(client('Gajim', '1.0'), { account: { localpart: 'carol', isAdmin: true, isBreakGlass: false } })
  expect(open(settings, breakGlass)).toBe('pass')
  expect(liveEffect(compile(settings), breakGlass).action).toBe('none')
  expect(open(settings, admin)).toBe('client-too-old')
})

test('a live session is disconnected, left chatting, warned or left alone, by the stage of the rule', () => {
  const effects: Readonly<Record<RuleAction, string>> = {
    observe: 'none',
    notify: 'notify',
    warn: 'warn',
    degrade: 'warn',
    block: 'warn',
    disconnect: 'disconnect',
  }
  for (const [action, effect] of Object.entries(effects)) {
    const policy = compile({ clientRules: [rule(action as RuleAction, true)] })
    expect(liveEffect(policy, facts(client('Gajim', '1.0'))).action, action).toBe(effect)
    expect(liveEffect(policy, facts(client('Gajim', '1.9'))).action, action).toBe('none')
    expect(open({ clientRules: [rule(action as RuleAction, true)] }, facts(client('Gajim', '1.0'))), action).toBe(
      action === 'block' || action === 'disconnect' ? 'client-too-old' : 'pass',
    )
  }
})

test('without --now a rule climbs the routine ladder, no further than its action', () => {
  const days = (action: RuleAction) => stagesOf(rule(action, false)).map(({ stage, at }) => [stage, (at - NOW) / DAY])
  expect(days('disconnect')).toEqual([
    ['notify', 0],
    ['warn', 7],
    ['block', 14],
    ['disconnect', 15],
  ])
  expect(days('block')).toEqual([
    ['notify', 0],
    ['warn', 7],
    ['block', 14],
  ])
  expect(days('degrade')).toEqual([
    ['notify', 0],
    ['warn', 7],
  ])
  expect(days('observe')).toEqual([['observe', 0]])
  const slow = rule('block', false)
  expect(stageAt(slow, NOW + 14 * DAY - 1)).toBe('warn')
  expect(stageAt(slow, NOW + 14 * DAY)).toBe('block')
  expect(stageAt(slow, NOW - 60_000), 'a clock that runs behind').toBe('notify')
  expect(open({ clientRules: [slow] }, facts(client('Gajim', '1.0')))).toBe('pass')
  expect(open({ clientRules: [slow] }, facts(client('Gajim', '1.0'), { at: NOW + 14 * DAY }))).toBe('client-too-old')
})

test('a rule in its early stages is counted, and lets in', () => {
  const { verdict, findings } = decide(
    compile({ clientRules: [rule('warn', true)] }),
    'session.open',
    facts(client('Gajim', '1.0')),
  )
  expect(verdict.action).toBe('pass')
  expect(findings).toMatchObject([{ rule: 'client-version', mode: 'observe' }])
})

test('of two rules the strictest wins, in either order', () => {
  const rules = [rule('observe', true, { id: 'lax', below: '2.0' }), rule('block', true, { id: 'strict' })]
  for (const clientRules of [rules, rules.toReversed()]) {
    const { verdict } = decide(compile({ clientRules }), 'session.open', facts(client('Gajim', '1.0')))
    expect(verdict).toMatchObject({ action: 'refuse', details: { rule: 'strict' } })
  }
})
