import { expect, test } from 'vitest'
import { claimFrom, identify } from './client.ts'
import { clientRuleSetting } from './settings.ts'
import type { ClientRuleSetting } from './settings.ts'
import { findShadows, isLetInAtTheTop, isSameRule, simulate } from './simulate.ts'
import type { ClientRules, Sighting } from './simulate.ts'

const NOW = Date.parse('2026-11-23T04:00:00Z')
const DAY_MS = 86_400_000
const NO_RULES: ClientRules = { clientRules: [], exceptions: [], posture: 'discover', minimumTiers: {} }

function rule(id: string, more: object): ClientRuleSetting {
  return clientRuleSetting.parse({ id, family: 'gajim', action: 'block', createdAt: NOW, ...more })
}

function sighting(localpart: string, version: string, more: Partial<Sighting> = {}): Sighting {
  return {
    account: { localpart, isAdmin: false, isBreakGlass: false, units: [] },
    client: identify([claimFrom({ source: 'version-reply', name: 'Gajim', version })]),
    seenAt: NOW,
    isLive: true,
    ...more,
  }
}

test('a rule that an earlier one covers is named with it; an overlap is no shadow', () => {
  const wide = rule('wide', { below: '2.0', priority: 1 })
  expect(findShadows([wide, rule('narrow', { from: '1.0', below: '1.5' })])).toEqual([
    { rule: 'narrow', by: 'wide', isWeaker: false },
  ])
  expect(findShadows([wide, rule('later', { below: '2.1' })])).toEqual([])
  expect(findShadows([wide, rule('any', {})])).toEqual([])
  expect(findShadows([rule('sales', { priority: 1, units: ['sales'] }), rule('all', {})])).toEqual([])
  expect(findShadows([rule('all', { priority: 1, family: '*' }), rule('sales', { units: ['sales'] })])).toEqual([
    { rule: 'sales', by: 'all', isWeaker: false },
  ])
  expect(findShadows([rule('second', { priority: 2 }), rule('first', { priority: 1 })])).toEqual([
    { rule: 'second', by: 'first', isWeaker: false },
  ])
})

test('of equal priority the newer rule hides the older one, which matters where it is the milder one', () => {
  const newer = { createdAt: NOW + 1, below: '2.0' }
  const shadows = (action: string) => findShadows([rule('old', { below: '2.0' }), rule('new', { ...newer, action })])
  expect(shadows('disconnect')).toEqual([{ rule: 'old', by: 'new', isWeaker: false }])
  expect(shadows('warn')).toEqual([{ rule: 'old', by: 'new', isWeaker: true }])
})

test('a simulation names whom a protected unit will keep out', () => {
  const proved = identify([{ source: 'device-key', family: 'gajim', version: '1.9' }])
  const account = (localpart: string) => ({ localpart, isAdmin: false, isBreakGlass: false, units: ['board'] })
  const seen = [
    sighting('alice', '1.9', { account: account('alice') }),
    sighting('bob', '1.9', { account: account('bob'), client: proved }),
    sighting('carol', '1.9'),
  ]
  const affected = simulate(NO_RULES, { ...NO_RULES, minimumTiers: { board: 'E3' } }, seen, NOW)
  expect(affected.map(({ sighting: one, after }) => [one.account.localpart, after])).toEqual([['alice', 'block']])
})

test('a simulation names whom a rule will reach at the top of its ladder, and who has another way', () => {
  const draft = rule('draft', { below: '1.9', action: 'disconnect' })
  const seen = [
    sighting('alice', '1.8'),
    sighting('alice', '1.9.1', { isLive: false, seenAt: NOW - 86_400_000 }),
    sighting('bob', '1.7', { account: { localpart: 'bob', isAdmin: true, isBreakGlass: false } }),
    sighting('carol', '2.0'),
  ]
  const affected = simulate(NO_RULES, { ...NO_RULES, clientRules: [draft] }, seen, NOW)
  expect(
    affected.map(({ sighting: { account }, before, after, hasOther }) => [account.localpart, before, after, hasOther]),
  ).toEqual([
    ['alice', undefined, 'disconnect', true],
    ['bob', undefined, 'disconnect', false],
  ])
  const spared = { id: 'e', family: '*', accounts: ['bob'], until: NOW + 365 * DAY_MS }
  const rules = { ...NO_RULES, clientRules: [draft] }
  expect(simulate(rules, { ...rules, exceptions: [spared] }, seen, NOW)).toMatchObject([
    { sighting: { account: { localpart: 'bob' } }, before: 'disconnect', after: undefined },
  ])
})

