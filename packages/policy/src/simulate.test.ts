import { expect, test } from 'vitest'
import { claimFrom, identify } from './client.ts'
import { clientRuleSetting } from './settings.ts'
import type { ClientRuleSetting } from './settings.ts'
import { findShadows, simulate } from './simulate.ts'
import type { Sighting } from './simulate.ts'

const NOW = Date.parse('2026-11-23T04:00:00Z')

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

test('a simulation names whom a rule will reach at the top of its ladder, and who has another way', () => {
  const draft = rule('draft', { below: '1.9', action: 'disconnect' })
  const seen = [
    sighting('alice', '1.8'),
    sighting('alice', '1.9.1', { isLive: false, seenAt: NOW - 86_400_000 }),
    sighting('bob', '1.7', { account: { localpart: 'bob', isAdmin: true, isBreakGlass: false } }),
    sighting('carol', '2.0'),
  ]
  const affected = simulate({ clientRules: [], exceptions: [] }, { clientRules: [draft], exceptions: [] }, seen)
  expect(
    affected.map(({ sighting: { account }, before, after, hasOther }) => [account.localpart, before, after, hasOther]),
  ).toEqual([
    ['alice', undefined, 'disconnect', true],
    ['bob', undefined, 'disconnect', false],
  ])
  const spared = { id: 'e', family: '*', accounts: ['bob'], until: NOW + 1 }
  const rules = { clientRules: [draft], exceptions: [] }
  expect(simulate(rules, { ...rules, exceptions: [spared] }, seen)).toMatchObject([
    { sighting: { account: { localpart: 'bob' } }, before: 'disconnect', after: undefined },
  ])
})

test('a lock-out after a milder rule about the same people is simulated as the rule that decides', () => {
  const mild = rule('mild', { below: '1.9', action: 'degrade', formats: ['webp'], createdAt: NOW - 1 })
  const draft = rule('draft', { below: '1.9', action: 'disconnect' })
  const after = { clientRules: [mild, draft], exceptions: [] }
  expect(simulate({ clientRules: [mild], exceptions: [] }, after, [sighting('alice', '1.8')])).toMatchObject([
    { before: 'degrade', after: 'disconnect', rule: 'draft' },
  ])
})
