import { NS_CLIENT, NS_SID, parseJid, xml } from '@drawbridge/xmpp'
import { planDelivery, withStanzaId } from '../../routing/deliver.ts'
import type { CommittedMessage, Context } from '../../routing/feature.ts'
import { Broadcast, Outgoing } from '../../routing/outgoing.ts'
import { followDecline } from './invite.ts'
import type { Room, Seat } from './room.ts'
import { roomsOf } from './rooms.ts'
import { isSubjectChange, subjectOf } from './subject.ts'
import { handleVoiceForm } from './voice.ts'

/** A message that is recorded: hands it to whoever is to have it. Nothing here waits. */
export function deliverMessage(message: CommittedMessage, ctx: Context): void {
  const { stanza, sender } = message
  const { to, type, element } = stanza
  const room = to?.localpart === undefined ? undefined : roomsOf(ctx).find(to.localpart)
  if (!room || !to || type === 'error') return
  if (to.isFull) return deliverPrivately(message, room, to.resourcepart ?? '')
  if (type === 'groupchat') return deliverToAll(message, room)
  if (message.positions.size > 0) return deliverToOwners(message, room, ctx)
  if (sender) handleVoiceForm(element, room, sender)
}

/** XEP-0045 §7.4: everybody, the sender included, gets the same text with the same id (XEP-0359 §3.2). */
function deliverToAll({ stanza, id, sentAt, positions }: CommittedMessage, room: Room): void {
  const { element } = stanza
  const { to: _, ...attrs } = element.attrs
  const stanzaId = positions.has(room.address) ? xml('stanza-id', { xmlns: NS_SID, by: room.address, id }) : undefined
  const broadcast = new Broadcast(xml('message', { ...attrs, xmlns: NS_CLIENT }, element.children, stanzaId))
  room.fanOut.send(room.seats, broadcast, broadcast, true)
  if (isSubjectChange(element)) room.subject = subjectOf(element, sentAt)
}

/** §7.5: to every device under the nick, if it is still the person that the archive says. */
function deliverPrivately(message: CommittedMessage, room: Room, nick: string): void {
  const { positions } = message
  const occupant = room.occupantAt(nick)
  if (!occupant || (positions.size > 0 && !positions.has(occupant.account))) return
  for (const seat of occupant.seats) seat.session.send(addressed(message, seat))
}

function addressed({ stanza, id, positions }: CommittedMessage, { occupant, address }: Seat): Outgoing {
  const { element } = stanza
  const own = xml('message', { ...element.attrs, to: address }, element.children)
  const position = positions.get(occupant.account)
  if (position === undefined) return new Outgoing(own)
  return new Outgoing(withStanzaId(own, occupant.account, id), { owner: occupant.account, position })
}

/** An invitation or its refusal: to the account in whose archive it is, wherever that is signed in. */
function deliverToOwners({ stanza, id, positions }: CommittedMessage, room: Room, ctx: Context): void {
  for (const [owner, position] of positions) {
    followDecline(stanza.element, room, owner, ctx)
    const account = ctx.accounts.findByBareJid(owner)
    const element = xml('message', { ...stanza.element.attrs, to: owner }, stanza.element.children)
    if (!account) continue
    const plan = planDelivery({ ...stanza, element, to: parseJid(owner) }, account, ctx.sessions)
    if (plan.to !== 'sessions') continue
    const outgoing = new Outgoing(withStanzaId(element, owner, id), { owner, position })
    for (const session of plan.sessions) session.send(outgoing)
  }
}
