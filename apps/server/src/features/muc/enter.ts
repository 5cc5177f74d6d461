import { PASS } from '@drawbridge/policy'
import { StanzaFault } from '@drawbridge/xmpp'
import type { Element, Jid, MucJoin } from '@drawbridge/xmpp'
import { Refusal } from '@drawbridge/contract'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ask } from '../../policy/gate.ts'
import type { Context } from '../../routing/feature.ts'
import type { Session } from '../../stream/session.ts'
import { TURN } from './fan-out.ts'
import { sendHistory } from './history.ts'
import { leave, LOST } from './leave.ts'
import { sendLists } from './lists.ts'
import { isBroadcast, sendSelf, shownPresence, STATUS } from './occupant-presence.ts'
import { affiliationRank, initialRole, isAdmin } from './privileges.ts'
import { assertNickFree, keyOfNick } from './room.ts'
import type { Occupant, Room, Seat } from './room.ts'
import { roomsOf, roomsWith } from './rooms.ts'

/** A session that wants to be in a room. */
interface Entry {
  readonly jid: Jid
  readonly nick: string
  readonly payload: readonly Element[]
  readonly join: MucJoin
  readonly session: Session
}

/** XEP-0045 §7.2, and §10.1 where the room does not exist yet. @throws StanzaFault, Refusal */
export async function enter(entry: Entry, ctx: Context): Promise<void> {
  const { jid, session } = entry
  const rooms = roomsOf(ctx)
  const known = rooms.find(jid.localpart ?? '')
  const nick = allowedNick(entry, known, ctx)
  const made = known ? 'exists' : await create(jid, session, ctx)
  // Somebody may have been faster: then it is an entry like any other.
  const room = known ?? (made === 'exists' ? rooms.get(jid) : made)
  if (session.isEnded) return
  const isCreated = made === room
  const codes: number[] = nick === entry.nick ? [] : [STATUS.nickAssigned]
  if (isCreated) codes.push(STATUS.created)
  else assertWelcome(room, { ...entry, nick }, ctx)
  await settle(room, { ...entry, nick }, codes, ctx)
}

/** §10.1.1: the room is there, locked until its owner has configured it. */
async function create(jid: Jid, { account }: Session, ctx: Context): Promise<Room | 'exists'> {
  const { roomCreation, maxRoomsPerAccount } = ctx.limits
  const rooms = roomsOf(ctx)
  if (roomCreation === 'admins' && !account.isAdmin) {
    throw new StanzaFault({ condition: 'not-allowed', text: 'Only administrators create rooms here.' })
  }
  if (rooms.countBy(account.bareJid) >= maxRoomsPerAccount) {
    throw new StanzaFault({ type: 'cancel', condition: 'resource-constraint', text: 'You have too many rooms.' })
  }
  return rooms.create(jid, account.bareJid)
}

/**
 * The rules of this server, and a bound on how often anybody enters rooms (MU-12). Returns the nick to enter by: where
 * rules keep words back, one that says no more than who it is (§7.2.3, status 210).
 */
function allowedNick({ jid, nick, session }: Entry, room: Room | undefined, ctx: Context): string {
  const { account, client, remoteAddress: address } = session
  const at = ctx.now().getTime()
  const may = (isNamedAnew: boolean) =>
    ask(ctx.gate, 'room.join', { at, account, client, room: jid.toString(), address, isNamedAnew })
  const isNamedAnew = !namesOf(account, room).includes(keyOfNick(nick))
  const isAsWished = may(isNamedAnew).action === 'pass'
  const verdict = isAsWished ? PASS : may(false)
  if (verdict.action === 'refuse') throw new Refusal(verdict.code, { details: verdict.details, cause: verdict.reason })
  if (verdict.action !== 'pass') throw new Refusal('suspended')
  if (!roomsOf(ctx).mayJoin(account.bareJid, at)) {
    throw new StanzaFault({ condition: 'resource-constraint', text: 'You enter too many rooms at once.' })
  }
  const [present] = room?.occupantsOf(account.bareJid) ?? []
  return isAsWished ? nick : (present?.nick ?? account.localpart)
}

/** Under which names an account is known in a room: keys of nicks. */
function namesOf({ localpart, displayName, bareJid }: Session['account'], room: Room | undefined): string[] {
  const registered = room?.affiliations.get(bareJid)?.nick
  const present = Array.from(room?.occupantsOf(bareJid) ?? [], ({ nick }) => nick)
  return [localpart, displayName, registered, ...present].flatMap((name) => (name ? [keyOfNick(name)] : []))
}

