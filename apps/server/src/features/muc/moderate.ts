import { listArchive, uuidv7 } from '@drawbridge/db'
import {
  buildOccupantId,
  buildRetract,
  NS_CLIENT,
  NS_MODERATION,
  NS_RETRACTION,
  StanzaFault,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context } from '../../routing/feature.ts'
import type { RoomRequest } from './iq.ts'
import { MAX_REASON } from './room.ts'

/**
 * XEP-0425 §4: a moderator takes back what somebody said. The room says so to everybody, in a message of its own; in the
 * archive a tombstone stands in place of the other from its commit on.
 */
export async function moderate(payload: Element, { room, session }: RoomRequest, ctx: Context): Promise<undefined> {
  const { role } = room.standingOf(session)
  if (role !== 'moderator')
    throw new StanzaFault({ condition: 'forbidden', text: 'Only moderators take messages back.' })
  const { occupant } = room.getSeat(session)
  const id = payload.attrs['id']
  if (id === undefined || !payload.getChild('retract', NS_RETRACTION))
    throw new StanzaFault({ condition: 'bad-request' })
  const reason = payload.getChildText('reason')
  if (reason !== undefined && reason.length > MAX_REASON) throw new StanzaFault({ condition: 'not-acceptable' })
  const found = await listArchive(ctx.db, room.address, { ids: [id], start: room.createdAt, page: { max: 1 } })
  if (found === 'item-not-found' || found.messages.length === 0) throw new StanzaFault({ condition: 'item-not-found' })
  const retract = buildRetract(id).append(
    xml('moderated', { xmlns: NS_MODERATION, by: occupant.jid }, buildOccupantId(occupant.occupantId)),
    reason ? xml('reason', {}, reason) : undefined,
  )
  const attrs = { xmlns: NS_CLIENT, type: 'groupchat', id: uuidv7(), from: room.address, to: room.address }
  const element = xml('message', attrs, retract)
  await ctx.route({ kind: 'message', element, from: room.jid, to: room.jid, id: attrs.id, type: 'groupchat' })
  return undefined
}
