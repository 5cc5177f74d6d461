import { buildHats, buildMucUser, buildOccupantId, NS_CLIENT, xml } from '@drawbridge/xmpp'
import type { Element, MucItem, MucVersions } from '@drawbridge/xmpp'
import { Broadcast } from '../../routing/outgoing.ts'
import type { Occupant, Room, Seat } from './room.ts'

/** Status codes of XEP-0045 §15.6 that a presence can carry. */
export const STATUS = {
  nonAnonymous: 100,
  self: 110,
  logged: 170,
  created: 201,
  nickAssigned: 210,
  banned: 301,
  nickChanged: 303,
  kicked: 307,
  affiliationRemoved: 321,
  membersOnly: 322,
  shutdown: 332,
  lostConnection: 333,
} as const

/** Why and by whom an occupant changed or left. */
export interface Change {
  readonly codes?: readonly number[]
  /** The new nick, with 303 (§7.6). */
  readonly nick?: string | undefined
  /** Nick of whoever did it. */
  readonly actor?: string | undefined
  readonly reason?: string | undefined
  /** From which version of the lists to which it leads (XEP-0463 §5.2.2). */
  readonly versions?: MucVersions | undefined
  /** A room that is destroyed says so in place of a status (§10.9). */
  readonly destroy?: Element | undefined
  /** What somebody who leaves says on the way out (§7.14). */
  readonly farewell?: readonly Element[] | undefined
}

interface View {
  readonly hasJid: boolean
  readonly isGone: boolean
  readonly change?: Change | undefined
  readonly codes?: readonly number[]
}

/** The presence of an occupant, without `to`, for one kind of viewer. */
function buildPresence(room: Room, occupant: Occupant, seat: Seat, view: View): Element {
  const { change, isGone } = view
  const item: MucItem = {
    affiliation: occupant.affiliation,
    role: isGone ? 'none' : occupant.role,
    // A change of nick is followed by the presence of the new one, in the same role (§7.6).
    ...(isGone && change?.nick !== undefined ? { role: occupant.role, nick: change.nick } : {}),
    jid: view.hasJid ? seat.address : undefined,
    actor: change?.actor,
    reason: change?.reason,
  }
  const codes = [...(change?.codes ?? []), ...(view.codes ?? [])]
  const hats = isGone ? [] : room.hatsOf(occupant.account)
  return xml(
    'presence',
    { xmlns: NS_CLIENT, from: occupant.jid, type: isGone ? 'unavailable' : undefined },
    isGone ? change?.farewell : seat.payload,
    buildOccupantId(occupant.occupantId),
    hats.length === 0 ? undefined : buildHats(hats),
    buildMucUser({ item, codes, versions: change?.versions, content: change?.destroy?.clone() }),
  )
}

/** The presence as everybody else gets it: serialized once, and kept for those who enter later (MU-12). */
export function shownPresence(room: Room, occupant: Occupant): { open: Broadcast; hidden: Broadcast } {
  if (occupant.shown) return occupant.shown
  const seat = occupant.seats.at(-1)
  if (!seat) throw new Error('an occupant without a seat has no presence')
  const open = new Broadcast(buildPresence(room, occupant, seat, { hasJid: true, isGone: false }))
  const hidden = room.config.isNonAnonymous
    ? open
    : new Broadcast(buildPresence(room, occupant, seat, { hasJid: false, isGone: false }))
  return (occupant.shown = { open, hidden })
}

/** Whether the others get the presence of an occupant in its role (§10.2, `muc#roomconfig_presencebroadcast`). */
export function isBroadcast({ config }: Room, { role }: Occupant): boolean {
  return config.presenceOf.some((shown) => shown === role)
}

/**
 * Tells everybody of an occupant as it is now, its own devices with 110 (§7.2.2, §7.7, §8, §9). One whose role is no
 * longer shown is gone for the others.
 *
 * @param toSelf - what its own devices are told of the change, where that is something else
 */
export function announce(room: Room, occupant: Occupant, change?: Change, toSelf: Change | undefined = change): void {
  const [seat] = occupant.seats.slice(-1)
  if (!seat) return
  if (isBroadcast(room, occupant)) {
    occupant.isShown = true
    const others = room.seats.filter((other) => other.occupant !== occupant)
    const { open, hidden } = change ? changedPresence(room, occupant, seat, change) : shownPresence(room, occupant)
    room.fanOut.send(others, open, hidden)
  } else {
    announceGone(room, occupant, seat, change)
    occupant.isShown = false
  }
  for (const own of occupant.seats) sendSelf(room, own, [], toSelf)
}

function changedPresence(room: Room, occupant: Occupant, seat: Seat, change: Change) {
  return {
    open: new Broadcast(buildPresence(room, occupant, seat, { hasJid: true, isGone: false, change })),
    hidden: new Broadcast(buildPresence(room, occupant, seat, { hasJid: false, isGone: false, change })),
  }
}

/** The presence of its own occupant to one device: it is about itself, so the JID is no secret. */
export function sendSelf(room: Room, seat: Seat, codes: readonly number[], change?: Change): void {
  const { occupant } = seat
  const newest = occupant.seats.at(-1) ?? seat
  const self = buildPresence(room, occupant, newest, {
    hasJid: true,
    isGone: false,
    change,
    codes: [STATUS.self, ...codes],
  })
  seat.session.send(new Broadcast(self).to(seat.address))
}

/** Says that an occupant is gone, to those who knew. Call it while `seat` can still be named, after it has risen. */
export function announceGone(room: Room, occupant: Occupant, seat: Seat, change?: Change): void {
  if (!occupant.isShown) return
  const open = new Broadcast(buildPresence(room, occupant, seat, { hasJid: true, isGone: true, change }))
  const hidden = new Broadcast(buildPresence(room, occupant, seat, { hasJid: false, isGone: true, change }))
  room.fanOut.send(
    room.seats.filter((other) => other.occupant !== occupant),
    open,
    hidden,
  )
}

/** The last a device hears of the room, or of its former nick: its own unavailable presence (§7.14). */
export function sendOwnGone(room: Room, seat: Seat, change?: Change): void {
  const own = buildPresence(room, seat.occupant, seat, { hasJid: true, isGone: true, change, codes: [STATUS.self] })
  seat.session.send(new Broadcast(own).to(seat.address))
}
