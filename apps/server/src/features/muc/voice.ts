import {
  buildForm,
  findForm,
  findFormValue,
  NS_CLIENT,
  NS_MUC_REQUEST,
  parseFormBoolean,
  StanzaFault,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { Broadcast } from '../../routing/outgoing.ts'
import type { Session } from '../../stream/session.ts'
import { announce } from './occupant-presence.ts'
import { ruleOnRole } from './privileges.ts'
import type { Room } from './room.ts'

/** XEP-0045 §7.13: a visitor asks for voice; §8.6: a moderator answers with the same form. @throws StanzaFault */
export function assertVoiceForm(message: Element, room: Room, sender: Session): void {
  const { occupant } = room.getSeat(sender)
  const form = findForm(message, NS_MUC_REQUEST)
  const isAnswer = form !== undefined && findFormValue(form, 'muc#request_allow') !== undefined
  if (isAnswer && occupant.role !== 'moderator') throw new StanzaFault({ condition: 'forbidden' })
}

/** What follows from the form: a question to the moderators, or voice. */
export function handleVoiceForm(message: Element, room: Room, sender: Session): void {
  const form = findForm(message, NS_MUC_REQUEST)
  const seat = room.seatOf(sender)
  if (!form || !seat) return
  const answer = findFormValue(form, 'muc#request_allow')
  if (answer === undefined) {
    if (seat.occupant.role === 'visitor') askModerators(room, seat.occupant.nick, seat.address)
    return
  }
  const target = room.occupantAt(findFormValue(form, 'muc#roomnick') ?? '')
  if (!target || target.role !== 'visitor' || !parseFormBoolean(answer)) return
  if (ruleOnRole(seat.occupant, target, 'participant')) return
  target.role = 'participant'
  target.shown = undefined
  announce(room, target)
}

function askModerators(room: Room, nick: string, jid: string): void {
  const form = buildForm({
    type: 'form',
    formType: NS_MUC_REQUEST,
    title: 'Voice request',
    fields: [
      {
        name: 'muc#role',
        type: 'list-single',
        label: 'Requested role',
        values: ['participant'],
        options: [{ value: 'participant' }],
      },
      { name: 'muc#jid', type: 'jid-single', label: 'Address', values: [jid] },
      { name: 'muc#roomnick', type: 'text-single', label: 'Nick', values: [nick] },
      { name: 'muc#request_allow', type: 'boolean', label: 'Grant voice?', values: ['0'] },
    ],
  })
  const question = new Broadcast(xml('message', { xmlns: NS_CLIENT, from: room.address }, form))
  room.fanOut.send(
    room.seats.filter(({ occupant }) => occupant.role === 'moderator'),
    question,
  )
}
