// MU-01: who may do what to whom, as a whole: XEP-0045 §5.1, §5.2, §8 to §10.
import { describe, expect, test } from 'vitest'
import {
  AFFILIATIONS,
  initialRole,
  isAdmin,
  mayListAffiliation,
  mayListRole,
  ROLES,
  roleRank,
  affiliationRank,
  ruleOnAffiliation,
  ruleOnRole,
} from './privileges.ts'
import type { Affiliation, Role, Standing } from './privileges.ts'

/** Everybody who can be: inside in any role, or outside with any affiliation. An outcast is never inside. */
const EVERYBODY: readonly Standing[] = ROLES.flatMap((role) =>
  AFFILIATIONS.filter((affiliation) => affiliation !== 'outcast' || role === 'none').map((affiliation) => ({
    role,
    affiliation,
  })),
)
const INSIDE = EVERYBODY.filter(({ role }) => role !== 'none')
const name = ({ role, affiliation }: Standing) => `${role}/${affiliation}`

/** Every actor, target and wish that a rule allows, as text: what is not in the list is refused. */
function allowed<T extends string>(
  targets: readonly Standing[],
  wishes: readonly T[],
  rule: (a: Standing, t: Standing, w: T) => unknown,
) {
  return new Set(
    EVERYBODY.flatMap((actor) =>
      targets.flatMap((target) =>
        wishes.flatMap((wish) =>
          rule(actor, target, wish) === undefined ? [`${name(actor)} ${name(target)} ${wish}`] : [],
        ),
      ),
    ),
  )
}

describe('MU-01 matrix: roles (XEP-0045 §8.2 to §8.4, §9.6, §9.7)', () => {
  const verbs = allowed(INSIDE, ROLES, ruleOnRole)

  test('nobody without a role acts on the role of anybody, unless an admin makes or unmakes moderators', () => {
    for (const entry of verbs) {
      const [actor = '', target = '', wish] = entry.split(' ')
      const [role, affiliation] = actor.split('/')
      if (role !== 'moderator') {
        expect(['admin', 'owner']).toContain(affiliation)
        expect(wish === 'moderator' || target.startsWith('moderator')).toBe(true)
      }
    }
  })

  test('nobody acts on somebody of a higher affiliation, nor on an admin or owner of the same', () => {
    for (const entry of verbs) {
      const [actor = '', target = ''] = entry.split(' ')
      const a = affiliationRank(actor.split('/')[1] as Affiliation)
      const t = affiliationRank(target.split('/')[1] as Affiliation)
      expect(a, entry).toBeGreaterThanOrEqual(t)
      if (isAdmin({ affiliation: target.split('/')[1] as Affiliation })) expect(a, entry).toBeGreaterThan(t)
    }
  })

  test('moderators are made and unmade by admins and owners only', () => {
    for (const entry of verbs) {
      const [actor = '', target = '', wish] = entry.split(' ')
      const isAboutModerators = wish === 'moderator' || target.startsWith('moderator')
      if (isAboutModerators) expect(['admin', 'owner'], entry).toContain(actor.split('/')[1])
    }
  })

  test('a moderator without affiliation kicks, mutes and unmutes those below', () => {
    const actor = { role: 'moderator', affiliation: 'none' } as const
    const below = { role: 'participant', affiliation: 'none' } as const
    for (const wish of ['none', 'visitor', 'participant'] as const)
      expect(ruleOnRole(actor, below, wish)).toBeUndefined()
    expect(ruleOnRole(actor, below, 'moderator')).toBe('forbidden')
    expect(ruleOnRole(actor, { role: 'participant', affiliation: 'member' }, 'none')).toBe('not-allowed')
    expect(ruleOnRole(actor, { role: 'moderator', affiliation: 'none' }, 'none')).toBe('not-allowed')
    expect(ruleOnRole({ role: 'participant', affiliation: 'member' }, below, 'none')).toBe('forbidden')
  })
})

