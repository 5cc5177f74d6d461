import { updateRoom } from '@drawbridge/db'
import { FILTER_VERSION } from '@drawbridge/image-filter'
import { C2S_LIMITS, findBase64, NS_VCARD, parseElement, StanzaFault, xml } from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import { createHash } from 'node:crypto'
import type { Context, ImageStore } from '../../routing/feature.ts'
import { filterVcard, findShownVcard } from '../../routing/filter-stored.ts'
import { mayHoldRecalled, withoutRecalled } from '../../routing/recalled.ts'
import { renewEach, renewPayload } from '../../routing/renewed.ts'
import { roomNotice } from './history.ts'
import type { RoomRequest } from './iq.ts'
import type { Occupant, Room, Seat } from './room.ts'
import { roomsOf } from './rooms.ts'

/** Longest vCard of a room, in characters, its photo included. */
const MAX_LENGTH = 131_072

/** XEP-0486 §3.4: whoever may know of the room may see its picture. */
export async function getRoomVcard(_vcard: Element, { room }: RoomRequest, ctx: Context): Promise<Element> {
  if (room.vcard === undefined) return xml('vCard', { xmlns: NS_VCARD })
  const shown = room.vcardFilterVersion < FILTER_VERSION ? await filterAgain(room, room.vcard, ctx) : room.vcard
  const wrapped = xml('item', {}, parseElement(shown, C2S_LIMITS))
  // Who of its owners set it, and when, is not known.
  if (mayHoldRecalled(shown, ctx)) withoutRecalled(wrapped, { from: room.address }, ctx)
  const [card] = wrapped.getChildElements()
  return card ?? xml('vCard', { xmlns: NS_VCARD })
}

/** XEP-0486 §3.2: an owner sets it; the picture has been replaced by a clean one before it arrives here. */
export async function setRoomVcard(vcard: Element, { room, session }: RoomRequest, ctx: Context): Promise<undefined> {
  if (room.affiliationOf(session.account.bareJid) !== 'owner') {
    throw new StanzaFault({ condition: 'forbidden', text: 'Only owners set the picture of a room.' })
  }
  const isEmpty = vcard.getChildElements().length === 0
  const text = isEmpty ? null : vcard.clone().toString()
  if (text !== null && text.length > MAX_LENGTH) {
    throw new StanzaFault({ condition: 'not-acceptable', text: 'This vCard is too long.' })
  }
  await put(room, text, photosOf(vcard), ctx)
  roomNotice(room, [104])
  return undefined
}

/** What an older image filter had let in passes the one in force, once. */
async function filterAgain(room: Room, vcard: string, ctx: Context): Promise<string> {
  const { card, isSettled } = await filterVcard(vcard, room.address, ctx)
  // Somebody may have set another one meanwhile.
  if (isSettled && room.vcard === vcard) await put(room, card.toString(), photosOf(card), ctx)
  return card.toString()
}

async function put(room: Room, vcard: string | null, photoSha1s: string[], ctx: Context): Promise<void> {
  await updateRoom(ctx.db, room.id, { vcard, photoSha1s, vcardFilterVersion: FILTER_VERSION })
  room.vcard = vcard ?? undefined
  room.photoSha1s = photoSha1s
  room.vcardFilterVersion = FILTER_VERSION
}

/** Pictures of rooms: few, and in memory, so that one part is all of them. */
export const roomPictures: ImageStore = {
  name: 'pictures of rooms',
  tables: ['room'],
  async renewNext(_after, run, ctx) {
    const rooms = [...roomsOf(ctx).all()]
    const counts = await renewEach('pictures of rooms', rooms, run, ctx, {
      keyOf: ({ address }) => address,
      async renew(room) {
        const { vcard, vcardFilterVersion } = room
        // What an older filter let in passes the one in force first, when somebody asks for it.
        if (vcard === undefined || vcardFilterVersion < FILTER_VERSION) return false
        const card = await renewPayload(vcard, room.address, run, ctx)
        if (card.toString() === vcard || room.vcard !== vcard) return false
        await put(room, card.toString(), photosOf(card), ctx)
        roomNotice(room, [104])
        return true
      },
    })
    return { ...counts, next: undefined }
  },
}

/** XEP-0486 §5.1: one picture in several formats has a hash for each. */
function photosOf(vcard: Element): string[] {
  const photos = vcard.getChildren('PHOTO').map((photo) => findBase64(photo.getChildText('BINVAL') ?? ''))
  return photos.flatMap((bytes) => (bytes && bytes.length > 0 ? [createHash('sha1').update(bytes).digest('hex')] : []))
}

/**
 * XEP-0054 of an occupant: asked of the account, since no device needs to answer for it. In a semi-anonymous room only
 * the picture is shown, as everything else in a vCard may say who it is (MU-05).
 */
export async function occupantVcard(target: Occupant, seat: Seat, ctx: Context): Promise<Element> {
  const account = ctx.accounts.findByBareJid(target.account)
  const row = account && (await findShownVcard(account, ctx))
  if (!row) throw new StanzaFault({ condition: 'service-unavailable' })
  const card = parseElement(row.element, C2S_LIMITS)
  if (seat.seesJids || target === seat.occupant) return card
  return xml(
    'vCard',
    { xmlns: NS_VCARD },
    card.getChildren('PHOTO').map((photo) => photo.clone()),
  )
}
