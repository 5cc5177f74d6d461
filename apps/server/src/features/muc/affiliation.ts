import { StanzaFault } from '@drawbridge/xmpp'
import type { Context } from '../../routing/feature.ts'
import { roomNotice } from './history.ts'
import { expel } from './leave.ts'
import { listScope } from './affiliation-versions.ts'
import type { ListScope, VersionStep } from './affiliation-versions.ts'
import { announce, isBroadcast, shownPresence, STATUS } from './occupant-presence.ts'
import type { Change } from './occupant-presence.ts'
import { affiliationRank, initialRole, mayListAffiliation, roleRank } from './privileges.ts'
import type { Affiliation } from './privileges.ts'
import { keyOfNick } from './room.ts'
import type { Occupant, Room, Seat } from './room.ts'
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
  const steps = await saveAffiliations(room, rows, ctx)
  for (const change of changes) followChange(room, change, actor, steps.get(change.jid))
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

/**
 * What the change means for whoever is inside, by this JID or from this domain.
 *
 * @param step - from which version of the lists to which (XEP-0463 §5.2.2); absent where nothing has changed
 */
export function followChange(
  room: Room,
  change: AffiliationChange,
  actor: string | undefined,
  step: VersionStep | undefined,
): void {
  const isDomain = !change.jid.includes('@')
  const concerned = [...room.occupants.values()].filter(({ account }) =>
    isDomain ? account.endsWith(`@${change.jid}`) : account === change.jid,
  )
  let isTold = false
  for (const occupant of concerned) {
    // A domain is on the list itself, and a second presence of the same person is no second change.
    const versions = isDomain || isTold ? undefined : step
    const isShown = occupant.isShown || isBroadcast(room, occupant)
    if (follow(room, occupant, { actor, reason: change.reason, versions }) && isShown && versions) isTold = true
  }
  if (step && !isTold) tellOfAbsent(room, change, step)
}

/** §9.3: those who see real JIDs hear of it although he is not here; of bans only those who may read who is banned. */
function tellOfAbsent(room: Room, { jid, affiliation, reason }: AffiliationChange, step: VersionStep): void {
  const tell = (shown: Affiliation, viewers: readonly Seat[]) => {
    const item = { jid, affiliation: shown, role: 'none', reason }
    roomNotice(room, [AFFILIATION_CHANGED], { item, versions: step }, viewers)
  }
  const viewers = room.seats.filter(({ seesJids }) => seesJids)
  if (affiliation !== 'outcast' && step.before !== 'outcast') return tell(affiliation, viewers)
  const seesBans = ({ occupant }: Seat) => mayListAffiliation(occupant, 'outcast', room.config)
  tell(affiliation, viewers.filter(seesBans))
  const others = viewers.filter((seat) => !seesBans(seat))
  if (affiliation !== 'outcast' && affiliation !== 'none') tell(affiliation, others)
  else if (affiliationRank(step.before) >= affiliationRank('member')) tell('none', others)
}

/** Returns whether there was something to be seen of it. */
function follow(room: Room, occupant: Occupant, shown: Change): boolean {
  const before = occupant.affiliation
  const readBefore = listScope(occupant, room.config)
  // Not the one that was asked for: a domain's ban does not concern a member by name.
  occupant.affiliation = room.affiliationOf(occupant.account)
  occupant.shown = undefined
  // §9.4: who is no member any longer cannot stay among members.
  const isOutside = room.config.isMembersOnly && affiliationRank(occupant.affiliation) < affiliationRank('member')
  if (occupant.affiliation === 'outcast') expel(room, occupant, { ...shown, codes: [STATUS.banned] })
  else if (isOutside) expel(room, occupant, { ...shown, codes: [STATUS.affiliationRemoved] })
  else if (occupant.affiliation === before) return false
  else restand(room, occupant, before, shown, readBefore)
  return true
}

/** Somebody stays, as somebody else than before. */
function restand(room: Room, occupant: Occupant, before: Affiliation, shown: Change, readBefore: ListScope): void {
  const role = initialRole(occupant.affiliation, room.config.isModerated)
  // Whose voice was taken does not get it back by being less than before.
  const isLess = affiliationRank(occupant.affiliation) < affiliationRank(before)
  occupant.role = isLess && roleRank(occupant.role) < roleRank(role) ? occupant.role : role
  const saw = occupant.seats.some(({ seesJids }) => seesJids)
  room.lookAgain(occupant)
  // Who may read more now has not got it by hearing of this: his own version is one that leads nowhere.
  const toSelf = listScope(occupant, room.config) === readBefore ? shown : { ...shown, versions: undefined }
  announce(room, occupant, changeOf(shown), changeOf(toSelf))
  if (!saw) showJids(room, occupant)
}

const changeOf = (shown: Change) => (Object.values(shown).every((said) => said === undefined) ? undefined : shown)

/** Whoever has just become a moderator of a semi-anonymous room learns who everybody is. */
export function showJids(room: Room, occupant: Occupant): void {
  for (const seat of occupant.seats) {
    if (!seat.seesJids) continue
    for (const other of room.occupants.values()) {
      if (other !== occupant && other.isShown) seat.session.send(shownPresence(room, other).open.to(seat.address))
    }
  }
}