describe('MU-01 matrix: affiliations (XEP-0045 §9.1 to §9.5, §10.3 to §10.8)', () => {
  const people = AFFILIATIONS.map((affiliation): Standing => ({ role: 'none', affiliation }))
  const verbs = allowed(people, AFFILIATIONS, (actor, target, wish) => ruleOnAffiliation(actor, target, wish, false))

  test('what is allowed is this table, whatever the role', () => {
    const table = AFFILIATIONS.flatMap((actor) =>
      AFFILIATIONS.map((target) => {
        const wishes = AFFILIATIONS.filter((wish) => verbs.has(`none/${actor} none/${target} ${wish}`))
        for (const role of ROLES) {
          if (actor === 'outcast') continue
          for (const wish of AFFILIATIONS) {
            expect(verbs.has(`${role}/${actor} none/${target} ${wish}`)).toBe(wishes.includes(wish))
          }
        }
        return [`${actor} on ${target}`, wishes.join(' ')]
      }),
    )
    const lower = 'outcast none member'
    const all = 'outcast none member admin owner'
    expect(Object.fromEntries(table.filter(([, wishes]) => wishes !== ''))).toEqual({
      'admin on outcast': lower,
      'admin on none': lower,
      'admin on member': lower,
      'owner on outcast': all,
      'owner on none': all,
      'owner on member': all,
      'owner on admin': all,
      'owner on owner': 'none member admin owner',
    })
  })

  test('the errors tell lack of privilege from protection of the target', () => {
    const ruling = (actor: Affiliation, target: Affiliation, wish: Affiliation, isSelf = false) =>
      ruleOnAffiliation({ role: 'moderator', affiliation: actor }, { affiliation: target }, wish, isSelf)
    expect(ruling('member', 'none', 'member')).toBe('forbidden')
    expect(ruling('admin', 'none', 'admin')).toBe('forbidden')
    expect(ruling('admin', 'owner', 'outcast')).toBe('not-allowed')
    expect(ruling('admin', 'admin', 'none')).toBe('not-allowed')
    expect(ruling('owner', 'owner', 'outcast')).toBe('not-allowed')
    expect(ruling('owner', 'owner', 'outcast', true)).toBe('conflict')
    expect(ruling('none', 'none', 'outcast', true)).toBe('forbidden')
  })
})

describe('MU-03: lists (XEP-0045 §9.2, §9.5, §10.5, §10.8)', () => {
  const rules = (isNonAnonymous: boolean, isMembersOnly = true, memberListFor: readonly Role[] = ['moderator']) => ({
    isNonAnonymous,
    isMembersOnly,
    memberListFor,
  })
  const readers = (affiliation: Affiliation, rule: ReturnType<typeof rules>) =>
    EVERYBODY.filter((actor) => mayListAffiliation(actor, affiliation, rule)).map(name)

  test('in a semi-anonymous room the lists of owners and admins are for owners, those of members and outcasts for admins', () => {
    const owners = EVERYBODY.filter(({ affiliation }) => affiliation === 'owner').map(name)
    const admins = EVERYBODY.filter(isAdmin).map(name)
    expect(readers('owner', rules(false))).toEqual(owners)
    expect(readers('admin', rules(false))).toEqual(owners)
    expect(readers('member', rules(false)).toSorted()).toEqual(admins.toSorted())
    expect(readers('outcast', rules(false)).toSorted()).toEqual(admins.toSorted())
  })

  test('in a members-only, non-anonymous room those inside and the members read who belongs to it, outsiders nothing', () => {
    for (const list of ['owner', 'admin', 'member'] as const) {
      expect(readers(list, rules(true))).not.toContain('none/none')
      expect(readers(list, rules(true))).not.toContain('none/outcast')
      expect(readers(list, rules(true))).toContain('none/member')
    }
    expect(readers('member', rules(true, false)).filter((reader) => reader.endsWith('/none'))).toEqual([
      'moderator/none',
    ])
  })

  test('who has which role is for moderators, who is a moderator for admins', () => {
    for (const actor of EVERYBODY) {
      expect(mayListRole(actor, 'moderator')).toBe(isAdmin(actor))
      expect(mayListRole(actor, 'participant')).toBe(actor.role === 'moderator' || isAdmin(actor))
    }
  })
})

test('the role on entering follows from the affiliation (XEP-0045 §5.1.2)', () => {
  const table = AFFILIATIONS.slice(1).map((affiliation) => [
    affiliation,
    initialRole(affiliation, false),
    initialRole(affiliation, true),
  ])
  expect(table).toEqual([
    ['none', 'participant', 'visitor'],
    ['member', 'participant', 'participant'],
    ['admin', 'moderator', 'moderator'],
    ['owner', 'moderator', 'moderator'],
  ])
  expect(roleRank('none')).toBe(0)
})
