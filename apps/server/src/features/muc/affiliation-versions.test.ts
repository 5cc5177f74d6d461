import { expect, test } from 'vitest'
import { AffiliationVersions, listScope, MAX_TAKEN_OFF } from './affiliation-versions.ts'
import type { Affiliation, ListRules } from './privileges.ts'

/** Versions of lists that are changed as a room does it. */
function lists() {
  const versions = new AffiliationVersions({
    secret: Buffer.alloc(32, 7),
    affiliationVersion: 0,
    affiliationEpoch: 0,
  })
  const affiliations = new Map<string, { readonly affiliation: Affiliation }>()
  return {
    versions,
    change(...changes: { readonly jid: string; readonly affiliation: Affiliation }[]) {
      const plan = versions.plan(changes, affiliations)
      for (const { jid, affiliation } of changes) {
        if (affiliation === 'none') affiliations.delete(jid)
        else affiliations.set(jid, { affiliation })
      }
      return { plan, steps: versions.follow(plan) }
    },
    since: (known: string, scope: 'listed' | 'all' = 'all', account = 'me@im.test') =>
      versions.since(known, scope, account, (jid) => affiliations.get(jid)?.affiliation ?? 'none'),
  }
}

const all = (affiliation: Affiliation, ...jids: string[]) => jids.map((jid) => ({ jid, affiliation }))

test('every change makes a version that was never there, and what changes nothing makes none (XEP-0463 §5.2.2)', () => {
  const { versions, change } = lists()
  const { steps } = change(...all('member', 'a', 'b'))
  const [a, b] = [steps.get('a'), steps.get('b')]
  expect(a?.until).toBe(b?.since)
  expect(b?.until).toBe(versions.current)
  const { plan } = change(...all('member', 'a'))
  expect(plan.steps).toEqual([])
  expect(versions.current).toBe(b?.until)
  const seen = new Set([a?.since, a?.until, b?.until])
  for (const affiliation of ['none', 'member', 'none'] as const) {
    change(...all(affiliation, 'a'))
    expect(seen).not.toContain(versions.current)
    seen.add(versions.current)
  }
})

test('what somebody was in between is in no difference: only what he is now (XEP-0463 §6)', () => {
  const { versions, change, since } = lists()
  const start = versions.current
  for (const affiliation of ['owner', 'admin', 'none', 'member'] as const) change(...all(affiliation, 'a'))
  expect(since(start)).toEqual([{ jid: 'a', affiliation: 'member' }])
})

test('who came and was banned while somebody was away is told to those alone who may see bans (XEP-0463 §5.2.3)', () => {
  const { versions, change, since } = lists()
  change(...all('member', 'old', 'kept'))
  const start = versions.current
  change(...all('outcast', 'old', 'stranger'))
  expect(since(start, 'listed')).toEqual([{ jid: 'old', affiliation: 'none' }])
  expect(since(start)).toEqual(all('outcast', 'old', 'stranger'))
  // The ban of one who was on no list is lifted: nobody else has ever heard of it.
  const later = versions.current
  change(...all('none', 'stranger'))
  expect(since(later, 'listed')).toBeUndefined()
  expect(since(later)).toEqual(all('none', 'stranger'))
})

test('who was taken off the lists is remembered up to a bound; then no earlier version is known (XEP-0463 §5.2.1)', () => {
  const { versions, change, since } = lists()
  const guests = Array.from({ length: MAX_TAKEN_OFF }, (_, n) => `guest${n}`)
  change(...all('member', ...guests, 'last'))
  const start = versions.current
  change(...all('none', ...guests))
  expect(since(start)).toHaveLength(MAX_TAKEN_OFF)
  const { plan, steps } = change(...all('none', 'last'))
  expect(plan.isNewEpoch).toBe(true)
  expect(since(start)).toBeUndefined()
  // Who was there and heard of it goes on from there.
  expect(steps.get('last')?.until).toBe(versions.current)
  expect(since(versions.current)).toEqual([])
})

test('lists are read by those who may read each of them (XEP-0463 §5.2.3, XEP-0045 §5.2.1)', () => {
  const closed: ListRules = { isNonAnonymous: false, isMembersOnly: true, memberListFor: ['moderator'] }
  const open: ListRules = { ...closed, isNonAnonymous: true }
  const hall: ListRules = { ...open, isMembersOnly: false }
  const scopes = (rules: ListRules) =>
    (['owner', 'admin', 'member', 'none', 'outcast'] as const).map((affiliation) =>
      listScope({ affiliation, role: affiliation === 'outcast' ? 'none' : 'participant' }, rules),
    )
  expect(scopes(closed)).toEqual(['all', 'nothing', 'nothing', 'nothing', 'nothing'])
  expect(scopes(open)).toEqual(['all', 'all', 'listed', 'listed', 'nothing'])
  expect(scopes(hall)).toEqual(['all', 'all', 'nothing', 'nothing', 'nothing'])
})
