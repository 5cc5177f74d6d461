import { findMucJoin, isDelay, isRoomOnly, NS_SID, StanzaFault } from '@drawbridge/xmpp'
import type { Element, PresenceStanza } from '@drawbridge/xmpp'
import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { enter, enterAgain } from './enter.ts'
import { leave } from './leave.ts'
import { announce, announceGone, sendOwnGone, STATUS } from './occupant-presence.ts'
import { assertNickFree, keyOfNick } from './room.ts'
import type { Room, Seat } from './room.ts'
import { roomsOf } from './rooms.ts'

/** Longest presence that a room shows around, in characters: everybody gets it, and whoever enters later. */
const MAX_PRESENCE = 8_192

/** Presence sent to the service, a room or an occupant (XEP-0045 §7). */
export async function handlePresence(stanza: PresenceStanza, session: Session, ctx: Context): Promise<void> {
  const { to, type, element } = stanza
  if (!to || type === 'error') return
  // Nobody subscribes to the presence of a room.
  if (type !== 'available' && type !== 'unavailable') return
  const room = to.localpart === undefined ? undefined : roomsOf(ctx).find(to.localpart)
  const seat = room?.seatOf(session)
  if (type === 'unavailable') {
    // §7.14: whatever nick it names, it is this session that leaves.
    if (room && seat) await leave(room, seat, ctx, { farewell: element.getChildren('status') })
    return
  }
  if (to.localpart === undefined) throw new StanzaFault({ condition: 'service-unavailable' })
  // §7.2.1: "the service MUST return <jid-malformed/>" where no nick is given.
  if (to.resourcepart === undefined) throw new StanzaFault({ condition: 'jid-malformed', text: 'A nick is missing.' })
  const payload = payloadOf(element)
  const join = findMucJoin(element)
  if (room && seat) {
    if (keyOfNick(to.resourcepart) !== seat.occupant.nickKey || to.resourcepart !== seat.occupant.nick) {
      return changeNick(room, seat, to.resourcepart, payload)
    }
    return join ? enterAgain(room, seat, payload, join, ctx) : update(room, seat, payload)
  }
  // An update for a room that this session is not in: it must learn so, and no ghost may come of it (XEP-0410 §3).
  if (!join) throw new StanzaFault({ type: 'modify', condition: 'not-acceptable', text: 'You are not in this room.' })
  await enter({ jid: to.bare, nick: to.resourcepart, payload, join, session }, ctx)
}

/** What of a client's presence is shown: all but what only a room or a server may say (MU-06). @throws StanzaFault */
function payloadOf(presence: Element): Element[] {
  const payload = presence.getChildElements().filter((child) => {
    return !isRoomOnly(child) && child.getNS() !== NS_SID && !isDelay(child) && !child.is('priority')
  })
  let characters = 0
  for (const child of payload) characters += child.toString().length
  if (characters <= MAX_PRESENCE) return payload
  throw new StanzaFault({ condition: 'policy-violation', text: 'This presence is too long for a room.' })
}

/** §7.7: away, back, and whatever else a client says of itself. */
function update(room: Room, seat: Seat, payload: readonly Element[]): void {
  const { occupant } = seat
  seat.payload = payload
  occupant.seats = [...occupant.seats.filter((other) => other !== seat), seat]
  occupant.shown = undefined
  announce(room, occupant)
}

/** §7.6: all devices of the occupant get the new nick. */
function changeNick(room: Room, seat: Seat, nick: string, payload: readonly Element[]): void {
  const { occupant } = seat
  assertNickFree(room, nick, occupant.account, occupant.nickKey)
  const change = { codes: [STATUS.nickChanged], nick }
  announceGone(room, occupant, seat, change)
  for (const own of occupant.seats) sendOwnGone(room, own, change)
  room.rename(occupant, nick)
  update(room, seat, payload)
}
