import {
  buildMucUser,
  buildOccupantId,
  findForm,
  isRoomOnly,
  NS_CLIENT,
  NS_MUC_REQUEST,
  NS_MUC_USER,
  parseJid,
  StanzaFault,
  stripDelays,
  stripModeration,
  stripStanzaIds,
  xml,
} from '@drawbridge/xmpp'
import type { Element, Jid, MessageStanza } from '@drawbridge/xmpp'
import type { Context, Draft } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { refuseBlockedOccupant } from './blocked.ts'
import { mayWhisper } from './config.ts'
import { recordDecline, recordInvitation } from './invite.ts'
import { isAdmin } from './privileges.ts'
import type { Occupant, Room } from './room.ts'
import { roomsOf } from './rooms.ts'
import { assertMaySetSubject, isSubjectChange } from './subject.ts'
import { assertVoiceForm } from './voice.ts'

/** A message to a room or an occupant, before it is recorded: who may say it, and as what it is recorded. */
export function handleMessage(draft: Draft, ctx: Context): void {
  const { stanza, sender } = draft
  const { to, type, element } = stanza
  if (!to) return
  if (!sender) return recordRoomsWord(draft, ctx)
  // An error that some client returns concerns nobody; it must not be answered either.
  if (type === 'error') return
  if (to.localpart === undefined) throw new StanzaFault({ condition: 'service-unavailable' })
  const room = roomsOf(ctx).get(to)
  if (to.isFull) return whisper(draft, room, sender, to.resourcepart ?? '', ctx)
  if (type === 'groupchat') return say(draft, room, sender, ctx)
  const x = element.getChild('x', NS_MUC_USER)
  if (x?.getChild('invite')) return recordInvitation(draft, room, sender, ctx)
  if (x?.getChild('decline')) return recordDecline(draft, room, sender, ctx)
  if (findForm(element, NS_MUC_REQUEST)) return assertVoiceForm(element, room, sender)
  // §7.4: what is for everybody is of type groupchat; a room reads nothing else.
  throw new StanzaFault({ condition: 'bad-request', text: 'A room takes messages of type groupchat.' })
}

/** What the room itself has to say is kept as well; nobody else speaks here without a session. */
function recordRoomsWord({ stanza: { from, to }, archives, durable }: Draft, ctx: Context): void {
  const room = roomsOf(ctx).get(from)
  if (from.isFull || to?.toString() !== room.address) throw new StanzaFault({ condition: 'forbidden' })
  if (durable) archives.push({ owner: room.address, peer: room.address, direction: 'in' })
}

/** §7.4: to everybody, in the room's name. */
function say(draft: Draft, room: Room, sender: Session, ctx: Context): void {
  const { occupant } = room.getSeat(sender)
  if (occupant.role === 'visitor') throw new StanzaFault({ condition: 'forbidden', text: 'You have no voice here.' })
  const { element } = draft.stanza
  draft.isSubject = isSubjectChange(element)
  if (draft.isSubject) assertMaySetSubject(room, occupant, element.getChildText('subject') ?? '')
  // XEP-0500 §6: "Room administrators and owners MUST NOT be rate limited."
  if (!isAdmin(occupant)) {
    room.slowMode.pass(occupant.account, element, room.config.slowModeS, ctx.now().getTime())
  }
  draft.stanza = inRoomsName(draft.stanza, room, occupant, room.jid)
  // A subject outlasts its message: no hint of the sender keeps it from the record.
  if (draft.durable || draft.isSubject)
    draft.archives.push({ owner: room.address, peer: occupant.jid, direction: 'in' })
}

/** §7.5: to one occupant; kept in the archives of both accounts, without either's address in the other's. */
function whisper(draft: Draft, room: Room, sender: Session, nick: string, ctx: Context): void {
  const { occupant } = room.getSeat(sender)
  if (draft.stanza.type === 'groupchat') throw new StanzaFault({ condition: 'bad-request' })
  const recipient = room.occupantAt(nick)
  if (!recipient) throw new StanzaFault({ condition: 'item-not-found', text: 'There is nobody of this name.' })
  if (!mayWhisper(occupant.role, room.config.privateMessages)) {
    throw new StanzaFault({ condition: 'forbidden', text: 'Private messages are off in this room.' })
  }
  refuseBlockedOccupant(draft.stanza, room, recipient, ctx.blockLists)
  draft.stanza = inRoomsName(draft.stanza, room, occupant, parseJid(recipient.jid), buildMucUser({}))
  if (!draft.durable) return
  if (recipient.account !== occupant.account) {
    draft.archives.push({ owner: occupant.account, peer: recipient.jid, direction: 'out' })
  }
  draft.archives.push({ owner: recipient.account, peer: occupant.jid, direction: 'in' })
}

/** The message as from the occupant: nothing of the sender's address, and nothing that only a room says (MU-06, SP-04). */
function inRoomsName(
  stanza: MessageStanza,
  room: Room,
  occupant: Occupant,
  to: Jid,
  ...more: Element[]
): MessageStanza {
  const { element, id, type } = stanza
  const children = element.children.filter((child) => typeof child === 'string' || !isRoomOnly(child))
  const said = xml(
    'message',
    { xmlns: NS_CLIENT, from: occupant.jid, to: to.toString(), type, id, 'xml:lang': element.attrs['xml:lang'] },
    children,
    ...more,
    buildOccupantId(occupant.occupantId),
  )
  const isOurs = (address: string | undefined) => address === undefined || address.split('/')[0] === room.address
  stripStanzaIds(said, isOurs)
  // One of the sender's own would say who that is, where nobody is to know (MU-05).
  const isTelling = (from: string | undefined) =>
    !room.config.isNonAnonymous && from?.split('/')[0] === occupant.account
  stripDelays(said, (from) => isOurs(from) || isTelling(from))
  stripModeration(said)
  return { ...stanza, element: said, from: parseJid(occupant.jid), to }
}