/** §7.2.5 to §7.2.9, §10.1.3; first what is about the person, so that nobody learns more than that he may not enter. */
function assertWelcome(room: Room, { nick, join, session }: Entry, ctx: Context): void {
  const { config } = room
  const account = session.account.bareJid
  const affiliation = room.affiliationOf(account)
  if (affiliation === 'outcast')
    throw new StanzaFault({ condition: 'forbidden', text: 'You are banned from this room.' })
  if (room.isLocked && affiliation !== 'owner') throw new StanzaFault({ condition: 'item-not-found' })
  if (config.isMembersOnly && affiliationRank(affiliation) < affiliationRank('member')) {
    throw new StanzaFault({ condition: 'registration-required', text: 'This room is for its members.' })
  }
  if (config.password !== '' && join.password !== config.password) {
    throw new StanzaFault({ condition: 'not-authorized', text: 'A password is needed.' })
  }
  assertNickFree(room, nick, account)
  const max = Math.min(config.maxUsers || Number.POSITIVE_INFINITY, ctx.limits.maxRoomOccupants)
  // §7.2.9: admins still get in, within what the server carries.
  const isFull = room.seats.length >= (isAdmin({ affiliation }) ? ctx.limits.maxRoomOccupants : max)
  if (isFull) throw new StanzaFault({ type: 'wait', condition: 'service-unavailable', text: 'This room is full.' })
}

/** Nothing is awaited between the checks and the seat. */
async function settle(
  room: Room,
  { nick, payload, join, session }: Entry,
  codes: number[],
  ctx: Context,
): Promise<void> {
  const account = session.account.bareJid
  const key = keyOfNick(nick)
  const occupant = room.occupants.get(key) ?? newOccupant(room, nick, key, account)
  const seat = room.sit(session, occupant, payload)
  roomsWith(session).add(room)
  await welcome(room, seat, join, codes, ctx)
}

function newOccupant(room: Room, nick: string, nickKey: string, account: string): Occupant {
  const affiliation = room.affiliationOf(account)
  return {
    nick,
    nickKey,
    jid: room.occupantJid(nick),
    account,
    occupantId: room.occupantIdOf(account),
    role: initialRole(affiliation, room.config.isModerated),
    affiliation,
    isShown: false,
    seats: [],
    shown: undefined,
  }
}

/** A client that has lost its state enters again: it gets everything anew, the others an update. */
export async function enterAgain(
  room: Room,
  seat: Seat,
  payload: readonly Element[],
  join: MucJoin,
  ctx: Context,
): Promise<void> {
  const { occupant } = seat
  seat.payload = payload
  occupant.seats = [...occupant.seats.filter((other) => other !== seat), seat]
  occupant.shown = undefined
  await welcome(room, seat, join, [], ctx)
}

/** §7.2.2: the others' presence, one's own last, the history, the subject; messages wait until all of it is sent. */
async function welcome(room: Room, seat: Seat, join: MucJoin, codes: number[], ctx: Context): Promise<void> {
  const { occupant, session } = seat
  seat.waiting = []
  const knowsLists = join.lists !== undefined && sendLists(room, seat, join.lists.since)
  announceTo(room, seat)
  let inTurn = 0
  for (const other of room.occupants.values()) {
    if (other === occupant || !other.isShown) continue
    const { open, hidden } = shownPresence(room, other)
    session.send((seat.seesJids ? open : hidden).to(seat.address))
    if (++inTurn % TURN !== 0) continue
    await nextTurn()
    if (seat.isGone) return
  }
  if (room.config.isNonAnonymous) codes.push(STATUS.nonAnonymous)
  if (room.config.isLogged) codes.push(STATUS.logged)
  // XEP-0463 §5.2.1: by this the client sees that it has all of the lists.
  sendSelf(room, seat, codes, knowsLists ? { versions: { until: room.versions.current } } : undefined)
  await sendHistory(room, seat, join.history, ctx)
  // It has missed what was said meanwhile, and has to enter again (code 333).
  if (seat.isOverrun && !seat.isGone) await leave(room, seat, ctx, LOST)
}

/** Everybody hears of the newcomer, its other devices included, but the device itself: it hears last. */
function announceTo(room: Room, seat: Seat): void {
  const { occupant } = seat
  occupant.isShown = isBroadcast(room, occupant)
  if (occupant.isShown) {
    const { open, hidden } = shownPresence(room, occupant)
    room.fanOut.send(
      room.seats.filter((other) => other.occupant !== occupant),
      open,
      hidden,
    )
  }
  for (const own of occupant.seats) if (own !== seat) sendSelf(room, own, [])
}
