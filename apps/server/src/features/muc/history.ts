import { listArchive } from '@drawbridge/db'
import type { ArchivedMessage } from '@drawbridge/db'
import { buildDelay, buildMucUser, NS_CLIENT, xml } from '@drawbridge/xmpp'
import type { Element, MucHistory, MucItem, MucVersions } from '@drawbridge/xmpp'
import type { Context } from '../../routing/feature.ts'
import { Broadcast, Outgoing } from '../../routing/outgoing.ts'
import { filterMessages } from '../../routing/filter-stored.ts'
import { storedStanza } from '../../routing/stored.ts'
import { MAX_HISTORY } from './config.ts'
import type { Room, Seat } from './room.ts'

/**
 * XEP-0045 §7.2.13, §7.2.14: the past, read from the archive, then the subject, then what was said meanwhile. The seat
 * holds live messages back until this is done; one that is in the history already is not sent again.
 */
export async function sendHistory(room: Room, seat: Seat, wanted: MucHistory, ctx: Context): Promise<void> {
  let sent: ReadonlySet<string> = new Set()
  try {
    const messages = await readHistory(room, wanted, ctx)
    if (seat.isGone) return
    for (const message of messages) {
      const element = pastMessage(room, message)
      element.attrs['to'] = seat.address
      seat.session.send(new Outgoing(element))
    }
    sent = new Set(messages.map(({ id }) => id))
  } catch (error) {
    ctx.log.warn('the history of a room could not be read', { room: room.address, error: String(error) })
  }
  if (seat.isGone) return
  sendSubject(room, seat)
  const { waiting = [] } = seat
  seat.waiting = undefined
  for (const outgoing of waiting) {
    const id = outgoing.element.getChild('stanza-id')?.attrs['id']
    if (id === undefined || !sent.has(id)) seat.session.send(outgoing)
  }
}

/** Nobody is asked to wait for what was said before the room was there: an address may have had another room. */
async function readHistory(room: Room, wanted: MucHistory, ctx: Context): Promise<readonly ArchivedMessage[]> {
  const { isLogged, maxHistory } = room.config
  const max = Math.min(wanted.maxStanzas ?? maxHistory, wanted.since || wanted.seconds ? MAX_HISTORY : maxHistory)
  if (!isLogged || maxHistory === 0 || max === 0 || wanted.maxChars === 0) return []
  const starts = [room.createdAt.getTime()]
  if (wanted.since) starts.push(wanted.since.getTime())
  if (wanted.seconds !== undefined) starts.push(ctx.now().getTime() - wanted.seconds * 1_000)
  const start = new Date(Math.max(...starts))
  const page = await listArchive(ctx.db, room.address, { start, page: { max, before: '' } })
  if (page === 'item-not-found') return []
  const messages = await filterMessages(page.messages.filter(isPlain), ctx)
  if (wanted.maxChars === undefined) return messages
  // Whole stanzas count, and the newest matter most.
  let left = wanted.maxChars
  const fitting = messages.toReversed().findIndex(({ stanza }) => (left -= stanza.length) < 0)
  return fitting === -1 ? messages : messages.slice(messages.length - fitting)
}

/** A change of the subject is no part of the history: the subject itself follows (§7.2.15). */
const isPlain = ({ stanza }: ArchivedMessage): boolean => !stanza.includes('<subject') || stanza.includes('<body')

function pastMessage(room: Room, message: ArchivedMessage): Element {
  const element = storedStanza(message, room.address)
  element.append(buildDelay({ stamp: message.sentAt, from: room.address }))
  return element
}

/** §7.2.15: always sent, empty where there is none, as the last of what entering brings. */
export function sendSubject(room: Room, seat: Seat): void {
  const { subject } = room
  const element = xml(
    'message',
    {
      xmlns: NS_CLIENT,
      type: 'groupchat',
      from: subject && subject.nick !== '' ? room.occupantJid(subject.nick) : room.address,
    },
    xml('subject', {}, subject?.text || undefined),
    subject && buildDelay({ stamp: subject.at, from: room.address }),
  )
  seat.session.send(new Broadcast(element).to(seat.address))
}

/** What the room itself says to everybody: a change of configuration or of somebody's affiliation (§10.2.1, §9.3). */
export function roomNotice(
  room: Room,
  codes: readonly number[],
  { item, versions }: { readonly item?: MucItem; readonly versions?: MucVersions } = {},
  seats: readonly Seat[] = room.seats,
): void {
  const build = (shown: MucItem | undefined) => {
    const x = buildMucUser({ codes, item: shown, versions })
    return new Broadcast(xml('message', { xmlns: NS_CLIENT, type: 'groupchat', from: room.address }, x))
  }
  const open = build(item)
  const hidden = item ? build({ ...item, jid: undefined }) : open
  // A change of the lists does not wait for anybody's history: by his own presence he sees whether he has all of them.
  room.fanOut.send(seats, open, hidden, versions === undefined)
}