test('a lock-out after a milder rule about the same people is simulated as the rule that decides', () => {
  const mild = rule('mild', { below: '1.9', action: 'degrade', formats: ['webp'], createdAt: NOW - 1 })
  const draft = rule('draft', { below: '1.9', action: 'disconnect' })
  const after = { ...NO_RULES, clientRules: [mild, draft] }
  expect(simulate({ ...NO_RULES, clientRules: [mild] }, after, [sighting('alice', '1.8')], NOW)).toMatchObject([
    { before: 'degrade', after: 'disconnect', rule: 'draft' },
  ])
})

test('a window that opens tomorrow, a deadline in two days and a ring in three hide nobody from the simulation', () => {
  const seen = [sighting('alice', '1.8', { seenAt: NOW - 30 * DAY_MS, isLive: false })]
  const drafts = [
    rule('window', { below: '2.0', preset: 'now', activeFrom: NOW + DAY_MS }),
    rule('deadline', { below: '2.0', deadline: NOW + 2 * DAY_MS }),
    rule('dates', { below: '2.0', stageDates: { block: NOW + 2 * DAY_MS } }),
    rule('ring', { below: '2.0', preset: 'now', rings: [{ delayHours: 72 }] }),
  ]
  for (const draft of drafts) {
    const after = { ...NO_RULES, clientRules: [draft] }
    expect(simulate(NO_RULES, after, seen, NOW), draft.id).toMatchObject([{ after: 'block', rule: draft.id }])
    expect(isLetInAtTheTop(after, sighting('alice', '1.8'), NOW), draft.id).toBe(false)
    expect(isLetInAtTheTop(after, sighting('alice', '2.0'), NOW), draft.id).toBe(true)
  }
})

test('an exception that ends before the rule blocks spares nobody, and a window that is over is about nobody', () => {
  const draft = rule('later', { below: '2.0', deadline: NOW + 2 * DAY_MS })
  const spared = { id: 'x', family: '*', accounts: ['alice'], until: NOW + DAY_MS }
  const rules = { ...NO_RULES, exceptions: [spared] }
  const seen = [sighting('alice', '1.8')]
  expect(simulate(rules, { ...rules, clientRules: [draft] }, seen, NOW)).toMatchObject([{ after: 'block' }])
  const lasting = { ...rules, exceptions: [{ ...spared, until: NOW + 3 * DAY_MS }] }
  expect(simulate(lasting, { ...lasting, clientRules: [draft] }, seen, NOW)).toEqual([])
  const over = rule('over', { below: '2.0', preset: 'now', activeUntil: NOW })
  expect(simulate(NO_RULES, { ...NO_RULES, clientRules: [over] }, seen, NOW)).toEqual([])
})

test('the posture is a rule like others: whoever cannot be named is kept out, and a break-glass account is named, too', () => {
  const silent = { ...sighting('alice', '1.8'), client: identify([]) }
  const admin = { ...silent, account: { localpart: 'admin', isAdmin: true, isBreakGlass: true } }
  const enforce = { ...NO_RULES, posture: 'enforce' as const }
  const affected = simulate(NO_RULES, enforce, [silent, admin, sighting('bob', '1.8')], NOW)
  expect(affected.map(({ sighting: { account }, after }) => [account.localpart, after])).toEqual([
    ['alice', 'block'],
    ['admin', 'block'],
  ])
})

test('the same rule written twice is the same rule, and another one is not', () => {
  const one = rule('one', { below: '2.0' })
  expect(isSameRule(one, rule('two', { below: '2.0' }))).toBe(true)
  for (const other of [{ below: '2.1' }, { below: '2.0', action: 'notify' }, { below: '2.0', preset: 'now' }]) {
    expect(isSameRule(one, rule('two', other))).toBe(false)
  }
})
