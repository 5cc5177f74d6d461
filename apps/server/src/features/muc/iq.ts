import {
  findIqPayload,
  NS_CLIENT,
  NS_COMMANDS,
  NS_DISCO_INFO,
  NS_DISCO_ITEMS,
  NS_FASTEN,
  NS_MAM,
  NS_MODERATION,
  NS_MUC_ADMIN,
  NS_MUC_OWNER,
  NS_PING,
  NS_REGISTER,
  NS_VCARD,
  StanzaFault,
  xml,
} from '@drawbridge/xmpp'
import type { Element, IqStanza } from '@drawbridge/xmpp'
import { RELAYED } from '../../routing/feature.ts'
import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { getList, setList } from './admin.ts'
import { queryRoom, roomArchiveEnds, roomArchiveForm } from './archive.ts'
import { refuseBlockedOccupant } from './blocked.ts'
import { getRoomVcard, occupantVcard, setRoomVcard } from './avatar.ts'
import { assertMayKnow, roomInfo, roomItems, serviceInfo, serviceItems } from './disco.ts'
import { executeHatCommand } from './hats.ts'
import { moderate, moderateAsBefore } from './moderate.ts'
import { getConfig, setOwner } from './owner.ts'
import { getRegistration, setRegistration } from './register.ts'
import type { Room } from './room.ts'
import { roomsOf } from './rooms.ts'

export interface RoomRequest {
  readonly room: Room
  readonly session: Session
  readonly stanza: IqStanza
}

let relayCount = 0

type Answer = Element | undefined
type RoomHandler = (payload: Element, request: RoomRequest, ctx: Context) => Promise<Answer> | Answer

const key = (type: string, xmlns: string, name: string) => `${type} {${xmlns}}${name}`

/** What a room answers to whoever may know of it. Each handler decides who may ask. */
const ROOM: ReadonlyMap<string, RoomHandler> = new Map<string, RoomHandler>([
  [key('get', NS_DISCO_INFO, 'query'), roomInfo],
  [key('get', NS_DISCO_ITEMS, 'query'), roomItems],
  [key('get', NS_MUC_ADMIN, 'query'), getList],
  [key('set', NS_MUC_ADMIN, 'query'), setList],
  [key('get', NS_MUC_OWNER, 'query'), getConfig],
  [key('set', NS_MUC_OWNER, 'query'), setOwner],
  [key('get', NS_REGISTER, 'query'), getRegistration],
  [key('set', NS_REGISTER, 'query'), setRegistration],
  [key('get', NS_VCARD, 'vCard'), getRoomVcard],
  [key('set', NS_VCARD, 'vCard'), setRoomVcard],
  [key('get', NS_PING, 'ping'), () => undefined],
  [key('set', NS_MAM, 'query'), queryRoom],
  [key('get', NS_MAM, 'query'), roomArchiveForm],
  [key('get', NS_MAM, 'metadata'), roomArchiveEnds],
  [key('set', NS_MODERATION, 'moderate'), moderate],
  [key('set', NS_FASTEN, 'apply-to'), moderateAsBefore],
  [key('set', NS_COMMANDS, 'command'), executeHatCommand],
])

type ServiceHandler = (payload: Element, ctx: Context, session: Session) => Answer

const SERVICE: ReadonlyMap<string, ServiceHandler> = new Map<string, ServiceHandler>([
  [key('get', NS_DISCO_INFO, 'query'), serviceInfo],
  [key('get', NS_DISCO_ITEMS, 'query'), serviceItems],
  [key('get', NS_PING, 'ping'), () => undefined],
])

/** Requests to the service, a room or an occupant, and occupants' answers to each other's. */
export async function handleIq(
  stanza: IqStanza,
  sender: Session | undefined,
  ctx: Context,
): Promise<Answer | typeof RELAYED> {
  const { to, type } = stanza
  if (!sender || !to) return RELAYED
  if (type === 'result' || type === 'error') return passOnAnswer(stanza, sender, ctx)
  const payload = findIqPayload(stanza)
  if (!payload) throw new StanzaFault({ condition: 'bad-request' })
  const wanted = key(type, payload.getNS() ?? '', payload.getName())
  if (to.localpart === undefined) {
    const handle = SERVICE.get(wanted)
    if (!handle || to.isFull) throw new StanzaFault({ condition: 'service-unavailable' })
    return handle(payload, ctx, sender)
  }
  if (to.isFull) return askOccupant(payload, stanza, sender, ctx)
  const room = roomsOf(ctx).get(to)
  assertMayKnow(room, sender.account.bareJid)
  const handle = ROOM.get(wanted)
  if (!handle) throw new StanzaFault({ condition: 'service-unavailable' })
  return handle(payload, { room, session: sender, stanza }, ctx)
}

/** XEP-0045 §17.2: a request to an occupant. Outsiders learn nothing of who is there, nor whether there is a room. */
function askOccupant(
  payload: Element,
  stanza: IqStanza,
  session: Session,
  ctx: Context,
): Promise<Answer> | Answer | typeof RELAYED {
  const room = roomsOf(ctx).find(stanza.to?.localpart ?? '')
  const seat = room?.seatOf(session)
  if (!room || !seat) {
    // §6.6: for disco, "the service MUST return <bad-request/>"; XEP-0410 §3.2: for anything else it is not acceptable.
    const isDisco = payload.getNS() === NS_DISCO_INFO || payload.getNS() === NS_DISCO_ITEMS
    throw new StanzaFault(isDisco ? { condition: 'bad-request' } : { type: 'cancel', condition: 'not-acceptable' })
  }
  const target = room.occupantAt(stanza.to?.resourcepart ?? '')
  if (!target) throw new StanzaFault({ condition: 'item-not-found' })
  // XEP-0410 §3.3: whether it is still inside is known here; no device of its own has to be asked.
  if (target === seat.occupant && payload.is('ping', NS_PING)) return undefined
  if (payload.is('vCard', NS_VCARD) && stanza.type === 'get') return occupantVcard(target, seat, ctx)
  refuseBlockedOccupant(stanza, room, target, ctx.blockLists)
  const [answerer] = target.seats.slice(-1)
  if (!answerer) throw new StanzaFault({ condition: 'item-not-found' })
  // Its own id: that of the asker may be somebody else's as well, under the same nick.
  const as = { from: seat.occupant.jid, id: `relay${++relayCount}` }
  ctx.relay.expect({ asker: session, id: stanza.id, asked: target.jid, answerer: answerer.session, as })
  const attrs = { xmlns: NS_CLIENT, type: stanza.type, ...as, to: answerer.address }
  answerer.session.send(xml('iq', attrs, payload.clone()))
  return RELAYED
}

/** An answer goes to whoever asked, from the address that was asked. Who answers without a question is not heard. */
function passOnAnswer({ to, id, type, element }: IqStanza, sender: Session, ctx: Context): typeof RELAYED {
  const waiting = ctx.relay.take(sender, String(to), id)
  if (!waiting) return RELAYED
  const attrs = { xmlns: NS_CLIENT, type, id: waiting.id, from: waiting.asked, to: waiting.asker.jid.toString() }
  const children = element.getChildElements().map((child) => child.clone())
  // RFC 6120 §8.3.1: `by` names who found the error, which is nobody the asker may know.
  for (const child of children) if (child.is('error', NS_CLIENT)) delete child.attrs['by']
  waiting.asker.send(xml('iq', attrs, children))
  return RELAYED
}
