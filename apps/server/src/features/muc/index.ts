import { defineFeature } from '../../routing/feature.ts'
import type { Context } from '../../routing/feature.ts'
import { roomPictures } from './avatar.ts'
import { audienceOf } from './audience.ts'
import { deliverMessage } from './deliver.ts'
import { forgetAccount } from './forget.ts'
import { handleIq } from './iq.ts'
import { leaveAll, LOST } from './leave.ts'
import { handleMessage } from './messages.ts'
import { setHeldForHistory, setRounds } from './metrics.ts'
import { handlePresence } from './presence.ts'
import { belongs, LABEL, loadRooms, roomsOf } from './rooms.ts'

/**
 * XEP-0045: Multi-User Chat, with XEP-0410 (self-ping), XEP-0421 (occupant ids), XEP-0317 (hats), XEP-0463
 * (versions of affiliations), XEP-0486 (avatars) and XEP-0500 (slow mode).
 * Rooms are stored, and all in memory; who is inside is in memory only. What is said is in the room's archive before
 * anybody hears it.
 */
export const muc = defineFeature({
  name: 'muc',
  implements: [
    { xep: 45, version: '1.35.5' },
    { xep: 249, version: '1.2' },
    { xep: 317, version: '0.3.1' },
    { xep: 410, version: '1.1.0' },
    { xep: 421, version: '1.0.1' },
    { xep: 425, version: '0.3.0' },
    { xep: 463, version: '0.2.0' },
    { xep: 486, version: '0.1.0' },
    { xep: 500, version: '0.1.1' },
  ],
  service: {
    label: LABEL,
    name: 'Rooms',
    presence: handlePresence,
    iq: handleIq,
    message: handleMessage,
    deliver: deliverMessage,
    companions: ({ localpart = '', resourcepart }, session, ctx) => {
      const occupant = roomsOf(ctx).find(localpart)?.seatOf(session)?.occupant
      return occupant && occupant.nick === resourcepart ? occupant.seats.map((seat) => seat.session) : []
    },
    isMember: ({ localpart = '' }, bareJid, ctx) => {
      const room = roomsOf(ctx).find(localpart)
      return room !== undefined && belongs(room.affiliationOf(bareJid))
    },
    idOf: ({ localpart = '' }, ctx) => roomsOf(ctx).find(localpart)?.id,
    rooms: (ctx) =>
      Array.from(roomsOf(ctx).all(), ({ address, config: { name, isPublic, isMembersOnly }, occupants }) => ({
        address,
        name,
        isPublic,
        isMembersOnly,
        occupants: occupants.size,
      })),
    peopleIn: ({ localpart = '' }, ctx) => {
      const room = roomsOf(ctx).find(localpart)
      if (!room) return []
      const members = [...room.affiliations].flatMap(([jid, { affiliation }]) =>
        affiliation === 'outcast' ? [] : [jid],
      )
      return [...members, ...Array.from(room.occupants.values(), ({ account }) => account)]
    },
    isRenaming: ({ to, type }, session, ctx) => {
      const occupant =
        type === 'available'
          ? roomsOf(ctx)
              .find(to?.localpart ?? '')
              ?.seatOf(session)?.occupant
          : undefined
      return occupant !== undefined && occupant.nick !== to?.resourcepart
    },
    audience: ({ localpart = '' }, ctx) => {
      const room = roomsOf(ctx).find(localpart)
      return room && audienceOf(room)
    },
  },
  session: {
    ended: (session, ctx) => leaveAll(session, ctx, LOST),
  },
  on: {
    // RFC 6121 §4.5.2: who becomes unavailable is so in rooms, too.
    'session.unavailable': ({ session, farewell }, ctx) => leaveAll(session, ctx, { farewell }),
    'account.deleted': ({ localpart }, ctx) => forgetAccount(`${localpart}@${ctx.domain}`, ctx),
  },
  /** A room that cannot keep up makes those wait who are inside and send to it, and only them (OV-01). */
  enter: ({ to }, session, ctx) => {
    const { domain, find } = roomsOf(ctx)
    const room = to?.domainpart === domain ? find(to.localpart ?? '') : undefined
    return session && room?.seatOf(session) ? room.fanOut.whenReady() : undefined
  },
  imageStores: [roomPictures],
  measure,
  start: loadRooms,
})

/** Of each the sum, and the largest. */
function measure(ctx: Context): void {
  const rounds = { all: 0, longest: 0 }
  const held = { all: 0, longest: 0 }
  const add = (level: typeof rounds, length: number) => {
    level.all += length
    level.longest = Math.max(level.longest, length)
  }
  for (const { fanOut, seats } of roomsOf(ctx).all()) {
    add(rounds, fanOut.length)
    for (const { waiting } of seats) if (waiting) add(held, waiting.length)
  }
  for (const which of ['all', 'longest'] as const) {
    setRounds({ of: which }, rounds[which])
    setHeldForHistory({ of: which }, held[which])
  }
}
