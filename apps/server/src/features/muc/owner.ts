import {
  buildForm,
  buildMucUser,
  findJid,
  NS_CLIENT,
  NS_DATA,
  NS_MUC_OWNER,
  NS_MUC_ROOM_CONFIG,
  parseForm,
  StanzaFault,
  xml,
} from '@drawbridge/xmpp'
import type { Element } from '@drawbridge/xmpp'
import type { Context } from '../../routing/feature.ts'
import { applyAffiliations } from './affiliation.ts'
import type { AffiliationChange } from './affiliation.ts'
import { configFields, readConfig } from './config.ts'
import type { NamedPeople, RoomConfig } from './config.ts'
import { roomNotice } from './history.ts'
import type { RoomRequest } from './iq.ts'
import { closeIfEmpty, expel } from './leave.ts'
import { announce, isBroadcast, STATUS, shownPresence } from './occupant-presence.ts'
import { affiliationRank } from './privileges.ts'
import { MAX_REASON } from './room.ts'
import type { Room } from './room.ts'
import { roomsOf, roomsWith, saveConfig } from './rooms.ts'

/** XEP-0045 §10.1.3, §10.2: the form, as the room is now. */
export function getConfig(_query: Element, request: RoomRequest): Element {
  const { room } = request
  assertOwner(request)
  const form = buildForm({
    type: 'form',
    formType: NS_MUC_ROOM_CONFIG,
    title: `Configuration of ${room.address}`,
    fields: configFields(room.config, peopleOf(room)),
  })
  return xml('query', { xmlns: NS_MUC_OWNER }, form)
}

/** §10.1, §10.2, §10.9: configures the room, accepts it as it is, cancels what was begun, or destroys it. */
export async function setOwner(query: Element, request: RoomRequest, ctx: Context): Promise<undefined> {
  const { room } = request
  assertOwner(request)
  const destroy = query.getChild('destroy')
  if (destroy) return destroyRoom(room, readDestroy(destroy), ctx)
  const element = query.getChild('x', NS_DATA)
  if (!element) throw new StanzaFault({ condition: 'bad-request' })
  const form = parseForm(element)
  if (form.type === 'cancel') {
    // §10.1.3: "the service SHOULD destroy the room" whose first configuration is canceled.
    if (room.isLocked) await destroyRoom(room, xml('destroy'), ctx)
    return undefined
  }
  if (form.type !== 'submit') throw new StanzaFault({ condition: 'bad-request' })
  const { config, people } = readConfig(form, room.config)
  const changes = changesOf(room, people)
  if (changes.length > 0) await applyAffiliations(room, changes, room.seatOf(request.session)?.occupant.nick, ctx)
  const before = room.config
  await saveConfig(room, config, ctx)
  followConfig(room, before)
  await closeIfEmpty(room, ctx)
  return undefined
}

function assertOwner({ room, session }: RoomRequest): void {
  if (room.affiliationOf(session.account.bareJid) !== 'owner') throw new StanzaFault({ condition: 'forbidden' })
}

function peopleOf(room: Room): NamedPeople {
  const having = (wanted: 'owner' | 'admin') =>
    [...room.affiliations].flatMap(([jid, { affiliation }]) => (affiliation === wanted ? [jid] : []))
  return { owners: having('owner'), admins: having('admin') }
}

/** Who is named gets the affiliation; who was named before and is not any longer becomes a member. */
function changesOf(room: Room, people: Partial<NamedPeople>): AffiliationChange[] {
  const before = peopleOf(room)
  const after = new Map<string, AffiliationChange['affiliation']>()
  if (people.owners) for (const jid of before.owners) after.set(jid, 'member')
  if (people.admins) for (const jid of before.admins) after.set(jid, 'member')
  for (const jid of people.admins ?? []) after.set(jid, 'admin')
  for (const jid of people.owners ?? []) after.set(jid, 'owner')
  return [...after].flatMap(([jid, affiliation]) =>
    room.affiliationOf(jid) === affiliation ? [] : [{ jid, affiliation }],
  )
}

/** §10.2.1: what a change of configuration means for those inside. */
function followConfig(room: Room, before: RoomConfig): void {
  const { config } = room
  const wasOpen = before.isNonAnonymous
  for (const occupant of room.occupants.values()) {
    occupant.shown = undefined
    room.lookAgain(occupant)
  }
  if (config.isMembersOnly && !before.isMembersOnly) removeOutsiders(room)
  const codes = changeCodes(before, config)
  if (codes.length > 0) roomNotice(room, codes)
  for (const occupant of room.occupants.values()) {
    if (isBroadcast(room, occupant) !== occupant.isShown) announce(room, occupant)
  }
  // Now everybody may know who is who, and is shown so.
  if (config.isNonAnonymous && !wasOpen) {
    for (const occupant of room.occupants.values()) {
      if (!occupant.isShown) continue
      const { open } = shownPresence(room, occupant)
      room.fanOut.send(
        room.seats.filter((seat) => seat.occupant !== occupant),
        open,
      )
    }
  }
}

/** §15.6.2: privacy has codes of its own, everything else shares one. */
function changeCodes(before: RoomConfig, after: RoomConfig): number[] {
  const codes: number[] = []
  if (before.isLogged !== after.isLogged) codes.push(after.isLogged ? 170 : 171)
  if (before.isNonAnonymous !== after.isNonAnonymous) codes.push(after.isNonAnonymous ? 172 : 173)
  const rest = (config: RoomConfig) => JSON.stringify({ ...config, isLogged: false, isNonAnonymous: false })
  if (rest(before) !== rest(after)) codes.push(104)
  return codes
}

/** §10.2: "the service MUST remove all non-members", and says so to them and to those who stay. */
function removeOutsiders(room: Room): void {
  for (const occupant of [...room.occupants.values()]) {
    if (affiliationRank(occupant.affiliation) < affiliationRank('member')) {
      expel(room, occupant, { codes: [STATUS.membersOnly] })
    }
  }
}

/** §10.9: the address of another room, and why; nothing else of what the owner sent goes on. */
function readDestroy(destroy: Element): Element {
  const jid = destroy.attrs['jid']
  const alternate = jid === undefined ? undefined : findJid(jid)
  if (jid !== undefined && !alternate) throw new StanzaFault({ condition: 'jid-malformed' })
  const reason = destroy.getChildText('reason')
  if (reason !== undefined && reason.length > MAX_REASON) throw new StanzaFault({ condition: 'not-acceptable' })
  const password = destroy.getChildText('password')
  return xml(
    'destroy',
    { jid: alternate?.toString() },
    reason ? xml('reason', {}, reason) : undefined,
    password ? xml('password', {}, password) : undefined,
  )
}

/** Each is told once, about itself: who else was there is of no use any longer. */
async function destroyRoom(room: Room, destroy: Element, ctx: Context): Promise<undefined> {
  await roomsOf(ctx).forget(room)
  for (const { session, address, occupant } of room.seats) {
    const item = { affiliation: 'none', role: 'none' }
    const x = buildMucUser({ item, content: destroy.clone(), codes: [STATUS.self] })
    session.send(xml('presence', { xmlns: NS_CLIENT, type: 'unavailable', from: occupant.jid, to: address }, x))
    roomsWith(session).delete(room)
  }
  room.clear()
  return undefined
}
