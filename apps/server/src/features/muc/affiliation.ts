import { StanzaFault } from '@drawbridge/xmpp'
import type { Context } from '../../routing/feature.ts'
import { roomNotice } from './history.ts'
import { expel } from './leave.ts'
import { announce, shownPresence, STATUS } from './occupant-presence.ts'
import { affiliationRank, initialRole, roleRank } from './privileges.ts'
import type { Affiliation } from './privileges.ts'
import { keyOfNick } from './room.ts'
import type { Occupant, Room } from './room.ts'
import { saveAffiliations } from './rooms.ts'

export interface AffiliationChange {
  /** Bare JID, or a domain that is banned. */
  readonly jid: string
  readonly affiliation: Affiliation
  readonly reason?: string | undefined
  /** To be reserved for a member (§9.3). */
  readonly nick?: string | undefined
}

/** §9.3.2: somebody's affiliation has changed while he was not inside. */
const AFFILIATION_CHANGED = 101

/**
 * XEP-0045 §9.1 to §9.7, §10.3 to §10.8: stores affiliations, all or none, then lets everybody inside see what follows.
 * Who may do so has been checked.
 *
 * @throws StanzaFault `conflict` when no owner would be left (MU-02), or a nick is reserved for somebody else
 */
export async function applyAffiliations(
  room: Room,
  changes: readonly AffiliationChange[],
  actor: string | undefined,
  ctx: Context,
): Promise<void> {
  assertOwnerLeft(room, changes)
  const rows = changes.map(({ jid, affiliation, reason, nick }) => {
    const before = room.affiliations.get(jid)
    const keeps = affiliation !== 'outcast' && affiliation !== 'none'
    const reserved = keeps ? (nick ?? before?.nick ?? null) : null
    const nickKey = reserved === null ? null : keyOfNick(reserved)
    if (nickKey !== null) assertUnreserved(room, nickKey, jid)
    return { jid, affiliation, reason: reason ?? null, nick: reserved, nickKey }
  })
  await saveAffiliations(room, rows, ctx)
  for (const change of changes) followChange(room, change, actor)
}

function assertOwnerLeft(room: Room, changes: readonly AffiliationChange[]): void {
  const owners = new Set(
    [...room.affiliations].flatMap(([jid, { affiliation }]) => (affiliation === 'owner' ? [jid] : [])),
  )
  for (const { jid, affiliation } of changes) {
    if (affiliation === 'owner') owners.add(jid)
    else owners.delete(jid)
  }
  if (owners.size === 0) throw new StanzaFault({ condition: 'conflict', text: 'A room needs an owner.' })
}

function assertUnreserved(room: Room, nickKey: string, jid: string): void {
  for (const [other, affiliated] of room.affiliations) {
    if (other !== jid && affiliated.nickKey === nickKey) {
      throw new StanzaFault({ condition: 'conflict', text: 'This nick is reserved for somebody else.' })
    }
  }
}

/** What the change means for whoever is inside, by this JID or from this domain. */
export function followChange(room: Room, change: AffiliationChange, actor: string | undefined): void {
  const isDomain = !change.jid.includes('@')
  const concerned = [...room.occupants.values()].filter(({ account }) =>
    isDomain ? account.endsWith(`@${change.jid}`) : account === change.jid,
  )
  for (const occupant of concerned) follow(room, occupant, change, actor)
  if (concerned.length > 0 || isDomain || change.affiliation === 'outcast') return
  // §9.3: those who see real JIDs hear of it although he is not here.
  const { jid, affiliation, reason } = change
  const viewers = room.seats.filter(({ seesJids }) => seesJids)
  roomNotice(room, [AFFILIATION_CHANGED], { jid, affiliation, role: 'none', reason }, viewers)
}

function follow(room: Room, occupant: Occupant, change: AffiliationChange, actor: string | undefined): void {
  const { reason } = change
  const before = occupant.affiliation
  // Not the one that was asked for: a domain's ban does not concern a member by name.
  occupant.affiliation = room.affiliationOf(occupant.account)
  occupant.shown = undefined
  if (occupant.affiliation === 'outcast') return expel(room, occupant, { codes: [STATUS.banned], actor, reason })
  // §9.4: who is no member any longer cannot stay among members.
  const isOutside = room.config.isMembersOnly && affiliationRank(occupant.affiliation) < affiliationRank('member')
  if (isOutside) return expel(room, occupant, { codes: [STATUS.affiliationRemoved], actor, reason })
  if (occupant.affiliation === before) return
  const role = initialRole(occupant.affiliation, room.config.isModerated)
  // Whose voice was taken does not get it back by being less than before.
  const isLess = affiliationRank(occupant.affiliation) < affiliationRank(before)
  occupant.role = isLess && roleRank(occupant.role) < roleRank(role) ? occupant.role : role
  const saw = occupant.seats.some(({ seesJids }) => seesJids)
  room.lookAgain(occupant)
  announce(room, occupant, actor === undefined && reason === undefined ? undefined : { actor, reason })
  if (!saw) showJids(room, occupant)
}

/** Whoever has just become a moderator of a semi-anonymous room learns who everybody is. */
export function showJids(room: Room, occupant: Occupant): void {
  for (const seat of occupant.seats) {
    if (!seat.seesJids) continue
    for (const other of room.occupants.values()) {
      if (other !== occupant && other.isShown) seat.session.send(shownPresence(room, other).open.to(seat.address))
    }
  }
}
