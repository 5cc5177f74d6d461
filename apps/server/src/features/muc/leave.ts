import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { announce, announceGone, sendOwnGone, STATUS } from './occupant-presence.ts'
import type { Change } from './occupant-presence.ts'
import type { Occupant, Room, Seat } from './room.ts'
import { roomsOf, roomsWith } from './rooms.ts'

/** XEP-0045 §7.14: one device leaves; the occupant does with the last. */
export async function leave(room: Room, seat: Seat, ctx: Context, change?: Change): Promise<void> {
  const { occupant } = seat
  remove(room, seat)
  sendOwnGone(room, seat, change)
  if (occupant.seats.length === 0) announceGone(room, occupant, seat, change)
  else announce(room, occupant)
  await closeIfEmpty(room, ctx)
}

/** Every device of an occupant is removed, and told why (§8.2, §9.1, §9.4, §10.2). */
export function expel(room: Room, occupant: Occupant, change: Change): void {
  const { seats } = occupant
  const [newest] = seats.slice(-1)
  for (const seat of seats) {
    remove(room, seat)
    sendOwnGone(room, seat, change)
  }
  if (newest) announceGone(room, occupant, newest, change)
}

/** The session is over, for good: one that may still come back (XEP-0198) keeps its seats until then (MU-09). */
export async function leaveAll(session: Session, ctx: Context, change?: Change): Promise<void> {
  for (const room of [...roomsWith(session)]) {
    const seat = room.seatOf(session)
    if (seat) await leave(room, seat, ctx, change)
  }
}

/** What is said for a session that can no longer say it itself (§7.14, code 333). */
export const LOST: Change = { codes: [STATUS.lostConnection] }

function remove(room: Room, seat: Seat): void {
  room.rise(seat)
  roomsWith(seat.session).delete(room)
}

/** §4.2: a temporary room ends with its last occupant, and so does one that was never configured (§10.1). */
export async function closeIfEmpty(room: Room, ctx: Context): Promise<void> {
  if (room.seats.length > 0 || room.isDestroyed) return
  if (!room.config.isPersistent || room.isLocked) await roomsOf(ctx).forget(room)
}
