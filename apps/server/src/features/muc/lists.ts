import { buildMucUser, buildStanzaError, NS_CLIENT, xml } from '@drawbridge/xmpp'
import type { Content, MucItem } from '@drawbridge/xmpp'
import { listScope } from './affiliation-versions.ts'
import type { Room, Seat } from './room.ts'

/** Most people in one message: 10,000 do not fit into a stanza. */
export const LIST_PAGE = 500

/**
 * XEP-0463 §5.2.1: tells somebody who enters who is on the lists of the room, or what has changed in them. "The response
 * MUST be sent during the join process before any presence."
 *
 * @param since - the version that the client has
 * @returns whether it knows the lists now; one who may not read them is told so
 */
export function sendLists(room: Room, seat: Seat, since: string | undefined): boolean {
  const { occupant } = seat
  const scope = listScope(occupant, room.config)
  if (scope === 'nothing') {
    send(room, seat, buildStanzaError({ condition: 'forbidden', text: 'You may not read the lists of this room.' }), {
      type: 'error',
    })
    return false
  }
  const affiliationOf = (jid: string) => room.affiliations.get(jid)?.affiliation ?? 'none'
  const changed = since === undefined ? undefined : room.versions.since(since, scope, occupant.account, affiliationOf)
  if (changed) sendPages(room, seat, changed, since)
  else {
    const all = Array.from(room.affiliations, ([jid, { affiliation }]) => ({ jid, affiliation }))
    sendPages(room, seat, scope === 'all' ? all : all.filter(({ affiliation }) => affiliation !== 'outcast'), undefined)
  }
  return true
}

/** §5.2.1: several messages "must have their until and since attributes match". Where they meet is no version to keep. */
function sendPages(room: Room, seat: Seat, items: readonly MucItem[], since: string | undefined): void {
  // "If a client sends the current version, no message is sent."
  if (items.length === 0 && since !== undefined) return
  const { current } = room.versions
  let from = since
  let at = 0
  do {
    const page = items.slice(at, at + LIST_PAGE)
    at += LIST_PAGE
    const until = at < items.length ? `${at}/${current}` : current
    send(room, seat, buildMucUser({ versions: { since: from, until }, items: page }))
    from = until
  } while (at < items.length)
}

function send(room: Room, { session, address }: Seat, content: Content, attrs: { readonly type?: 'error' } = {}): void {
  session.send(xml('message', { xmlns: NS_CLIENT, ...attrs, from: room.address, to: address }, content))
}
