import type { StanzaErrorCondition } from '@drawbridge/xmpp'

/** What an occupant may do while inside (XEP-0045 §5.1), least first. */
export const ROLES = ['none', 'visitor', 'participant', 'moderator'] as const
export type Role = (typeof ROLES)[number]

/** What ties somebody to a room for good (§5.2), least first. */
export const AFFILIATIONS = ['outcast', 'none', 'member', 'admin', 'owner'] as const
export type Affiliation = (typeof AFFILIATIONS)[number]

/** Who acts, or is acted on. */
export interface Standing {
  readonly role: Role
  readonly affiliation: Affiliation
}

/** `undefined`: it may be done. Else the error that says why not. */
export type Ruling = StanzaErrorCondition | undefined

export const affiliationRank = (affiliation: Affiliation): number => AFFILIATIONS.indexOf(affiliation)
export const roleRank = (role: Role): number => ROLES.indexOf(role)
export const isAdmin = ({ affiliation }: Pick<Standing, 'affiliation'>): boolean =>
  affiliation === 'admin' || affiliation === 'owner'

/** §5.1.2: the role that somebody has on entering. */
export function initialRole(affiliation: Affiliation, isModerated: boolean): Role {
  if (affiliation === 'owner' || affiliation === 'admin') return 'moderator'
  return affiliation === 'none' && isModerated ? 'visitor' : 'participant'
}

/**
 * §8.2 to §8.4, §9.6, §9.7: whether `actor` may give `target` this role; `none` removes the target from the room. Whoever
 * lacks the privilege is told `forbidden`; whoever has it, but not over this target, `not-allowed`.
 */
export function ruleOnRole(actor: Standing, target: Standing, wanted: Role): Ruling {
  const isAboutModerators = wanted === 'moderator' || (target.role === 'moderator' && wanted !== 'none')
  const mayAct = isAboutModerators ? isAdmin(actor) : actor.role === 'moderator'
  if (!mayAct) return 'forbidden'
  const actorRank = affiliationRank(actor.affiliation)
  const targetRank = affiliationRank(target.affiliation)
  if (targetRank > actorRank || (isAdmin(target) && targetRank === actorRank)) return 'not-allowed'
  // Whom an admin has made a moderator, no other moderator removes.
  return target.role === 'moderator' && !isAdmin(actor) ? 'not-allowed' : undefined
}

/** §9.1 to §9.5, §10.3 to §10.8: whether `actor` may give `target` this affiliation. */
export function ruleOnAffiliation(
  actor: Standing,
  target: Pick<Standing, 'affiliation'>,
  wanted: Affiliation,
  isSelf: boolean,
): Ruling {
  if (!isAdmin(actor)) return 'forbidden'
  // §9.1: nobody bans himself.
  if (wanted === 'outcast' && isSelf) return 'conflict'
  if (actor.affiliation === 'owner')
    return wanted === 'outcast' && target.affiliation === 'owner' ? 'not-allowed' : undefined
  if (wanted === 'admin' || wanted === 'owner') return 'forbidden'
  return isAdmin(target) ? 'not-allowed' : undefined
}

/** The lists of §8 to §10 that can be asked for, and what the room shows of its people. */
export interface ListRules {
  readonly isNonAnonymous: boolean
  readonly isMembersOnly: boolean
  /** Roles that may read the list of members. */
  readonly memberListFor: readonly Role[]
}

/** Whether `actor` may read the list of everybody with this affiliation. An outsider reads none (§9.5, §10.5, §10.8). */
export function mayListAffiliation(actor: Standing, affiliation: Affiliation, rules: ListRules): boolean {
  if (actor.affiliation === 'owner') return true
  const isInside = actor.role !== 'none' || affiliationRank(actor.affiliation) >= affiliationRank('member')
  if (actor.affiliation === 'outcast' || !isInside) return false
  switch (affiliation) {
    case 'owner':
    case 'admin':
      return rules.isNonAnonymous
    case 'member':
      if (isAdmin(actor)) return true
      if (!rules.isNonAnonymous) return false
      return rules.isMembersOnly || rules.memberListFor.includes(actor.role)
    default:
      return isAdmin(actor)
  }
}

/** Whether `actor` may read the list of everybody with this role (§8.5, §9.8). */
export function mayListRole(actor: Standing, role: Role): boolean {
  return role === 'moderator' ? isAdmin(actor) : actor.role === 'moderator' || isAdmin(actor)
}
