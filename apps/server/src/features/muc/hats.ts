import { putRoomHats } from '@drawbridge/db'
import {
  buildCommand,
  buildForm,
  commandFault,
  findForm,
  findFormValue,
  findJid,
  parseCommand,
  StanzaFault,
} from '@drawbridge/xmpp'
import type { DiscoItem, Element, Form } from '@drawbridge/xmpp'
import { randomBytes } from 'node:crypto'
import type { Context } from '../../routing/feature.ts'
import type { RoomRequest } from './iq.ts'
import { announce } from './occupant-presence.ts'
import { isAdmin } from './privileges.ts'
import type { Room } from './room.ts'

const FORM_TYPE = 'urn:xmpp:hats:commands'
const COMMANDS: ReadonlyMap<string, { readonly name: string; readonly isOn: boolean }> = new Map([
  ['urn:xmpp:hats:commands:don', { name: 'Assign a hat', isOn: true }],
  ['urn:xmpp:hats:commands:doff', { name: 'Remove a hat', isOn: false }],
])
/** Hats one person may wear, people in a room who may wear some, and the longest URI or title. */
const MAX_HATS = 16
const MAX_WEARERS = 1_000
const MAX_LENGTH = 256

/** XEP-0317 §3.2: what an admin may do is listed for admins only (XEP-0050 §2.2). */
export function hatCommands({ room, session }: RoomRequest): DiscoItem[] {
  if (!isAdmin(room.standingOf(session))) return []
  return [...COMMANDS].map(([node, { name }]) => ({ jid: room.address, node, name }))
}

/** XEP-0317 §3.2, §3.3: an admin assigns or removes a hat; who wears which is seen by everybody. */
export async function executeHatCommand(
  payload: Element,
  { room, session }: RoomRequest,
  ctx: Context,
): Promise<Element> {
  const { node, action, sessionId = randomBytes(9).toString('base64url') } = parseCommand(payload)
  const command = COMMANDS.get(node)
  if (!isAdmin(room.standingOf(session))) throw new StanzaFault({ condition: 'forbidden' })
  if (!command) throw new StanzaFault({ condition: 'item-not-found' })
  if (action === 'cancel') return buildCommand({ node, sessionId, status: 'canceled' })
  const form = findForm(payload, FORM_TYPE)
  if (!form) return buildCommand({ node, sessionId, status: 'executing', form: hatForm(command.name) })
  const { jid, uri, title } = parseHat(form)
  const others = (room.hats.get(jid) ?? []).filter((hat) => hat.uri !== uri)
  const hats = command.isOn ? [...others, { uri, title }] : others
  if (hats.length > MAX_HATS || (hats.length > 0 && !room.hats.has(jid) && room.hats.size >= MAX_WEARERS)) {
    throw new StanzaFault({ type: 'cancel', condition: 'resource-constraint', text: 'That is too many hats.' })
  }
  await putRoomHats(ctx.db, room.id, jid, hats)
  wear(room, jid, hats)
  return buildCommand({ node, sessionId, status: 'completed' })
}

function wear(room: Room, jid: string, hats: readonly { readonly uri: string; readonly title: string }[]): void {
  if (hats.length > 0) room.hats.set(jid, hats)
  else room.hats.delete(jid)
  for (const occupant of room.occupantsOf(jid)) {
    occupant.shown = undefined
    announce(room, occupant)
  }
}

function hatForm(title: string): Element {
  return buildForm({
    type: 'form',
    formType: FORM_TYPE,
    title,
    instructions: 'A hat is known by its URI; its title is what people read.',
    fields: [
      { name: 'accountjid', type: 'jid-single', label: 'Address', isRequired: true },
      { name: 'hat', type: 'text-single', label: 'URI of the hat', isRequired: true },
      { name: 'title', type: 'text-single', label: 'Title' },
    ],
  })
}

function parseHat(form: Form): { jid: string; uri: string; title: string } {
  const jid = findJid(findFormValue(form, 'accountjid'))
  const uri = findFormValue(form, 'hat')
  const title = findFormValue(form, 'title') || uri
  const isShort = (text: string) => text !== '' && text.length <= MAX_LENGTH
  if (jid?.localpart === undefined || uri === undefined || title === undefined) throw commandFault('bad-payload')
  if (!isShort(uri) || !isShort(title) || !URL.canParse(uri)) throw commandFault('bad-payload')
  return { jid: jid.bareString, uri, title }
}
