import { listArchive, uuidv7 } from '@drawbridge/db'
import {
  buildOccupantId,
  buildRetract,
  NS_CLIENT,
  NS_FASTEN,
  NS_MODERATION,
  NS_MODERATION_0,
  NS_RETRACTION,
  NS_RETRACTION_0,
  StanzaFault,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context } from '../../routing/feature.ts'
import type { RoomRequest } from './iq.ts'
import { MAX_REASON } from './room.ts'

/** XEP-0425 §4: a moderator takes back what somebody said. */
export function moderate(payload: Element, request: RoomRequest, ctx: Context): Promise<undefined> {
  if (!payload.getChild('retract', NS_RETRACTION)) throw new StanzaFault({ condition: 'bad-request' })
  return takeBack(payload.attrs['id'], payload.getChildText('reason'), request, ctx)
}

/** The same as clients ask for it that know version 0.2 of XEP-0425. */
export function moderateAsBefore(payload: Element, request: RoomRequest, ctx: Context): Promise<undefined> {
  const asked = payload.getChild('moderate', NS_MODERATION_0)
  if (!asked?.getChild('retract', NS_RETRACTION_0)) throw new StanzaFault({ condition: 'bad-request' })
  return takeBack(payload.attrs['id'], asked.getChildText('reason'), request, ctx)
}

/**
 * The room says so to everybody, in a message of its own; in the archive a tombstone stands in place of the other from
 * its commit on. The message says it in both versions, so that clients of either understand.
 */
async function takeBack(
  id: string | undefined,
  reason: string | undefined,
  { room, session }: RoomRequest,
  ctx: Context,
): Promise<undefined> {
  const { role } = room.standingOf(session)
  if (role !== 'moderator')
    throw new StanzaFault({ condition: 'forbidden', text: 'Only moderators take messages back.' })
  const { occupant } = room.getSeat(session)
  if (id === undefined) throw new StanzaFault({ condition: 'bad-request' })
  if (reason !== undefined && reason.length > MAX_REASON) throw new StanzaFault({ condition: 'not-acceptable' })
  const found = await listArchive(ctx.db, room.address, { ids: [id], start: room.createdAt, page: { max: 1 } })
  if (found === 'item-not-found' || found.messages.length === 0) throw new StanzaFault({ condition: 'item-not-found' })
  const why = () => (reason ? xml('reason', {}, reason) : undefined)
  const retract = buildRetract(id).append(
    xml('moderated', { xmlns: NS_MODERATION, by: occupant.jid }, buildOccupantId(occupant.occupantId)),
    why(),
  )
  const asBefore = xml(
    'apply-to',
    { xmlns: NS_FASTEN, id },
    xml('moderated', { xmlns: NS_MODERATION_0, by: occupant.jid }, xml('retract', { xmlns: NS_RETRACTION_0 }), why()),
  )
  const attrs = { xmlns: NS_CLIENT, type: 'groupchat', id: uuidv7(), from: room.address, to: room.address }
  const element = xml('message', attrs, retract, asBefore)
  await ctx.route({ kind: 'message', element, from: room.jid, to: room.jid, id: attrs.id, type: 'groupchat' })
  return undefined
}
